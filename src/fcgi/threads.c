#include "fcgi/threads.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "fcgi/notify.h"

enum {
	FULL_PAUSE = 10, /* ms without accepting when descriptors ran out */
	/* Events in a row before a turn of long work, so that it does not
	 * starve. */
	EVENTS_MOST = 64,
};

struct threads {
	/* Set once. */
	struct threads_needs needs;
	struct watch turn; /* eventfd: a turn can be taken */
	struct watch end;  /* eventfd that ends all threads */
	struct watch
		pinged; /* eventfd that a thread answers, see answer_ping */

	_Atomic int numbered; /* threads that have a number */

	/* Used by the main thread only. */
	int n;
	pthread_t thread[];
};

/* One thread. */
struct worker {
	struct threads *threads;
	struct counters *counters; /* NULL: nothing is counted */
};

/* Close the idle archives, in case descriptors or memory ran out, and pause:
 * the listener stays ready, and would be asked again at once. */
static void
accept_failed(struct cache *cache)
{
	struct timespec pause = {.tv_nsec = FULL_PAUSE * 1000000L};

	/* The peer has gone, or another thread has it. */
	if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;
	/* The event came before the process began to stop.  The listener has
	 * been closed since then, and its descriptor may belong to another file
	 * now. */
	if (errno == EBADF || errno == ENOTSOCK || errno == EINVAL)
		return;
	log_pairs(LOG_ERROR, "accept-failed",
		{"why", str_of(strerrordesc_np(errno))});
	cache_clear(cache);
	nanosleep(&pause, NULL);
}

static void
run_peer(const struct worker *worker, struct peer *peer)
{
	peers_run(worker->threads->needs.peers, peer, worker->counters);
}

static void
accept_peer(const struct worker *worker, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct peer *peer;

	if (fd < 0) {
		accept_failed(worker->threads->needs.service->cache);
		return;
	}
	peer = peers_add(worker->threads->needs.peers, fd);
	if (peer == NULL)
		return;
	if (worker->counters != NULL)
		stats_count(worker->counters, COUNT_ACCEPTED, 1);
	run_peer(worker, peer);
}

/* Tell the service manager that this thread is not stuck. */
static void
answer_ping(const struct threads *threads)
{
	uint64_t count;

	if (read(threads->pinged.fd, &count, sizeof(count)) < 0)
		return; /* another thread was faster */
	notify(threads->needs.manager,
		"WATCHDOG=1\nSTATUS=%zu connections, %d threads",
		peers_count(threads->needs.peers), threads->needs.wanted);
}

static void
run_event(const struct worker *worker, struct watch *watch)
{
	uint64_t count;

	switch (watch->kind) {
	case WATCH_LISTENER:
		accept_peer(worker, watch->fd);
		break;
	case WATCH_PEER:
		run_peer(worker, (struct peer *)watch);
		break;
	case WATCH_TURNS:
		(void)!read(watch->fd, &count, sizeof(count));
		break;
	case WATCH_PING:
		answer_ping(worker->threads);
		break;
	case WATCH_END:
		break;
	}
}

/* Take the next turn of long work, if there is one. */
static void
take_turn(const struct worker *worker)
{
	struct turn *turn = turns_take(worker->threads->needs.turns);

	if (turn != NULL)
		peers_take_turn(
			worker->threads->needs.peers, turn, worker->counters);
}

/* Deal with events, and with long work when there are none, until the end. */
static void
run_all(const struct worker *worker)
{
	const struct threads *threads = worker->threads;
	struct epoll_event event;
	struct watch *watch;
	int events = 0;

	for (;;) {
		bool works = turns_ready(threads->needs.turns);
		int n = works && events >= EVENTS_MOST
			? 0
			: epoll_wait(threads->needs.epoll, &event, 1,
				  works ? 0 : -1);

		if (n > 0) {
			watch = event.data.ptr;
			if (watch->kind == WATCH_END)
				return;
			run_event(worker, watch);
			events++;
		} else if (works) {
			take_turn(worker);
			events = 0;
		}
	}
}

static void *
run_thread(void *data)
{
	struct threads *threads = data;
	const struct accounts *accounts = threads->needs.service->accounts;
	int number = atomic_fetch_add(&threads->numbered, 1);
	struct worker worker = {
		.threads = threads,
		.counters = accounts && accounts->stats
			? stats_of(accounts->stats, number)
			: NULL,
	};

	run_all(&worker);
	return NULL;
}

/* Make an eventfd and watch it.  -1 with errno. */
static int
open_watch(struct watch *watch, enum watch_kind kind, int epoll)
{
	*watch = (struct watch){kind, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	return watch->fd < 0 ? -1 : watch_add(watch, epoll, EPOLLIN);
}

static void
release_threads(struct threads *threads)
{
	int saved = errno;

	close(threads->end.fd);
	close(threads->pinged.fd);
	free(threads);
	errno = saved;
}

/* Start as many threads as the system allows. */
static void
start(struct threads *threads)
{
	while (threads->n < threads->needs.wanted) {
		errno = pthread_create(&threads->thread[threads->n], NULL,
			run_thread, threads);
		if (errno != 0)
			return;
		threads->n++;
	}
}

struct threads *
threads_start(const struct threads_needs *needs)
{
	struct threads *threads = calloc(1,
		sizeof(*threads) +
			(size_t)needs->wanted * sizeof(threads->thread[0]));
	int epoll = needs->epoll;

	if (threads == NULL)
		return NULL;
	threads->needs = *needs;
	threads->turn = (struct watch){WATCH_TURNS, needs->turn};
	threads->pinged.fd = -1;
	if (watch_add(&threads->turn, epoll, EPOLLIN) == 0 &&
		open_watch(&threads->end, WATCH_END, epoll) == 0 &&
		open_watch(&threads->pinged, WATCH_PING, epoll) == 0)
		start(threads);
	if (threads->n > 0)
		return threads;
	release_threads(threads);
	return NULL;
}

int
threads_count(const struct threads *threads)
{
	return threads->n;
}

void
threads_ping(struct threads *threads)
{
	uint64_t one = 1;

	(void)!write(threads->pinged.fd, &one, sizeof(one));
}

void
threads_end(struct threads *threads)
{
	uint64_t one = 1;

	(void)!write(threads->end.fd, &one, sizeof(one));
	for (int i = 0; i < threads->n; i++)
		pthread_join(threads->thread[i], NULL);
	release_threads(threads);
}
