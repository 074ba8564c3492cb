/* Opening files below a directory, and nowhere else. */

#ifndef OPENBELOW_H
#define OPENBELOW_H

/* Open rest, a relative path, below the directory root, read-only, without
 * waiting.  Neither ".." nor a symbolic link leads out of root; what is no
 * regular file is not opened.  A descriptor, or -1 with errno: EXDEV for a way
 * out of root, EISDIR for a directory, ENXIO for what else is no regular file,
 * and what open(2) says. */
int openbelow_open(const char *root, const char *rest);

/* Open way, a relative path without symbolic links, below the directory top:
 * the file read-only, as above; the directory read-only; or whatever it is with
 * O_PATH.  A descriptor; -1 with errno, which is ELOOP, EXDEV or ENOTDIR when a
 * symbolic link stands on the way. */
int beneath_open_file(int top, const char *way);
int beneath_open_directory(int top, const char *way);
int beneath_look(int top, const char *way);

#endif
