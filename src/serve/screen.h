/* What a terminal shows of lines that draw over earlier ones.
 *
 * The screen has SCREENROWS_REACH rows.  The cursor moves up and down in them
 * (CUU, RI, CUD, CPL, CNL), is saved and restored (DECSC, SCOSC), erases all
 * below it (ED), and inserts and deletes rows (IL, DL).  The screen scrolls up,
 * as it does for new lines, or down (SU, SD), always whole.  The height of the
 * terminal is not known, so CUP and HVP go to the next row, unless the cursor's
 * one is empty.  Nothing else clears the screen: programs do that before they
 * begin, and nothing may hide the rest of a log.
 *
 * Text may begin inside a log.  What its lines draw further up is then shown
 * before them, as far as they draw it. */

#ifndef SCREEN_H
#define SCREEN_H

#include "serve/screenrows.h"

/* All zero at the beginning, except rows.show, rows.to and ansi.windows. */
struct screen {
	struct ansi ansi;  /* the row of the cursor */
	struct ansi alone; /* the line by itself, if it is not that row */
	struct screenrows rows;

	/* Used by screen.c only. */
	uint64_t at;      /* the row of the cursor */
	uint64_t last;    /* row of the screen */
	uint64_t line;    /* number of the current line */
	bool followed;    /* alone has it, as far as it has come */
	bool strays;      /* it is not just a new row */
	bool saves;       /* the cursor was saved... */
	uint64_t saved;   /* ...in this row... */
	size_t column;    /* ...and column */
	uint64_t touched; /* rows, to bound the work */
};

/* Bytes of memory that a screen takes, at most. */
size_t screen_memory(void);

/* Prepare for the lines from number `line` on. */
void screen_start(struct screen *screen, uint64_t line);

/* Write bytes of the current line, as ansi_take, up to a carriage return or
 * newline. */
enum ansi_stop screen_take(struct screen *screen, struct str *bytes);

/* Memory ran out: something is missing. */
bool screen_failed(const struct screen *screen);

/* The current line by itself. */
struct ansi *screen_line(struct screen *screen);

/* End the current line, and begin the next one. */
void screen_end(struct screen *screen);

/* The same for a line that is to be shown now.  All that was before it is shown
 * first, and can no longer be reached. */
void screen_end_apart(struct screen *screen);

/* Show all that has not been shown. */
void screen_flush(struct screen *screen);

void screen_free(struct screen *screen);

#endif
