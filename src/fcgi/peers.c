/* Every connection is armed one-shot in epoll: the thread that gets its event
 * owns the connection until it arms it again, so a request takes no lock.
 *
 * A connection that waits in the middle of a request or a response is also
 * parked, with the time when a byte last came or went.  The main thread checks
 * the parked ones at equal intervals and shuts down those whose time is too
 * long ago; their next owner then finds end of file.  A peer can take bytes for
 * a long time before the socket has room enough for an event, so the check also
 * looks at how many unsent bytes the socket holds.  A parked connection may
 * only be touched with the lock held; its owner first unparks it. */

#include "fcgi/peerset.h"

#include <errno.h>
#include <limits.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum {
	LOOKS = 8, /* checks of parked connections within one timeout */
	INTAKE_POOL = 64 * 1024 * 1024, /* bytes */
	DEAF_WAIT = 100,                /* ms until listening is tried again */
	DESCRIPTORS_KEPT = 8,
	DESCRIPTORS_USUAL = 1024,
};

void
peers_wake_main(struct peers *peers)
{
	/* It fails only when the main thread is being woken already. */
	(void)eventfd_write(peers->wake, 1);
}

static int64_t
next_look(const struct peers *peers, int64_t now)
{
	return now + (peers->timeout_ms + LOOKS - 1) / LOOKS;
}

/* The unsent bytes are not counted here; INT_MAX lets the first check see
 * progress. */
static void
park(struct peers *peers, struct peer *peer, enum conn_wait wait)
{
	int64_t look;
	bool earlier;

	pthread_mutex_lock(&peers->lock);
	peer->parked = true;
	peer->progress = peer->conn->progress;
	peer->unsent = wait == CONN_WRITABLE ? INT_MAX : 0;
	TAILQ_INSERT_TAIL(&peers->parked, peer, park);
	look = next_look(peers, peer->progress);
	earlier = look < peers->next;
	if (earlier)
		peers->next = look;
	pthread_mutex_unlock(&peers->lock);
	if (earlier)
		peers_wake_main(peers);
}

static void
unpark_locked(struct peers *peers, struct peer *peer)
{
	if (peer->parked)
		TAILQ_REMOVE(&peers->parked, peer, park);
	peer->parked = false;
}

static int
arm(struct peers *peers, struct peer *peer, uint32_t events)
{
	struct epoll_event event = {
		.events = events | EPOLLONESHOT, .data.ptr = peer};
	int fd = peer->watch.fd; /* peer must not be read once it is armed */
	int operation = atomic_exchange(&peer->armed, true) ? EPOLL_CTL_MOD
							    : EPOLL_CTL_ADD;

	return epoll_ctl(peers->epoll, operation, fd, &event);
}

/* Leave new connections in the backlog.  With the lock held. */
static void
be_deaf_locked(struct peers *peers)
{
	for (int i = 0; i < peers->nlisteners; i++)
		epoll_ctl(peers->epoll, EPOLL_CTL_DEL, peers->listeners[i].fd,
			NULL);
	peers->deaf = true;
}

/* Watch the listeners not yet watched.  -1 with errno.  With the lock held. */
static int
listen_locked(struct peers *peers)
{
	for (int i = 0; i < peers->nlisteners; i++) {
		if (watch_add(&peers->listeners[i], peers->epoll,
			    EPOLLIN | EPOLLEXCLUSIVE) < 0 &&
			errno != EEXIST)
			return -1;
	}
	peers->deaf = false;
	return 0;
}

/* Accept again if there is room.  If that fails for lack of memory, the main
 * thread tries again later.  With the lock held. */
static void
listen_again_locked(struct peers *peers, int64_t now)
{
	if (!peers->deaf || peers->stage != SERVING || peers->n >= peers->max ||
		listen_locked(peers) == 0 || peers->next <= now + DEAF_WAIT)
		return;
	peers->next = now + DEAF_WAIT;
	peers_wake_main(peers);
}

size_t
peers_max(uint64_t descriptors)
{
	uint64_t reserved = descriptors / 4 + DESCRIPTORS_KEPT;

	return descriptors > reserved ? (size_t)(descriptors - reserved) : 1;
}

struct peers *
peers_new(const struct peers_needs *needs)
{
	const struct listeners *listeners = needs->listeners;
	struct peers *peers = calloc(1, sizeof(*peers));
	struct rlimit limit;

	if (peers == NULL)
		return NULL;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		limit.rlim_cur = DESCRIPTORS_USUAL;
	peers->service = needs->service;
	peers->timeout_ms = needs->timeout_ms;
	peers->storage_ms = needs->storage_ms;
	peers->epoll = needs->epoll;
	peers->wake = needs->wake;
	peers->turns = needs->turns;
	peers->storageline = needs->storageline;
	peers->nlisteners = listeners->n;
	for (int i = 0; i < listeners->n; i++)
		peers->listeners[i] =
			(struct watch){WATCH_LISTENER, listeners->fd[i]};
	peers->max = peers_max(limit.rlim_cur);
	peers->pool.max = INTAKE_POOL;
	pthread_mutex_init(&peers->lock, NULL);
	clock_init_condition(&peers->empty);
	LIST_INIT(&peers->all);
	TAILQ_INIT(&peers->parked);
	TAILQ_INIT(&peers->waiting);
	peers->next = INT64_MAX;
	return peers;
}

int
peers_listen(struct peers *peers)
{
	int result;

	pthread_mutex_lock(&peers->lock);
	result = listen_locked(peers);
	pthread_mutex_unlock(&peers->lock);
	return result;
}

void
peers_free(struct peers *peers)
{
	int saved = errno;
	struct peer *peer;

	if (peers == NULL)
		return;
	/* Connections accepted after the last wait. */
	while ((peer = LIST_FIRST(&peers->all)) != NULL) {
		LIST_REMOVE(peer, all);
		conn_free(peer->conn);
		free(peer);
	}
	pthread_mutex_destroy(&peers->lock);
	pthread_cond_destroy(&peers->empty);
	free(peers);
	errno = saved;
}

void
peers_free_peer(struct peers *peers, struct peer *peer)
{
	pthread_mutex_lock(&peers->lock);
	unpark_locked(peers, peer);
	LIST_REMOVE(peer, all);
	peer->gone = true;
	peers->nlate -= peer->late;
	peers->n--;
	listen_again_locked(peers, clock_ms());
	if (peers->n == peers->nlate)
		pthread_cond_signal(&peers->empty);
	pthread_mutex_unlock(&peers->lock);
	if (peer->conn->counters != NULL)
		stats_count(peer->conn->counters, COUNT_CLOSED, 1);
	conn_free(peer->conn);
	free(peer);
}

/* No request has begun.  If the process is stopping, shut the connection for
 * reading: what the peer has sent by now is still read, but later writes fail,
 * so it knows that the request was not seen.  peers_shut does the same for
 * peers that are idle already.  Each of the two threads stores its flag and
 * then loads the other's: whichever stores last sees both, so at least one of
 * them shuts the connection. */
static void
wait_idle(struct peers *peers, struct peer *peer)
{
	enum stage stage;

	peer->idle = peer->conn->served;
	stage = peers->stage;
	if (stage == SHUTTING || (stage == DRAINING && peer->idle))
		shutdown(peer->watch.fd, SHUT_RD);
}

static void
stand_in_line(struct peers *peers, struct peer *peer, bool waits)
{
	const struct conn *conn = peer->conn;

	peer->turn.archive = conn_archive(conn);
	peer->turn.client = conn->client;
	turns_add(peers->turns, &peer->turn, waits);
}

/* peer must not be touched after it is armed. */
void
peers_hand_over(struct peers *peers, struct peer *peer, enum conn_wait wait)
{
	static const uint32_t events[] = {
		[CONN_IDLE] = EPOLLIN,
		[CONN_READABLE] = EPOLLIN,
		[CONN_WRITABLE] = EPOLLOUT,
	};

	if (wait == CONN_IDLE)
		wait_idle(peers, peer);
	else if (wait == CONN_READABLE || wait == CONN_WRITABLE)
		park(peers, peer, wait);
	if (wait == CONN_STORAGE)
		peerwait_stand(peers, peer);
	else if (wait == CONN_TURN || wait == CONN_WAITS)
		stand_in_line(peers, peer, wait == CONN_WAITS);
	else if (wait == CONN_CLOSE || arm(peers, peer, events[wait]) < 0)
		peers_free_peer(peers, peer);
}

/* The event of peer has come: keep the main thread from touching it. */
static void
own(struct peers *peers, struct peer *peer)
{
	if (!atomic_load(&peer->armed) || !peer->parked)
		return;
	pthread_mutex_lock(&peers->lock);
	unpark_locked(peers, peer);
	pthread_mutex_unlock(&peers->lock);
}

/* Run and hand over peer, which is ours. */
static enum conn_wait
run(struct peers *peers, struct peer *peer, struct counters *counters)
{
	enum conn_wait wait;

	peer->idle = false;
	peer->conn->counters = counters;
	wait = conn_run(peer->conn, clock_ms());
	if (peer->conn->device != 0)
		storageline_learn(peers->storageline, peer->conn->directory,
			peer->conn->device);
	peer->conn->device = 0;
	if (peer->late)
		wait = CONN_CLOSE;
	peers_hand_over(peers, peer, wait);
	return wait;
}

void
peers_run(struct peers *peers, struct peer *peer, struct counters *counters)
{
	own(peers, peer);
	if (conn_is_heavy(peer->conn))
		stand_in_line(peers, peer, false);
	else
		run(peers, peer, counters);
	turns_stir(peers->turns);
}

void
peers_take_turn(struct peers *peers, struct turn *turn, struct peer **running,
	struct counters *counters)
{
	enum conn_wait wait;

	*running = (struct peer *)((char *)turn - offsetof(struct peer, turn));
	wait = run(peers, *running, counters);
	turns_end(peers->turns, wait == CONN_WAITS);
}

void
peers_take_place(struct peers *peers, struct storageplace *place,
	struct peer **running, struct counters *counters)
{
	struct peer *peer =
		(struct peer *)((char *)place - offsetof(struct peer, place));

	*running = peer;
	peers_end_wait(peers, peer);
	run(peers, peer, counters);
	turns_stir(peers->turns);
}

struct peer *
peers_add(struct peers *peers, int fd)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (peer == NULL) {
		close(fd);
		return NULL;
	}
	peer->watch = (struct watch){WATCH_PEER, fd};
	peer->conn = conn_new(fd, peers->service, &peers->pool, clock_ms());
	if (peer->conn == NULL) {
		free(peer);
		return NULL;
	}
	pthread_mutex_lock(&peers->lock);
	LIST_INSERT_HEAD(&peers->all, peer, all);
	if (++peers->n >= peers->max && !peers->deaf)
		be_deaf_locked(peers);
	pthread_mutex_unlock(&peers->lock);
	return peer;
}

size_t
peers_count(struct peers *peers)
{
	return peers->n;
}

int64_t
peers_next(struct peers *peers)
{
	return peers->next;
}

/* Whether the peer has taken bytes out of the socket since the last check. */
static bool
has_taken(struct peer *peer)
{
	int unsent, before = peer->unsent;

	if (before == 0 || ioctl(peer->watch.fd, SIOCOUTQ, &unsent) < 0)
		return false;
	peer->unsent = unsent;
	return unsent < before;
}

/* Whether the peer's time is over. */
static bool
look_locked(struct peers *peers, struct peer *peer, int64_t now)
{
	if (has_taken(peer))
		peer->progress = now;
	if (now - peer->progress < peers->timeout_ms)
		return false;
	unpark_locked(peers, peer);
	shutdown(peer->watch.fd, SHUT_RDWR);
	return true;
}

void
peers_look(struct peers *peers, int64_t now)
{
	struct peer *peer, *following;
	size_t late = 0;

	peerwait_give_up(peers, now - peers->storage_ms);
	pthread_mutex_lock(&peers->lock);
	if (now >= peers->next) {
		for (peer = TAILQ_FIRST(&peers->parked); peer != NULL;
			peer = following) {
			following = TAILQ_NEXT(peer, park);
			late += look_locked(peers, peer, now);
		}
		peers->next = TAILQ_EMPTY(&peers->parked)
			? INT64_MAX
			: next_look(peers, now);
		peer = TAILQ_FIRST(&peers->waiting);
		if (peer && peer->waits + peers->storage_ms < peers->next)
			peers->next = peer->waits + peers->storage_ms;
	}
	listen_again_locked(peers, now);
	pthread_mutex_unlock(&peers->lock);
	/* Writing the log may take long, so the lock is not held. */
	for (; late > 0; late--)
		log_pairs(LOG_INFO, "peer-timeout",
			{"why", STR("nothing read or sent in time")});
}

void
peers_refuse(struct peers *peers)
{
	pthread_mutex_lock(&peers->lock);
	peers->stage = DRAINING;
	be_deaf_locked(peers);
	pthread_mutex_unlock(&peers->lock);
}

void
peers_shut(struct peers *peers, int how, bool idle)
{
	struct peer *peer;

	if (!idle)
		peers->stage = SHUTTING;
	pthread_mutex_lock(&peers->lock);
	LIST_FOREACH (peer, &peers->all, all) {
		if (idle && !peer->idle)
			continue;
		shutdown(peer->watch.fd, how);
	}
	pthread_mutex_unlock(&peers->lock);
}

bool
peers_wait(struct peers *peers, int64_t ms)
{
	struct timespec until;
	int error = 0;
	bool empty;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&peers->lock);
	while (peers->n > peers->nlate && error == 0)
		error = pthread_cond_timedwait(
			&peers->empty, &peers->lock, &until);
	empty = peers->n == peers->nlate;
	pthread_mutex_unlock(&peers->lock);
	return empty;
}
