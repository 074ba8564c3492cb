/* The time of a line that Buildkite writes into a string that terminals do not
 * show (APC): ESC _ bk;t=MILLISECONDS BEL. */

#ifndef LINETIME_H
#define LINETIME_H

#include <stdint.h>

/* All zero at the beginning of a line. */
struct linetime {
	int64_t ms; /* since 1970; 0: none */

	/* Used by linetime.c only. */
	unsigned passed;
	int64_t reading;
};

/* Begin a string, and take a character of it, or the BEL or ESC that ends it.
 */
void linetime_begin(struct linetime *time);
void linetime_take(struct linetime *time, uint32_t point);

#endif
