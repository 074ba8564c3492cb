/* The content of a member that is a gzip file. */

#ifndef GUNZIP_H
#define GUNZIP_H

#include "archive/source.h"

/* Make a source of the gunzipped content of packed, the source of member's
 * bytes (RFC 1952).  Several gzip members in a row are one content, and
 * anything after them is ignored, as gzip does.  The result owns packed.  NULL
 * with errno ENOMEM; packed is closed then, too. */
struct source *gunzip_open(struct source *packed, const struct archive *archive,
	const struct member *member);

/* Bytes of memory that it takes, without packed. */
uint64_t gunzip_memory(void);

#endif
