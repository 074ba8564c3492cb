/* What a listing shows, according to the query of its URL. */

#ifndef LISTVIEW_H
#define LISTVIEW_H

#include "base/arena.h"

enum {
	LISTVIEW_ROWS = 1000,       /* of a page */
	LISTVIEW_FILTER_MAX = 1024, /* bytes */
};

struct readme;

enum listing_sort { LISTING_NAME, LISTING_SIZE, LISTING_TIME };

/* Whether small images are shown beside their names. */
enum listing_images {
	LISTING_IMAGES_IF_MANY, /* on a page where they are half of the files */
	LISTING_IMAGES_NEVER,
	LISTING_IMAGES_ALWAYS,
};

struct listing_view {
	struct str archive;   /* its file name */
	struct str directory; /* empty, or without "/" at the end */
	bool tree;            /* the page's URL has "-wwz-index/" in front */
	int64_t written;      /* the archive's time */
	bool download;        /* with a link to the archive itself */
	const struct readme *readme; /* of the directory; or NULL */
	const struct mime *mime;     /* for kinds of files */
	bool careful; /* images are shown only if the query asks for them */
	enum listing_sort sort;
	bool descending;
	bool json;
	uint64_t page; /* LISTVIEW_ROWS rows, from page 1; 0: all rows */
	enum listing_images images;
	struct str filter; /* what names must have in them; empty: nothing */
};

/* The view that a query asks for: "sort=name|size|time", "order=asc|desc",
 * "format=json", "page=N", "q=TEXT", "view=list|images".  Anything else is
 * ignored.  What else there is of the view is left empty.  filter lies in
 * arena.  Pure. */
struct listing_view listing_view_of(struct str query, struct arena *arena);

/* The listing is in the order of the walk, so that nothing is sorted for it. */
static inline bool
listing_is_walked(const struct listing_view *view)
{
	return view->sort == LISTING_NAME && !view->descending &&
		view->page == 0;
}

/* Add the URL of a page of the view, for an attribute of HTML; or, if page is
 * 0, of the view as the client gets it without asking for a page. */
void listing_view_link(
	struct text *text, const struct listing_view *view, uint64_t page);

/* Add the fields of a form that keep the order of the view. */
void listing_view_fields(struct text *text, const struct listing_view *view);

#endif
