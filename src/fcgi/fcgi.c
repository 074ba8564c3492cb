#include "fcgi/fcgi.h"

#include <fcgiapp.h>
#include <signal.h>
#include <stddef.h>

int
fcgi_init(void)
{
	sigset_t blocked, before;
	int result;

	sigfillset(&blocked);
	pthread_sigmask(SIG_BLOCK, &blocked, &before);
	result = FCGX_Init();
	/* libfcgi's handlers only set a flag that nobody here reads. */
	signal(SIGTERM, SIG_DFL);
	signal(SIGUSR1, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result == 0 ? 0 : -1;
}

bool
fcgi_is_cgi(void)
{
	return fcgi_init() < 0 || FCGX_IsCGI() != 0;
}
