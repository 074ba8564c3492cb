/* `wwz explain`: shows how a URL would be answered, and why. */

#ifndef EXPLAIN_H
#define EXPLAIN_H

#include "serve/serve.h"

/* Answer a GET for the path of a URL, with header fields "Name: value", and
 * describe the response on standard output.  Returns the process's exit status.
 */
int explain(const struct service *service, const char *path,
	const char *const *fields, int nfields);

#endif
