/* What epoll watches. */

#ifndef WATCH_H
#define WATCH_H

#include <stdint.h>
#include <sys/epoll.h>

enum watch_kind {
	WATCH_LISTENER,
	WATCH_PEER,
	WATCH_TURNS,
	WATCH_PING,
	WATCH_CLEAR,
	WATCH_END
};

/* An event of epoll refers to one of these. */
struct watch {
	enum watch_kind kind;
	int fd;
};

/* Add watch to epoll, for events.  -1 with errno. */
static inline int
watch_add(struct watch *watch, int epoll, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, watch->fd, &event);
}

#endif
