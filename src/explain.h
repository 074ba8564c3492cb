/* `wwz explain`: what a URL would be answered, and why. */

#ifndef EXPLAIN_H
#define EXPLAIN_H

#include "serve/serve.h"

/* Answer GET for the path of a URL, with header fields "Name: value", and write
 * to standard output what became of it.  The process's exit status. */
int explain(const struct service *service, const char *path,
	const char *const *fields, int nfields);

#endif
