#include "fcgi/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"

enum { STATE_SIZE = 512 };

/* The address that path names; a leading "@" means an abstract socket.  Returns
 * the size of the address, 0 when path does not fit. */
static socklen_t
address_of(struct sockaddr_un *address, const char *path)
{
	size_t n = strlen(path);

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (n < 2 || n >= sizeof(address->sun_path))
		return 0;
	memcpy(address->sun_path, path, n);
	if (path[0] == '@')
		address->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

int
notify_open(void)
{
	if (getenv("NOTIFY_SOCKET") == NULL)
		return -1;
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

void
notify(int fd, const char *format, ...)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address;
	socklen_t size = path ? address_of(&address, path) : 0;
	char state[STATE_SIZE];
	int saved = errno;
	va_list args;

	if (size == 0 || fd < 0)
		return;
	va_start(args, format);
	vsnprintf(state, sizeof(state), format, args);
	va_end(args);
	/* Serving goes on even if the manager does not listen. */
	(void)sendto(fd, state, strlen(state), MSG_DONTWAIT | MSG_NOSIGNAL,
		(const struct sockaddr *)&address, size);
	errno = saved;
}

int64_t
notify_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	uint64_t n;

	if (usec == NULL || !str_number(str_of(usec), INT64_MAX, &n) ||
		(pid != NULL && atol(pid) != (long)getpid()))
		return 0;
	return n < 2000 ? 1 : (int64_t)(n / 2000);
}
