/* peers: how many there may be, whose they are, and how they end. */

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "fcgi/peers.h"
#include "unit.h"
#include "zipmake.h"

enum { TIMEOUT = 8000 };

static struct site site = {.suffix = {".wwz", 4}, .max_age = -1};
static struct service service = {.site = &site};

/* What a server has, in one thread. */
struct fixture {
	struct listeners listeners;
	struct peers *peers;
	struct turns *turns;
	struct storageline *line;
	int epoll, wake, turn;
};

/* As many peers as a process with that many descriptors may have. */
static void
open_fixture(struct fixture *f, rlim_t descriptors)
{
	const struct listener_how how = {.mode = 0600};
	struct rlimit before, few;
	struct fault fault = {""};

	f->listeners = (struct listeners){.n = 0};
	f->epoll = epoll_create1(EPOLL_CLOEXEC);
	f->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	f->turn = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	f->turns = turns_new(1, f->turn);
	assert_int_equal(
		listener_open(&f->listeners, "unix:sock", &how, &fault), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){descriptors, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	f->line = storageline_new(1, f->turn);
	f->peers = peers_new(&(const struct peers_needs){
		.service = &service,
		.listeners = &f->listeners,
		.timeout_ms = TIMEOUT,
		.storage_ms = TIMEOUT,
		.epoll = f->epoll,
		.wake = f->wake,
		.turns = f->turns,
		.storageline = f->line,
	});
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_non_null(f->peers);
	assert_int_equal(peers_listen(f->peers), 0);
}

static void
close_fixture(struct fixture *f)
{
	peers_free(f->peers);
	turns_free(f->turns);
	storageline_free(f->line);
	listener_close(&f->listeners);
	close(f->epoll);
	close(f->wake);
	close(f->turn);
}

/* A new connection, which waits for its first request: the other end. */
static int
join(struct fixture *f)
{
	struct peer *peer;
	int fds[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0, fds),
		0);
	peer = peers_add(f->peers, fds[1]);
	assert_non_null(peer);
	peers_hand_over(f->peers, peer, CONN_IDLE);
	return fds[0];
}

/* Run the connections that have an event; returns how many events there were,
 * those of listeners, too. */
static int
run_events(struct fixture *f)
{
	struct epoll_event events[32];
	int n = epoll_wait(f->epoll, events, COUNT(events), 0);

	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		struct watch *watch = events[i].data.ptr;

		if (watch->kind == WATCH_PEER)
			peers_run(f->peers, (struct peer *)watch, NULL);
	}
	return n;
}

/* The other end is at its end: bytes before it are dropped. */
static bool
has_ended(int fd)
{
	char buffer[4096];
	ssize_t n;

	while ((n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
		;
	return n == 0;
}

/* Send a whole request, whose connection is to stay, and take the answer. */
static void
request_over(struct fixture *f, int fd)
{
	/* FCGI_BEGIN_REQUEST, FCGI_PARAMS and FCGI_STDIN of a request. */
	static const unsigned char records[] = {1, 1, 0, 1, 0, 8, 0, 0, 0, 1, 1,
		0, 0, 0, 0, 0, 1, 4, 0, 1, 0, 0, 0, 0, 1, 5, 0, 1, 0, 0, 0, 0};

	assert_int_equal(
		send(fd, records, sizeof(records), 0), sizeof(records));
	assert_int_equal(run_events(f), 1);
	assert_false(has_ended(fd));
}

static bool
was_woken(struct fixture *f)
{
	uint64_t n;

	return read(f->wake, &n, sizeof(n)) == (ssize_t)sizeof(n);
}

/* A quarter of the descriptors, and eight, are left for archives. */
static void
test_max(void **state)
{
	static const struct {
		uint64_t descriptors;
		int want;
	} table[] = {
		{0, 1},
		{8, 1},
		{10, 1},
		{11, 1},
		{12, 1},
		{16, 4},
		{40, 22},
		{1024, 760},
		{1048576, 786424},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char asked[32];

		snprintf(asked, sizeof(asked), "%d descriptors",
			(int)table[i].descriptors);
		failed += differ_number(asked, "peers",
			(int)peers_max(table[i].descriptors), table[i].want);
	}
	assert_int_equal(failed, 0);
}

/* In the middle of a request a connection has its time; before one it has not.
 */
static void
test_timeout(void **state)
{
	struct fixture f;
	int fd, other;
	int64_t before, now;

	(void)state;
	open_fixture(&f, 1024);
	fd = join(&f);
	other = join(&f);
	assert_int_equal(peers_count(f.peers), 2);
	assert_true(peers_next(f.peers) == INT64_MAX);
	before = clock_ms();
	assert_int_equal(send(fd, "\1", 1, 0), 1);
	assert_int_equal(run_events(&f), 1);
	now = clock_ms();
	assert_true(was_woken(&f));
	assert_true(peers_next(f.peers) <= now + TIMEOUT / 8);
	/* Before there is a look, at the first one, and just too early. */
	peers_look(f.peers, peers_next(f.peers) - 1);
	peers_look(f.peers, peers_next(f.peers));
	peers_look(f.peers, before + TIMEOUT - 1);
	assert_string_equal(log_take(), "");
	assert_false(has_ended(fd));
	assert_true(peers_next(f.peers) != INT64_MAX);
	peers_look(f.peers, now + 2 * TIMEOUT);
	assert_non_null(strstr(log_take(), "info peer-timeout"));
	assert_true(has_ended(fd));
	assert_true(peers_next(f.peers) == INT64_MAX);
	/* Its owner finds it at its end; the other one stays. */
	assert_int_equal(peers_count(f.peers), 2);
	assert_int_equal(run_events(&f), 1);
	assert_int_equal(peers_count(f.peers), 1);
	assert_false(has_ended(other));
	close(fd);
	close(other);
	close_fixture(&f);
}

/* A byte that comes in time gives a connection new time. */
static void
test_progress(void **state)
{
	struct fixture f;
	int64_t then;
	int fd;

	(void)state;
	open_fixture(&f, 1024);
	fd = join(&f);
	assert_int_equal(send(fd, "\1", 1, 0), 1);
	assert_int_equal(run_events(&f), 1);
	then = clock_ms();
	while (clock_ms() == then)
		;
	assert_int_equal(send(fd, "\1", 1, 0), 1);
	assert_int_equal(run_events(&f), 1);
	peers_look(f.peers, then + TIMEOUT);
	assert_string_equal(log_take(), "");
	assert_false(has_ended(fd));
	close(fd);
	assert_int_equal(run_events(&f), 1);
	assert_int_equal(peers_count(f.peers), 0);
	close_fixture(&f);
}

/* With as many connections as there may be the listeners are not watched;
 * when one of them has gone, they are. */
static void
test_full(void **state)
{
	struct fixture f;
	int fds[4], client;
	struct sockaddr_un address = {
		.sun_family = AF_UNIX, .sun_path = "sock"};

	(void)state;
	open_fixture(&f, 16); /* room for 4 */
	client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	for (int i = 0; i < 3; i++)
		fds[i] = join(&f);
	assert_int_equal(
		connect(client, (struct sockaddr *)&address, sizeof(address)),
		0);
	assert_int_equal(run_events(&f), 1);
	fds[3] = join(&f);
	assert_int_equal(run_events(&f), 0);
	close(fds[0]);
	assert_int_equal(run_events(&f), 1);
	assert_int_equal(peers_count(f.peers), 3);
	assert_int_equal(run_events(&f), 1);
	peers_refuse(f.peers);
	assert_int_equal(run_events(&f), 0);
	close(fds[1]);
	assert_int_equal(run_events(&f), 1);
	assert_int_equal(run_events(&f), 0);
	close(fds[2]);
	close(fds[3]);
	close(client);
	close_fixture(&f);
}

/* At the end idle connections are shut first; then those that have sent nothing
 * yet; and what becomes idle later is shut, too. */
static void
test_end(void **state)
{
	struct fixture f;
	int served, fresh, late;

	(void)state;
	open_fixture(&f, 1024);
	served = join(&f);
	fresh = join(&f);
	late = join(&f);
	request_over(&f, served);
	assert_false(peers_wait(f.peers, 0));
	peers_refuse(f.peers);
	peers_shut(f.peers, SHUT_RD, true);
	assert_int_equal(run_events(&f), 1);
	assert_true(has_ended(served));
	assert_int_equal(peers_count(f.peers), 2);
	request_over(&f, late);
	assert_int_equal(run_events(&f), 1);
	assert_true(has_ended(late));
	assert_false(has_ended(fresh));
	assert_int_equal(peers_count(f.peers), 1);
	peers_shut(f.peers, SHUT_RD, false);
	assert_int_equal(run_events(&f), 1);
	assert_true(has_ended(fresh));
	assert_true(peers_wait(f.peers, 0));
	close(served);
	close(fresh);
	/* One that comes even later is shut as soon as it waits. */
	fresh = join(&f);
	assert_int_equal(run_events(&f), 1);
	assert_true(has_ended(fresh));
	assert_int_equal(peers_count(f.peers), 0);
	close(fresh);
	close(late);
	close_fixture(&f);
}

/* Work that is long stands in line, and is nobody's until its turn. */
static void
test_turn(void **state)
{
	struct fixture f;
	struct peer *peer;
	struct turn *turn;
	struct peer *running;
	int fds[2];

	(void)state;
	open_fixture(&f, 1024);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0, fds),
		0);
	peer = peers_add(f.peers, fds[1]);
	assert_null(turns_take(f.turns));
	peers_hand_over(f.peers, peer, CONN_TURN);
	close(fds[0]);
	assert_int_equal(run_events(&f), 0);
	turn = turns_take(f.turns);
	assert_non_null(turn);
	assert_null(turns_take(f.turns));
	peers_take_turn(f.peers, turn, &running, NULL);
	assert_int_equal(peers_count(f.peers), 0);
	close_fixture(&f);
}

static int
begin(void **state)
{
	log_catch();
	service.cache = cache_new(1, 1 << 20, NULL);
	return service.cache == NULL ? -1 : place_make(state);
}

static int
end(void **state)
{
	cache_free(service.cache);
	return place_remove(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_max),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_progress),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_turn),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
