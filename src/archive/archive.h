/* An open archive: one descriptor, one read-only mapping of the whole file, the
 * index of its central directory, and a reference count. */

#ifndef ARCHIVE_H
#define ARCHIVE_H

#include <stdatomic.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "archive/membercache.h"
#include "base/status.h"
#include "zip/zipdir.h"

/* Identifies a file in its present state: another file, or a changed one,
 * differs in at least one of these. */
struct identity {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
	uint64_t changed; /* nanoseconds, modulo 2^64 */
};

/* What another module has made of the archive, and keeps as long as it is open:
 * the first member of that. */
struct attachment {
	void (*free)(struct attachment *attachment);
	size_t memory; /* bytes */
};

/* A failure to open is an archive too, with a path, an identity and a status,
 * so that failures are cached in the same way as archives. */
struct archive {
	/* Set by archive_load. */
	enum status status; /* STATUS_GO: it can be read */
	int fd;             /* -1 without a file */
	bool starved;       /* descriptors or memory ran out */
	bool ruled;         /* it has one of the files of rulename.h */
	/* The file lies where a stat takes no longer than the kernel needs, and
	 * where a read can say that it would have to wait (RWF_NOWAIT), unless
	 * it never has to. */
	bool local, nowait;
	size_t lacks;       /* bytes missing in membercache, or 0 */
	struct identity id; /* all zero when there is no such file */
	int64_t opened;     /* clock_ns */
	/* NULL when the file is empty, or can only be read. */
	const unsigned char *map;
	struct zipdir *zipdir;
	struct membercache *membercache; /* NULL: cache nothing */
	size_t taken; /* bytes of membercache, for the index */

	/* Of cache.c, guarded by its lock. */
	SLIST_ENTRY(archive) chain;
	TAILQ_ENTRY(archive) use;
	bool opening; /* by the thread that entered it */
	bool at_once; /* and that does not take long */

	_Atomic bool sorting; /* many names are being sorted */
	_Atomic bool sorted;
	_Atomic unsigned users;
	/* What archive_count has counted; beside users, which each request
	 * writes anyway. */
	_Atomic uint64_t requests, bytes;

	/* When a read failed last, and when the file was last seen at its path
	 * (used by serve.c): clock_ns, or 0. */
	_Atomic int64_t failed, seen;
	struct membercache_owner made; /* cached objects made from it */

	struct attachment *_Atomic attached; /* NULL, or set once */
	_Atomic uint64_t file_crc;           /* used by datacrc.c only */

	char path[]; /* "ROOT//REST", also valid for open(2); set once */
};

/* Make an archive at path, "ROOT//REST", where REST is relative to ROOT and
 * free of "..".  It is not open yet.  Objects made from members are cached in
 * membercache, which may be NULL.  NULL with errno ENOMEM. */
struct archive *archive_new(struct str path, struct membercache *membercache);

/* Open the archive's file.  No symbolic link leads out of ROOT (openat2(2),
 * RESOLVE_BENEATH; without openat2, no symbolic link below ROOT is followed at
 * all).  Its status is STATUS_GO then, or tells why this failed, which has been
 * logged: STATUS_NOT_FOUND, STATUS_FORBIDDEN, STATUS_ERROR (not
 * a zip file, or damaged), STATUS_UNAVAILABLE (an upload in progress, or out of
 * descriptors or memory).
 *
 * The memory of the index is taken from membercache.  An archive whose index
 * would need more than half of that is refused.  charset is that of names
 * without the UTF-8 flag (charset.h); it must outlive the archive.  at_once:
 * the status is STATUS_LATER, and nothing is logged, if the central directory
 * is so large that reading it takes long.  May be called again after a failure,
 * by the thread that made the archive, as long as no other uses it. */
void archive_load(
	struct archive *archive, struct charset *charset, bool at_once);

/* Both in one.  NULL with errno ENOMEM. */
struct archive *archive_open(struct str path, struct membercache *membercache,
	struct charset *charset, bool at_once);

/* The same for a file that a user names: any path, and no membercache.  NULL
 * with errno also when there is no such file. */
struct archive *archive_open_file(const char *file, struct charset *charset);

/* Log that path could not be opened: lacks bytes were missing in membercache
 * or, if that is 0, descriptors or memory had run out.  archive_open does not
 * log this, because the caller may make room and retry. */
void archive_log_starved(struct str path, size_t lacks);

/* Take a share, or give one back; giving back the last one closes the archive.
 * Any thread; archive_drop takes NULL and preserves errno. */
struct archive *archive_keep(struct archive *archive);
void archive_drop(struct archive *archive);

/* Count a request that was answered from the archive with bytes of body.  Any
 * thread. */
void archive_count(struct archive *archive, uint64_t bytes);

/* Whether the path still names the same file, unchanged, and no read of it has
 * failed: the storage may be back, but not for a descriptor that is open.  An
 * archive that failed to open is fresh for less than a second.  One stat(2).
 * Any thread. */
bool archive_is_fresh(const struct archive *archive);

/* Whether the open file is unchanged, whatever its path names now.  If so,
 * everything read before this call is what the archive held when it was opened.
 * One fstat(2).  Any thread. */
bool archive_is_intact(const struct archive *archive);

/* Find where member's data start in the file.  The first call for a member
 * checks its local header: name, method and sizes must be those of the central
 * directory, header and data must end before it (APPNOTE 6.3, section 4.3.7),
 * and the two sizes of a stored member must be equal.  STATUS_GO, or
 * STATUS_ERROR, which has been logged, with errno EILSEQ if the member is
 * damaged, and EIO if it could not be read.  Any thread. */
enum status archive_locate(
	struct archive *archive, const struct member *member, uint64_t *start);

/* Log that member is damaged, and why.  Returns -1 with errno EILSEQ. */
int archive_fault(const struct archive *archive, const struct member *member,
	const char *why);

/* The same, and note it, since the file says so and always will. */
int archive_damaged(const struct archive *archive, const struct member *member,
	const char *why);

/* The same as archive_fault, for bytes of the file that cannot be read: why is
 * archive_loss, and errno EIO. */
int archive_lost(const struct archive *archive, const struct member *member);

/* Note that the data or the content of member are not what they are meant to be
 * sent as, and log why, unless that was known.  notes has the bits. */
void archive_odd(const struct archive *archive, const struct member *member,
	unsigned notes, const char *why);

/* Notes about a member's content: bits stored in the index. */
enum {
	/* Its content is a compressed file that is one whole stream, and one
	 * that is not. */
	ARCHIVE_WHOLE = 1 << 28,
	ARCHIVE_BROKEN = 1 << 17,
	ARCHIVE_CHECKED = 1 << 18, /* its CRC-32 matches */
	/* With ARCHIVE_CHECKED: its content is right, but its data are not one
	 * whole stream.  Without: its content is wrong. */
	ARCHIVE_ODD = 1 << 19,
	/* A number of 3 bits: what the first bytes look like (http/look.h). */
	ARCHIVE_LOOK_SHIFT = 29,
	ARCHIVE_LOOK_MASK = 7,
};
unsigned archive_notes(
	const struct archive *archive, const struct member *member);
void archive_note(const struct archive *archive, const struct member *member,
	unsigned notes);

/* Sort the members for archive_walk, once.  STATUS_GO; STATUS_UNAVAILABLE when
 * memory runs out; if there are so many that this takes long, STATUS_LATER with
 * at_once, or while another thread does it.  Any thread. */
enum status archive_sort(struct archive *archive, bool at_once);

/* As zipdir_walk.  The members are sorted if they are not.  STATUS_GO,
 * STATUS_NOT_FOUND, or as archive_sort.  Any thread. */
enum status archive_walk(
	struct archive *archive, struct str name, struct zipdir_walk *walk);

/* Copy n bytes at offset, which must lie within the file's size at opening.  -1
 * with errno when they cannot be read, EIO when the file has been truncated.
 * Any thread. */
int archive_read(
	const struct archive *archive, uint64_t offset, void *buffer, size_t n);

/* Lend n bytes of the mapping, which archive->map says there is.  They are in
 * memory, as far as they can be read, so that sending them need not wait.  Any
 * thread. */
const char *archive_lend(
	const struct archive *archive, uint64_t offset, size_t n);

/* Whether the storage has failed to give bytes of the file, since that time of
 * clock_ns; and within the last second, so that what is being logged has this
 * cause.  Any thread. */
bool archive_has_failed(const struct archive *archive, int64_t since);
bool archive_just_failed(const struct archive *archive);

/* The reason, for the log, why bytes of the file could not be read: the file
 * has become shorter, or the text of errno.  Any thread. */
const char *archive_loss(const struct archive *archive);

/* Whether the archive has a member of rulename.h.  Any thread. */
bool archive_has_rules(const struct archive *archive);

/* Attach what was made of the archive, which then owns it; its memory is taken
 * from membercache.  Returns what is attached: attachment, or what another
 * thread has attached before; attachment is freed then.  It is freed, too, and
 * NULL returned, when there is no memory, which has been logged.  Any thread.
 */
struct attachment *archive_attach(
	struct archive *archive, struct attachment *attachment);

/* Free what is attached, when nobody uses the archive any more. */
void archive_detach(struct archive *archive);

/* Bytes of memory that the archive takes, without the mapping. */
size_t archive_memory(const struct archive *archive);

#endif
