/* `wwz explain`: shows how a URL would be answered, and why. */

#ifndef EXPLAIN_H
#define EXPLAIN_H

#include "serve/serve.h"

struct explain {
	const char *path;          /* of a URL, with its query */
	const char *const *fields; /* "Name: value" */
	int nfields;
	bool json; /* one object instead of lines */
};

/* Answer a GET, and describe the response on standard output.  Returns the
 * process's exit status: success when it is sent whole, and is no error. */
int explain(const struct service *service, const struct explain *asked);

#endif
