/* A page that is made row by row while it is sent. */

#ifndef ROWS_H
#define ROWS_H

#include "archive/source.h"
#include "base/arena.h"

/* The beginning of what makes a page.  All zero but make and source.close. */
struct rows {
	struct source source; /* its read is rows_read */
	/* Make the next part into row: more than 0, 0 when there is none, -1 or
	 * SOURCE_LATER. */
	ssize_t (*make)(struct rows *rows);
	struct text row;
	struct arena
		arena; /* the row's; what else is in it goes with the row */
	size_t taken;  /* bytes of row that went out */
};

/* As source->read; -1, too, when there is no memory for a row. */
ssize_t rows_read(struct source *source, void *buffer, size_t n);

#endif
