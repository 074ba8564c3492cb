#include "base/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };

/* Those that end the process.  One that it was started to ignore, by nohup(1)
 * or as a job of a script, would wait all the same if it was held back. */
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

void
interrupt_hold(void)
{
	sigset_t set = deadly();

	pthread_sigmask(SIG_BLOCK, &set, NULL);
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
interrupt_release(void)
{
	sigset_t set = deadly();

	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
