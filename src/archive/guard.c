#include "archive/guard.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

/* The handler jumps there; NULL while this thread is not in guard_copy. */
static _Thread_local sigjmp_buf *volatile way_back;

static void
on_bus_error(int signal)
{
	sigset_t set;

	/* The jump does not return to the handler, so unblock the signal. */
	if (way_back != NULL) {
		sigemptyset(&set);
		sigaddset(&set, signal);
		pthread_sigmask(SIG_UNBLOCK, &set, NULL);
		siglongjmp(*way_back, 1);
	}
	/* After the return, the same access faults again and ends the process.
	 */
	sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
}

int
guard_install(void)
{
	struct sigaction action = {.sa_handler = on_bus_error};

	return sigaction(SIGBUS, &action, NULL);
}

int
guard_copy(void *dst, const void *src, size_t n)
{
	sigjmp_buf back;

	if (sigsetjmp(back, 0) != 0) {
		way_back = NULL;
		errno = EIO;
		return -1;
	}
	way_back = &back;
	memcpy(dst, src, n);
	/* The compiler must not move the copy behind the reset of way_back. */
	__asm__ volatile("" ::: "memory");
	way_back = NULL;
	return 0;
}
