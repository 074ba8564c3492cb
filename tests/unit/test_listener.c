/* listener: sockets of both kinds, made, refused, passed on and removed. */

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "fcgi/listener.h"
#include "unit.h"
#include "zipmake.h"

static const struct listener_how how = {.mode = 0640};

/* Connect to the Unix socket at path: the descriptor, or -1. */
static int
connect_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && strlen(path) < sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool
is_live(const char *path)
{
	int fd = connect_unix(path);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The mode of what is at path, with its type; 0 when nothing is. */
static mode_t
mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_mode : 0;
}

static void
save_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	close(fd);
}

/* A new socket of this type at path. */
static int
bind_socket(int type, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	assert_int_equal(
		bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Leave a socket at path that nobody listens on. */
static void
save_stale(const char *path)
{
	close(bind_socket(SOCK_STREAM, path));
}

static void
test_unix(void **state)
{
	struct listeners listeners = {.n = 0};
	struct fault fault = {""};
	int fd, got;

	(void)state;
	umask(0077);
	assert_int_equal(
		listener_open(&listeners, "unix:a.sock", &how, &fault), 0);
	assert_int_equal(umask(0022), 0077);
	assert_int_equal(listeners.n, 1);
	assert_int_equal(mode_of("a.sock"), S_IFSOCK | 0640);
	assert_true(listener_listens(listeners.fd[0]));
	assert_int_equal(fcntl(listeners.fd[0], F_GETFD), FD_CLOEXEC);
	assert_true((fcntl(listeners.fd[0], F_GETFL) & O_NONBLOCK) != 0);
	fd = connect_unix("a.sock");
	assert_true(fd >= 0);
	assert_false(listener_listens(fd));
	got = accept4(listeners.fd[0], NULL, NULL, SOCK_CLOEXEC);
	assert_true(got >= 0);
	close(got);
	close(fd);
	/* Hidden, it still listens for those who have connected. */
	listener_hide(&listeners);
	assert_int_equal(mode_of("a.sock"), 0);
	assert_true(listener_listens(listeners.fd[0]));
	got = listeners.fd[0];
	listener_close(&listeners);
	assert_int_equal(listeners.n, 0);
	assert_int_equal(fcntl(got, F_GETFD), -1);
}

/* A stale socket is replaced, and the new one is removed at the end. */
static void
test_stale(void **state)
{
	struct listeners listeners = {.n = 0};
	struct fault fault = {""};

	(void)state;
	save_stale("stale.sock");
	assert_false(is_live("stale.sock"));
	assert_int_equal(listener_check("unix:stale.sock", false, &fault), 0);
	assert_false(is_live("stale.sock"));
	assert_int_equal(
		listener_open(&listeners, "unix:stale.sock", &how, &fault), 0);
	assert_true(is_live("stale.sock"));
	listener_close(&listeners);
	assert_int_equal(mode_of("stale.sock"), 0);
}

/* The socket of a successor at the same path is not removed. */
static void
test_successor(void **state)
{
	struct listeners first = {.n = 0}, second = {.n = 0};
	struct fault fault = {""};

	(void)state;
	assert_int_equal(
		listener_open(&first, "unix:next.sock", &how, &fault), 0);
	listener_hide(&first);
	assert_int_equal(
		listener_open(&second, "unix:next.sock", &how, &fault), 0);
	listener_close(&first);
	assert_int_equal(mode_of("next.sock"), S_IFSOCK | 0640);
	listener_close(&second);
}

/* In a directory where anybody can exchange a socket, root removes none:
 * neither an old one nor its own. */
static void
test_shared_directory(void **state)
{
	const bool root = geteuid() == 0;
	struct listeners listeners = {.n = 0};
	struct fault fault = {""};

	(void)state;
	assert_int_equal(mkdir("shared", 0777), 0);
	assert_int_equal(chmod("shared", 0777), 0);
	assert_true(listener_is_for_root("127.0.0.1:9000"));
	assert_int_equal(listener_is_for_root("unix:a.sock"), root);
	assert_false(listener_is_for_root("unix:shared/a.sock"));
	assert_int_equal(
		listener_open(&listeners, "unix:shared/a.sock", &how, &fault),
		0);
	listener_close(&listeners);
	assert_int_equal(mode_of("shared/a.sock") != 0, root);
	save_stale("shared/stale.sock");
	assert_int_equal(listener_open(&listeners, "unix:shared/stale.sock",
				 &how, &fault),
		root ? -1 : 0);
	if (root)
		assert_non_null(strstr(fault.text, "root does not remove it"));
	assert_false(root && mode_of("shared/stale.sock") == 0);
	listener_close(&listeners);
}

#define NOTHING \
	"nothing to listen on: give --listen unix:PATH or --listen HOST:PORT"

#define LONG \
	"0123456789012345678901234567890123456789012345678901234567890123456789"

/* Addresses that are refused, and why.  Nothing is left behind by either of the
 * two that refuse it. */
static const struct {
	const char *address, *why;
	bool remote; /* even with allow_remote */
	bool port;   /* listener_check cannot know */
} refused[] = {
	{"unix:", "unix:: the path of a socket has 1 to 107 bytes", 0, 0},
	{"unix:" LONG LONG, LONG ": the path of a socket has 1 to 107 bytes", 0,
		0},
	{"unix:file", "file exists and is not a socket", 0, 0},
	{"unix:link", "link exists and is not a socket", 0, 0},
	{"unix:live.sock", "live.sock: another process listens there", 0, 0},
	{"unix:datagram.sock", "datagram.sock: another process listens there",
		0, 0},
	{"unix:none/a.sock", "unix:none/a.sock: No such file or directory", 0,
		0},
	{"a.sock", "a.sock is neither unix:PATH nor HOST:PORT", 1, 0},
	{"9000", "9000 is neither unix:PATH nor HOST:PORT", 1, 0},
	{":9000", ":9000 names no host: give 127.0.0.1:9000, or *:9000 and", 1,
		0},
	{"127.0.0.1:", "127.0.0.1: is neither unix:PATH nor HOST:PORT", 1, 0},
	{"127.0.0.1:65536", "127.0.0.1:65536 is neither", 1, 0},
	{"127.0.0.1:http", "127.0.0.1:http is neither", 1, 0},
	{"127.0.0.1:-1", "127.0.0.1:-1 is neither", 1, 0},
	{"192.0.2.1:0", "192.0.2.1:0 is not a loopback address", 0, 0},
	{"192.0.2.1:0", "192.0.2.1:0: Cannot assign requested address", 1, 0},
	{"0.0.0.0:0", "0.0.0.0:0 is not a loopback address", 0, 0},
	{"*:0", "*:0 is not a loopback address", 0, 0},
	{"[::]:0", "[::]:0 is not a loopback address", 0, 0},
	{"[2001:db8::1]:0", "[2001:db8::1]:0 is not a loopback address", 0, 0},
};

static unsigned
check_refused(size_t i)
{
	struct listener_how may = {
		.mode = 0600, .allow_remote = refused[i].remote};
	struct listeners listeners = {.n = 0};
	struct fault opened = {""}, checked = {""};
	const char *address = refused[i].address;
	unsigned failed = 0;

	failed += differ_number(address, "open",
		listener_open(&listeners, address, &may, &opened), -1);
	failed += differ_number(address, "check",
		listener_check(address, refused[i].remote, &checked), -1);
	failed += differ_number(address, "left open", listeners.n, 0);
	failed += differ(address, str_of(checked.text), str_of(opened.text));
	if (strstr(opened.text, refused[i].why) == NULL) {
		print_error("%s: \"%s\" does not say \"%s\"\n", address,
			opened.text, refused[i].why);
		failed++;
	}
	listener_close(&listeners);
	return failed;
}

static void
test_refused(void **state)
{
	struct listeners live = {.n = 0};
	struct fault fault = {""};
	int datagram = bind_socket(SOCK_DGRAM, "datagram.sock");
	unsigned failed = 0;

	(void)state;
	save_file("file");
	assert_int_equal(symlink("live.sock", "link"), 0);
	assert_int_equal(
		listener_open(&live, "unix:live.sock", &how, &fault), 0);
	for (size_t i = 0; i < COUNT(refused); i++)
		failed += check_refused(i);
	assert_int_equal(mode_of("file"), S_IFREG | 0644);
	assert_true(is_live("live.sock"));
	assert_int_equal(mode_of("live.sock"), S_IFSOCK | 0640);
	listener_close(&live);
	close(datagram);
	assert_int_equal(unlink("datagram.sock"), 0);
	assert_int_equal(unlink("link"), 0);
	assert_int_equal(unlink("file"), 0);
	assert_int_equal(failed, 0);
}

/* The address of a listener. */
static void
name_of(int fd, struct sockaddr_storage *name)
{
	socklen_t n = sizeof(*name);

	assert_int_equal(getsockname(fd, (struct sockaddr *)name, &n), 0);
}

/* The machine has the address ::1. */
static bool
has_ipv6(void)
{
	struct sockaddr_in6 address = {
		.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool has = fd >= 0 &&
		bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

	if (fd >= 0)
		close(fd);
	return has;
}

static void
test_ports(void **state)
{
	static const struct {
		const char *address;
		bool remote;
		int family;
	} table[] = {
		{"127.0.0.1:0", false, AF_INET},
		{"[127.0.0.1]:0", false, AF_INET},
		{"127.9.9.9:0", false, AF_INET},
		{"0.0.0.0:0", true, AF_INET},
		{"[::1]:0", false, AF_INET6},
		{"::1:0", false, AF_INET6},
	};
	bool has_6 = has_ipv6();
	unsigned failed = 0;

	(void)state;
	if (!has_6)
		print_message("left out: this machine has no IPv6\n");
	for (size_t i = 0; i < COUNT(table); i++) {
		struct listener_how may = {.allow_remote = table[i].remote};
		struct listeners listeners = {.n = 0};
		struct fault fault = {""};
		struct sockaddr_storage name;

		if (table[i].family == AF_INET6 && !has_6)
			continue;
		failed += differ_number(table[i].address, "open",
			listener_open(
				&listeners, table[i].address, &may, &fault),
			0);
		failed += differ(table[i].address, str_of(fault.text), STR(""));
		if (listeners.n == 0)
			continue;
		name_of(listeners.fd[0], &name);
		failed += differ_number(table[i].address, "family",
			name.ss_family, table[i].family);
		failed += differ_number(
			table[i].address, "sockets", listeners.n, 1);
		listener_close(&listeners);
		failed += differ_number(table[i].address, "check",
			listener_check(
				table[i].address, table[i].remote, &fault),
			0);
	}
	assert_int_equal(failed, 0);
}

/* A port in use is refused by both, and checking a free one leaves it free. */
static void
test_port_in_use(void **state)
{
	struct listeners listeners = {.n = 0};
	struct fault fault = {""};
	struct sockaddr_storage name;
	unsigned pid = (unsigned)getpid();
	char address[32], host[24];

	(void)state;
	/* An address at which nobody else takes the port meanwhile. */
	snprintf(host, sizeof(host), "127.%u.%u.%u", 1 + (pid >> 16 & 127),
		pid >> 8 & 255, pid & 255);
	snprintf(address, sizeof(address), "%s:0", host);
	assert_int_equal(listener_open(&listeners, address, &how, &fault), 0);
	name_of(listeners.fd[0], &name);
	snprintf(address, sizeof(address), "%s:%u", host,
		ntohs(((struct sockaddr_in *)&name)->sin_port));
	assert_int_equal(listener_check(address, false, &fault), -1);
	assert_non_null(strstr(fault.text, ": Address already in use"));
	assert_int_equal(listener_open(&listeners, address, &how, &fault), -1);
	assert_int_equal(listeners.n, 1);
	listener_close(&listeners);
	assert_int_equal(listener_check(address, false, &fault), 0);
	assert_int_equal(listener_open(&listeners, address, &how, &fault), 0);
	listener_close(&listeners);
}

static void
test_too_many(void **state)
{
	struct listeners listeners = {.n = 0};
	struct fault fault = {""};

	(void)state;
	for (int i = 0; i < LISTENERS_MAX; i++)
		assert_int_equal(
			listener_open(&listeners, "127.0.0.1:0", &how, &fault),
			0);
	assert_int_equal(
		listener_open(&listeners, "127.0.0.1:0", &how, &fault), -1);
	assert_string_equal(fault.text, "more than 16 sockets to listen on");
	assert_int_equal(listeners.n, LISTENERS_MAX);
	listener_close(&listeners);
}

/* Descriptor 0 while it is fd. */
static int
inherit_as_input(int fd, struct listeners *listeners, struct fault *fault)
{
	int saved = dup(STDIN_FILENO), result;

	assert_int_equal(dup2(fd, STDIN_FILENO), STDIN_FILENO);
	result = listener_inherit(listeners, fault);
	if (result == 0) {
		assert_int_equal(listeners->n, 1);
		assert_int_equal(listeners->fd[0], STDIN_FILENO);
		assert_true((fcntl(0, F_GETFL) & O_NONBLOCK) != 0);
	}
	if (saved >= 0) {
		dup2(saved, STDIN_FILENO);
		close(saved);
	} else {
		close(STDIN_FILENO);
	}
	return result;
}

static void
test_descriptor_0(void **state)
{
	struct listeners made = {.n = 0}, taken = {.n = 0};
	struct fault fault = {""};
	int pipe_of[2];

	(void)state;
	assert_int_equal(
		listener_open(&made, "unix:zero.sock", &how, &fault), 0);
	assert_int_equal(inherit_as_input(made.fd[0], &taken, &fault), 0);
	/* It did not make the socket, and does not remove it. */
	taken.n = 0;
	listener_close(&taken);
	assert_int_equal(mode_of("zero.sock"), S_IFSOCK | 0640);
	listener_close(&made);
	assert_int_equal(pipe2(pipe_of, O_CLOEXEC), 0);
	assert_int_equal(inherit_as_input(pipe_of[0], &taken, &fault), -1);
	assert_string_equal(fault.text, NOTHING);
	close(pipe_of[0]);
	close(pipe_of[1]);
}

/* In a process of its own, where descriptors 3 and 4 can be anything: take n
 * sockets that were passed, of which `real` listen.  0 when the result is what
 * want says, and all of them were taken. */
static int
inherit_passed(int n, int real, const char *pid, const char *want)
{
	struct listeners made = {.n = 0}, taken = {.n = 0};
	struct fault fault = {""};
	char count[8];
	int fds[2];

	for (int i = 0; i < 2; i++) {
		if (i >= real)
			fds[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		else if (listener_open(&made, "127.0.0.1:0", &how, &fault) < 0)
			return 1;
		else
			fds[i] = made.fd[i];
		fds[i] = fcntl(fds[i], F_DUPFD, 20 + i);
	}
	for (int i = 0; i < 2; i++)
		dup2(fds[i], 3 + i);
	snprintf(count, sizeof(count), "%d", n);
	setenv("LISTEN_FDS", count, 1);
	setenv("LISTEN_PID", pid, 1);
	if (listener_inherit(&taken, &fault) < 0)
		return want == NULL || strcmp(fault.text, want) != 0;
	if (want != NULL || taken.n != n)
		return 1;
	for (int i = 0; i < n; i++) {
		if (taken.fd[i] != 3 + i || fcntl(3 + i, F_GETFD) != FD_CLOEXEC)
			return 1;
	}
	return 0;
}

static void
test_passed(void **state)
{
	static const struct {
		int n, real;
		bool ours; /* LISTEN_PID is this process */
		const char *want;
	} table[] = {
		{1, 2, true, NULL},
		{2, 2, true, NULL},
		{2, 1, true,
			"descriptor 4 is not a listening socket: see --listen"},
		{1, 0, true,
			"descriptor 3 is not a listening socket: see --listen"},
		/* Passed to another process: then descriptor 0 counts. */
		{2, 2, false, NOTHING},
		{0, 2, true, NOTHING},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		pid_t child = fork();
		char pid[16];
		int status;

		assert_int_not_equal(child, -1);
		if (child == 0) {
			snprintf(pid, sizeof(pid), "%ld",
				table[i].ours ? (long)getpid() : 1);
			_exit(inherit_passed(
				table[i].n, table[i].real, pid, table[i].want));
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		failed += differ_number(
			"passed", "case", status ? (int)i : -1, -1);
	}
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unix),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_successor),
		cmocka_unit_test(test_shared_directory),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_port_in_use),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_descriptor_0),
		cmocka_unit_test(test_passed),
	};

	return cmocka_run_group_tests(tests, place_make, place_remove);
}
