/* Inflates what is small in one piece. */

#ifndef INFLATEWHOLE_H
#define INFLATEWHOLE_H

#include <stdbool.h>
#include <stddef.h>

/* Inflate packed bytes of data, less than 4 GiB, to content.  true if they are
 * one whole deflate stream, and give exactly size bytes, less than 4 GiB;
 * false otherwise, or when memory runs out.  data must be the caller's own,
 * which nobody changes meanwhile (guard.h).  Pure; any thread. */
bool inflate_whole(const void *data, size_t packed, void *content, size_t size);

#endif
