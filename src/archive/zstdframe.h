/* Finds the sizes of windows in Zstandard data (RFC 8878, section 3.1.1).  A
 * decoder's memory depends on them. */

#ifndef ZSTDFRAME_H
#define ZSTDFRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ZSTDFRAME_HEADER_MAX = 18 };

/* Follows the frames of data that come piece by piece.  All zero at first. */
struct zstdframe {
	uint64_t window; /* the largest one so far; 0: none has begun */

	/* Used by zstdframe.c only. */
	int part;
	uint64_t skip;  /* bytes of no interest that come first */
	bool last;      /* the last block of a frame has begun */
	bool checksum;  /* the frame ends with one */
	size_t n, need; /* bytes of head that have come, and all of them */
	unsigned char head[ZSTDFRAME_HEADER_MAX];
};

/* Look at the next n bytes.  Data that are not Zstandard, and all data behind
 * them, are ignored.  Pure. */
void zstdframe_look(struct zstdframe *frame, const void *p, size_t n);

#endif
