/* Inflates with access points (points.h): adds them at the ends of deflate
 * blocks, and can begin at one of them. */

#ifndef BLOCKS_H
#define BLOCKS_H

#include <zlib.h>

#include "archive/points.h"

/* The part of a content that comes out of one z_stream.  For one thread at a
 * time. */
struct blocks {
	struct points *points; /* a share; or NULL: leave none */
	uint64_t begun;        /* offset in the content of zlib's first byte */
	uint64_t size;   /* of the content; UINT64_MAX when it is not known */
	uint64_t lines;  /* newlines before counted */
	uint64_t wanted; /* no point is wanted before this offset */
	const unsigned char *counted; /* position in the output */
};

/* To be called each time that z->next_out has been set. */
void blocks_begin_output(struct blocks *blocks, const z_stream *z);

/* Inflate from z->next_in to z->next_out, at most to the end of a deflate block
 * if a point may be wanted there.  end is the offset in the member's data of
 * the byte behind the input.  Returns the result of zlib's inflate. */
int blocks_inflate(struct blocks *blocks, z_stream *z, uint64_t end);

/* Count the lines of the output, after the last blocks_inflate into it. */
void blocks_count(struct blocks *blocks, const z_stream *z);

/* Prepare z to continue at a point whose first bits are the last ones of byte,
 * the byte before point.in.  bits says how many.  Returns zlib's result. */
int blocks_prime(z_stream *z, unsigned bits, unsigned char byte);

#endif
