/* One request of plain CGI (RFC 3875): the environment in, standard output
 * out. */

#ifndef CGI_H
#define CGI_H

#include "serve.h"

/* Answer the request that environment holds to descriptor fd; its body is read
 * from standard input and thrown away, up to 64 MiB.  The process's
 * exit status: a failure when the response had to be cut. */
int cgi_run(const struct service *service, char *const *environment, int fd);

/* How many of the arguments are the process's own: a server adds the words of a
 * query without "=" behind them (RFC 3875, section 4.4), which are a stranger's
 * and must not be taken for options.  So is the name of the file that was asked
 * for, which lighttpd adds.  query and script are QUERY_STRING and
 * SCRIPT_FILENAME, or NULL. */
int cgi_own_arguments(
	int argc, char *const *argv, const char *query, const char *script);

#endif
