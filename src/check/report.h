/* What `wwz check` finds, on standard output: a line each, or an object of JSON
 * each. */

#ifndef REPORT_H
#define REPORT_H

#include "base/progress.h"
#include "base/str.h"

enum report_level { REPORT_ERROR, REPORT_ADVICE, REPORT_LEVELS };

struct report {
	/* Set by the caller. */
	bool json, quiet; /* quiet: without summary and progress */
	struct str file;  /* the archive that is looked at, as it was named */
	struct progress progress;
	uint64_t archives, members;

	uint64_t found[REPORT_LEVELS];
};

/* Write a finding: word is its kind, for programs, member is NULL for one of
 * the whole archive, what tells it in words. */
void report_add(struct report *report, enum report_level level,
	const char *word, const struct str *member, struct str what);

/* Write the summary.  The process's exit status: a failure when there were
 * errors, or they could not be written. */
int report_end(struct report *report);

#endif
