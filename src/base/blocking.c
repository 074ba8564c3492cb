#include "base/blocking.h"

#include <errno.h>
#include <stddef.h>

static _Thread_local struct blocking *mine;

void
blocking_set(struct blocking *blocking)
{
	mine = blocking;
}

bool
blocking_is_watched(void)
{
	return mine != NULL;
}

bool
blocking_refuses_slow(void)
{
	return mine != NULL && !mine->allowed;
}

bool
blocking_refuses(uint64_t device)
{
	return blocking_refuses_slow() && mine->crowds(mine, device);
}

void
blocking_begin(uint64_t device)
{
	int saved = errno;

	if (mine != NULL && mine->depth++ == 0)
		mine->begin(mine, device);
	errno = saved;
}

void
blocking_end(void)
{
	int saved = errno;

	if (mine != NULL && --mine->depth == 0)
		mine->end(mine);
	errno = saved;
}
