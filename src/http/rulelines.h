/* The lines of _redirects and _headers, and what is wrong with them. */

#ifndef RULELINES_H
#define RULELINES_H

#include "base/arena.h"

enum {
	RULELINES_SIZE_MAX = 64 * 1024, /* bytes of a file */
	RULELINES_MAX = 2000,           /* lines that count in a file */
	RULELINES_LINE_MAX = 2000,      /* bytes of a line */
};

struct rulefault {
	unsigned line;   /* its number, from 1; 0: all of the file */
	const char *why; /* static */
};

/* All but arena and rest belongs to this module; all zero at first. */
struct rulelines {
	struct arena *arena;
	struct str rest; /* of the text */
	unsigned line;   /* the number of the last line */
	unsigned counted;
	struct rulefault *faults;
	size_t nfaults;
};

/* Begin to read text, which the lines are lent by. */
void rulelines_begin(
	struct rulelines *lines, struct str text, struct arena *arena);

/* How many of the lines count, at most RULELINES_MAX. */
size_t rulelines_count(struct str text);

/* Get the next line that counts, which is neither empty nor a comment, without
 * blanks at its ends.  It has no control characters but tabs: a line that has
 * some, or is too long, is refused and passed over.  false at the end, or when
 * there are too many. */
bool rulelines_next(struct rulelines *lines, struct str *line);

/* Note that the last line is passed over, and why, which is static. */
void rulelines_refuse(struct rulelines *lines, const char *why);

#endif
