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

/* Put the components of path into *plain, "/" between them and none around
 * them: "." and empty ones are dropped, ".." removes the one before it.  *slash
 * says that path asks for a directory: it ends in "/", "." or "..".  *plain
 * lies in arena, with a NUL behind it.  Pure. */
enum path_fault path_normalise(
	struct str path, struct str *plain, bool *slash, struct arena *arena);

/* path without its percent-encoding (RFC 3986, section 2.1), in arena; a "%"
 * that two hexadecimal digits do not follow stays as it is.  Pure. */
struct str path_decode(struct str path, struct arena *arena);

/* Add path as the path of a URL: what RFC 3986 does not allow there is
 * percent-encoded, and "'" and "&", too.  When raw is set, path is encoded
 * already, or a query, and only made safe: a "%" that begins an escape stays,
 * and "&". */
void path_encode(struct text *text, struct str path, bool raw);

/* Add name as an ext-value of RFC 8187 (section 3.2.1): all but letters, digits
 * and "-._" is percent-encoded. */
void path_encode_name(struct text *text, struct str name);

/* The last component of path, and what stands before it without a slash behind
 * it: path itself and nothing, when path has one component.  Lent by path.
 * Pure. */
struct str path_last(struct str path);
struct str path_parent(struct str path);

/* directory, a slash and name; name alone below an empty directory.  It lies in
 * arena or is lent by name; empty when arena fails. */
struct str path_join(
	struct str directory, struct str name, struct arena *arena);

#endif
