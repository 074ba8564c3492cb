/* The children of a directory that a listing shows, in its order: first the
 * directories, then the files. */

#ifndef CHILDREN_H
#define CHILDREN_H

#include "serve/listrow.h"
#include "serve/listview.h"

enum {
	/* More children than that are sorted by the bytes of their names, since
	 * that is the order in which they are found. */
	CHILDREN_NATURAL_MAX = 128 * 1024,
};

struct children {
	/* Set once. */
	const struct listed *in;
	const struct listing_view *view;
	struct zipdir_walk start;
	struct place *places; /* NULL: in the order of the walk */
	size_t n;             /* of all places */
	size_t memory;        /* bytes that they take */
	struct arena arena;   /* of a name that is compared with the filter */

	/* The position. */
	struct zipdir_walk walk;
	size_t at, end; /* in places */
};

/* Begin at the first child, on the page that view asks for.  walk is at its
 * beginning, in the directory.  What is lent must outlive children.  A page, or
 * an order other than that of the walk, takes 16 bytes for each child, up to
 * twice as much while it grows.  -1 with errno ENOMEM; children_close is needed
 * in any case. */
int children_open(struct children *children, const struct listed *in,
	const struct listing_view *view, struct zipdir_walk walk);
void children_close(struct children *children);

/* Get the next child of one kind.  At the end of the directories false, and
 * the files can be had. */
bool children_next(
	struct children *children, bool directories, struct child *child);

#endif
