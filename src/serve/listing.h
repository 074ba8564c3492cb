/* The listing of a directory in an archive, as a page or as JSON. */

#ifndef LISTING_H
#define LISTING_H

#include "archive/source.h"

enum listing_sort { LISTING_NAME, LISTING_SIZE, LISTING_TIME };

struct listing_view {
	struct str archive;   /* its file name */
	struct str directory; /* empty, or without "/" at the end */
	bool tree;            /* the page's URL has "-wwz-index/" in front */
	int64_t written;      /* the archive's time */
	bool download;        /* with a link to the archive itself */
	enum listing_sort sort;
	bool descending;
	bool json;
};

/* The view that a query asks for: "sort=name|size|time", "order=asc|desc",
 * "format=json".  Anything else is ignored.  What else there is
 * of the view is left empty.  Pure. */
struct listing_view listing_view_of(struct str query);

/* The listing is in the order of the walk, so that nothing is sorted for it. */
static inline bool
listing_is_by_name(const struct listing_view *view)
{
	return view->sort == LISTING_NAME && !view->descending;
}

/* Make a source of the listing of the directory that walk, which is at its
 * beginning, walks over in archive, shown as view.  The caller must hold the
 * archive until the source is closed.  Names in view are copied.  A listing
 * sorted by name is made while it is read; any other order takes 16 bytes for
 * each child.  NULL with errno ENOMEM. */
struct source *listing_open(struct archive *archive, struct zipdir_walk walk,
	const struct listing_view *view);

#endif
