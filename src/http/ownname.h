/* Reserved names below any archive, for the responder's own pages. */

#ifndef OWNNAME_H
#define OWNNAME_H

#include "archive/archive.h"
#include "base/arena.h"

enum ownname {
	OWNNAME_NONE,
	OWNNAME_LISTING, /* "…/-wwz-index" */
	OWNNAME_ARCHIVE, /* "-wwz-archive", "-wwz-archive.zip" */
	OWNNAME_LOG,     /* "…/NAME/-wwz-log", "…/-wwz-log/NAME" */
	OWNNAME_STATUS,  /* "-wwz-status" */
	OWNNAME_SEARCH,  /* "…/-wwz-search" */
};

/* The page that name, which is normalised, stands for.  A member of such a
 * name, or in the tree of ownname_in_tree, cannot be requested.  Pure. */
enum ownname ownname_page(struct str name);

/* The same for the page that directory and name, its last component, stand for.
 */
enum ownname ownname_child(struct str directory, struct str name);

/* Whether such a page, or the tree, stands where the member called name would
 * be.  Pure. */
bool ownname_covers(struct str name);

/* Whether requests cannot get the member called name of archive: it is covered,
 * or one of the archive's rules.  Any thread. */
bool ownname_keeps_back(const struct archive *archive, struct str name);

/* Remove "-wwz-index/" from the front of name.  In the tree of that name every
 * directory is shown as a listing, even if it has an index file.  slash says
 * whether a "/" followed name.  false when name is not in that tree.  Pure. */
bool ownname_in_tree(struct str *name, bool slash);

/* The name of the member whose log page is called name, which is an
 * OWNNAME_LOG.  It lies in arena or is lent by name; empty when arena fails. */
struct str ownname_logged(struct str name, struct arena *arena);

#endif
