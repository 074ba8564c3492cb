/* Signs of an error in a line of a log: what compilers, test runners and CI
 * systems write. */

#ifndef LOGSIGN_H
#define LOGSIGN_H

#include "serve/ansi.h"

/* Whether the line looks like an error.  A count of none, "0 failed" or
 * "ERROR: 0", does not.  Pure. */
bool logsign_is_error(const struct ansi_cell *cell, size_t n);

/* Finds lines with signs in plain bytes, several at a time. */
struct logsign_seeker {
	unsigned char skip[1024];
};

/* Make it ready.  Pure. */
void logsign_prepare(struct logsign_seeker *seeker);

/* The first place in the n bytes at p whose line may look like an error, or
 * NULL.  Lines that have none of these places do not.  Pure. */
const char *logsign_seek(
	const struct logsign_seeker *seeker, const char *p, size_t n);

#endif
