/* The page that shows what a directory of an archive holds. */

#ifndef LISTING_H
#define LISTING_H

#include "source.h"

/* A source of the page for walk, which stands at its beginning; archive is the
 * caller's, and open as long as the source.  title is copied.  NULL with errno
 * ENOMEM. */
struct source *listing_open(struct zipdir_walk walk, struct str title);

#endif
