/* A window of a log as a page: numbered lines with terminal colours, foldable
 * groups of CI systems, and marked errors. */

#ifndef LOGPAGE_H
#define LOGPAGE_H

#include "archive/source.h"

enum {
	LOGPAGE_LINES = 2000,      /* by default */
	LOGPAGE_LINES_MAX = 20000, /* at most */
	LOGPAGE_REFRESH_MAX = 3600,
	/* A page ends, even inside a line, after reading so many bytes. */
	LOGPAGE_BYTES = 16 << 20
};

struct logerrors;

#define LOGPAGE_UNKNOWN UINT64_MAX

/* An error to go to, instead of a page. */
enum logpage_jump {
	LOGPAGE_STAY,
	LOGPAGE_FIRST,
	LOGPAGE_LAST,
	LOGPAGE_NEXT,    /* after line from */
	LOGPAGE_PREVIOUS /* before it */
};

struct logpage_view {
	/* Set from the query. */
	uint64_t from;    /* number of the first line; 0: the last lines */
	uint64_t lines;   /* how many; at least 1 */
	uint64_t refresh; /* seconds between reloads; 0: none */
	struct {
		uint64_t first, last; /* lines to highlight; 0: none */
	} mark;
	enum logpage_jump jump;
	struct str q;     /* search for this, from line from on; or empty */
	bool regex;       /* q is a regular expression */
	uint64_t context; /* lines around a match */
	bool json;        /* the results as JSON */
	bool json_raw;    /* lines of JSON as they are (logjson.h) */
	bool no_time;     /* without the times that begin lines */
	bool no_wrap;     /* long lines stick out */

	/* Set by the caller. */
	const struct logerrors *errors; /* as in logerrors.h; or NULL */
	struct str name;                /* of the log, to show */
	struct str link; /* URL of the log itself, relative to the page */
	bool beside;     /* all texts beside it can be searched, too */
	uint64_t first;  /* number of the line at which text begins */
	uint64_t total;  /* lines, including an incomplete one */
	uint64_t size;   /* bytes of the log */
	bool windows;    /* its text is not all UTF-8: see ansi.h */
	bool damaged;    /* it is a file that ends in damage */
};

/* Make a source that renders view of text.  It owns text, which must begin at
 * line view->first and is not read further than needed; if it proves to be a
 * damaged file (EBADMSG), the page ends there and says so.  Strings in view are
 * copied.  The longest lines take a few hundred KB of memory.  NULL with errno
 * ENOMEM; text is closed then, too. */
struct source *logpage_open(
	struct source *text, const struct logpage_view *view);

#endif
