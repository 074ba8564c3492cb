#include "interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };

static void
change(int how)
{
	sigset_t set;

	sigemptyset(&set);
	for (int i = 0; i < NUMBERS; i++)
		sigaddset(&set, numbers[i]);
	pthread_sigmask(how, &set, NULL);
}

void
interrupt_hold(void)
{
	change(SIG_BLOCK);
}

bool
interrupt_pending(void)
{
	sigset_t set;
	bool pending = false;

	sigpending(&set);
	for (int i = 0; i < NUMBERS; i++)
		pending |= sigismember(&set, numbers[i]) == 1;
	return pending;
}

void
interrupt_release(void)
{
	change(SIG_UNBLOCK);
}
