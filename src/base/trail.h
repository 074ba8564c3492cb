/* The way to a file that somebody has named, where others may change what lies
 * on it.
 *
 * Who owns a directory can put a symbolic link in the place of what is in it,
 * at any moment, and so lead whoever works there under another name, root above
 * all.  So a way is gone directory by directory, each held by its descriptor; a
 * symbolic link is followed only if it is root's or the caller's; and what is
 * done at the end is done by the last descriptor. */

#ifndef TRAIL_H
#define TRAIL_H

#include <limits.h>
#include <stdbool.h>

/* A name, and the directory it is in. */
struct trail {
	const char *path; /* as it was named; lent by the caller */
	int directory;    /* O_PATH */
	/* Nobody else can exchange anything on the way, nor what root has made
	 * in the directory; */
	bool of_root;
	bool shared; /* but others can make something in it */
	char name[NAME_MAX + 1];
};

/* Go to the directory at path.  Its descriptor (O_PATH), or -1 with errno:
 * EPERM for somebody else's symbolic link, and what open(2) says. */
int trail_directory(const char *path);

/* Go to the directory that holds the file at path, which may be missing; when
 * the file is a symbolic link, to what it stands for.  0, and trail, whose
 * directory the caller closes; -1 with errno as above: EISDIR when path ends in
 * "/", ENOLINK for a link to nothing. */
int trail_file(struct trail *trail, const char *path);

#endif
