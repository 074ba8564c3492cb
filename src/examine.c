#include "examine.h"

#include <zlib.h>

#include "source.h"

enum {
	BUFFER_SIZE = 64 * 1024,
	SAVED_PART = 10, /* deflate is worth while for a tenth */
	SAVED_LEAST = 64,
};

static struct source *
open_source(
	struct archive *archive, const struct member *member, uint64_t start)
{
	switch (member->method) {
	case ZIP_STORED:
		return stored_open(archive, member, start, NULL);
	case ZIP_DEFLATED:
		return inflate_open(archive, member, start, NULL);
	default:
		return unpack_open(archive, member, start);
	}
}

bool
examine_read(struct archive *archive, const struct member *member,
	uint64_t start, struct progress *progress)
{
	char buffer[BUFFER_SIZE];
	struct source *source = open_source(archive, member, start);
	uint64_t done = 0;
	ssize_t n;

	if (source == NULL) {
		archive_fault(archive, member, "no memory to read it");
		return false;
	}
	do {
		n = source->read(source, buffer, sizeof(buffer));
		if (n > 0) {
			done += (uint64_t)n;
			progress_add(progress, 0, (uint64_t)n);
		}
	} while (n == SOURCE_LATER || (n > 0 && done < member->size));
	source->close(source);
	return n >= 0;
}

bool
examine_is_compressible(const struct archive *archive,
	const struct member *member, uint64_t start)
{
	unsigned char sample[BUFFER_SIZE], deflated[BUFFER_SIZE];
	size_t n =
		member->size < BUFFER_SIZE ? (size_t)member->size : BUFFER_SIZE;
	uLongf room = n - n / SAVED_PART;

	if (room <= SAVED_LEAST ||
		archive_read(
			archive, start + (member->size - n) / 2, sample, n) < 0)
		return false;
	room -= SAVED_LEAST;
	return compress2(deflated, &room, sample, n, 6) == Z_OK;
}

/* Inflate all of the n bytes at offset at, which nothing stands before, and add
 * to *crc.  They make size bytes, and no more. */
static bool
inflates(const struct archive *archive, z_stream *z, uint64_t at, uint64_t n,
	uint64_t size, uLong *crc)
{
	unsigned char in[BUFFER_SIZE], out[BUFFER_SIZE];
	int result = Z_OK;

	inflateReset(z);
	z->avail_in = z->avail_out = 0;
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
		*crc = crc32_z(*crc, out, sizeof(out) - z->avail_out);
	}
	/* Z_BUF_ERROR: there was nothing left to do. */
	return result != Z_DATA_ERROR && size == 0 && n == 0 &&
		z->avail_in == 0;
}

static bool
chunks_are_right(const struct archive *archive, z_stream *z,
	const struct member *member, uint64_t start, const struct sozip *index)
{
	uLong crc = crc32(0, NULL, 0);
	uint64_t from = 0, to, size = index->chunk;

	for (uint64_t i = 0; i <= index->count; i++, from = to) {
		to = member->packed;
		if (i == index->count)
			size = member->size - i * index->chunk;
		else if (!sozip_offset(index, archive, i + 1, &to))
			return false;
		if (!inflates(archive, z, start + from, to - from, size, &crc))
			return false;
	}
	return crc == member->crc;
}

bool
examine_has_chunks(const struct archive *archive, const struct member *member,
	uint64_t start, const struct sozip *index)
{
	z_stream z = {0};
	bool right;

	if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return false;
	right = chunks_are_right(archive, &z, member, start, index);
	inflateEnd(&z);
	return right;
}
