/* `wwz serve --check`: would it start, and what would it do? */

#ifndef SERVECHECK_H
#define SERVECHECK_H

#include "options.h"

/* Look at all that a start with these options needs, and change nothing but
 * this process's user; site is what they say of answers.  What is wrong goes to
 * standard error, a line each; what would be done to standard output.  0, or -1
 * when something is wrong. */
int servecheck(const struct options *options, const struct site *site);

#endif
