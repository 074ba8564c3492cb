/* The content of a member that is a gzip file. */

#ifndef GUNZIP_H
#define GUNZIP_H

#include "archive/source.h"

/* Make a source of the gunzipped content of member (RFC 1952), whose data start
 * at start: from position->offset, or a place before it.  *position is set to
 * where the source begins, and to the number of newlines before that.  Access
 * points are left on the way.  Several gzip members in a row are one content,
 * and anything after them is ignored, as gzip does.  If the file is damaged,
 * read gives the bytes before that, and then -1 with errno EBADMSG.  If the
 * source begins inside a gzip member, the CRC-32 of that one is not checked.
 * The rest is as for source_open. */
struct source *gunzip_open(struct archive *archive, const struct member *member,
	uint64_t start, struct position *position);

/* Bytes of memory that it takes, not counting the source that it reads. */
uint64_t gunzip_memory(void);

#endif
