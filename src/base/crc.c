/* libdeflate's, where it was there to build with, has the processor multiply
 * without carry, and takes less than a third of the time of zlib's. */

#include "base/crc.h"

#ifdef WWZ_LIBDEFLATE

#include <libdeflate.h>

/* The first call chooses by what the processor can do, which on ARM stands in a
 * file below /proc: a confined process could not read it. */
__attribute__((constructor)) static void
choose_crc(void)
{
	(void)libdeflate_crc32(0, "", 0);
}

uint32_t
crc_add(uint32_t crc, const void *bytes, size_t n)
{
	return libdeflate_crc32(crc, bytes, n);
}

#else

#include <zlib.h>

uint32_t
crc_add(uint32_t crc, const void *bytes, size_t n)
{
	return (uint32_t)crc32_z(crc, bytes, n);
}

#endif
