/* Finds lines in the text of a log: those that look like errors, or hold what
 * is searched for. */

#ifndef LOGFIND_H
#define LOGFIND_H

#include "archive/source.h"
#include "serve/ansi.h"

enum {
	LOGFIND_CONTEXT = 20,        /* lines before a match, at most... */
	LOGFIND_HISTORY = 16 * 1024, /* ...and their bytes */
	/* Of a line only so much is looked at and shown. */
	LOGFIND_LINE = 64 * 1024,
	LOGFIND_PIECE = 64 * 1024, /* bytes read at a time */
	LOGFIND_TEXT = 200,        /* bytes to search for, at most */
	LOGFIND_MARKS = 100        /* matches that are marked in a line */
};

struct logfind_what {
	/* As it is shown, without colours.  Empty: lines that look like errors.
	 * Letters of ASCII match those of the other case, unless there is a
	 * capital in it. */
	struct str text;
	bool regex;   /* text is a regular expression (logregex.h) */
	bool windows; /* as in ansi.h */
};

/* A search in lines.  Its size does not depend on the log. */
struct logfind;

/* Search in text, which it owns and which begins in the line called number, at
 * its beginning or, if inside, within it; then that line is not looked at.
 * what->text is copied.  NULL with errno ENOMEM, also for a regular expression
 * that is wrong; text is closed then, too. */
struct logfind *logfind_new(struct source *text, uint64_t number, bool inside,
	const struct logfind_what *what);
void logfind_free(struct logfind *find);

/* Bytes of memory that a search takes. */
size_t logfind_memory(void);

/* A line, up to LOGFIND_LINE bytes of it, without its newline.  It is valid
 * until the next one is asked for. */
struct logfind_line {
	uint64_t number;
	struct str bytes;
	bool matches;
};

/* Go on to the next line that matches.  1; 0 at the end, when line->number is
 * the number that another line would have had; or as read of a source, which
 * is read once at most: SOURCE_LATER means call again. */
ssize_t logfind_next(struct logfind *find, struct logfind_line *line);

/* Take the very next line.  Results as above. */
ssize_t logfind_take(struct logfind *find, struct logfind_line *line);

/* The start of up to `lines` lines before `line`, which was found last, as far
 * as they are at hand: they end where line->bytes begin. */
struct str logfind_before(
	const struct logfind *find, const struct logfind_line *line, int lines);

/* Lines that were left out, since the regular expression took too long. */
uint64_t logfind_left_out(const struct logfind *find);

/* Add bytes, a line, to text as HTML, with its colours and each match in a
 * <mark>; or as plain UTF-8. */
void logfind_show(struct logfind *find, struct str bytes, struct text *text);
void logfind_plain(struct logfind *find, struct str bytes, struct text *text);

/* Whether text can be searched for: it is neither blank nor too long, and if it
 * is to be a regular expression, it is one. */
bool logfind_can(struct str text, bool regex);

#endif
