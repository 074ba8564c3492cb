#include "fcgi.h"

#include <assert.h>
#include <fcgiapp.h>
#include <fcgios.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>

enum {
	STREAMS_SIZE = 20 * 1024, /* of libfcgi's three, with their buffers */
	PAIR_SIZE = 64, /* of its lists, while they grow, and malloc's */
};

/* The members below "Don't use" that are used here: a connection's descriptor,
 * "do not close it", and "when closing, do not wait for the peer".  They are as
 * in libfcgi 2.4.2. */
static_assert(offsetof(FCGX_Request, ipcFd) <
			offsetof(FCGX_Request, keepConnection) &&
		offsetof(FCGX_Request, keepConnection) <
			offsetof(FCGX_Request, detached) &&
		sizeof((FCGX_Request){0}.ipcFd) == sizeof(int) &&
		sizeof((FCGX_Request){0}.keepConnection) == sizeof(int) &&
		sizeof((FCGX_Request){0}.detached) == sizeof(int),
	"libfcgi's request has another shape than fcgi.c relies on");

int
fcgi_init(void)
{
	sigset_t blocked, before;
	int result;

	sigfillset(&blocked);
	pthread_sigmask(SIG_BLOCK, &blocked, &before);
	result = FCGX_Init();
	/* Its handlers take note of a signal, and nothing else happens. */
	signal(SIGTERM, SIG_DFL);
	signal(SIGUSR1, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result == 0 ? 0 : -1;
}

bool
fcgi_has_room(size_t pairs, size_t bytes)
{
	void *room = malloc(STREAMS_SIZE + bytes + pairs * PAIR_SIZE);

	free(room);
	return room != NULL;
}

static int
accept_from(FCGX_Request *request, int fd)
{
	if (FCGX_InitRequest(request, -1, 0) != 0)
		return -1;
	request->ipcFd = fd;
	request->keepConnection = 1;
	request->detached = 1;
	return FCGX_Accept_r(request) == 0 ? 0 : -1;
}

int
fcgi_read(FCGX_Request *request, int fd)
{
	char scrap[4096];

	if (accept_from(request, fd) < 0)
		return -1;
	while (FCGX_GetStr(scrap, sizeof(scrap), request->in) > 0)
		;
	return 0;
}

void
fcgi_release(FCGX_Request *request)
{
	request->ipcFd = -1;
	FCGX_Free(request, 0);
}
