/* Patterns of paths in _redirects and _headers. */

#ifndef RULEPATH_H
#define RULEPATH_H

#include "base/arena.h"

/* A pattern is a path whose components are literal or placeholders, ":name",
 * which stand for any one component.  It may have one "*", the splat, which
 * stands for any text, empty or with slashes in it; next to a slash it stands
 * for any number of components. */
struct rulepath {
	/* What is before the splat and after it, decoded, without a slash at
	 * the ends of the pattern.  All is before when there is none. */
	struct str before, after;
	bool splat;
};

/* The path of a request, cut into its components once for all patterns. */
struct ruled {
	struct str path; /* normalised (path.h) */
	uint32_t *start; /* of each component, and where another would start */
	size_t n;
};

/* Read a pattern, which begins with a slash, into *pattern; its text lies in
 * arena.  NULL, or why it is none: static. */
const char *rulepath_read(
	struct rulepath *pattern, struct str text, struct arena *arena);

/* Cut path into components.  Its array lies in arena; false when that fails. */
bool rulepath_cut(struct ruled *ruled, struct str path, struct arena *arena);

/* Whether pattern stands for the path.  Slashes at its end do not count.  The
 * cost depends on the length of the pattern, not on that of the path.  Pure. */
bool rulepath_matches(
	const struct rulepath *pattern, const struct ruled *ruled);

/* Whether pattern has a placeholder of that name, or a splat if it is "splat".
 * Pure. */
bool rulepath_has(const struct rulepath *pattern, struct str name);

/* What that placeholder, or the splat, stands for in a path that matches; lent
 * by the path.  Pure. */
struct str rulepath_value(const struct rulepath *pattern,
	const struct ruled *ruled, struct str name);

/* How many bytes of text, from its first on, are a name: a letter, and letters,
 * digits and "_".  Pure. */
size_t rulepath_name(struct str text);

#endif
