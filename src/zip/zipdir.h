/* The central directory of a zip file: a private copy, an index by name, and
 * the sorted names (APPNOTE 6.3, sections 4.3 and 4.4). */

#ifndef ZIPDIR_H
#define ZIPDIR_H

#include "base/fault.h"
#include "zip/zipentry.h"
#include "zip/zipresult.h"

struct charset;
struct zipdir;
struct zipend;

/* Read the directory of the file that fd is open for and that has size bytes.
 * On ZIPDIR_OK *zipdir is the caller's; otherwise fault says what is wrong.
 *
 * Where the format is ambiguous, it is read as follows:
 * - The end record is the last one whose comment ends where the file ends.  If
 *   there is none, it is the last one with at most 64 KiB behind its comment,
 *   unless it lies in the comment of an earlier one, or its archive in another
 *   one: other data stand before it, and the file begins with a member.
 * - A zip64 end record counts if its locator stands directly before the end
 *   record.  What the end record says must then agree with it.
 * - The central directory ends where the end records begin.  If it starts later
 *   than recorded, data were prepended to the archive, and the difference is
 *   added to all offsets; the locator must be off by the same number.
 * - If it starts later by 4 GiB or more and there is no zip64 end record,
 *   offsets may be modulo 4 GiB, as macOS writes them (zipdir_wraps).
 * - Of several members with the same name, the last in the directory counts.
 * - A member's name is that of its Unicode Path field, if the field fits the
 *   name recorded and a request can name it.  One slash in front of a name is
 * ignored, and then "./".  A backslash is read as a slash in archives that
 * Windows tools made and whose names have no slash (zipname.h).
 * - A member is left out when no request can name it: its name has an empty
 *   component, "." or ".." as a component, or a control character. */
enum zipdir_result zipdir_open(
	struct zipdir **zipdir, int fd, uint64_t size, struct fault *fault);

/* zipdir_cost gives the most memory, in bytes, that the directory described by
 * end takes with its index, not counting 4 bytes for each alias (zipalias.h).
 * zipdir_read is the second half of zipdir_open, for callers that first reserve
 * that memory.  charset is that of names without the UTF-8 flag; NULL means
 * CP437.  It must outlive the zipdir. */
uint64_t zipdir_cost(const struct zipend *end);
enum zipdir_result zipdir_read(struct zipdir **zipdir, const struct zipend *end,
	int fd, struct charset *charset, struct fault *fault);

/* Takes NULL.  Preserves errno. */
void zipdir_free(struct zipdir *zipdir);

/* The number of members, without duplicates and unreachable ones. */
size_t zipdir_count(const struct zipdir *zipdir);

/* Bytes of memory that the copy of the directory takes. */
size_t zipdir_copied(const struct zipdir *zipdir);

/* Bytes of memory in addition to that, including the sorted order. */
size_t zipdir_indexed(const struct zipdir *zipdir);

/* The CRC-32 of the central directory.  It changes with the CRC-32, size or
 * place of any member, because the directory records them.  Any thread. */
uint32_t zipdir_checksum(const struct zipdir *zipdir);

/* Where the central directory starts.  No member's data may reach this offset.
 */
uint64_t zipdir_start(const struct zipdir *zipdir);

/* How many times 4 GiB may have to be added to a member's offset; 0 for a sound
 * archive. */
uint64_t zipdir_wraps(const struct zipdir *zipdir);

/* Bytes behind the archive that do not belong to it. */
uint64_t zipdir_behind(const struct zipdir *zipdir);

/* Find the member called name; false when there is none.  A directory without
 * an entry of its own is not found.  Only if no member has that name, other
 * forms of a member's name are tried: the recorded name, if a request would use
 * another; name converted from UTF-8 to charset; its composed and decomposed
 * form; and slashes instead of backslashes, if backslashes were read as
 * slashes.  Any thread. */
bool zipdir_find(
	const struct zipdir *zipdir, struct str name, struct member *member);

/* The same, but the name must be the same bytes. */
bool zipdir_find_exact(
	const struct zipdir *zipdir, struct str name, struct member *member);

/* The charset of zipdir_read. */
struct charset *zipdir_charset(const struct zipdir *zipdir);

/* Some members are symbolic links. */
bool zipdir_has_links(const struct zipdir *zipdir);

/* Some names are hidden ones (hiddenname.h). */
bool zipdir_has_hidden(const struct zipdir *zipdir);

/* Backslashes of names were read as slashes (zipname.h). */
bool zipdir_has_backslashes(const struct zipdir *zipdir);

/* A record of the directory, which may be one of those left out of the index.
 */
struct zipdir_record {
	struct member member;    /* its slot is ZIPDIR_NO_SLOT when left out */
	struct str recorded;     /* as recorded; "\" may be "/" by now */
	const char *unreachable; /* why no request can name it, else NULL */
	bool legacy;             /* member's name is in charset */
	bool hidden;             /* member's name is (hiddenname.h) */
	bool windows;            /* it was made on one of Microsoft's systems */
	struct str unusable; /* the name in a Unicode Path field that no request
				can name, and which is not used */
};

/* Read the record at *at, 0 for the first, and move *at to the next.  false at
 * the end.  Any thread. */
bool zipdir_record(
	const struct zipdir *zipdir, size_t *at, struct zipdir_record *record);

/* Each slot has bits for the caller's use: bits 0 to 19 and 28 to 31.  This
 * module uses the others.  They are 0 at first, and always for ZIPDIR_NO_SLOT.
 * Any thread. */
uint32_t zipdir_notes(const struct zipdir *zipdir, uint32_t slot);
void zipdir_add_notes(struct zipdir *zipdir, uint32_t slot, uint32_t notes);

/* Each slot has a word for the caller's use, which is always the same one.
 * zipdir_word gives false as long as none has been set, and always for
 * ZIPDIR_NO_SLOT.  Any thread. */
bool zipdir_word(const struct zipdir *zipdir, uint32_t slot, uint32_t *word);
void zipdir_set_word(struct zipdir *zipdir, uint32_t slot, uint32_t word);

/* Sort the names.  The functions below need that.  -1 with errno ENOMEM.  A
 * second call does nothing; of several threads at once, each sorts, and what
 * the first has sorted stays.  Any thread. */
int zipdir_sort(struct zipdir *zipdir);

/* A walk over the children of a directory, in byte order of names. */
struct zipdir_walk {
	const struct zipdir *zipdir;
	struct str prefix; /* ends in "/", or is empty: lent by the zipdir */
	size_t at;
	bool hides; /* pass over hidden names; false at first */
};

struct child {
	struct str name; /* one component, without "/", in bytes */
	bool directory;  /* implied, or with an entry "name/" */
	size_t at;       /* a walk whose at is this gives this child */
	bool legacy;     /* name is in zipdir_charset, else UTF-8, if valid */
	struct member member; /* of files only */
};

/* Begin a walk over the directory called name, which has no final "/" and is
 * empty for the top.  Other forms of the name are tried as by zipdir_find.
 * false when there is no such directory.  Any thread. */
bool zipdir_walk(
	const struct zipdir *zipdir, struct str name, struct zipdir_walk *walk);

/* The name of the child whose at was `at` in this walk. */
struct str zipdir_child_name(const struct zipdir_walk *walk, size_t at);

/* Get the next child; false at the end.  A file and a directory of the same
 * name are two children.  The cost does not depend on the number of deeper
 * members. */
bool zipdir_next(struct zipdir_walk *walk, struct child *child);

/* Get the next member at any depth below, in the byte order of names, instead
 * of the next child.  child->name is its path below the directory; it ends in
 * "/" if it is a directory's own entry, which child->directory says, and
 * child->member describes that, too. */
bool zipdir_next_below(struct zipdir_walk *walk, struct child *child);

/* Let zipdir_next_below go on at the first member whose path below the
 * directory is path, or comes after it. */
void zipdir_seek_below(struct zipdir_walk *walk, struct str path);

#endif
