/* Opens files below a directory, and nowhere else. */

#ifndef OPENBELOW_H
#define OPENBELOW_H

/* Open rest, a relative path, below the directory root, read-only and without
 * blocking.  Neither ".." nor a symbolic link can lead out of root, and only a
 * regular file is opened.  Returns a descriptor, or -1 with errno: EXDEV for a
 * path out of root, EISDIR for a directory, ENXIO for anything else that is not
 * a regular file, or an errno of open(2). */
int openbelow_path(const char *root, const char *rest);

/* Open way, a relative path without symbolic links, below the directory top: a
 * file read-only, as above; a directory read-only; or anything with O_PATH.
 * Returns a descriptor, or -1 with errno, which is ELOOP, EXDEV or ENOTDIR when
 * way contains a symbolic link. */
int openbelow_file(int top, const char *way);
int openbelow_directory(int top, const char *way);
int openbelow_look(int top, const char *way);

#endif
