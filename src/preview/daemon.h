/* The HTTP server of `wwz preview`: a front end for serve() by libmicrohttpd,
 * for one archive, which is the whole site. */

#ifndef DAEMON_H
#define DAEMON_H

#include "base/fault.h"
#include "preview/subject.h"
#include "serve/serve.h"

struct daemon;

/* Answer requests that come to the listening socket fd, in threads of its own,
 * from the archive of subject, which is refreshed before each.  Takes over fd.
 * All else is lent until daemon_stop.  NULL with fault. */
struct daemon *daemon_start(int fd, const struct service *service,
	struct subject *subject, struct fault *fault);

/* Close all connections and wait for the threads. */
void daemon_stop(struct daemon *daemon);

#endif
