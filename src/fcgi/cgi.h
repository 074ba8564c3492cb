/* Answers one request of plain CGI (RFC 3875). */

#ifndef CGI_H
#define CGI_H

#include "serve/serve.h"

/* Answer the request in environment on descriptor fd.  Its body is read from
 * standard input and discarded, unless its length is more than 64 MiB; of a
 * body without a length, so much is read.  Returns the process's exit status, a
 * failure when the response had to be cut. */
int cgi_run(const struct service *service, char *const *environment, int fd);

/* Whether this process was started for one CGI request: REQUEST_METHOD is set,
 * and descriptor 0 is not a listening socket.
 *
 * In that case the command line must not be trusted.  A server turns a query
 * without "=" into arguments (RFC 3875, section 4.4), so any argument may come
 * from the client, and nothing tells which ones do.  It does not matter whether
 * descriptor 0 is connected, since a client can reset a connection before it is
 * checked. */
bool cgi_is_started(void);

/* Log the words of the command line, which are ignored, in one line.  Nothing
 * is logged when the only word is the requested file, which lighttpd adds to
 * every request. */
void cgi_name_arguments(int argc, char *const *argv);

/* The command line given by text, the value of WWZ_OPTIONS: "wwz serve" and the
 * words of text, separated by blanks; a backslash makes the next character
 * literal.  No client can set this variable: what comes from a request begins
 * with HTTP_.  Returns *argc words and a NULL, in arena; NULL with ENOMEM. */
char **cgi_options(const char *text, struct arena *arena, int *argc);

#endif
