/* Sources: streams of bytes that are made while they are sent. */

#ifndef SOURCE_H
#define SOURCE_H

#include "archive/archive.h"

/* The result of read when there are no bytes yet: call it again.  SOURCE_WAITS
 * says that another source's work has to be done first. */
enum { SOURCE_LATER = -2, SOURCE_WAITS = -3 };

struct text;

struct source {
	/* NULL; or find out, in steps, to which address the client is to go:
	 * instead of read, and before anything is sent.  1 when location has
	 * the address, or as read below. */
	ssize_t (*locate)(struct source *source, struct text *location);
	/* Make up to n bytes, n > 0.  Returns how many, 0 at the end, -1 on a
	 * failure, SOURCE_LATER, or, if there is a pause, SOURCE_WAITS.  A
	 * failure has errno ENOMEM when memory ran out; any other has been
	 * logged.  With EBADMSG only the compressed file in a member is damaged
	 * (packing.h): the member is right, and the bytes before are what can
	 * be had of the file. */
	ssize_t (*read)(struct source *source, void *buffer, size_t n);
	/* Release the source and everything it owns. */
	void (*close)(struct source *source);
	/* Let others work: read may not be called again for a long time.  NULL
	 * when no other source waits for this one. */
	void (*pause)(struct source *source);
	bool late; /* the first read takes long */
	/* The next bytes come out of a block that is decoded already.  They
	 * cost much more when others have worked meanwhile, because the
	 * processor's cache has lost the block. */
	bool amid;
	/* Bytes of memory that it holds until it is closed, as far as they
	 * depend on what it reads; 0 for what source_open makes. */
	uint64_t memory;
};

/* A place in a member's content. */
struct position {
	uint64_t offset;
	uint64_t lines; /* newlines before offset, or POSITION_ANY_LINES */
};

#define POSITION_ANY_LINES UINT64_MAX

/* Blocks of member are decompressed whole, which takes long. */
static inline bool
source_is_slow(const struct member *member)
{
	return member->method != ZIP_STORED && member->method != ZIP_DEFLATED;
}

/* Make a source of the content of member, whose data start at offset start of
 * the file, from position->offset or a place before it.  *position is set to
 * where it begins.  Its lines may then be POSITION_ANY_LINES, unknown, but only
 * if the caller passed that.  Before the last bytes are given out, the size
 * and, for a source that began at 0, the CRC-32 are checked; if they match, the
 * member is noted as ARCHIVE_CHECKED.  position NULL means from the beginning,
 * without leaving access points.  The caller must hold its share of
 * archive until the source is closed.  NULL with errno ENOMEM, or EIO when the
 * file has become shorter. */
struct source *source_open(struct archive *archive, const struct member *member,
	uint64_t start, struct position *position);

/* The status to answer with when reading or opening a source failed with errno.
 */
enum status source_failure(void);

/* Whether reading or opening a source failed with errno since what it reads is
 * damaged, and always will.  Other failures may be gone the next time. */
bool source_is_damaged(void);

/* Read up to n bytes of a source without a pause.  *done is how many: fewer at
 * its end, on a failure, or when more would take long.  -1 with errno on a
 * failure. */
int source_fill(struct source *source, char *buffer, size_t n, size_t *done);

/* The offset from which source_open would begin to reach offset. */
uint64_t source_nearest(
	struct archive *archive, const struct member *member, uint64_t offset);

/* Bytes of memory that such a source takes at most; if Zstandard data go on
 * with a larger window, the source borrows the rest by itself (loan.h). */
uint64_t source_memory(const struct archive *archive,
	const struct member *member, uint64_t start);

/* Whether libzip reads this method, in memory that does not grow with the
 * member. */
bool unpack_supports(unsigned method);

/* Whether the content of member can be read: it is not encrypted, and its
 * method is supported. */
bool source_is_readable(const struct member *member);

#endif
