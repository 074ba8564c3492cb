/* The main thread starts the others and then only deals with signals and time;
 * it never runs a request.
 *
 * Stopping loses no request that a front end could believe to be accepted.
 * First the listeners are taken out of epoll, the sockets' names are removed,
 * and connections that wait in the backlog are accepted.  Then idle connections
 * are shut down for reading: a request that has arrived is still read and
 * answered, while one sent later fails at the front end, which can safely
 * repeat it elsewhere.  A connection that has not sent its first request yet
 * gets FRESH_WAIT for that.  Whatever is not finished when the grace ends is
 * cut, which a front end sees as an incomplete response. */

#include "fcgi/server.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "fcgi/callfilter.h"
#include "fcgi/notify.h"
#include "fcgi/threads.h"

enum {
	REST_MAX = 1024,  /* waiting connections accepted at the stop */
	FRESH_WAIT = 500, /* ms for a first request, at the stop */
	CUT_WAIT = 1000,  /* ms for threads to end cut responses */
};

struct server {
	const struct service *service;
	int signals; /* signalfd */
	int epoll;
	int wake;        /* eventfd: peers_next has become earlier */
	int manager;     /* see notify */
	int64_t ping_ms; /* between two watchdog pings; 0: none */
	int turn;        /* eventfd: a thread is wanted for long work */
	struct turns *turns;
	struct storageline *storageline;
	struct peers *peers;
	struct threads *threads;
};

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

/* Milliseconds until the next check of peers or the next ping, whichever is
 * earlier; -1 when neither is due. */
static int
poll_timeout(struct server *server, int64_t ping)
{
	int64_t now = clock_ms(), next = peers_next(server->peers);

	if (ping < next)
		next = ping;
	if (next == INT64_MAX)
		return -1;
	return next > now ? (int)(next - now) : 0;
}

static void
reload(struct server *server)
{
	const struct accounts *accounts = server->service->accounts;

	notify(server->manager, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "000",
		clock_ms());
	threads_clear(server->threads);
	if (accounts != NULL)
		account_reopen(accounts);
	notify(server->manager, "READY=1");
}

/* Once it is due, let a thread send the watchdog ping: it is sent as long as at
 * least one thread is not stuck.  Returns when the next ping is due. */
static int64_t
ping(struct server *server, int64_t due, int64_t now)
{
	if (now < due)
		return due;
	threads_ping(server->threads);
	return now + server->ping_ms;
}

/* Deal with signals and timeouts until the process is to stop. */
static void
mind(struct server *server)
{
	struct pollfd fds[] = {
		{.fd = server->signals, .events = POLLIN},
		{.fd = server->wake, .events = POLLIN},
	};
	struct signalfd_siginfo signal;
	int64_t due = server->ping_ms > 0 ? clock_ms() : INT64_MAX;
	eventfd_t count;

	for (;;) {
		poll(fds, 2, poll_timeout(server, due));
		(void)eventfd_read(server->wake, &count);
		if (read(server->signals, &signal, sizeof(signal)) ==
			(ssize_t)sizeof(signal)) {
			if (signal.ssi_signo != SIGHUP)
				return;
			reload(server);
		}
		peers_look(server->peers, clock_ms());
		due = ping(server, due, clock_ms());
	}
}

/* Accept the connections that wait already.  Those of a socket of our own would
 * be lost with it, and those of a shared socket may have been reported to this
 * process only. */
static void
accept_rest(struct peers *peers, const struct listeners *listeners)
{
	for (int i = 0; i < listeners->n; i++) {
		for (int n = 0; n < REST_MAX; n++) {
			int fd = accept4(listeners->fd[i], NULL, NULL,
				SOCK_NONBLOCK | SOCK_CLOEXEC);
			struct peer *peer =
				fd < 0 ? NULL : peers_add(peers, fd);

			if (peer == NULL)
				break;
			peers_hand_over(peers, peer, CONN_IDLE);
		}
	}
}

/* Accept no new connections, and let the requests in progress finish within
 * grace milliseconds.  A peer that has just connected is about to send its
 * request, so it gets FRESH_WAIT.  true when all connections have ended. */
static bool
drain_peers(struct peers *peers, struct listeners *listeners, int64_t grace)
{
	int64_t fresh = grace < FRESH_WAIT ? grace : FRESH_WAIT;

	peers_refuse(peers);
	listener_hide(listeners);
	accept_rest(peers, listeners);
	listener_close(listeners);
	peers_shut(peers, SHUT_RD, true);
	if (peers_wait(peers, fresh))
		return true;
	peers_shut(peers, SHUT_RD, false);
	if (peers_wait(peers, grace - fresh))
		return true;
	log_pairs(LOG_WARN, "grace-over",
		{"why", STR("responses under way are cut")});
	peers_give_up(peers);
	peers_shut(peers, SHUT_RDWR, false);
	return peers_wait(peers, CUT_WAIT);
}

static int
start_failed(const char *what)
{
	log_pairs(LOG_ERROR, "start-failed", {"what", str_of(what)},
		{"why", str_of(strerrordesc_np(errno))});
	return EXIT_FAILURE;
}

static int
setup(struct server *server, const struct listeners *listeners,
	const struct server_limits *limits)
{
	sigset_t set = heard_signals();

	server->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (server->signals < 0)
		return start_failed("signals");
	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	server->turn = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->epoll < 0 || server->wake < 0 || server->turn < 0)
		return start_failed("epoll");
	/* One thread stays free for cheap requests. */
	server->turns = turns_new(
		limits->threads > 1 ? limits->threads - 1 : 1, server->turn);
	server->storageline = storageline_new(limits->io_threads, server->turn);
	if (server->turns == NULL || server->storageline == NULL)
		return start_failed("threads");
	server->ping_ms = notify_watchdog_ms();
	server->peers = peers_new(&(const struct peers_needs){
		.service = server->service,
		.listeners = listeners,
		.timeout_ms = (int64_t)limits->timeout_seconds * 1000,
		.storage_ms = (int64_t)limits->storage_seconds * 1000,
		.epoll = server->epoll,
		.wake = server->wake,
		.turns = server->turns,
		.storageline = server->storageline,
	});
	if (server->peers == NULL)
		return start_failed("epoll");
	server->manager = notify_open();
	server->threads = threads_start(&(const struct threads_needs){
		.service = server->service,
		.peers = server->peers,
		.turns = server->turns,
		.storageline = server->storageline,
		.turn = server->turn,
		.epoll = server->epoll,
		.manager = server->manager,
		.wanted = limits->threads,
		.more = server_threads(limits) - limits->threads,
	});
	if (server->threads == NULL)
		return start_failed("threads");
	/* Before any connection is accepted.  A failure is ignored, since
	 * serving does not depend on the filter. */
	if (limits->alone)
		(void)callfilter_install();
	if (peers_listen(server->peers) == 0)
		return EXIT_SUCCESS;
	start_failed("epoll");
	threads_end(server->threads);
	return EXIT_FAILURE;
}

static void
run_until_stopped(
	struct server *server, struct listeners *listeners, int64_t grace)
{
	notify(server->manager, "READY=1\nSTATUS=%d threads",
		threads_count(server->threads));
	mind(server);
	notify(server->manager,
		"STOPPING=1\nSTATUS=Finishing what is under way");
	if (!drain_peers(server->peers, listeners, grace) ||
		threads_are_stuck(server->threads)) {
		log_pairs(LOG_ERROR, "stop-forced",
			{"why", STR("a thread is stuck")});
		_exit(EXIT_SUCCESS);
	}
	threads_end(server->threads);
}

int
server_run(struct listeners *listeners, const struct service *service,
	const struct server_limits *limits)
{
	struct server server = {
		.service = service,
		.signals = -1,
		.epoll = -1,
		.wake = -1,
		.turn = -1,
		.manager = -1,
	};
	int status = setup(&server, listeners, limits);

	if (status == EXIT_SUCCESS)
		run_until_stopped(&server, listeners,
			(int64_t)limits->grace_seconds * 1000);
	listener_close(listeners);
	peers_free(server.peers);
	turns_free(server.turns);
	storageline_free(server.storageline);
	close(server.signals);
	close(server.epoll);
	close(server.wake);
	close(server.turn);
	close(server.manager);
	return status;
}
