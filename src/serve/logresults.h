/* The page of a search in a log, or the same as JSON: the lines that match,
 * each with a link to it, and lines around them. */

#ifndef LOGRESULTS_H
#define LOGRESULTS_H

#include "archive/unwrap.h"
#include "serve/logpage.h"

enum {
	LOGRESULTS_MOST = 2000, /* matches on a page, at most */
	LOGRESULTS_BYTES = 16
		<< 20, /* of lines on a page; it ends soon after */
	/* It ends, too, when a regular expression took too long on so many. */
	LOGRESULTS_LEFT_OUT = 100
};

/* Make a source of the page of the search for view->q, which logmatch_can
 * search for, in member, whose data start at start.  It begins in line
 * view->from, and gives out what it finds while it goes on.  If the log proves
 * to be a damaged file, the page ends there and says so.  The archive must
 * outlive the source; strings in view are copied.  NULL with errno ENOMEM.  Any
 * thread, one at a time. */
struct source *logresults_open(struct archive *archive,
	const struct member *member, uint64_t start, const struct wrapping *how,
	const struct logpage_view *view);

#endif
