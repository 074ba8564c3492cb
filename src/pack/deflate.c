#include "pack/deflate.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "base/crc.h"
#include "base/readall.h"

enum {
	SAVED_LEAST = 64, /* bytes */
	SAVED_PART = 50,  /* 1/50 of the size */
	SAMPLES = 4,
	SAMPLE = 16 << 10,
	SAMPLED_FROM = 256 << 10,
};

struct deflater {
	z_stream z;
	unsigned char before[DEFLATE_BLOCK]; /* the dictionary */
	unsigned char raw[DEFLATE_PIECE];
};

struct deflater *
deflater_new(void)
{
	struct deflater *deflater = malloc(sizeof(*deflater));

	if (deflater == NULL)
		return NULL;
	deflater->z = (z_stream){0};
	if (deflateInit2(&deflater->z, 9, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL,
		    Z_DEFAULT_STRATEGY) != Z_OK) {
		free(deflater);
		errno = ENOMEM;
		return NULL;
	}
	return deflater;
}

void
deflater_free(struct deflater *deflater)
{
	if (deflater == NULL)
		return;
	deflateEnd(&deflater->z);
	free(deflater);
}

int
deflate_read(int fd, void *buffer, size_t n, uint64_t offset)
{
	ssize_t got = readall(fd, buffer, n, offset);

	if (got < 0)
		return -1;
	if ((size_t)got < n) {
		errno = EBUSY;
		return -1;
	}
	return 0;
}

static void
deflate_part(z_stream *z, const unsigned char *from, size_t n, int flush)
{
	int result;

	z->next_in = (unsigned char *)(uintptr_t)from;
	z->avail_in = (uInt)n;
	result = deflate(z, flush);
	/* The buffer has room for all possible output. */
	assert(result == (flush == Z_FINISH ? Z_STREAM_END : Z_OK));
	assert(z->avail_in == 0 && z->avail_out > 0);
}

/* SOZip readers expect two empty blocks before each start. */
static void
deflate_blocks(z_stream *z, const unsigned char *raw, struct piece *piece)
{
	for (size_t at = 0; at < piece->n; at += DEFLATE_BLOCK) {
		size_t n = piece->n - at < DEFLATE_BLOCK ? piece->n - at
							 : DEFLATE_BLOCK;

		piece->starts[at / DEFLATE_BLOCK] =
			(uint32_t)(z->next_out - piece->packed);
		if (piece->last && at + n == piece->n) {
			deflate_part(z, raw + at, n, Z_FINISH);
		} else {
			deflate_part(z, raw + at, n, Z_SYNC_FLUSH);
			deflate_part(z, NULL, 0, Z_FULL_FLUSH);
		}
	}
}

static int
set_dictionary(struct deflater *d, const struct piece *piece)
{
	if (piece->seekable || piece->offset == 0)
		return 0;
	if (deflate_read(piece->fd, d->before, DEFLATE_BLOCK,
		    piece->offset - DEFLATE_BLOCK) < 0)
		return -1;
	deflateSetDictionary(&d->z, d->before, DEFLATE_BLOCK);
	return 0;
}

int
deflate_piece(struct deflater *d, struct piece *piece)
{
	deflateReset(&d->z);
	if (deflate_read(piece->fd, d->raw, piece->n, piece->offset) < 0 ||
		set_dictionary(d, piece) < 0)
		return -1;
	piece->crc = crc_add(0, d->raw, piece->n);
	d->z.next_out = piece->packed;
	d->z.avail_out = DEFLATE_ROOM;
	if (piece->seekable)
		deflate_blocks(&d->z, d->raw, piece);
	else
		deflate_part(&d->z, d->raw, piece->n,
			piece->last ? Z_FINISH : Z_SYNC_FLUSH);
	piece->npacked = (size_t)(d->z.next_out - piece->packed);
	return 0;
}

bool
deflate_saves(uint64_t size, uint64_t packed)
{
	return packed + SAVED_LEAST <= size &&
		packed <= size - size / SAVED_PART;
}

bool
deflate_promises(struct deflater *d, int fd, uint64_t size)
{
	unsigned char packed[SAMPLE + SAMPLE / 4];

	if (size < SAMPLED_FROM)
		return true;
	for (uint64_t i = 0; i < SAMPLES; i++) {
		uint64_t at = (size - SAMPLE) / (SAMPLES - 1) * i;

		if (deflate_read(fd, d->raw, SAMPLE, at) < 0)
			return true;
		deflateReset(&d->z);
		d->z.next_out = packed;
		d->z.avail_out = sizeof(packed);
		deflate_part(&d->z, d->raw, SAMPLE, Z_FINISH);
		if (deflate_saves(SAMPLE, d->z.total_out))
			return true;
	}
	return false;
}
