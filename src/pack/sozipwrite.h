/* The index of a seekable member, as in SOZip 0.5.0: a stored file right behind
 * the member's data, with a local header of its own and no entry in the central
 * directory, so that only those find it who look for it. */

#ifndef SOZIPWRITE_H
#define SOZIPWRITE_H

#include "pack/deflate.h"
#include "zip/zipwrite.h"

/* Write the index of member at offset *at, and move that behind it: the n
 * offsets say where in its compressed data the blocks of DEFLATE_BLOCK bytes
 * from the second on start.
 * -1 with errno. */
int sozipwrite_index(int fd, uint64_t *at, const struct zip_entry *member,
	const uint64_t *offsets, size_t n);

/* The bytes that the index of member takes when it stands at offset; 0 when
 * there is none, or it is not what was written: nobody else reads it back. */
uint64_t sozipwrite_find(
	int fd, uint64_t offset, const struct zip_entry *member);

#endif
