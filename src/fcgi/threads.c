/* Besides what events bring, there are turns of long work and places of those
 * that wait for storage.  Each that can be taken has a thread that will look
 * for it, or wake-ups would be lost and its peer forgotten:
 *
 * A thread looks for both whenever it has taken a post, and between any two
 * events; it waits in epoll only when it has found none.  Whatever makes one
 * ready while it waits there writes to an eventfd, which wakes it:
 *   turns_add, and turns_lend, which lets another thread work; turns_take, if
 *   there is another one; turns_stir, if it calls back who stands aside;
 *   storageline_add, if the device has room; storageline_take, if there is
 *   another one; storageline_leave, which makes room.
 * turns_end makes room, too, but most often its thread has a post, and looks
 * itself.  Only a thread that holds a post reads the eventfd, and so takes the
 * wake-up that was for any of them.
 *
 * So call_another writes to it again when a thread with a post gives that up,
 * having read the eventfd perhaps, and when one without a post has ended a
 * piece.  If there is no other thread then, and none can be started, the next
 * one that takes the post looks.
 *
 * Those that stand aside (turns.h) come back in line when a turn ends, or with
 * turns_stir, after each piece that was in no turn, and after the main thread
 * has released a peer. */

#include "fcgi/threads.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/blocking.h"
#include "base/log.h"
#include "fcgi/crew.h"
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
		pinged;     /* eventfd that a thread answers, see answer_ping */
	struct watch clear; /* eventfd: a thread clears the cache */

	_Atomic int waiting; /* for storage: threads */
	struct crew *crew;
	int n; /* threads that were started at first */
};

/* One thread. */
struct worker {
	struct blocking blocking;
	struct threads *threads;
	struct counters *counters; /* NULL: nothing is counted */

	/* What it runs now. */
	bool has_post; /* crew.h */
	bool resumed;  /* after a wait for storage */
	bool in_turn;
	bool counted; /* in storageline, as one that waits for device */
	uint64_t device;
	struct peer *peer; /* or NULL */
};

/* Whether there is work that no event brings. */
static bool
has_work(const struct threads *threads)
{
	return turns_ready(threads->needs.turns) ||
		storageline_ready(threads->needs.storageline);
}

/* This thread has no post, and will not look for work: let another do so. */
static void
call_another(const struct threads *threads)
{
	if (has_work(threads))
		(void)eventfd_write(threads->turn.fd, 1);
}

/* Let others answer, work, and give the peer up. */
static void
begin_waiting(struct blocking *blocking, uint64_t device)
{
	struct worker *worker = (struct worker *)blocking;
	const struct threads_needs *needs = &worker->threads->needs;

	worker->threads->waiting++;
	if (worker->counters != NULL)
		stats_count(worker->counters, COUNT_WAITS, 1);
	if (!worker->counted)
		storageline_enter(needs->storageline, device);
	if (!worker->counted)
		worker->device = device;
	worker->counted = true;
	if (worker->peer != NULL)
		peers_begin_wait(needs->peers, worker->peer);
	if (worker->in_turn)
		turns_lend(needs->turns);
	if (worker->resumed)
		crew_rest(worker->threads->crew);
	worker->resumed = false;
	if (!worker->has_post)
		return;
	worker->has_post = false;
	crew_leave(worker->threads->crew);
	call_another(worker->threads);
}

static void
end_waiting(struct blocking *blocking)
{
	struct worker *worker = (struct worker *)blocking;
	const struct threads_needs *needs = &worker->threads->needs;

	worker->threads->waiting--;
	if (worker->counters != NULL)
		stats_count(worker->counters, COUNT_WAITED, 1);
	if (worker->peer != NULL)
		peers_end_wait(needs->peers, worker->peer);
	crew_resume(worker->threads->crew);
	worker->resumed = true;
	if (worker->in_turn)
		turns_resume(needs->turns);
}

static bool
storage_crowds(const struct blocking *blocking, uint64_t device)
{
	const struct worker *worker = (const struct worker *)blocking;

	return storageline_is_full(worker->threads->needs.storageline, device);
}

/* What the worker ran is over, and handed over. */
static void
end_piece(struct worker *worker)
{
	if (worker->counted)
		storageline_leave(
			worker->threads->needs.storageline, worker->device);
	if (worker->resumed)
		crew_rest(worker->threads->crew);
	worker->counted = worker->resumed = false;
	worker->in_turn = worker->blocking.allowed = false;
	worker->peer = NULL;
	if (!worker->has_post)
		call_another(worker->threads);
}

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
run_peer(struct worker *worker, struct peer *peer)
{
	worker->peer = peer;
	peers_run(worker->threads->needs.peers, peer, worker->counters);
}

static void
accept_peer(struct worker *worker, int listener)
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
	eventfd_t count;

	if (eventfd_read(threads->pinged.fd, &count) < 0)
		return; /* another thread was faster */
	notify(threads->needs.manager,
		"WATCHDOG=1\nSTATUS=%zu connections, %d threads",
		peers_count(threads->needs.peers), threads->needs.wanted);
}

/* Closing a file may wait for storage: the main thread does not do that. */
static void
clear_cache(const struct threads *threads)
{
	eventfd_t count;

	if (eventfd_read(threads->clear.fd, &count) == 0)
		cache_clear(threads->needs.service->cache);
}

static void
run_event(struct worker *worker, struct watch *watch)
{
	eventfd_t count;

	switch (watch->kind) {
	case WATCH_LISTENER:
		accept_peer(worker, watch->fd);
		break;
	case WATCH_PEER:
		run_peer(worker, (struct peer *)watch);
		break;
	case WATCH_TURNS:
		(void)eventfd_read(watch->fd, &count);
		break;
	case WATCH_PING:
		answer_ping(worker->threads);
		break;
	case WATCH_CLEAR:
		clear_cache(worker->threads);
		break;
	case WATCH_END:
		break;
	}
}

/* Take the next turn of long work, if there is one. */
static void
take_turn(struct worker *worker)
{
	struct turn *turn = turns_take(worker->threads->needs.turns);

	if (turn == NULL)
		return;
	worker->in_turn = true;
	peers_take_turn(worker->threads->needs.peers, turn, &worker->peer,
		worker->counters);
	end_piece(worker);
}

/* Run the next one that may wait for storage, if there is one. */
static void
take_place(struct worker *worker)
{
	const struct threads_needs *needs = &worker->threads->needs;
	struct storageplace *place = storageline_take(needs->storageline);

	if (place == NULL)
		return;
	worker->counted = worker->blocking.allowed = true;
	worker->device = place->device;
	peers_take_place(needs->peers, place, &worker->peer, worker->counters);
	end_piece(worker);
}

/* Deal with events, and with long work and what waits for storage when there
 * are none, until the end, or until the post was given up. */
static void
run_all(struct worker *worker)
{
	const struct threads *threads = worker->threads;
	struct epoll_event event;
	struct watch *watch;
	int events = 0;

	while (worker->has_post) {
		bool works = has_work(threads);
		int n = works && events >= EVENTS_MOST
			? 0
			: epoll_wait(threads->needs.epoll, &event, 1,
				  works ? 0 : -1);

		if (n > 0) {
			watch = event.data.ptr;
			if (watch->kind == WATCH_END)
				return;
			run_event(worker, watch);
			end_piece(worker);
			events++;
		} else if (works) {
			take_place(worker);
			if (worker->has_post)
				take_turn(worker);
			events = 0;
		}
	}
}

static void
run_thread(void *data, int number)
{
	struct threads *threads = data;
	const struct accounts *accounts = threads->needs.service->accounts;
	struct worker worker = {
		.blocking = {.begin = begin_waiting,
			.end = end_waiting,
			.crowds = storage_crowds},
		.threads = threads,
		.has_post = true,
		.counters = accounts && accounts->stats
			? stats_of(accounts->stats, number)
			: NULL,
	};

	blocking_set(&worker.blocking);
	run_all(&worker);
	blocking_set(NULL);
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
	close(threads->clear.fd);
	free(threads);
	errno = saved;
}

struct threads *
threads_start(const struct threads_needs *needs)
{
	struct threads *threads = calloc(1, sizeof(*threads));
	int epoll = needs->epoll;

	if (threads == NULL)
		return NULL;
	threads->needs = *needs;
	threads->turn = (struct watch){WATCH_TURNS, needs->turn};
	threads->pinged.fd = threads->clear.fd = threads->end.fd = -1;
	threads->crew =
		crew_new(needs->wanted, needs->more, run_thread, threads);
	if (threads->crew != NULL &&
		watch_add(&threads->turn, epoll, EPOLLIN) == 0 &&
		open_watch(&threads->end, WATCH_END, epoll) == 0 &&
		open_watch(&threads->pinged, WATCH_PING, epoll) == 0 &&
		open_watch(&threads->clear, WATCH_CLEAR, epoll) == 0)
		threads->n = crew_start(threads->crew);
	if (threads->n > 0)
		return threads;
	crew_end(threads->crew);
	release_threads(threads);
	return NULL;
}

int
threads_count(const struct threads *threads)
{
	return threads->n;
}

bool
threads_are_stuck(const struct threads *threads)
{
	return threads->waiting > 0;
}

void
threads_ping(struct threads *threads)
{
	(void)eventfd_write(threads->pinged.fd, 1);
}

void
threads_clear(struct threads *threads)
{
	(void)eventfd_write(threads->clear.fd, 1);
}

void
threads_end(struct threads *threads)
{
	(void)eventfd_write(threads->end.fd, 1);
	crew_end(threads->crew);
	release_threads(threads);
}
