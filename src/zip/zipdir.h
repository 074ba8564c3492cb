/* The central directory of a zip file: a private copy, an index by name, and
 * its names in order (APPNOTE 6.3, sections 4.3 and 4.4). */

#ifndef ZIPDIR_H
#define ZIPDIR_H

#include "zip/zipentry.h"
#include "zip/zipresult.h"

struct zipdir;
struct zipend;

/* Read the directory of the file of size bytes that fd is open for.  On
 * ZIPDIR_OK *zipdir is the caller's; otherwise fault says what is wrong.
 *
 * Where the format leaves room, it is read so:
 * - The end record is the last one whose comment ends where the file ends.
 * - A zip64 end record counts when its locator stands before the end record;
 *   what the end record says too must then agree.
 * - The central directory ends where the end records begin.  What this differs
 *   from the offset on record is data prepended to the archive, and is added to
 *   all offsets; the locator must be off by as much.
 * - Of members of one name the last in the directory is the one.
 * - A member is left out when no request can name it: an absolute name, an
 *   empty, "." or ".." component, a control character.  "./" in front is
 *   passed over. */
enum zipdir_result zipdir_open(
	struct zipdir **zipdir, int fd, uint64_t size, struct zip_fault *fault);

/* Bytes of memory that the directory which end tells of takes with its index,
 * at most; and the second half of zipdir_open, once that is known. */
uint64_t zipdir_cost(const struct zipend *end);
enum zipdir_result zipdir_read(struct zipdir **zipdir, const struct zipend *end,
	int fd, struct zip_fault *fault);

/* Takes NULL.  Keeps errno. */
void zipdir_free(struct zipdir *zipdir);

/* Members, after duplicates and unreachable ones were left out. */
size_t zipdir_count(const struct zipdir *zipdir);

/* Bytes of memory that the copy of the directory takes. */
size_t zipdir_copied(const struct zipdir *zipdir);

/* Bytes of memory beyond that, the order of names included. */
size_t zipdir_indexed(const struct zipdir *zipdir);

/* Where the central directory starts: no member's data reaches this. */
uint64_t zipdir_start(const struct zipdir *zipdir);

/* The member called name, without looking at directories that are only
 * implied.  A name in CP437 is also found by its UTF-8 form (appendix D).  Any
 * thread. */
bool zipdir_find(
	const struct zipdir *zipdir, struct str name, struct member *member);

/* A record of the directory, those that are left out among them. */
struct zipdir_record {
	struct member member; /* its slot is ZIPDIR_NO_SLOT when left out */
	struct str recorded;  /* its name as it stands there */
	struct str extra;
	const char *unreachable; /* why no request can name it, else NULL */
};

/* The record at *at, 0 for the first; *at becomes that of the next.  false at
 * the end.  Any thread. */
bool zipdir_record(
	const struct zipdir *zipdir, size_t *at, struct zipdir_record *record);

/* Bits of the caller's for each slot, all 0 at first, and always for
 * ZIPDIR_NO_SLOT: 0 to 19 and 28 to 31, the others are the directory's.  Any
 * thread. */
uint32_t zipdir_notes(const struct zipdir *zipdir, uint32_t slot);
void zipdir_add_notes(struct zipdir *zipdir, uint32_t slot, uint32_t notes);

/* Put the names in order, which what follows needs.  -1 with errno ENOMEM.
 * Once; no other thread may be in a function that needs the order. */
int zipdir_sort(struct zipdir *zipdir);

/* Walk over what a directory holds, in byte order of names. */
struct zipdir_walk {
	const struct zipdir *zipdir;
	struct str prefix; /* ends in "/", or is empty: lent by the zipdir */
	size_t at;
};

struct child {
	struct str name; /* one component, without "/", in bytes */
	bool directory;  /* it has members below it, or is an entry "…/" */
	bool cp437;      /* name is CP437, else UTF-8 as far as it is valid */
	struct member member; /* of files only */
};

/* Begin a walk over the directory called name: empty, or without a final "/".
 * false when there is no such directory.  Any thread. */
bool zipdir_walk(
	const struct zipdir *zipdir, struct str name, struct zipdir_walk *walk);

/* The next child; false at the end.  A file and a directory of one name are two
 * children.  The cost does not depend on what lies deeper. */
bool zipdir_next(struct zipdir_walk *walk, struct child *child);

#endif
