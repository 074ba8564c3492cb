/* Deflated members that are asked for again and again, inflated once. */

#ifndef CONTENT_H
#define CONTENT_H

#include "archive/archive.h"

/* A whole content, which was compared with its CRC-32. */
struct content {
	struct cached cached; /* to be dropped */
	size_t n;
	char bytes[];
};

/* A share of the content of a member, whose data start at start.  NULL
 * when it is not worth keeping (content.c says which is), or damaged, or memory
 * lacks: inflate_open has it then.  Any thread. */
struct content *content_get(
	struct archive *archive, const struct member *member, uint64_t start);

#endif
