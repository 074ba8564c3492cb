/* Opening files below a directory, and nowhere else. */

#ifndef BENEATH_H
#define BENEATH_H

/* Open rest, a relative path, below the directory root, read-only, without
 * waiting.  Neither ".." nor a symbolic link leads out of root; what is no
 * regular file is not opened.  A descriptor, or -1 with errno: EXDEV for a way
 * out of root, EISDIR for a directory, ENXIO for what else is no regular file,
 * and what open(2) says. */
int beneath_open(const char *root, const char *rest);

#endif
