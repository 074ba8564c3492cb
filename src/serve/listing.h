/* What a directory of an archive holds, as a page or as JSON. */

#ifndef LISTING_H
#define LISTING_H

#include "archive/source.h"

enum listing_sort { LISTING_NAME, LISTING_SIZE, LISTING_TIME };

struct listing_view {
	struct str archive;   /* its name, without directories */
	struct str directory; /* empty, or without "/" at the end */
	enum listing_sort sort;
	bool descending;
	bool json;
};

/* The view that a query asks for: "sort=name|size|time", "order=asc|desc",
 * "format=json".  What is not understood is passed over.  archive and directory
 * stay empty.  Pure. */
struct listing_view listing_view_of(struct str query);

/* A source of the view of what walk, which stands at its beginning, goes over;
 * its archive is the caller's, and open as long as the source.  Names in view
 * are copied.  Sorted by name it is made while it is read; otherwise 16 bytes
 * for each child are needed.  NULL with errno ENOMEM. */
struct source *listing_open(
	struct zipdir_walk walk, const struct listing_view *view);

#endif
