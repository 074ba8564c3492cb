/* How the process was started, as libfcgi tells: by a web server as CGI, or
 * with a socket of FastCGI. */

#ifndef FCGI_H
#define FCGI_H

#include <stdbool.h>

/* Initialise libfcgi.  Before threads start.  SIGPIPE is ignored from
 * then on; of libfcgi's own handlers none stays.  -1 with errno. */
int fcgi_init(void);

/* Descriptor 0 is not FastCGI's: it has a peer, or is no socket.  Before
 * threads start. */
bool fcgi_is_cgi(void);

#endif
