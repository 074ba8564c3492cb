/* A page made row by row while it is sent. */

#ifndef ROWS_H
#define ROWS_H

#include "archive/source.h"
#include "base/arena.h"

/* The first member of each such source.  All zero at first, except make and
 * source.close. */
struct rows {
	struct source source; /* source.read is rows_read */
	/* Write the next part to row.  Returns more than 0, 0 at the end, -1 or
	 * SOURCE_LATER. */
	ssize_t (*make)(struct rows *rows);
	struct text row;
	struct arena arena; /* of row; emptied after each row */
	size_t taken;       /* bytes of row already given out */
};

/* As read of a source; also -1 with errno ENOMEM when there is no memory for a
 * row. */
ssize_t rows_read(struct source *source, void *buffer, size_t n);

#endif
