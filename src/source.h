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

/* The content of a member that is deflated, whose data start at offset start.
 * Before the last bytes are given out, size and CRC-32 have been compared with
 * the directory's.  The archive stays the caller's, and open.  NULL with errno
 * ENOMEM. */
struct source *inflate_open(const struct archive *archive,
	const struct member *member, uint64_t start);

/* The same for a member that is stored; when its CRC-32 matches, it is noted as
 * ARCHIVE_CHECKED. */
struct source *stored_open(const struct archive *archive,
	const struct member *member, uint64_t start);

/* The same for a member whose method libzip reads. */
struct source *unpack_open(const struct archive *archive,
	const struct member *member, uint64_t start);

/* libzip reads this method. */
bool unpack_supports(unsigned method);

#endif
