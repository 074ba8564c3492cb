/* One request of plain CGI (RFC 3875): the environment in, standard output
 * out. */

#ifndef CGI_H
#define CGI_H

#include "serve.h"

/* Answer the request that environment holds to descriptor fd.  The process's
 * exit status: a failure when the response had to be cut. */
int cgi_run(const struct service *service, char *const *environment, int fd);

#endif
