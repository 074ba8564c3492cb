/* Bytes that are made while they are sent. */

#ifndef SOURCE_H
#define SOURCE_H

#include "archive.h"

struct source {
	/* Make up to n bytes, n > 0: how many, 0 at the end, -1 when there are
	 * no right ones, which has been logged. */
	ssize_t (*read)(struct source *source, void *buffer, size_t n);
	/* Release all that belongs to it. */
	void (*close)(struct source *source);
};

/* The content of a member that is deflated, whose data start at offset start,
 * from offset *at on, or from somewhere before: *at becomes where it begins. at
 * NULL: from its beginning, without a look at access points.
 * Before the last bytes are given out, size and, when it began at 0, CRC-32
 * have been compared with the directory's; when they match the member is noted
 * as ARCHIVE_CHECKED.  The archive stays the caller's, and open.  NULL with
 * errno ENOMEM. */
struct source *inflate_open(struct archive *archive,
	const struct member *member, uint64_t start, uint64_t *at);

/* The same for a member that is stored, from its beginning; when its CRC-32
 * matches, it is noted as ARCHIVE_CHECKED. */
struct source *stored_open(const struct archive *archive,
	const struct member *member, uint64_t start);

/* The same for a member whose method libzip reads, from its beginning. */
struct source *unpack_open(const struct archive *archive,
	const struct member *member, uint64_t start);

/* Where inflate_open would begin for offset at. */
uint64_t inflate_nearest(
	struct archive *archive, const struct member *member, uint64_t at);

/* libzip reads this method. */
bool unpack_supports(unsigned method);

#endif
