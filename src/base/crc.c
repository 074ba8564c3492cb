/* libdeflate's CRC-32, if it was available at build time, uses carry-less
 * multiplication and takes less than a third of zlib's time. */

#include "base/crc.h"

#ifdef WWZ_LIBDEFLATE

#include <libdeflate.h>

/* Call it once at the start: the first call chooses code for the processor, and
 * on ARM reads a file below /proc for that, which a confined process could not.
 */
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
