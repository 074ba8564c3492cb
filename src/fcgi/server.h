/* The persistent process: sockets, threads, time and signals. */

#ifndef SERVER_H
#define SERVER_H

#include "fcgi/listener.h"
#include "fcgi/storageline.h"
#include "serve/serve.h"

struct server_limits {
	int threads;         /* at least 1 */
	int timeout_seconds; /* without a byte received or sent */
	int grace_seconds;   /* to finish responses when stopping */
	int storage_seconds; /* that storage is waited for, at least 1 */
	int io_threads;      /* that may wait for storage, at least 1 */
	bool alone; /* it has the process to itself: filter system calls */
};

/* The most threads that serve requests at a time. */
static inline int
server_threads(const struct server_limits *limits)
{
	return 2 * limits->threads + limits->io_threads + STORAGELINE_DEVICES;
}

/* Block the signals that server_run handles.  Call it before the sockets are
 * opened: once a client can connect, a signal must stop the process cleanly.
 * -1 with errno. */
int server_hold_signals(void);

/* Serve until SIGTERM, SIGINT or SIGUSR1 arrives and the requests in progress
 * are finished.  SIGHUP drops idle archives and reopens the access log.  Takes
 * ownership of listeners.  Returns the process's exit status.  Call it once,
 * after server_hold_signals, in a process without other threads. */
int server_run(struct listeners *listeners, const struct service *service,
	const struct server_limits *limits);

#endif
