/* The lines of a log that match, with lines around them. */

#ifndef LOGCONTEXT_H
#define LOGCONTEXT_H

#include "archive/unwrap.h"
#include "serve/logfind.h"
#include "serve/logpage.h"

struct logcontext {
	struct logfind *find;
	uint64_t context; /* lines around a match */

	uint64_t last;  /* number of the last line passed */
	uint64_t after; /* lines still to be given behind a match */
	/* Lines still to be given before the match that was found, the number
	 * of the first of them, and the match, unless its number is 0. */
	struct str before;
	uint64_t number;
	struct logfind_line match;
};

/* Search in member, whose data start at start, for view->q, which logmatch_can
 * search for, from line view->from on.  The archive must outlive it.  -1 with
 * errno, as unwrap_open; logcontext_close is needed in any case.  Any thread,
 * one at a time. */
int logcontext_open(struct logcontext *context, struct archive *archive,
	const struct member *member, uint64_t start, const struct wrapping *how,
	const struct logpage_view *view);
void logcontext_close(struct logcontext *context);

/* Go on to the next line that matches or is near one, with a higher number than
 * the one before.  Results and the life of line->bytes as logfind_next. */
ssize_t logcontext_next(struct logcontext *context, struct logfind_line *line);

#endif
