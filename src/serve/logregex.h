/* Regular expressions for searches in logs, by PCRE2, which a client chooses:
 * whatever they say, a line takes a bounded number of steps and a bounded
 * amount of memory. */

#ifndef LOGREGEX_H
#define LOGREGEX_H

#include "base/fault.h"

enum {
	/* Of PCRE2's matching function, for a line. */
	LOGREGEX_STEPS = 100 * 1000,
	LOGREGEX_MEMORY = 1024 * 1024,
};

struct logregex;

/* Whether wwz was built with PCRE2. */
bool logregex_is_there(void);

/* Compile pattern, in Perl's syntax and UTF-8.  Letters match both cases unless
 * there is a capital outside of escapes.  NULL with why when the pattern is
 * wrong or too large, wwz was built without PCRE2, or memory ran out. */
struct logregex *logregex_new(struct str pattern, struct fault *why);

/* Takes NULL. */
void logregex_free(struct logregex *regex);

/* Whether text, which is valid UTF-8, has a match at byte `from` or behind it.
 * 1, and its bytes in *at and *end; 0; -1 when that took too many steps or too
 * much memory.  One thread at a time. */
int logregex_match(struct logregex *regex, struct str text, size_t from,
	size_t *at, size_t *end);

/* Whether text has a match, in the same bounds; false when it took too much.
 * Any thread, also others at the same time. */
bool logregex_has(const struct logregex *regex, struct str text);

#endif
