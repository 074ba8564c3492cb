#include "pack/precompress.h"

#include <errno.h>
#include <stdlib.h>

#ifdef WWZ_BROTLI
#include <brotli/encode.h>
#endif
#ifdef WWZ_ZSTD
#include <zstd.h>
#endif

#include "pack/deflate.h"

enum {
	SAVED_LEAST = 64, /* bytes */
	SAVED_PART = 20,  /* 1/20 of the size */
	ZSTD_LEVEL = 19,  /* windows of 8 MiB, which all browsers accept */
};

#ifdef WWZ_BROTLI
static size_t
brotli(const unsigned char *raw, size_t size, unsigned char **coded)
{
	size_t n = BrotliEncoderMaxCompressedSize(size);

	*coded = malloc(n);
	if (*coded == NULL ||
		!BrotliEncoderCompress(BROTLI_MAX_QUALITY,
			BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, size, raw,
			&n, *coded))
		return 0;
	return n;
}
#endif

#ifdef WWZ_ZSTD
static size_t
zstd(const unsigned char *raw, size_t size, unsigned char **coded)
{
	size_t n = ZSTD_compressBound(size);

	*coded = malloc(n);
	if (*coded == NULL)
		return 0;
	n = ZSTD_compress(*coded, n, raw, size, ZSTD_LEVEL);
	return ZSTD_isError(n) ? 0 : n;
}
#endif

typedef size_t code(
	const unsigned char *raw, size_t size, unsigned char **coded);

static code *const coders[CODINGS] = {
	[CODING_IDENTITY] = NULL,
#ifdef WWZ_BROTLI
	[CODING_BR] = brotli,
#endif
#ifdef WWZ_ZSTD
	[CODING_ZSTD] = zstd,
#endif
};

bool
precompress_has(enum coding coding)
{
	return coders[coding] != NULL;
}

int
precompress_file(enum coding coding, int fd, size_t size, unsigned char **coded,
	size_t *n)
{
	unsigned char *raw = malloc(size + 1);

	*coded = NULL;
	*n = 0;
	if (raw == NULL)
		return -1;
	if (deflate_read(fd, raw, size, 0) < 0) {
		free(raw);
		return -1;
	}
	*n = coders[coding](raw, size, coded);
	free(raw);
	if (*n > 0)
		return 0;
	free(*coded);
	*coded = NULL;
	errno = ENOMEM;
	return -1;
}

bool
precompress_saves(uint64_t packed, uint64_t n)
{
	return n + SAVED_LEAST <= packed && n <= packed - packed / SAVED_PART;
}
