/* Linked in with SAN=thread.  ThreadSanitizer takes epoll_ctl(2) for a use of
 * the descriptor.  For one that is added it then sees that the event puts this
 * before the next owner's close(2), as the system does, but not for one that is
 * armed again: such a call is kept from it.  That memory is in order, too, it
 * has to see for itself (armed in struct peer). */

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ThreadSanitizer's. */
int __interceptor_epoll_ctl(
	int epoll, int operation, int fd, struct epoll_event *event);

int
epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	if (operation != EPOLL_CTL_MOD)
		return __interceptor_epoll_ctl(epoll, operation, fd, event);
	return (int)syscall(SYS_epoll_ctl, epoll, operation, fd, event);
}
