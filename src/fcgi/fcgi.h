/* Asks libfcgi how the process was started: by a web server as CGI, or with a
 * FastCGI socket. */

#ifndef FCGI_H
#define FCGI_H

#include <stdbool.h>

/* Initialise libfcgi, before threads start.  SIGPIPE is ignored from then on;
 * the handlers that libfcgi installs are removed.  -1 with errno. */
int fcgi_init(void);

/* Whether descriptor 0 is not a FastCGI listening socket, because it is
 * connected or not a socket.  To be called before threads start. */
bool fcgi_is_cgi(void);

#endif
