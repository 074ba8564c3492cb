#include "archive/chunk.h"

#include <zlib.h>

#include "base/crc.h"

enum {
	BUFFER_SIZE = 16 * 1024,
	CHUNK_MAX = 1024 * 1024, /* larger chunks are not tried */
};

/* Inflate the n bytes at offset at, without a window before them, and continue
 * *crc.  true if all of them are used and give exactly size bytes. */
static bool
inflates(const struct archive *archive, z_stream *z, uint64_t at, uint64_t n,
	uint64_t size, uint32_t *crc)
{
	unsigned char in[BUFFER_SIZE], out[BUFFER_SIZE];
	int result = Z_OK;

	while (result == Z_OK && (n > 0 || z->avail_in > 0 || !z->avail_out)) {
		if (z->avail_in == 0 && n > 0) {
			size_t part = n < sizeof(in) ? (size_t)n : sizeof(in);

			if (archive_read(archive, at, in, part) < 0)
				return false;
			z->next_in = in;
			z->avail_in = (uInt)part;
			at += part;
			n -= part;
		}
		z->next_out = out;
		z->avail_out = sizeof(out);
		result = inflate(z, Z_NO_FLUSH);
		if (sizeof(out) - z->avail_out > size)
			return false;
		size -= sizeof(out) - z->avail_out;
		*crc = crc_add(*crc, out, sizeof(out) - z->avail_out);
	}
	/* Z_BUF_ERROR only means that nothing was left to do. */
	return result != Z_DATA_ERROR && size == 0 && n == 0 &&
		z->avail_in == 0;
}

bool
chunk_is_right(const struct archive *archive, const struct member *member,
	uint64_t start, const struct sozip *index, uint64_t i, uint64_t *from,
	uint32_t *crc)
{
	uint64_t to = member->packed, size = index->chunk;
	z_stream z = {0};
	bool right;

	if (i == index->count)
		size = member->size - i * index->chunk;
	else if (!sozip_offset(index, archive, i + 1, &to))
		return false;
	/* A chunk can only be that much longer than its content if it has many
	 * empty blocks, made to waste our time. */
	if (!sozip_offset(index, archive, i, from) ||
		to - *from > 2 * size + BUFFER_SIZE ||
		inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return false;
	right = inflates(archive, &z, start + *from, to - *from, size, crc);
	inflateEnd(&z);
	return right;
}

bool
chunk_find(const struct archive *archive, const struct member *member,
	uint64_t start, const struct sozip *index, uint64_t at, uint64_t *from)
{
	const uint64_t tried[] = {0, index->count, at / index->chunk};
	uint32_t crc = 0;

	if (index->chunk > CHUNK_MAX)
		return false;
	for (size_t i = 0; i < sizeof(tried) / sizeof(tried[0]); i++) {
		if (!chunk_is_right(archive, member, start, index, tried[i],
			    from, &crc))
			return false;
	}
	return true;
}
