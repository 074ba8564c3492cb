/* A window of a log as a page: numbered lines in the colours of a terminal,
 * groups of CI systems to fold, errors marked. */

#ifndef LOGPAGE_H
#define LOGPAGE_H

#include "archive/source.h"

enum {
	LOGPAGE_LINES = 2000,      /* when the query does not say */
	LOGPAGE_LINES_MAX = 20000, /* at most, whatever it says */
	LOGPAGE_REFRESH_MAX = 3600,
	/* A page ends, inside a line if need be, when it has read so much. */
	LOGPAGE_BYTES = 16 << 20
};

#define LOGPAGE_UNKNOWN UINT64_MAX

struct logpage_view {
	/* What the query asks for. */
	uint64_t from;    /* the first line's number; 0 for the last lines */
	uint64_t lines;   /* how many; at least 1 */
	uint64_t refresh; /* seconds between requests; 0: just one */

	/* What there is. */
	struct str name; /* of the log, as it is shown */
	struct str link; /* the log itself, as a URL from the page's */
	uint64_t first;  /* the number of the line with which text begins */
	uint64_t total;  /* lines, also one without its newline, or unknown */
	uint64_t size;   /* bytes of the log */
};

/* The view that a query asks for: "from=LINE", "lines=N" or "tail=N", "refresh=
 * SECONDS".  What is too large becomes as large as may be; what is not
 * understood is passed over.  What there is stays empty.  Pure. */
struct logpage_view logpage_view_of(struct str query);

/* A source of the page of view, of what text, which then belongs to the page,
 * gives out from the beginning of line view->first on; it is not read further
 * than the page needs.  Strings in view are copied.  Memory: a few hundred KB
 * for the longest lines.  NULL with errno ENOMEM, and text is closed. */
struct source *logpage_open(
	struct source *text, const struct logpage_view *view);

#endif
