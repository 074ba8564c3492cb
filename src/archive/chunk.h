/* The chunks of a seekable member (sozip.h): whether one is what its index
 * says. */

#ifndef CHUNK_H
#define CHUNK_H

#include "archive/sozip.h"

/* Chunk i, from 0 to index->count, of member, whose data start at start, makes
 * its part of the content when it is inflated by itself, from where index says
 * up to where the next one starts.  *from is that place in the data, and *crc
 * goes on with the CRC-32 of the part.  Any thread. */
bool chunk_is_right(const struct archive *archive, const struct member *member,
	uint64_t start, const struct sozip *index, uint64_t i, uint64_t *from,
	uint32_t *crc);

/* The chunk that holds offset at of the content can be begun with: it is right,
 * and so are the first and the last one.  *from as above.  Any thread.
 *
 * An index of which other parts are wrong may name a chunk that is another one:
 * that is found by going through all of it (`wwz check`), which is what an
 * index is to save. */
bool chunk_find(const struct archive *archive, const struct member *member,
	uint64_t start, const struct sozip *index, uint64_t at, uint64_t *from);

#endif
