/* `wwz serve --check`: finds out whether the server would start, and what it
 * would do. */

#ifndef SERVECHECK_H
#define SERVECHECK_H

#include "options.h"

/* Check everything that a start with these options needs, and change nothing
 * but this process's user.  site holds the settings for responses.  Problems go
 * to standard error, a line each; what the server would do goes to standard
 * output.  0, or -1 when there is a problem. */
int servecheck(const struct options *options, const struct site *site);

#endif
