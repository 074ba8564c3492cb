/* Renders the lines of a log as a terminal would show them, and converts them
 * to HTML.
 *
 * A line is a row of cells that a cursor writes, as on a terminal that is as
 * wide as it needs to be: a carriage return or a backspace moves the cursor
 * back, and later characters overwrite earlier ones.  So "10%\r50%\r100%"
 * becomes "100%".
 *
 * The escape sequences (ECMA-48) supported are colours and attributes (SGR) and
 * those that stay within the line: EL erases, CHA, CUF and CUB move the
 * cursor.  Those that leave the line are for the caller (ansi_move).  All
 * others are dropped, including the contents of strings such as titles (OSC,
 * DCS), and so are other control characters.  A newline ends any sequence.  A
 * hyperlink (OSC 8) to http or https is kept in the cells, up to the end of the
 * line at most (loglink.h), and so is the time of the line (linetime.h).
 *
 * What is written at a fixed place of the screen between saving the cursor and
 * restoring it is not shown: apt draws its bar there, at the bottom, while the
 * lines go on.  Of the sequences that leave the line, only restoring the cursor
 * in the line where it was saved, and a fixed place in an empty line, move it
 * within the line.
 *
 * Concealed characters take no room, up to the end of the line at most: Jenkins
 * hides notes of hundreds of characters in this way, but nothing may hide the
 * rest of a log.
 *
 * Invalid UTF-8 becomes U+FFFD, one for each maximal prefix of a character, as
 * in browsers.  In text that is known not to be UTF-8 each byte of it becomes
 * its character in Windows-1252, which browsers take for the charset of text
 * without one; what is valid stays, as logs mix charsets.  A character is one
 * cell, whatever its width. */

#ifndef ANSI_H
#define ANSI_H

#include "base/arena.h"
#include "serve/linetime.h"
#include "serve/loglink.h"

struct ansi_cell {
	uint32_t point; /* a character of Unicode */
	uint32_t style; /* as in sgr.h, and the number of its link */
};

static inline bool
ansi_is_digit(uint32_t point)
{
	return point >= '0' && point <= '9';
}

/* Whether point is a noncharacter, which browsers treat as an error. */
static inline bool
ansi_is_no_character(uint32_t point)
{
	return (point & 0xfffe) == 0xfffe ||
		(point >= 0xfdd0 && point <= 0xfdef);
}

/* The most cells of a line; anything written after them is lost. */
enum { ANSI_CELLS = 16384 };

enum { ANSI_PARAMETERS = 32 };

enum ansi_stop {
	ANSI_MORE,   /* all bytes were used */
	ANSI_RETURN, /* after a carriage return */
	ANSI_MOVE,   /* after a sequence that leaves the line, see move */
	ANSI_LINE    /* after a newline */
};

/* What leaves the line. */
enum ansi_move {
	ANSI_UP, /* count lines up (CUU, RI); the column stays */
	ANSI_DOWN,
	ANSI_UP_FIRST, /* the same, to the first column (CPL, CNL) */
	ANSI_DOWN_FIRST,
	ANSI_PLACE, /* to column count of some line (CUP, HVP) */
	ANSI_SAVE,
	ANSI_RESTORE,
	ANSI_ERASE_BELOW, /* also the rest of this line, which is done */
	ANSI_INSERT,      /* count blank lines here, to the first column (IL) */
	ANSI_DELETE,    /* count lines from here on, to the first column (DL) */
	ANSI_SCROLL_UP, /* the screen, by count lines; the cursor stays (SU) */
	ANSI_SCROLL_DOWN
};

/* The state of the renderer.  All zero at the beginning of a log, except
 * windows. */
struct ansi {
	bool windows; /* invalid UTF-8 is Windows-1252 */
	/* Called before something is written or erased next, once; or NULL. */
	void (*ready)(struct ansi *ansi);

	/* The line so far. */
	struct ansi_cell *cell;
	size_t n;
	size_t stop;         /* position of the cursor at the last stop */
	bool cut;            /* the line was longer than ANSI_CELLS */
	bool failed;         /* memory ran out: part of the line is missing */
	bool wrote;          /* something was written or erased */
	enum ansi_move move; /* at the last stop, if that is ANSI_MOVE */
	unsigned count;
	struct loglinks links;
	struct linetime time;
	size_t room; /* cells that are allocated */
	size_t at;   /* the cursor, up to ANSI_CELLS */

	/* Used by ansi.c only.  The style of the cursor. */
	uint64_t taken, blanked; /* bytes and cells, to bound the work */
	uint32_t style;
	bool saved;    /* the cursor was saved in this line... */
	size_t column; /* ...in this column... */
	bool away;     /* ...and is elsewhere */
	bool moves;    /* the last character leaves the line */
	/* An incomplete character. */
	unsigned char begun[3];
	unsigned nbegun, need;
	unsigned char low, high; /* range of its next byte */
	uint32_t point;
	/* An incomplete escape sequence. */
	enum {
		ANSI_TEXT,
		ANSI_ESCAPE,
		ANSI_CHARSET,
		ANSI_CSI,
		ANSI_COMMAND,
		ANSI_APPLICATION,
		ANSI_STRING
	} state;
	bool foreign; /* a sequence that is not supported */
	unsigned nparameters;
	uint16_t parameter[ANSI_PARAMETERS];
	uint32_t colons; /* bit i: parameter i follows a ":" */
};

/* Take bytes off *bytes and write them to the line, up to the first stop. Those
 * who show the line by itself go on after ANSI_MOVE. */
enum ansi_stop ansi_take(struct ansi *ansi, struct str *bytes);

/* Begin a new line, with the same colours and attributes, but not concealed. */
void ansi_clear(struct ansi *ansi);

/* Begin a new line, as at the beginning of a log. */
void ansi_restart(struct ansi *ansi);

/* Have memory for n cells.  false: there is none, and ansi has failed. */
bool ansi_reserve(struct ansi *ansi, size_t n);

/* Let `to` be in the state of from, with what it wrote. */
void ansi_copy(struct ansi *to, const struct ansi *from);

/* Release the memory of ansi. */
void ansi_free(struct ansi *ansi);

/* Add n cells to text as HTML, with <span>s, and their links unless links is
 * NULL. */
void ansi_add_html(struct text *text, const struct loglinks *links,
	const struct ansi_cell *cell, size_t n);

#endif
