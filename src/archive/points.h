/* Access points: places inside a member's content, or inside what a gzip file
 * holds, from which decompression can start.  They are added when the content
 * is made for the first time, and serve ranges and log pages far inside. */

#ifndef POINTS_H
#define POINTS_H

#include <stdbool.h>

#include "archive/archive.h"

enum {
	POINTS_WINDOW = 32 * 1024,  /* RFC 1951, section 2 */
	POINTS_LEAST = 1024 * 1024, /* only larger contents have points */
};

struct points;

/* A place from which content can be made; all zero is the beginning. */
struct point {
	uint64_t out;   /* offset in the content */
	uint64_t in;    /* offset of the next byte in the member's data */
	unsigned bits;  /* bits of the byte before it that come first; 0 to 7 */
	uint64_t lines; /* newlines before out */
};

/* Get a share of member's points, to be released by points_drop; it may hold
 * none yet.  NULL when the content is too small, the method allows none, or
 * there is no memory.  Any thread. */
struct points *points_get(struct archive *archive, const struct member *member);

/* The same for the gunzipped content of member, which is a gzip file of any
 * size (gunzip.h). */
struct points *points_get_gunzipped(
	struct archive *archive, const struct member *member);

/* Takes NULL. */
void points_drop(struct points *points);

/* The last point at or before offset out of the content, or the beginning.
 * window gets the *n bytes before the point, at most POINTS_WINDOW.  Any
 * thread. */
struct point points_nearest(struct points *points, uint64_t out,
	unsigned char window[POINTS_WINDOW], size_t *n);

/* Only the offset of that point. */
uint64_t points_nearest_offset(struct points *points, uint64_t out);

/* The offset of the nearest point at or before the line that follows newline
 * number lines: the last point with fewer newlines before it, or the beginning.
 */
uint64_t points_before_line(struct points *points, uint64_t lines);

/* The offset from which the next point is wanted.  It never decreases. */
uint64_t points_next(struct points *points);

/* Add a point with the n bytes before it.  Does nothing when there is no memory
 * or another thread has added one there. */
void points_add(struct points *points, const struct point *point,
	const unsigned char *window, size_t n);

/* Note that the content was made to its end and has so many lines, counting a
 * last one without a newline. */
void points_finish(struct points *points, uint64_t lines);

/* Whether points_finish was called.  If so, *lines is the number it was given.
 */
bool points_finished(struct points *points, uint64_t *lines);

/* The number of newlines in the n bytes at p.  Pure. */
uint64_t points_count_lines(const void *p, size_t n);

#endif
