/* Patterns of names, in the syntax of .gitignore files (gitignore(5)). */

#ifndef IGNORE_H
#define IGNORE_H

#include "base/arena.h"
#include "base/fault.h"

struct ignore_pattern {
	const char *components; /* each followed by a NUL */
	size_t n;               /* components */
	bool anchored;          /* to the top; else the last component counts */
	bool directory;         /* only directories match */
	bool negated;
};

/* All zero when empty. */
struct ignore {
	struct ignore_pattern *patterns;
	size_t n;
	struct arena arena;
};

/* Add a pattern.  An empty one, and one of blanks, matches nothing.  -1 with
 * errno ENOMEM. */
int ignore_add(struct ignore *ignore, struct str pattern);

/* Add the lines of a file's text, without those that are comments.  -1 with
 * errno ENOMEM. */
int ignore_add_lines(struct ignore *ignore, struct str text);

/* Whether the last pattern that matches name is not a negated one.  name is
 * relative to the top, and directory says what it names.  Whoever walks a tree
 * does not look into a directory of which this is true.  Pure. */
bool ignore_is(const struct ignore *ignore, struct str name, bool directory);

void ignore_free(struct ignore *ignore);

#endif
