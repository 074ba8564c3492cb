/* What an error is in the logs of a site: the signs that wwz knows (logsign.h),
 * and the patterns of the file that --log-errors names. */

#ifndef LOGERRORS_H
#define LOGERRORS_H

#include "base/fault.h"
#include "serve/ansi.h"

enum {
	LOGERRORS_MOST = 64,     /* patterns */
	LOGERRORS_PATTERN = 200, /* bytes of one */
	LOGERRORS_LINE = 16384   /* bytes of a line that they are tried on */
};

/* The patterns; never changed once they are read. */
struct logerrors;

/* Read the file at path: a regular expression a line (logregex.h); blank lines,
 * and those that begin with "#", are comments.  NULL with fault when it cannot
 * be read, a line is wrong or too long, there are too many, or wwz was built
 * without PCRE2. */
struct logerrors *logerrors_open(const char *path, struct fault *fault);

/* Takes NULL; keeps errno. */
void logerrors_free(struct logerrors *errors);

/* How many patterns there are, and a number that changes with them. */
size_t logerrors_count(const struct logerrors *errors);
uint32_t logerrors_number(const struct logerrors *errors);

/* Whether one of the patterns matches line, which is UTF-8, within the bounds
 * of logregex.h.  Any thread. */
bool logerrors_match(const struct logerrors *errors, struct str line);

/* Whether the line looks like an error, or one of errors, which can be NULL,
 * matches it as it is shown.  Any thread. */
bool logerrors_is_error(
	const struct logerrors *errors, const struct ansi_cell *cell, size_t n);

#endif
