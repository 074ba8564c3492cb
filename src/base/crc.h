/* The CRC-32 of zip and gzip (APPNOTE 4.4.7). */

#ifndef CRC_H
#define CRC_H

#include <stddef.h>
#include <stdint.h>

/* Continue crc, which is 0 at first, over the n bytes at bytes.  Any thread. */
uint32_t crc_add(uint32_t crc, const void *bytes, size_t n);

#endif
