/* Resolving the path of a file where other users may change the directories on
 * the path.
 *
 * The owner of a directory can replace an entry by a symbolic link at any
 * moment, and so redirect another user who works there, above all root.  So a
 * path is walked directory by directory, each held open by a descriptor; a
 * symbolic link is followed only if root or the caller owns it; and the final
 * operation is relative to the last descriptor. */

#ifndef TRAIL_H
#define TRAIL_H

#include <limits.h>
#include <stdbool.h>

/* A name, and the directory that contains it. */
struct trail {
	const char *path; /* as given; lent by the caller */
	int directory;    /* O_PATH */
	/* Only root can replace anything on the path, and anything that root
	 * creates in the directory. */
	bool of_root;
	bool shared; /* others can create entries there */
	char name[NAME_MAX + 1];
};

/* Walk to the directory at path.  Returns its descriptor (O_PATH), or -1 with
 * errno: EPERM for another user's symbolic link, or an errno of open(2). */
int trail_directory(const char *path);

/* Walk to the directory that contains the file at path, which may be missing.
 * If the file is a symbolic link, walk to its target instead.  Returns 0 and
 * fills *trail, whose directory the caller closes; or -1 with errno as above,
 * or EISDIR when path ends in "/", or ENOLINK for a dangling link. */
int trail_file(struct trail *trail, const char *path);

#endif
