/* The log page of a member: finds the lines that are asked for in its content.
 */

#ifndef LOGVIEW_H
#define LOGVIEW_H

#include "serve/logpage.h"

/* A source of the page of view, of which first and total are found here, for
 * the content of member, whose data start at start; gzip: the content is a gzip
 * file and the log is in that.  The end of a log is found by making all of it,
 * once: access points remember the lines (points.h).  What view lends, and the
 * archive, must stay as long as the source.  NULL with errno ENOMEM.  Any
 * thread, one at a time. */
struct source *logview_open(struct archive *archive,
	const struct member *member, uint64_t start, bool gzip,
	const struct logpage_view *view);

#endif
