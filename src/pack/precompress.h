/* Coded forms of a file, made once when it is packed: Brotli, Zstandard. */

#ifndef PRECOMPRESS_H
#define PRECOMPRESS_H

#include "http/encoding.h"

/* Larger files get none: one is held in memory while it is coded. */
enum { PRECOMPRESS_MAX = 16 << 20 };

/* This program was built with what makes coding. */
bool precompress_has(enum coding coding);

/* Put the size bytes of fd, in coding and as small as it gets, into *coded,
 * which is the caller's to free.  -1 with errno; EBUSY when the file is
 * shorter. */
int precompress_file(enum coding coding, int fd, size_t size,
	unsigned char **coded, size_t *n);

/* A sibling of n bytes is worth having beside a member that takes packed bytes:
 * it saves 5 % and 64 bytes. */
bool precompress_saves(uint64_t packed, uint64_t n);

#endif
