/* Requests, read by libfcgi from connections that are ours.
 *
 * libfcgi reads with blocking calls from a socket that it would like to accept
 * itself, and closes it as it sees fit.  Here it is given a connection in which
 * a whole request lies, in a request without a listening socket, and nothing to
 * write: so it neither waits nor accepts.  What of its struct is touched beyond
 * its documented calls is touched in fcgi.c alone. */

#ifndef FCGI_H
#define FCGI_H

#include <stdbool.h>
#include <stddef.h>

struct FCGX_Request;

/* Initialise libfcgi.  Once, before threads start.  SIGPIPE is ignored from
 * then on; of libfcgi's own handlers none stays.  -1 with errno. */
int fcgi_init(void);

/* There is memory for reading a request with so many pairs of a name and a
 * value, of so many bytes in all: without it libfcgi would end the process.
 * Another thread may still take it in that moment.  Any thread. */
bool fcgi_has_room(size_t pairs, size_t bytes);

/* Read the request that lies whole in fd, and throw its body away.  0 and
 * *request, to be released by fcgi_release; -1 when libfcgi did not understand
 * it: then fd has been closed.  Any thread. */
int fcgi_read(struct FCGX_Request *request, int fd);

/* Release all that belongs to the request, but not its connection. */
void fcgi_release(struct FCGX_Request *request);

#endif
