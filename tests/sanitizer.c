/* Linked in with SAN=address and SAN=thread: how to sanitize, however the
 * program is started. */

/* What the runtime asks, before anything else runs. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
const char *__tsan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_stack_use_after_return=1:allocator_may_return_null=1";
}

const char *
__ubsan_default_options(void)
{
	return "print_stacktrace=1";
}

const char *
__tsan_default_options(void)
{
	return "halt_on_error=1:allocator_may_return_null=1";
}

#ifdef __SANITIZE_THREAD__

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

/* libzip asks glibc for local time.  Without TZ, glibc gives back and takes
 * memory each time, under a lock of its own that ThreadSanitizer does not see.
 */
__attribute__((constructor)) static void
name_zone(void)
{
	setenv("TZ", "UTC", 0);
}

/* ThreadSanitizer's. */
int __interceptor_epoll_ctl(
	int epoll, int operation, int fd, struct epoll_event *event);

/* ThreadSanitizer takes epoll_ctl(2) for a use of the descriptor.  For one that
 * is added it then sees that the event puts this before the next owner's
 * close(2), as the system does, but not for one that is armed again: such a
 * call is kept from it.  That memory is in order, too, it has to see for itself
 * (armed in struct peer). */
int
epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	if (operation != EPOLL_CTL_MOD)
		return __interceptor_epoll_ctl(epoll, operation, fd, event);
	return (int)syscall(SYS_epoll_ctl, epoll, operation, fd, event);
}

#endif
