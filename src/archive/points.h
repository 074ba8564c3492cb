/* Access points: places inside a member's content from which it can be made
 * without all that comes before them.  Whoever makes it first leaves them
 * behind, for ranges and for lines far inside. */

#ifndef POINTS_H
#define POINTS_H

#include <stdbool.h>

#include "archive/archive.h"

enum {
	POINTS_WINDOW = 32 * 1024,  /* RFC 1951, section 2 */
	POINTS_LEAST = 1024 * 1024, /* contents larger than this have points */
};

struct points;

/* Where content can be made from; all zero is its beginning. */
struct point {
	uint64_t out;   /* offset in the content */
	uint64_t in;    /* in the member's data: the byte that comes next */
	unsigned bits;  /* of the byte before that, that come first; 0 to 7 */
	uint64_t lines; /* newlines before out */
};

/* A share of member's points, to be dropped by points_drop; there may be none
 * in it yet.  NULL when it is too small for that, its method has none, or
 * memory lacks.  Any thread.
 */
struct points *points_get(struct archive *archive, const struct member *member);

/* Takes NULL. */
void points_drop(struct points *points);

/* The last point at or before offset out of the content, or the beginning, and
 * the n bytes that come before it: n is 0, or up to POINTS_WINDOW.  Any thread.
 */
struct point points_nearest(struct points *points, uint64_t out,
	unsigned char window[POINTS_WINDOW], size_t *n);

/* The offset of that point alone. */
uint64_t points_nearest_offset(struct points *points, uint64_t out);

/* An offset from which, made forward, the line after the lines-th newline
 * begins: at a point that has fewer before it, or at the beginning. */
uint64_t points_before_line(struct points *points, uint64_t lines);

/* The offset from which on the next point is wanted; it never becomes less. */
uint64_t points_next(struct points *points);

/* Add a point with the n bytes before it.  Nothing happens when memory lacks or
 * another thread was faster. */
void points_add(struct points *points, const struct point *point,
	const unsigned char *window, size_t n);

/* The content has been made to its end, and has so many lines: one without a
 * newline behind it counts, too. */
void points_finish(struct points *points, uint64_t lines);

/* It has; then how many lines. */
bool points_finished(struct points *points, uint64_t *lines);

/* How many newlines are in the n bytes at p.  Pure. */
uint64_t points_count_lines(const void *p, size_t n);

#endif
