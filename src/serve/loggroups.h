/* The groups of lines that are open in a log, as the marks of CI systems say.
 */

#ifndef LOGGROUPS_H
#define LOGGROUPS_H

#include "serve/logmark.h"

enum { LOGGROUPS_DEPTH = 16, LOGGROUPS_TITLE = 80 };

struct loggroup {
	enum logmark_system system;
	uint32_t name; /* a hash; groups with equal hashes are equal */
	int64_t began; /* in ms since 1970, or LOGTIME_NONE */
	int64_t told;  /* ms that commands in it took, as marks tell; or 0 */
};

/* All zero at the beginning of a log. */
struct loggroups {
	struct loggroup group[LOGGROUPS_DEPTH]; /* the innermost last */
	size_t n;

	/* What the current line does. */
	bool starts;    /* it starts the last group */
	bool collapsed; /* which is collapsed */
	size_t ends; /* number of groups that end before it, and how long they
		      * took in ms, or LOGTIME_NONE, the innermost first */
	int64_t took[LOGGROUPS_DEPTH];
	int64_t told; /* ms that a command in no group took; or 0 */
	struct ansi_cell title[LOGGROUPS_TITLE]; /* if it starts one */
	size_t ntitle;
};

void loggroups_begin_line(struct loggroups *groups);

/* Whether the current line starts or ends a group, or tells how long a command
 * took. */
static inline bool
loggroups_are_noted(const struct loggroups *groups)
{
	return groups->starts || groups->ends > 0 || groups->told > 0;
}

/* Look for a mark in what the line shows up to a stop: at each one, because
 * marks are often erased afterwards. */
void loggroups_note(struct loggroups *groups, const struct ansi *line);

#endif
