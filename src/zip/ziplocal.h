/* The header before a member's data (APPNOTE 6.3, section 4.3.7). */

#ifndef ZIPLOCAL_H
#define ZIPLOCAL_H

#include "zip/zipentry.h"

enum {
	ZIPLOCAL_SIZE = 30, /* the part of fixed size */
	ZIPLOCAL_MAX = ZIPLOCAL_SIZE + 2 * 65535,
};

/* The size of the whole header, from its first ZIPLOCAL_SIZE bytes; 0 when they
 * are not a local header. */
uint32_t ziplocal_size(const unsigned char *header);

/* Compare the whole header with the central directory: name, method,
 * encryption, sizes.  NULL when they agree (sizes may be 0 or all ones when
 * they follow the data), else a sentence that says what differs.  Pure. */
const char *ziplocal_differs(
	const unsigned char *header, const struct member *member);

/* Whether the whole header has a CRC-32 other than the central directory's,
 * although it does not leave it to a record behind the data.  Pure. */
bool ziplocal_crc_differs(
	const unsigned char *header, const struct member *member);

#endif
