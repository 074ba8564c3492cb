/* The links from a page of a log to its other pages. */

#ifndef LOGNAV_H
#define LOGNAV_H

#include "base/arena.h"
#include "serve/logpage.h"

/* Add the links, which head and foot of a page share, called label.  The next
 * page begins at line next, if there is more. */
void lognav_add(struct text *text, const char *label,
	const struct logpage_view *view, uint64_t next, bool more);

/* Add what the query of another page of the log begins with, so that it shows
 * lines in the same way.  amp: how "&" is written there, and behind it. */
void lognav_add_kept(
	struct text *text, const struct logpage_view *view, const char *amp);

/* The value of the field Refresh, for a page that follows the log.  It has a
 * URL because that of a browser can have a fragment: then the browser would go
 * there and load nothing.  In arena. */
struct str lognav_refresh(const struct logpage_view *view, struct arena *arena);

/* Add the query, without "?", and the fragment of a window of `lines` lines
group, and say how long it took)
 * around the line called number.  amp: how "&" is written there. */
void lognav_add_place(
	struct text *text, uint64_t number, uint64_t lines, const char *amp);

/* Add what there is to say about the errors of a page, of which these are the
 * first and the last line. */
void lognav_add_errors(struct text *text, const struct logpage_view *view,
	uint64_t errors, uint64_t first, uint64_t last);

/* Add the form that searches in what the page is about, which is called where.
 */
void lognav_add_search(
	struct text *text, const struct logpage_view *view, const char *where);

#endif
