/* Paths of URLs and files: bytes between slashes. */

#ifndef PATH_H
#define PATH_H

#include "base/arena.h"

enum path_fault {
	PATH_FINE,
	PATH_BYTES,  /* a NUL or another control character */
	PATH_CLIMBS, /* ".." where there is nothing left to remove */
	PATH_MEMORY,
};

/* Put the components of path into *plain, separated by "/", with none at either
 * end.  "." and empty components are dropped; ".." removes the one before it.
 * *slash: path names a directory, because it ends in "/", "." or "..".  *plain
 * lies in arena and is followed by a NUL.  Pure. */
enum path_fault path_normalise(
	struct str path, struct str *plain, bool *slash, struct arena *arena);

/* path without percent-encoding (RFC 3986, section 2.1), in arena.  A "%"
 * without two hexadecimal digits after it is left alone.  Pure. */
struct str path_decode(struct str path, struct arena *arena);

/* Add path as the path of a URL.  Bytes that RFC 3986 does not allow there are
 * percent-encoded, and so are "'" and "&".  raw: path is encoded already, or a
 * query, and is only made safe; "&" and a "%" that begins an escape stay. */
void path_encode(struct text *text, struct str path, bool raw);

/* Add name, one component, as a relative URL.  The result cannot be taken for a
 * URL with a scheme.  It begins with a letter, a digit or "%", since programs
 * that mirror directories leave out other links. */
void path_encode_link(struct text *text, struct str name);

/* Add name as an ext-value of RFC 8187 (section 3.2.1): all but letters, digits
 * and "-._" is percent-encoded. */
void path_encode_name(struct text *text, struct str name);

/* The last component of path, and the path before it, without a slash at its
 * end.  For a single component these are path itself and the empty string.
 * Lent by path.  Pure. */
struct str path_last(struct str path);
struct str path_parent(struct str path);

/* How many bytes of name are the first of suffixes, a list separated by commas,
 * in which it ends and than which it is longer; 0 if there is none.  Pure. */
size_t path_suffix(struct str name, struct str suffixes);

/* directory, a slash and name; only name when directory is empty.  It lies in
 * arena or is lent by name; empty when arena fails. */
struct str path_join(
	struct str directory, struct str name, struct arena *arena);

#endif
