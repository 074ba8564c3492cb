/* Finds lines in the text of a log that match (logmatch.h). */

#ifndef LOGFIND_H
#define LOGFIND_H

#include "archive/source.h"
#include "serve/logmatch.h"

enum {
	LOGFIND_CONTEXT = 20,        /* lines before a match, at most... */
	LOGFIND_HISTORY = 16 * 1024, /* ...and their bytes */
	LOGFIND_PIECE = 64 * 1024    /* bytes read at a time */
};

/* A search in lines.  Its size does not depend on the log. */
struct logfind;

/* Search in text, which it owns and which begins in the line called number, at
 * its beginning or, if inside, within it; then that line is not looked at.
 * what->text is copied.  NULL with errno ENOMEM, also for a regular expression
 * that is wrong; text is closed then, too. */
struct logfind *logfind_new(struct source *text, uint64_t number, bool inside,
	const struct logmatch_what *what);
void logfind_free(struct logfind *find);

/* Bytes of memory that a search takes. */
size_t logfind_memory(void);

/* A line, up to LOGMATCH_LINE bytes of it, without its newline.  It is valid
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

/* What is searched for, lent: to show lines, and to know how many were left
 * out. */
struct logmatch *logfind_match(struct logfind *find);

#endif
