/* Lines of a log as a terminal shows them, and these as HTML.
 *
 * A line is a row of cells that a cursor writes, as on a terminal that is as
 * wide as it needs to be: a carriage return and a backspace move the cursor
 * back, and what comes then overwrites.  So "10%\r50%\r100%" is "100%".
 *
 * Of escape sequences (ECMA-48) colours and attributes (SGR) count, and what
 * stays in a line: EL erases, CHA, CUF and CUB move the cursor.  All others are
 * dropped, strings such as titles and hyperlinks (OSC, DCS) with what they
 * hold, and so are other control characters.  A newline ends all of them.
 *
 * Bytes that are not UTF-8 become U+FFFD, one for each longest beginning of a
 * character, as in browsers.  A character is one cell, whatever its width. */

#ifndef ANSI_H
#define ANSI_H

#include "base/arena.h"

struct ansi_cell {
	uint32_t point; /* a character of Unicode */
	uint32_t style; /* as in sgr.h */
};

/* Cells of a line; what is written behind them is lost. */
enum { ANSI_CELLS = 16384 };

enum { ANSI_PARAMETERS = 32 };

enum ansi_stop {
	ANSI_MORE,   /* the bytes were used up */
	ANSI_RETURN, /* behind a carriage return */
	ANSI_LINE    /* behind a newline */
};

/* All zero is the beginning of a log. */
struct ansi {
	/* The line, as far as it goes. */
	struct ansi_cell *cell;
	size_t n;
	size_t stop; /* where the cursor stood at the last stop */
	bool cut;    /* it would have had more cells */
	bool failed; /* memory ran out: a part is missing */

	/* The rest is ansi.c's.  The cursor, and what it writes. */
	size_t room, at;
	uint64_t taken, blanked; /* bytes; cells, so as not to be kept busy */
	uint32_t style;
	/* A character that is not complete. */
	unsigned need;
	unsigned char low, high; /* of its next byte */
	uint32_t point;
	/* An escape sequence that is not complete. */
	enum {
		ANSI_TEXT,
		ANSI_ESCAPE,
		ANSI_CHARSET,
		ANSI_CSI,
		ANSI_STRING
	} state;
	bool foreign; /* one that does not count here */
	unsigned nparameters;
	uint16_t parameter[ANSI_PARAMETERS];
	uint32_t colons; /* bit i: parameter i follows a ":" */
};

/* Cut bytes off *bytes, and write them to the line, up to the first stop. */
enum ansi_stop ansi_take(struct ansi *ansi, struct str *bytes);

/* Begin a new line; colours and attributes go on. */
void ansi_clear(struct ansi *ansi);

/* Release what belongs to it. */
void ansi_free(struct ansi *ansi);

/* Add n cells as HTML: text and <span>s. */
void ansi_add_html(struct text *text, const struct ansi_cell *cell, size_t n);

#endif
