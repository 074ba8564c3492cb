/* The index that lets a deflated member be read from its middle (SOZip 0.5.0):
 * where in its data each chunk of its content starts.  The index of "a/b" lies
 * behind the data of "a/b" as a stored member "a/.b.sozip.idx", which the
 * central directory does not have.  Nothing in it is trusted. */

#ifndef SOZIP_H
#define SOZIP_H

#include "archive/archive.h"

struct sozip {
	uint64_t chunk;  /* bytes of content that a chunk holds, but the last */
	uint64_t count;  /* chunks behind the first one, each with an offset */
	uint64_t table;  /* where these offsets lie in the file */
	uint64_t packed; /* the member's: each is below this */
};

enum sozip_result {
	SOZIP_FOUND,
	SOZIP_NONE,    /* there is no index */
	SOZIP_DAMAGED, /* there is one, and it is not right */
};

/* What goes in front of an index's offsets, as it lies in the file: its local
 * header, of which ziplocal_size gives the size, and then SOZIP_HEADER_SIZE
 * bytes. */
enum { SOZIP_HEADER_SIZE = 32 };

/* Read these for member, whose data they stand behind; room is what lies from
 * them up to the central directory.  *index->table is relative to their start.
 * *why says what is wrong with SOZIP_DAMAGED.  Pure. */
enum sozip_result sozip_read(struct sozip *index, const unsigned char *header,
	uint64_t room, const struct member *member, const char **why);

/* Find the index of member, which is deflated and whose data start at offset
 * start, as archive_locate gives it: behind the data and, where one is
 * announced, the data descriptor.  Takes a few reads, whatever the index's
 * size; the offsets have not been looked at.  Any thread. */
enum sozip_result sozip_find(struct sozip *index, const struct archive *archive,
	const struct member *member, uint64_t start, const char **why);

/* Where in member's data chunk i starts, from 0 up to index->count.  false when
 * it does not lie behind the start of the chunk before it and before the data's
 * end, or the file has become shorter.  That such an offset is a chunk's start
 * is known only when the chunk was inflated.  Any thread. */
bool sozip_offset(const struct sozip *index, const struct archive *archive,
	uint64_t i, uint64_t *offset);

#endif
