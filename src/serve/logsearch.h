/* Coordinates requests that search for lines in the same log: one of them
 * searches at a time, and the number of lines is remembered. */

#ifndef LOGSEARCH_H
#define LOGSEARCH_H

#include "archive/archive.h"

struct logsearch;

/* Get a share of the logsearch of the log in member, which all requests for it
 * use.  The caller drops it.  NULL when there is no room for it.  All functions
 * here are for any thread. */
struct logsearch *logsearch_get(
	struct archive *archive, const struct member *member);

/* Takes NULL. */
void logsearch_drop(struct logsearch *search);

/* Become the request that searches, until logsearch_give.  false while another
 * one searches. */
bool logsearch_take(struct logsearch *search);
void logsearch_give(struct logsearch *search);

/* Remember how many lines the log has. */
void logsearch_set_total(struct logsearch *search, uint64_t total);

/* How many lines the log has; LOGPAGE_UNKNOWN when they have not been counted.
 */
uint64_t logsearch_total(struct logsearch *search);

/* Remember in which line the last error is; 0: there is none. */
void logsearch_set_last_error(struct logsearch *search, uint64_t line);

/* Whether that is known; then *line is the line. */
bool logsearch_last_error(struct logsearch *search, uint64_t *line);

/* Remember that the log is a damaged file: whoever reads only its end may not
 * find that out.  To be called before logsearch_set_total. */
void logsearch_set_damaged(struct logsearch *search);
bool logsearch_is_damaged(struct logsearch *search);

#endif
