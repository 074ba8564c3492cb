/* One epoll instance; N threads wait in it.  Every connection is armed
 * one-shot: the thread that gets its event owns it until it arms it again, and
 * no lock stands on a request's way.
 *
 * What epoll cannot wait for, it is reminded of: a connection that has sent
 * half a request stays readable, and one whose peer does not read may stay so
 * for ever.  Such a connection is parked with the time when it is due.  The
 * main thread, which otherwise waits for signals, arms the first kind again, to
 * be looked at after as long as it has waited already; the second kind it shuts
 * down, so that its next owner finds it at an end.  A parked connection is only
 * touched with the lock held, and its owner takes it off the list first. */

#include "server.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "conn.h"
#include "log.h"
#include "notify.h"

enum {
	LOOK_FIRST = 2,  /* ms until half a request is looked at again */
	LOOK_LAST = 100, /* at most */
	FULL_PAUSE = 10, /* ms without accepting when descriptors ran out */
	REST_MAX = 1024, /* connections of a listener, when it stops */
	DESCRIPTORS_KEPT = 8,
	DESCRIPTORS_USUAL = 1024,
	FRESH_WAIT = 500, /* ms for a first request, when it stops */
	CUT_WAIT = 1000,  /* ms for threads to see that time is up */
};

enum stage {
	SERVING,
	DRAINING, /* connections are not kept any more */
	SHUTTING, /* nor are those waited for that have sent nothing yet */
};

enum watch_kind { WATCH_LISTENER, WATCH_PEER, WATCH_PING, WATCH_END };

/* What an event of epoll belongs to. */
struct watch {
	enum watch_kind kind;
	int fd;
};

struct peer {
	struct watch watch;
	struct conn *conn;
	/* epoll knows it.  Stored before a peer is armed and loaded when its
	 * event has come: C11 does not know that epoll orders the two. */
	_Atomic bool armed;

	/* An answer went out, and no other request has begun. */
	_Atomic bool idle;

	_Atomic bool parked; /* written with the server's lock held */

	/* Guarded by the server's lock. */
	LIST_ENTRY(peer) all;
	TAILQ_ENTRY(peer) park;
	bool half; /* due to be looked at, not to be shut down */
	int64_t due;
};

LIST_HEAD(peers, peer);
TAILQ_HEAD(park, peer);

struct server {
	/* Set once. */
	const struct service *service;
	const struct server_limits *limits;
	int epoll;
	int wake;         /* eventfd that the main thread polls */
	struct watch end; /* eventfd that ends all threads */
	/* eventfd that a thread answers with a sign of life, see ping. */
	struct watch pinged;
	int64_t ping_ms; /* between two; 0: none */
	struct watch listeners[LISTENERS_MAX];
	int nlisteners;

	_Atomic enum stage stage;
	_Atomic int numbered; /* threads that have a number */

	size_t max_peers; /* so that descriptors are left for archives */

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t empty; /* the last peer has gone */
	struct peers peers;
	size_t npeers;
	bool deaf; /* as many as may be: the listeners are not watched */
	struct park parked;
	int64_t next; /* when the main thread will look at parked */
};

/* A thread that answers. */
struct worker {
	struct server *server;
	unsigned char *scratch;    /* WIRE_PEEK_SIZE bytes */
	struct counters *counters; /* NULL: nothing is counted */
};

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
wake_main(struct server *server)
{
	uint64_t one = 1;

	/* It fails only when the main thread is to wake already. */
	(void)!write(server->wake, &one, sizeof(one));
}

static void
park(struct server *server, struct peer *peer, bool half, int64_t due)
{
	bool sooner;

	pthread_mutex_lock(&server->lock);
	peer->parked = true;
	peer->half = half;
	peer->due = due;
	TAILQ_INSERT_TAIL(&server->parked, peer, park);
	sooner = due < server->next;
	if (sooner)
		server->next = due;
	pthread_mutex_unlock(&server->lock);
	if (sooner)
		wake_main(server);
}

static void
unpark_locked(struct server *server, struct peer *peer)
{
	if (peer->parked)
		TAILQ_REMOVE(&server->parked, peer, park);
	peer->parked = false;
}

static int
arm(struct server *server, struct peer *peer, uint32_t events)
{
	struct epoll_event event = {
		.events = events | EPOLLONESHOT, .data.ptr = peer};
	int fd = peer->watch.fd; /* not to be read once it is armed */
	int operation = atomic_exchange(&peer->armed, true) ? EPOLL_CTL_MOD
							    : EPOLL_CTL_ADD;

	return epoll_ctl(server->epoll, operation, fd, &event);
}

static int
watch_fd(struct server *server, struct watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	return epoll_ctl(server->epoll, EPOLL_CTL_ADD, watch->fd, &event);
}

/* Watch the listeners, or leave who knocks to wait.  With the lock held. */
static void
listen_locked(struct server *server, bool listening)
{
	for (int i = 0; i < server->nlisteners; i++) {
		struct watch *watch = &server->listeners[i];

		if (listening)
			watch_fd(server, watch, EPOLLIN | EPOLLEXCLUSIVE);
		else
			epoll_ctl(
				server->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	}
	server->deaf = !listening;
}

static void
free_peer(struct server *server, struct peer *peer)
{
	pthread_mutex_lock(&server->lock);
	unpark_locked(server, peer);
	LIST_REMOVE(peer, all);
	server->npeers--;
	if (server->deaf && server->stage == SERVING)
		listen_locked(server, true);
	if (LIST_EMPTY(&server->peers))
		pthread_cond_signal(&server->empty);
	pthread_mutex_unlock(&server->lock);
	if (peer->conn->counters != NULL)
		stats_count(peer->conn->counters, COUNT_CLOSED, 1);
	conn_free(peer->conn);
	free(peer);
}

/* Half a request has waited since conn->progress: look again after as long. */
static int64_t
next_look(const struct peer *peer, int64_t now)
{
	int64_t waited = now - peer->conn->progress;

	if (waited < LOOK_FIRST)
		waited = LOOK_FIRST;
	return now + (waited < LOOK_LAST ? waited : LOOK_LAST);
}

/* No request has begun.  When the server stops, the peer hears so: what it has
 * sent by now is still read, what it sends from now on fails at its end, and it
 * knows that the request was not seen.  drain does the same for peers that are
 * idle already; of the two stores, this thread's and drain's, at least one is
 * seen by the other. */
static void
wait_idle(struct server *server, struct peer *peer)
{
	enum stage stage;

	peer->idle = peer->conn->kept;
	stage = server->stage;
	if (stage == SHUTTING || (stage == DRAINING && peer->idle))
		shutdown(peer->watch.fd, SHUT_RD);
}

/* Hand the connection over to whoever gets its next event.  It must not be
 * touched after it is armed, nor after it is parked as half. */
static void
hand_over(struct server *server, struct peer *peer, enum conn_wait wait,
	int64_t now)
{
	int64_t timeout = (int64_t)server->limits->timeout_seconds * 1000;
	int64_t deadline = peer->conn->progress + timeout;

	switch (wait) {
	case CONN_IDLE:
		wait_idle(server, peer);
		if (arm(server, peer, EPOLLIN) == 0)
			return;
		break;
	case CONN_MORE:
		if (now >= deadline)
			break;
		park(server, peer, true, next_look(peer, now));
		return;
	case CONN_READABLE:
	case CONN_WRITABLE:
		park(server, peer, false, deadline);
		if (arm(server, peer,
			    wait == CONN_READABLE ? EPOLLIN : EPOLLOUT) == 0)
			return;
		break;
	case CONN_CLOSE:
		break;
	}
	free_peer(server, peer);
}

static void
run_peer(const struct worker *worker, struct peer *peer)
{
	int64_t now = now_ms();
	enum conn_wait wait;

	peer->idle = false;
	peer->conn->counters = worker->counters;
	wait = conn_run(peer->conn, now, worker->scratch);
	hand_over(worker->server, peer, wait, now);
}

/* Its event has come: from now on the main thread keeps its hands off. */
static void
own_peer(struct server *server, struct peer *peer)
{
	if (!atomic_load(&peer->armed) || !peer->parked)
		return;
	pthread_mutex_lock(&server->lock);
	unpark_locked(server, peer);
	pthread_mutex_unlock(&server->lock);
}

/* Out of descriptors: give up the archives', and let some time pass. */
static void
accept_failed(struct server *server)
{
	struct timespec pause = {.tv_nsec = FULL_PAUSE * 1000000L};

	if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS &&
		errno != ENOMEM)
		return;
	log_pairs(LOG_ERROR, "accept-failed",
		{"why", str_of(strerrordesc_np(errno))});
	cache_clear(server->service->cache);
	nanosleep(&pause, NULL);
}

static struct peer *
new_peer(struct server *server, int fd)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (peer == NULL) {
		close(fd);
		return NULL;
	}
	peer->watch = (struct watch){WATCH_PEER, fd};
	peer->conn = conn_new(fd, server->service, now_ms());
	if (peer->conn == NULL) {
		free(peer);
		return NULL;
	}
	pthread_mutex_lock(&server->lock);
	LIST_INSERT_HEAD(&server->peers, peer, all);
	if (++server->npeers >= server->max_peers && !server->deaf)
		listen_locked(server, false);
	pthread_mutex_unlock(&server->lock);
	return peer;
}

static void
accept_peer(const struct worker *worker, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct peer *peer;

	if (fd < 0) {
		accept_failed(worker->server);
		return;
	}
	peer = new_peer(worker->server, fd);
	if (peer == NULL)
		return;
	if (worker->counters != NULL)
		stats_count(worker->counters, COUNT_ACCEPTED, 1);
	run_peer(worker, peer);
}

/* Tell the service manager that a thread is there to answer. */
static void
answer_ping(struct server *server)
{
	uint64_t count;
	size_t n;

	if (read(server->pinged.fd, &count, sizeof(count)) < 0)
		return; /* another thread was faster */
	pthread_mutex_lock(&server->lock);
	n = server->npeers;
	pthread_mutex_unlock(&server->lock);
	notify("WATCHDOG=1\nSTATUS=%zu connections, %d threads", n,
		server->limits->threads);
}

static void
run_event(const struct worker *worker, struct watch *watch)
{
	struct peer *peer;

	switch (watch->kind) {
	case WATCH_LISTENER:
		accept_peer(worker, watch->fd);
		break;
	case WATCH_PEER:
		peer = (struct peer *)watch;
		own_peer(worker->server, peer);
		run_peer(worker, peer);
		break;
	case WATCH_PING:
		answer_ping(worker->server);
		break;
	case WATCH_END:
		break;
	}
}

static void *
work(void *data)
{
	struct server *server = data;
	const struct accounts *accounts = server->service->accounts;
	int number = atomic_fetch_add(&server->numbered, 1);
	struct worker worker = {
		.server = server,
		.scratch = malloc(WIRE_PEEK_SIZE),
		.counters = accounts && accounts->stats
			? stats_of(accounts->stats, number)
			: NULL,
	};
	struct epoll_event event;

	while (worker.scratch != NULL) {
		struct watch *watch;

		if (epoll_wait(server->epoll, &event, 1, -1) < 1)
			continue;
		watch = event.data.ptr;
		if (watch->kind == WATCH_END)
			break;
		run_event(&worker, watch);
	}
	free(worker.scratch);
	return NULL;
}

/* Deal with what is due.  Sets server->next. */
static void
look_at_parked(struct server *server, int64_t now)
{
	struct peer *peer, *following;

	pthread_mutex_lock(&server->lock);
	server->next = INT64_MAX;
	for (peer = TAILQ_FIRST(&server->parked); peer != NULL;
		peer = following) {
		following = TAILQ_NEXT(peer, park);
		if (peer->due > now) {
			if (peer->due < server->next)
				server->next = peer->due;
		} else if (peer->half) {
			unpark_locked(server, peer);
			if (arm(server, peer, EPOLLIN) < 0)
				shutdown(peer->watch.fd, SHUT_RDWR);
		} else {
			unpark_locked(server, peer);
			log_pairs(LOG_INFO, "peer-timeout",
				{"why", STR("nothing read or sent in time")});
			shutdown(peer->watch.fd, SHUT_RDWR);
		}
	}
	pthread_mutex_unlock(&server->lock);
}

static sigset_t
heard_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGHUP);
	return set;
}

int
server_hold_signals(void)
{
	sigset_t set = heard_signals();

	errno = pthread_sigmask(SIG_BLOCK, &set, NULL);
	return errno == 0 ? 0 : -1;
}

/* Milliseconds to wait until something is due, ping among it; -1 for ever. */
static int
poll_timeout(struct server *server, int64_t ping)
{
	int64_t next, now = now_ms();

	pthread_mutex_lock(&server->lock);
	next = server->next < ping ? server->next : ping;
	pthread_mutex_unlock(&server->lock);
	if (next == INT64_MAX)
		return -1;
	return next > now ? (int)(next - now) : 0;
}

static void
reload(struct server *server)
{
	const struct accounts *accounts = server->service->accounts;

	notify("RELOADING=1\nMONOTONIC_USEC=%" PRId64 "000", now_ms());
	cache_clear(server->service->cache);
	if (accounts != NULL)
		account_reopen(accounts);
	notify("READY=1");
}

/* The service manager waits for signs of life: let one of the threads give it,
 * when none is stuck.  When the next one is due, if now is not before due. */
static int64_t
ping(struct server *server, int64_t due, int64_t now)
{
	uint64_t one = 1;

	if (now < due)
		return due;
	(void)!write(server->pinged.fd, &one, sizeof(one));
	return now + server->ping_ms;
}

/* The main thread's part: signals and time, until it is to stop. */
static void
mind(struct server *server, int signals)
{
	struct pollfd fds[] = {
		{.fd = signals, .events = POLLIN},
		{.fd = server->wake, .events = POLLIN},
	};
	struct signalfd_siginfo signal;
	int64_t due = server->ping_ms > 0 ? now_ms() : INT64_MAX;
	uint64_t count;

	for (;;) {
		poll(fds, 2, poll_timeout(server, due));
		(void)!read(server->wake, &count, sizeof(count));
		if (read(signals, &signal, sizeof(signal)) ==
			(ssize_t)sizeof(signal)) {
			if (signal.ssi_signo != SIGHUP)
				return;
			reload(server);
		}
		look_at_parked(server, now_ms());
		due = ping(server, due, now_ms());
	}
}

/* Let connections, or idle ones only, bring no other request: a request that is
 * there already is still read, all others find the end. */
static void
shut_peers(struct server *server, int how, bool idle)
{
	struct peer *peer;

	pthread_mutex_lock(&server->lock);
	LIST_FOREACH (peer, &server->peers, all) {
		if (idle && !peer->idle)
			continue;
		shutdown(peer->watch.fd, how);
		if (peer->parked && peer->half) {
			unpark_locked(server, peer);
			(void)arm(server, peer, EPOLLIN);
		}
	}
	pthread_mutex_unlock(&server->lock);
}

/* Wait until there are no peers, for at most ms.  They are all gone. */
static bool
wait_empty(struct server *server, int64_t ms)
{
	struct timespec until;
	int error = 0;
	bool empty;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&server->lock);
	while (!LIST_EMPTY(&server->peers) && error == 0)
		error = pthread_cond_timedwait(
			&server->empty, &server->lock, &until);
	empty = LIST_EMPTY(&server->peers);
	pthread_mutex_unlock(&server->lock);
	return empty;
}

/* Take what knocked already: a socket of our own ends with us, and one that is
 * shared may have told this process alone. */
static void
accept_rest(struct server *server, const struct listeners *listeners)
{
	for (int i = 0; i < listeners->n; i++) {
		for (int n = 0; n < REST_MAX; n++) {
			int fd = accept4(listeners->fd[i], NULL, NULL,
				SOCK_NONBLOCK | SOCK_CLOEXEC);
			struct peer *peer =
				fd < 0 ? NULL : new_peer(server, fd);

			if (peer == NULL)
				break;
			hand_over(server, peer, CONN_IDLE, now_ms());
		}
	}
}

/* No new connections; what is under way is finished within the grace.  A peer
 * that has just connected is about to send its request: it gets some time. */
static void
drain(struct server *server, struct listeners *listeners)
{
	int64_t grace = (int64_t)server->limits->grace_seconds * 1000;
	int64_t fresh = grace < FRESH_WAIT ? grace : FRESH_WAIT;

	pthread_mutex_lock(&server->lock);
	server->stage = DRAINING;
	listen_locked(server, false);
	pthread_mutex_unlock(&server->lock);
	listener_hide(listeners);
	accept_rest(server, listeners);
	listener_close(listeners);
	shut_peers(server, SHUT_RD, true);
	if (wait_empty(server, fresh))
		return;
	server->stage = SHUTTING;
	shut_peers(server, SHUT_RD, false);
	if (wait_empty(server, grace - fresh))
		return;
	log_pairs(LOG_WARN, "grace-over",
		{"why", STR("responses under way are cut")});
	shut_peers(server, SHUT_RDWR, false);
	wait_empty(server, CUT_WAIT);
}

static int
setup(struct server *server, const struct listeners *listeners)
{
	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	server->end = (struct watch){
		WATCH_END, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	server->pinged = (struct watch){
		WATCH_PING, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	server->ping_ms = notify_watchdog_ms();
	if (server->epoll < 0 || server->wake < 0 || server->end.fd < 0 ||
		server->pinged.fd < 0 ||
		watch_fd(server, &server->end, EPOLLIN) < 0 ||
		watch_fd(server, &server->pinged, EPOLLIN) < 0)
		return -1;
	server->nlisteners = listeners->n;
	for (int i = 0; i < listeners->n; i++)
		server->listeners[i] =
			(struct watch){WATCH_LISTENER, listeners->fd[i]};
	listen_locked(server, true);
	return 0;
}

/* How many of the threads that are wanted could be started. */
static int
start_threads(struct server *server, pthread_t *threads)
{
	int n = 0;

	while (n < server->limits->threads &&
		pthread_create(&threads[n], NULL, work, server) == 0)
		n++;
	return n;
}

static void
end_threads(struct server *server, const pthread_t *threads, int n)
{
	uint64_t one = 1;

	(void)!write(server->end.fd, &one, sizeof(one));
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

static int
fail(const char *what)
{
	log_pairs(LOG_ERROR, "start-failed", {"what", str_of(what)},
		{"why", str_of(strerrordesc_np(errno))});
	return EXIT_FAILURE;
}

static int
run(struct server *server, struct listeners *listeners, pthread_t *threads)
{
	sigset_t set = heard_signals();
	int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	int n;

	if (signals < 0)
		return fail("signals");
	if (setup(server, listeners) < 0)
		return fail("epoll");
	n = start_threads(server, threads);
	if (n == 0)
		return fail("threads");
	notify("READY=1\nSTATUS=%d threads", n);
	mind(server, signals);
	notify("STOPPING=1\nSTATUS=Finishing what is under way");
	drain(server, listeners);
	if (!LIST_EMPTY(&server->peers)) {
		/* A thread hangs in a read of a disk that does not answer. */
		log_pairs(LOG_ERROR, "stop-forced",
			{"why", STR("a thread is stuck")});
		_exit(EXIT_SUCCESS);
	}
	end_threads(server, threads, n);
	close(signals);
	return EXIT_SUCCESS;
}

size_t
server_max_peers(uint64_t descriptors)
{
	uint64_t kept = descriptors / 4 + DESCRIPTORS_KEPT;

	return descriptors > kept ? (size_t)(descriptors - kept) : 1;
}

int
server_run(struct listeners *listeners, const struct service *service,
	const struct server_limits *limits)
{
	struct server server = {
		.service = service,
		.limits = limits,
		.next = INT64_MAX,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.empty = PTHREAD_COND_INITIALIZER,
	};
	pthread_t *threads = calloc((size_t)limits->threads, sizeof(*threads));
	struct rlimit limit;
	int status;

	if (threads == NULL)
		return fail("threads");
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		limit.rlim_cur = DESCRIPTORS_USUAL;
	server.max_peers = server_max_peers(limit.rlim_cur);
	LIST_INIT(&server.peers);
	TAILQ_INIT(&server.parked);
	status = run(&server, listeners, threads);
	free(threads);
	close(server.epoll);
	close(server.wake);
	close(server.end.fd);
	close(server.pinged.fd);
	return status;
}
