/* Replaces preview/daemon.c when there is no libmicrohttpd. */

#include "preview/daemon.h"

struct daemon *
daemon_start(int fd, const struct service *service, struct subject *subject,
	struct fault *fault)
{
	(void)fd;
	(void)service;
	(void)subject;
	fault_set(fault,
		"this wwz was built without libmicrohttpd, which wwz preview needs");
	return NULL;
}

void
daemon_stop(struct daemon *daemon)
{
	(void)daemon;
}
