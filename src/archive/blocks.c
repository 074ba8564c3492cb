#include "archive/blocks.h"

void
blocks_begin_output(struct blocks *blocks, const z_stream *z)
{
	blocks->counted = z->next_out;
}

void
blocks_count(struct blocks *blocks, const z_stream *z)
{
	if (blocks->points == NULL)
		return;
	blocks->lines += points_count_lines(
		blocks->counted, (size_t)(z->next_out - blocks->counted));
	blocks->counted = z->next_out;
}

/* zlib has stopped at the end of a block: add a point, if one is wanted here.
 */
static void
leave_block_point(struct blocks *blocks, z_stream *z, uint64_t end)
{
	unsigned char window[POINTS_WINDOW];
	uInt n = sizeof(window);
	struct point point = {
		.out = blocks->begun + z->total_out,
		.in = end - z->avail_in,
		.bits = (unsigned)z->data_type & 7,
	};

	/* A point behind the last byte would be of no use. */
	if (point.out < blocks->wanted || point.out >= blocks->size)
		return;
	blocks->wanted = points_next(blocks->points);
	if (point.out < blocks->wanted ||
		inflateGetDictionary(z, window, &n) != Z_OK)
		return;
	blocks_count(blocks, z);
	point.lines = blocks->lines;
	points_add(blocks->points, &point, window, n);
}

/* A point may be wanted in the next output.  Only then stop at ends of blocks,
 * since each stop costs zlib a copy of its window. */
static bool
nears_point(const struct blocks *blocks, const z_stream *z)
{
	return blocks->points != NULL &&
		blocks->begun + z->total_out + z->avail_out >= blocks->wanted;
}

int
blocks_inflate(struct blocks *blocks, z_stream *z, uint64_t end)
{
	const int at_end = 128, last = 64; /* of zlib's data_type */
	int result;

	if (!nears_point(blocks, z))
		return inflate(z, Z_NO_FLUSH);
	result = inflate(z, Z_BLOCK);
	/* At a block's end zlib may find nothing to read or write. */
	if (result == Z_BUF_ERROR)
		return inflate(z, Z_NO_FLUSH);
	if (result == Z_OK && (z->data_type & (at_end | last)) == at_end)
		leave_block_point(blocks, z, end);
	return result;
}

int
blocks_prime(z_stream *z, unsigned bits, unsigned char byte)
{
	return inflatePrime(z, (int)bits, bits ? byte >> (8 - bits) : 0);
}
