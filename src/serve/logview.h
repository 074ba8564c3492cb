/* The log page of a member: finds the requested lines in its content. */

#ifndef LOGVIEW_H
#define LOGVIEW_H

#include "archive/unwrap.h"
#include "serve/logpage.h"

/* Make a source of the log page of member, whose data start at start, shown as
 * view; first and total of view are found here.  how says how its text is read.
 * To find the end of a log, its whole content is read once; access points then
 * record the number of lines (points.h).  The archive and the strings in view
 * must outlive the source.  NULL with errno ENOMEM.  Any thread, one at a time.
 */
struct source *logview_open(struct archive *archive,
	const struct member *member, uint64_t start, const struct wrapping *how,
	const struct logpage_view *view);

#endif
