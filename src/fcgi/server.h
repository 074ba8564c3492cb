/* The persistent process: sockets, threads, time and signals. */

#ifndef SERVER_H
#define SERVER_H

#include "fcgi/listener.h"
#include "serve/serve.h"

struct server_limits {
	int threads;         /* at least 1 */
	int timeout_seconds; /* for a byte to come or to be taken */
	int grace_seconds;   /* for responses under way, when it stops */
	bool alone; /* in its process, which may give up system calls */
};

/* Hold back the signals that server_run takes.  Before the sockets are opened:
 * whoever can connect can also stop the process in good order.  -1 with errno.
 */
int server_hold_signals(void);

/* Serve until TERM, INT or USR1 arrives and what was under way is done; HUP
 * lets go of idle archives and opens the access log again.  Takes listeners
 * over.  The process's exit status. Once, in a process without other threads,
 * after server_hold_signals. */
int server_run(struct listeners *listeners, const struct service *service,
	const struct server_limits *limits);

#endif
