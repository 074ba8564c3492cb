/* libdeflate, if it was available at build time, takes less than half of zlib's
 * time, but needs all data and all content in memory. */

#include "archive/inflatewhole.h"

#ifdef WWZ_LIBDEFLATE

#include <libdeflate.h>

bool
inflate_whole(const void *data, size_t packed, void *content, size_t size)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	size_t used;
	bool whole;

	if (d == NULL)
		return false;
	/* No *actual_out: it must be size. */
	whole = libdeflate_deflate_decompress_ex(d, data, packed, content, size,
			&used, NULL) == LIBDEFLATE_SUCCESS &&
		used == packed;
	libdeflate_free_decompressor(d);
	return whole;
}

#else

#include <stdint.h>
#include <zlib.h>

bool
inflate_whole(const void *data, size_t packed, void *content, size_t size)
{
	z_stream z = {
		.next_in = (Bytef *)(uintptr_t)data,
		.avail_in = (uInt)packed,
		.next_out = content,
		.avail_out = (uInt)size,
	};
	bool whole;

	if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return false;
	whole = inflate(&z, Z_FINISH) == Z_STREAM_END && z.avail_in == 0 &&
		z.avail_out == 0;
	inflateEnd(&z);
	return whole;
}

#endif
