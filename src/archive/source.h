/* Bytes that are made while they are sent. */

#ifndef SOURCE_H
#define SOURCE_H

#include "archive/archive.h"

/* What read gives when there is nothing yet: work is under way, ask again. */
enum { SOURCE_LATER = -2 };

struct source {
	/* Make up to n bytes, n > 0: how many, 0 at the end, -1 when there are
	 * no right ones, which has been logged, or SOURCE_LATER. */
	ssize_t (*read)(struct source *source, void *buffer, size_t n);
	/* Release all that belongs to it. */
	void (*close)(struct source *source);
};

/* A place in a member's content. */
struct position {
	uint64_t offset;
	uint64_t lines; /* newlines before it; or POSITION_ANY_LINES */
};

#define POSITION_ANY_LINES UINT64_MAX

/* The content of member, whose data start at offset start of the file, from
 * position->offset on or from somewhere before: *position becomes where it
 * begins; with POSITION_ANY_LINES it may stay unknown how many lines come
 * before that.  Before the last bytes are given out, its size and, when it
 * began at 0, its CRC-32 have been compared with the directory's; when they
 * match, the member is noted as ARCHIVE_CHECKED.  The archive stays the
 * caller's, and open.  NULL with errno ENOMEM, or EIO when the file has become
 * shorter. */
struct source *source_open(struct archive *archive, const struct member *member,
	uint64_t start, struct position *position);

/* The offset where source_open would begin for another offset. */
uint64_t source_nearest(
	struct archive *archive, const struct member *member, uint64_t offset);

/* The same as source_open for each way of storing.  position NULL: from the
 * beginning, without leaving access points. */
struct source *stored_open(struct archive *archive, const struct member *member,
	uint64_t start, struct position *position);
struct source *inflate_open(struct archive *archive,
	const struct member *member, uint64_t start, struct position *position);
struct source *unpack_open(const struct archive *archive,
	const struct member *member, uint64_t start);

/* libzip reads this method, in memory that does not grow with the member. */
bool unpack_supports(unsigned method);

#endif
