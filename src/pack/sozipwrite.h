/* Writes the index of a seekable member, as in SOZip 0.5.0: a stored file
 * directly behind the member's data, with a local header but no entry in the
 * central directory, so that only readers that know of it find it. */

#ifndef SOZIPWRITE_H
#define SOZIPWRITE_H

#include "pack/deflate.h"
#include "zip/zipwrite.h"

/* Write the index of member at offset *at, and move *at behind it.  The n
 * offsets say where in the compressed data the blocks of DEFLATE_BLOCK bytes
 * start, from the second block on.  -1 with errno. */
int sozipwrite_index(int fd, uint64_t *at, const struct zip_entry *member,
	const uint64_t *offsets, size_t n);

/* The size of the index of member at offset; 0 when there is none, or it is not
 * exactly as sozipwrite_index would write it.  Only this function reads an
 * index back. */
uint64_t sozipwrite_find(
	int fd, uint64_t offset, const struct zip_entry *member);

#endif
