/* `wwz explain`: shows how a URL would be answered, and why. */

#ifndef EXPLAIN_H
#define EXPLAIN_H

#include "options.h"
#include "serve/serve.h"

/* Answer a GET for the URL's path that options have, and describe the response
 * on standard output.  Returns the process's exit status: success when it is
 * sent whole, and is no error. */
int explain(const struct service *service, const struct options *options);

#endif
