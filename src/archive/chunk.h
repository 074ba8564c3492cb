/* Checks whether chunks of a seekable member are what its index (sozip.h) says.
 */

#ifndef CHUNK_H
#define CHUNK_H

#include "archive/sozip.h"

/* Whether chunk i (0 to index->count) of member, whose data start at start, is
 * right: inflated by itself, from its offset in index up to that of the next
 * chunk, it gives a part of the content of the right size.  *from is its offset
 * in the data, and *crc is continued over the part.  Any thread. */
bool chunk_is_right(const struct archive *archive, const struct member *member,
	uint64_t start, const struct sozip *index, uint64_t i, uint64_t *from,
	uint32_t *crc);

/* Find the chunk that holds offset at of the content.  true if that chunk is
 * right, and so are the first and the last one; *from as above.  Any thread.
 *
 * If other entries of the index are wrong, the offset can still be that of
 * another chunk.  Only inflating the whole member, as `wwz check` does, would
 * show that, and avoiding this is the purpose of an index. */
bool chunk_find(const struct archive *archive, const struct member *member,
	uint64_t start, const struct sozip *index, uint64_t at, uint64_t *from);

#endif
