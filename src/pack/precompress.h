/* Makes the content of siblings: a file coded once, when it is packed, with
 * Brotli or Zstandard. */

#ifndef PRECOMPRESS_H
#define PRECOMPRESS_H

#include "http/encoding.h"

/* Larger files get no siblings, since a file is held in memory while it is
 * coded. */
enum { PRECOMPRESS_MAX = 16 << 20 };

/* Whether this program was built with the library for coding. */
bool precompress_has(enum coding coding);

/* Code the size bytes of fd at the highest level into *coded, *n bytes, which
 * the caller frees.  -1 with errno; EBUSY when the file is shorter. */
int precompress_file(enum coding coding, int fd, size_t size,
	unsigned char **coded, size_t *n);

/* Whether a sibling of n bytes is worth having beside a member of packed bytes:
 * whether it saves at least 5 % and 64 bytes. */
bool precompress_saves(uint64_t packed, uint64_t n);

#endif
