/* The sockets that front ends connect to. */

#ifndef LISTENER_H
#define LISTENER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/fault.h"
#include "fcgi/confine.h"

enum { LISTENERS_MAX = 16 };

struct listeners {
	int fd[LISTENERS_MAX]; /* non-blocking */
	int n;
	/* Paths of the Unix sockets created here, to be removed at the end. */
	char *made[LISTENERS_MAX];
	int nmade;
};

struct listener_how {
	mode_t mode;       /* of a Unix socket */
	bool allow_remote; /* TCP addresses that are not loopback */
	/* The new owner of a Unix socket for which listener_is_for_root is
	 * true.  NULL: the socket stays the caller's. */
	const struct confine_user *owner;
};

/* Listen on address: "unix:PATH" or "HOST:PORT" ("[::1]:9000", "*" for any
 * host).  A Unix socket that nobody listens on is replaced, a live one is not.
 * -1 and fault. */
int listener_open(struct listeners *listeners, const char *address,
	const struct listener_how *how, struct fault *fault);

/* Whether root should open address before it becomes another user.  It should
 * for a port, and for a Unix socket whose path nobody but root can change.  All
 * other sockets are opened by that user. */
bool listener_is_for_root(const char *address);

/* Check whether listener_open could listen on address, without creating or
 * removing anything.  -1 and fault. */
int listener_check(const char *address, int allow_remote, struct fault *fault);

/* Whether fd is a socket that listens. */
bool listener_listens(int fd);

/* Take the listening sockets this process was started with: systemd's
 * LISTEN_FDS, else descriptor 0.  -1 and fault when there is neither. */
int listener_inherit(struct listeners *listeners, struct fault *fault);

/* Remove the Unix sockets created here, so that nobody can connect any more. */
void listener_hide(struct listeners *listeners);

/* Close all, and remove the Unix sockets created here. */
void listener_close(struct listeners *listeners);

#endif
