/* Writes the findings of `wwz check` to standard output, each as a line or as a
 * JSON object. */

#ifndef REPORT_H
#define REPORT_H

#include "base/progress.h"
#include "base/str.h"

enum report_level { REPORT_ERROR, REPORT_ADVICE, REPORT_LEVELS };

struct report {
	/* Set by the caller. */
	bool json, quiet; /* quiet: no summary, no progress */
	bool strict;      /* advice counts as an error does */
	struct str file;  /* the current archive, as named by the user */
	struct progress progress;
	uint64_t archives, members;

	uint64_t found[REPORT_LEVELS];
};

/* Write a finding.  word is its kind, for programs; what describes it for
 * people.  member is NULL for a finding about the whole archive. */
void report_add(struct report *report, enum report_level level,
	const char *word, const struct str *member, struct str what);

/* Write the summary.  Returns the process's exit status, a failure when there
 * were errors, or advice if that counts, or writing failed. */
int report_end(struct report *report);

#endif
