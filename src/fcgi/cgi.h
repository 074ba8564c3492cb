/* One request of plain CGI (RFC 3875): the environment in, standard output
 * out. */

#ifndef CGI_H
#define CGI_H

#include "serve/serve.h"

/* Answer the request that environment holds to descriptor fd; its body is read
 * from standard input and thrown away, up to 64 MiB.  The process's
 * exit status: a failure when the response had to be cut. */
int cgi_run(const struct service *service, char *const *environment, int fd);

/* This process was started for one CGI request: REQUEST_METHOD is set, and
 * descriptor 0 is no socket that listens.
 *
 * Then no word of the command line is its own.  A server makes arguments of a
 * query without "=" (RFC 3875, section 4.4), so any of them may be a
 * stranger's, and no rule on words tells which.  Whether descriptor 0 is
 * connected does not matter: a client can reset a connection before it is
 * looked at. */
bool cgi_is_started(void);

/* Log the words of the command line, which nobody looks at, in one line.  The
 * name of the file that was asked for, which lighttpd adds to each request, is
 * not worth a line. */
void cgi_name_arguments(int argc, char *const *argv);

/* The command line that text, the value of WWZ_OPTIONS, stands for: "wwz serve"
 * and the words of text, which blanks separate; a backslash takes the character
 * behind it as it is.  No request can set that name: what a client sends has
 * HTTP_ in front.  *argc words and a NULL, in the arena; NULL with ENOMEM. */
char **cgi_options(const char *text, struct arena *arena, int *argc);

#endif
