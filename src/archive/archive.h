/* An open archive: one descriptor, one read-only mapping of the whole file, the
 * index of its directory, and a count of those who use it. */

#ifndef ARCHIVE_H
#define ARCHIVE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "archive/membercache.h"
#include "base/status.h"
#include "zip/zipdir.h"

/* What tells a file from any other, and from itself after a change. */
struct identity {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified, changed;
};

/* A failed opening is an archive too: it has a path, an identity and a status,
 * so that failures are remembered in the way archives are. */
struct archive {
	/* Set once, by archive_open. */
	char *path;         /* "ROOT//REST", which is a path, too */
	enum status status; /* STATUS_GO: it can be read */
	bool starved;       /* for lack of descriptors or memory, */
	size_t lacks;       /* of so many bytes of the membercache, or 0 */
	struct identity id; /* all zero when there is no such file */
	int64_t opened;     /* clock_ns */
	int fd;             /* -1 without a file */
	const unsigned char *map; /* NULL when the file is empty */
	struct zipdir *zipdir;
	struct membercache
		*membercache; /* for what is made of it; NULL: keep nothing */
	size_t taken;         /* bytes of the membercache's, for the index */

	_Atomic unsigned users;
	struct membercache_owner made; /* what is kept of it */

	pthread_mutex_t
		sorting; /* held while zipdir's names are put in order */
};

/* Open path, "ROOT//REST" with REST relative to ROOT and free of "..": neither
 * that nor a symbolic link leads out of ROOT (openat2(2), RESOLVE_BENEATH;
 * without it no symbolic link below ROOT is followed at all).  Failures are
 * logged.  NULL with errno ENOMEM; else an archive whose status says how it
 * went: STATUS_NOT_FOUND, STATUS_FORBIDDEN, STATUS_ERROR (not a zip file, or
 * damaged), STATUS_UNAVAILABLE (an upload under way, or out of descriptors).
 * The memory of its index is taken from membercache, and what is made of it
 * goes there; one whose index needs more than half of the membercache is not
 * read at all. membercache may be NULL. */
struct archive *archive_open(struct str path, struct membercache *membercache);

/* Log that path was not to be opened, twice, for lack of descriptors or memory,
 * which archive_open does not log. */
void archive_log_starved(struct str path);

/* Take a share, give one back; the last one closes.  Any thread; drop takes
 * NULL and keeps errno. */
struct archive *archive_keep(struct archive *archive);
void archive_drop(struct archive *archive);

/* The path still names the file that was opened, unchanged; and a failure is
 * less than a second old.  One stat(2).  Any thread. */
bool archive_is_fresh(const struct archive *archive);

/* The open file is unchanged, whatever its path names now.  What was read
 * before this was asked is what the archive held when it was opened.  One
 * fstat(2).  Any thread. */
bool archive_is_intact(const struct archive *archive);

/* Where member's data starts in the file.  At first its local header is
 * compared with the directory: name, method, sizes, and that header and data
 * end before the central directory (APPNOTE 6.3, section 4.3.7); the two sizes
 * of a stored member must be one.  STATUS_GO, or STATUS_ERROR, which has been
 * logged.  Any thread. */
enum status archive_locate(
	struct archive *archive, const struct member *member, uint64_t *start);

/* Log that member is damaged, and why.  -1. */
int archive_fault(const struct archive *archive, const struct member *member,
	const char *why);

/* What has been found out about a member's content: bits, kept with it. */
enum {
	ARCHIVE_TEXT = 1 << 28, /* it looks like text */
	ARCHIVE_BINARY = 1 << 29,
	ARCHIVE_CHECKED = 1 << 30, /* its CRC-32 matches */
};
unsigned archive_notes(
	const struct archive *archive, const struct member *member);
void archive_note(const struct archive *archive, const struct member *member,
	unsigned notes);

/* As zipdir_walk; the order is built when it is first needed.  STATUS_GO,
 * STATUS_NOT_FOUND, or STATUS_UNAVAILABLE without memory.  Any thread. */
enum status archive_walk(
	struct archive *archive, struct str name, struct zipdir_walk *walk);

/* Copy n bytes at offset, which lie in the file as it was opened.  -1 with
 * errno when they cannot be read, EIO when they are gone.  Any thread. */
int archive_read(
	const struct archive *archive, uint64_t offset, void *buffer, size_t n);

/* Why bytes of the file could not be had, for the log: it has become shorter,
 * or what errno says.  Any thread. */
const char *archive_loss(const struct archive *archive);

/* Bytes of memory that the archive costs, the mapping not counted. */
size_t archive_memory(const struct archive *archive);

#endif
