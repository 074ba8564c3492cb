/* The links from a page of a log to its other pages. */

#ifndef LOGNAV_H
#define LOGNAV_H

#include "base/arena.h"
#include "serve/logpage.h"

/* Add the links, which head and foot of a page share.  The next page begins at
 * line next, if there is more. */
void lognav_add(struct text *text, const struct logpage_view *view,
	uint64_t next, bool more);

#endif
