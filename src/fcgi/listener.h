/* The sockets that front ends connect to. */

#ifndef LISTENER_H
#define LISTENER_H

#include <stdbool.h>
#include <sys/types.h>

#include "fcgi/confine.h"

enum { LISTENERS_MAX = 16 };

/* What is wrong, in a sentence. */
struct listener_fault {
	char text[256];
};

struct listeners {
	int fd[LISTENERS_MAX]; /* non-blocking */
	int n;
	/* Unix sockets that were made here, to be removed at the end. */
	char *made[LISTENERS_MAX];
	int nmade;
};

struct listener_how {
	mode_t mode;       /* of a Unix socket */
	bool allow_remote; /* TCP addresses that are not loopback */
	/* Whom a Unix socket is given to, where listener_is_for_root; NULL: it
	 * stays the caller's. */
	const struct confine_user *owner;
};

/* Listen on address: "unix:PATH" or "HOST:PORT" ("[::1]:9000", "*" for any
 * host).  A stale Unix socket is replaced, a live one is not.  -1 and fault. */
int listener_open(struct listeners *listeners, const char *address,
	const struct listener_how *how, struct listener_fault *fault);

/* Root opens address before it becomes another user: a port, or a Unix socket
 * in a directory where nobody else can exchange what is on the way to it.  All
 * others that user opens. */
bool listener_is_for_root(const char *address);

/* Could listener_open listen there?  Nothing is made or removed.  -1 and fault.
 */
int listener_check(
	const char *address, int allow_remote, struct listener_fault *fault);

/* fd is a socket that listens. */
bool listener_listens(int fd);

/* Take what this process was given: systemd's LISTEN_FDS, else descriptor 0.
 * -1 and fault when there is neither. */
int listener_inherit(struct listeners *listeners, struct listener_fault *fault);

/* Remove the Unix sockets that were made here: nobody finds them any more. */
void listener_hide(struct listeners *listeners);

/* Close all, and remove the Unix sockets that were made here. */
void listener_close(struct listeners *listeners);

#endif
