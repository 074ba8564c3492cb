/* Signs of an error in a line of a log: what compilers, test runners and CI
 * systems write. */

#ifndef LOGSIGN_H
#define LOGSIGN_H

#include "serve/ansi.h"

/* Whether the line looks like an error.  A count of none, "0 failed" or
 * "ERROR: 0", does not.  Pure. */
bool logsign_is_error(const struct ansi_cell *cell, size_t n);

#endif
