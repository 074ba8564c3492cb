/* Tells whether a line of a log is one of those that are searched for: that
 * looks like an error, holds a text, or matches a regular expression. */

#ifndef LOGMATCH_H
#define LOGMATCH_H

#include "serve/ansi.h"
#include "serve/logerrors.h"
#include "serve/logregex.h"
#include "serve/logsign.h"

enum {
	/* Of a line only so many bytes are looked at and shown. */
	LOGMATCH_LINE = 64 * 1024,
	LOGMATCH_TEXT = 200, /* bytes to search for, at most */
	LOGMATCH_MARKS = 100 /* matches that are marked in a line */
};

struct logmatch_what {
	/* As it is shown, without colours.  Empty: lines that look like errors.
	 * Letters of ASCII match those of the other case, unless there is a
	 * capital in it. */
	struct str text;
	bool regex;   /* text is a regular expression (logregex.h) */
	bool windows; /* as in ansi.h */
	const struct logerrors *errors; /* the site's own; or NULL */
};

struct logmatch {
	/* Set once. */
	uint32_t want[LOGMATCH_TEXT]; /* characters to search for */
	size_t nwant;                 /* 0: errors */
	bool exact;                   /* case matters */
	char word[LOGMATCH_TEXT];     /* that each match holds */
	size_t nword;                 /* 0: none is known */
	struct logsign_seeker seeker;
	struct logregex *regex;         /* or NULL */
	const struct logerrors *errors; /* or NULL */

	struct ansi ansi;   /* renders a line; its failed: memory ran out */
	struct arena arena; /* holds... */
	struct str shown;   /* ...its characters in UTF-8, for regex */
	uint64_t left_out;  /* lines on which the expression took too long */
};

/* Whether text can be searched for: it is neither blank nor too long, and if it
 * is to be a regular expression, it is one. */
bool logmatch_can(struct str text, bool regex);

/* Search for what, whose text is copied.  -1 with errno ENOMEM, also for a
 * regular expression that is wrong; logmatch_close is needed in any case. */
int logmatch_open(struct logmatch *match, const struct logmatch_what *what);
void logmatch_close(struct logmatch *match);

/* A letter of ASCII in lower case; other bytes stay. */
static inline char
logmatch_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Whether expressions are tried on lines, which can take long. */
static inline bool
logmatch_is_slow(const struct logmatch *match)
{
	return match->regex != NULL || match->errors != NULL;
}

/* Where in the n bytes at p, whole lines, a line may match; NULL: nowhere.
 * Unless match->exact, folded has the same bytes in lower case. */
const char *logmatch_seek(const struct logmatch *match, const char *p,
	const char *folded, size_t n);

/* Whether line, of LOGMATCH_LINE bytes at most, without its newline, matches.
 */
bool logmatch_line(struct logmatch *match, struct str line);

/* Add such a line to text as HTML, with its colours and each match in a <mark>;
 * or as plain UTF-8.  When memory runs out, text's arena has failed. */
void logmatch_show(struct logmatch *match, struct str line, struct text *text);
void logmatch_plain(struct logmatch *match, struct str line, struct text *text);

#endif
