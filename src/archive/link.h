/* Symbolic links inside an archive: members whose content is a path. */

#ifndef LINK_H
#define LINK_H

#include "archive/archive.h"
#include "base/arena.h"

/* The most links that are followed on the way to one member. */
enum { LINKS_MAX = 8 };

/* The end that a name leads to. */
enum link_end {
	LINK_FILE,
	LINK_DIRECTORY,
	LINK_BROKEN,     /* to nothing, or more than LINKS_MAX links */
	LINK_OUTSIDE,    /* out of the archive, or absolute */
	LINK_DAMAGED,    /* a link cannot be read, which has been logged */
	LINK_UNREADABLE, /* it is encrypted, or its method is not supported */
	LINK_NO_MEMORY,
};

/* Follow name, whose components may be symbolic links, as a file system would.
 * A link's path is relative to the directory that holds it.  Names of links are
 * compared as bytes.  LINK_FILE sets *member, and LINK_UNREADABLE sets it to
 * that link; LINK_FILE and LINK_DIRECTORY set *real to a name that no link is
 * part of, in arena.  Any thread. */
enum link_end link_follow(struct archive *archive, struct str name,
	struct arena *arena, struct member *member, struct str *real);

/* The same for the name of a request: a link that is its last component is also
 * found by the other forms of zipdir_find. */
enum link_end link_find(struct archive *archive, struct str name,
	struct arena *arena, struct member *member, struct str *real);

/* Read the path that a link holds into *path, in arena.  LINK_FILE when it was
 * read; LINK_BROKEN when it is empty or too long; or LINK_DAMAGED,
 * LINK_UNREADABLE, LINK_NO_MEMORY.  Any thread. */
enum link_end link_path(struct archive *archive, const struct member *link,
	struct arena *arena, struct str *path);

#endif
