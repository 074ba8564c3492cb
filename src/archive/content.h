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

/* Get a share of the content of member, whose data start at start.  NULL when
 * it is not worth caching (see content.c) or damaged, or when there is no
 * memory; then use source_open.  Any thread. */
struct content *content_get(
	struct archive *archive, const struct member *member, uint64_t start);

#endif
