/* Cached contents of deflated members, so that frequent ones are inflated once.
 */

#ifndef CONTENT_H
#define CONTENT_H

#include "archive/archive.h"

/* The whole content of a member; its CRC-32 has been checked. */
struct content {
	struct cached cached; /* released by cached_drop */
	size_t n;
	char bytes[];
};

/* Inflate the whole of member, whose data start at start, to content, which has
 * room for it.  Both sizes are less than 4 GiB.  If it is right, the member is
 * noted as ARCHIVE_CHECKED; false when it is not, which is not logged, or when
 * there is no memory: then use source_open.  Any thread. */
bool content_inflate(const struct archive *archive, const struct member *member,
	uint64_t start, char *content);

/* Get a share of the content of member, whose data start at start, for a
 * response that begins at offset at of it.  NULL when it is not worth caching
 * (see content.c) or not right, or when there is no memory; then use
 * source_open.  Any thread. */
struct content *content_get(struct archive *archive,
	const struct member *member, uint64_t start, uint64_t at);

#endif
