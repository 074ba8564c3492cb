/* Leads a client to an error in a log, wherever that is. */

#ifndef LOGJUMP_H
#define LOGJUMP_H

#include "archive/unwrap.h"
#include "serve/logpage.h"

/* Make a source that locates the line that view->jump asks for in member, whose
 * data start at start: a window of view->lines lines around it, at path.  If
 * there is none, the place is the end of the log, or, for an error before a
 * line, its beginning.  The last error of a log is looked for by one request at
 * a time, and remembered.  The archive and path must outlive the source.  NULL
 * with errno ENOMEM.  Any thread, one at a time. */
struct source *logjump_open(struct archive *archive,
	const struct member *member, uint64_t start, const struct wrapping *how,
	const struct logpage_view *view, struct str path);

#endif
