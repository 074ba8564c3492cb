#include "base/interrupt.h"

#include <pthread.h>
#include <stddef.h>

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };

/* The signals that would end the process.  A signal that is ignored, as under
 * nohup(1) or in a background job of a script, must not be blocked: it would
 * become pending. */
static sigset_t
deadly(void)
{
	struct sigaction action;
	sigset_t set;

	sigemptyset(&set);
	for (int i = 0; i < NUMBERS; i++) {
		if (sigaction(numbers[i], NULL, &action) == 0 &&
			action.sa_handler != SIG_IGN)
			sigaddset(&set, numbers[i]);
	}
	return set;
}

sigset_t
interrupt_hold(void)
{
	sigset_t set = deadly(), before;

	pthread_sigmask(SIG_BLOCK, &set, &before);
	return before;
}

void
interrupt_wait(void)
{
	sigset_t set = deadly();
	int number;

	sigwait(&set, &number);
}

bool
interrupt_pending(void)
{
	sigset_t set = deadly(), pending;

	sigpending(&pending);
	sigandset(&set, &set, &pending);
	return !sigisemptyset(&set);
}

void
interrupt_release(const sigset_t *before)
{
	pthread_sigmask(SIG_SETMASK, before, NULL);
}
