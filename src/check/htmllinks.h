/* Finds links in HTML, as far as a browser would see them before it runs a
 * script.  It is no parser: it tells tags, attributes, comments and the content
 * of scripts apart (HTML standard, section 13.2.5), and forgives everything. */

#ifndef HTMLLINKS_H
#define HTMLLINKS_H

#include "base/str.h"

/* A scan of a page.  html is the whole page at first; all else is zero. */
struct htmllinks {
	struct str html; /* what has not been looked at */
	struct str tag;  /* that of the attributes that follow; or empty */
};

struct htmllink {
	struct str tag;
	struct str value; /* of href or src, as it stands there */
};

/* Find the next link; false at the end.  What it gives is lent by the page.
 * The cost is linear in the size of the page.  Pure. */
bool htmllinks_next(struct htmllinks *scan, struct htmllink *link);

#endif
