/* The rows of a screen that can still be reached, and the order in which a page
 * shows them and the lines that drew them.
 *
 * A line of a log usually makes a row of its own.  Where lines draw over rows,
 * these rows and all below them are a stretch: its lines are shown first, each
 * by itself, then what its rows show in the end.  Lines are held back, some at
 * least, as long as it is not clear where the stretch begins.
 *
 * Rows above the first one that is kept are blank: nothing is known of them, or
 * they have been shown and are not shown again. */

#ifndef SCREENROWS_H
#define SCREENROWS_H

#include "serve/ansi.h"

enum {
	SCREENROWS_REACH = 200,
	SCREENROWS = 256, /* kept at most, and their cells */
	SCREENROWS_CELLS = 64 * 1024,
	SCREENROWS_HELD = 512, /* lines held back, and their cells */
	SCREENROWS_HELD_CELLS = 16 * 1024
};

enum screen_kind {
	SCREEN_LINE,  /* a line by itself */
	SCREEN_BEGIN, /* lines of a stretch follow, from this one on */
	SCREEN_END,   /* they end here; rows follow */
	SCREEN_ROW    /* a row of a stretch */
};

struct screen_row {
	struct ansi_cell *cell;
	size_t n, room;
	bool cut;               /* it was longer than ANSI_CELLS */
	uint64_t line;          /* the last one that wrote to it; 0: none */
	int64_t time;           /* of that line (linetime.h); 0: none */
	struct loglinks *links; /* of its cells; or NULL */
};

/* All zero at first, except show and to, which it is given.  What is shown is
 * valid during the call. */
struct screenrows {
	void (*show)(
		void *to, enum screen_kind kind, const struct screen_row *row);
	void *to;
	struct screen_row row[SCREENROWS]; /* row i is at i % SCREENROWS */
	uint64_t top;                      /* rows are kept from here on... */
	uint64_t start;  /* ...those of the stretch from here... */
	uint64_t edge;   /* ...up to here, */
	uint64_t bottom; /* ...all up to here */
	size_t cells;    /* allocated for them, and their links */
	struct screen_row held[SCREENROWS_HELD]; /* lines of the stretch */
	size_t nheld, held_cells;
	bool opened; /* lines of the stretch are being shown */
	bool failed; /* memory ran out: something is missing */
};

/* A row that is kept. */
struct screen_row *screenrows_at(struct screenrows *rows, uint64_t at);

/* Exchange a row that is kept with what ansi holds. */
void screenrows_exchange(
	struct screenrows *rows, uint64_t at, struct ansi *ansi);

/* Let there be rows up to `at`; blank ones, written to by line. */
void screenrows_add(struct screenrows *rows, uint64_t at, uint64_t line);

/* The row at `at`, bottom at most, is drawn over: let it and all below belong
 * to a stretch, with the lines that made them. */
void screenrows_draw(struct screenrows *rows, uint64_t at);

/* The last row belongs to the stretch, too. */
void screenrows_extend(struct screenrows *rows);

/* Insert n blank rows, written to by line, at `at`, which belongs to the
 * stretch; what would come behind `last` is lost. */
void screenrows_insert(struct screenrows *rows, uint64_t at, uint64_t n,
	uint64_t last, uint64_t line);

/* Delete n rows from `at` on, which belongs to the stretch.  There are as many
 * rows as before: the last ones are blank, written to by line. */
void screenrows_delete(
	struct screenrows *rows, uint64_t at, uint64_t n, uint64_t line);

/* Show a line that drew in the stretch, in time. */
void screenrows_hold(struct screenrows *rows, const struct screen_row *line);

/* Show what can no longer be reached. */
void screenrows_trim(struct screenrows *rows);

/* Show all, and keep nothing. */
void screenrows_flush(struct screenrows *rows);

void screenrows_free(struct screenrows *rows);

#endif
