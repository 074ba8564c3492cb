/* The content of a member that is a gzip file. */

#ifndef GUNZIP_H
#define GUNZIP_H

#include "archive/source.h"

/* Make a source of the gunzipped content of member (RFC 1952), whose data start
 * at start: from position->offset, or a place before it.  *position is set to
 * where it begins, with the newlines before it.  Access points are left on the
 * way.  Several gzip members in a row are one content, and anything after them
 * is ignored, as gzip does.  The CRC-32 of the gzip member that the source
 * begins inside of is not checked.  The rest is as for source_open. */
struct source *gunzip_open(struct archive *archive, const struct member *member,
	uint64_t start, struct position *position);

/* Bytes of memory that it takes, without packed. */
uint64_t gunzip_memory(void);

#endif
