/* The listing of a directory in an archive, as a page or as JSON. */

#ifndef LISTING_H
#define LISTING_H

#include "archive/source.h"
#include "serve/listview.h"

/* Make a source of the listing of the directory that walk, which is at its
 * beginning, walks over in archive, shown as view.  The caller must hold the
 * archive until the source is closed.  Text in view is copied.  See
 * listing_is_walked: such a listing is made while it is read; any other takes
 * the memory of children_open.  NULL with errno ENOMEM. */
struct source *listing_open(struct archive *archive, struct zipdir_walk walk,
	const struct listing_view *view);

/* Whether the listing that source makes shows images.  Pure. */
bool listing_has_images(const struct source *source);

#endif
