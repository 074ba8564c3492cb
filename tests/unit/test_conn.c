/* conn, intake, wire: records of FastCGI, made by hand, over a pair of sockets.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <zip.h>

#include "archive/guard.h"
#include "fcgi/conn.h"
#include "unit.h"
#include "zipmake.h"

/* FastCGI specification 1.0, section 8. */
enum {
	BEGIN_REQUEST = 1,
	ABORT_REQUEST = 2,
	END_REQUEST = 3,
	PARAMETERS = 4,
	STDIN = 5,
	STDOUT = 6,
	STDERR = 7,
	GET_VALUES = 9,
	GET_VALUES_RESULT = 10,
	UNKNOWN_TYPE = 11,

	RESPONDER = 1,
	AUTHORIZER = 2,
	FILTER = 3,

	REQUEST_COMPLETE = 0,
	UNKNOWN_ROLE = 3,

	KEEP = 1,
};

static struct site site = {.suffix = {".wwz", 4}, .max_age = -1};
static struct service service = {.site = &site};
static struct intake_pool pool = {.max = 100000};
static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyz";
static struct str large, medium; /* contents of members */

/* A connection, and what its other end has got. */
struct wires {
	struct conn *conn;
	int fd;
	unsigned char *p; /* as it came */
	size_t n;
	bool ended; /* the connection was closed */
};

/* Time does not pass, so that no turn is over; or each look at the clock takes
 * half a millisecond. */
static int64_t
still(void)
{
	return 1000;
}

static int64_t
ticking(void)
{
	static int64_t ns;

	ns += 500 * 1000;
	return ns;
}

static void
pair_up(int fds[2])
{
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0, fds),
		0);
}

static void
pair_up_tcp(int fds[2])
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr *p = (struct sockaddr *)&address;
	socklen_t n = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, p, n), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, p, &n), 0);
	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fds[0], p, n), 0);
	fds[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(fds[1] >= 0);
	close(listener);
}

static void
connect_by(struct wires *w, void (*pair)(int fds[2]))
{
	int fds[2];

	/* cmocka takes SIGBUS for itself at the beginning of each test. */
	assert_int_equal(guard_install(), 0);
	pair(fds);
	*w = (struct wires){.fd = fds[0]};
	w->conn = conn_new(fds[1], &service, &pool, 1000);
	assert_non_null(w->conn);
	w->conn->clock = still;
}

static void
connect_wires(struct wires *w)
{
	connect_by(w, pair_up);
}

static void
disconnect(struct wires *w)
{
	conn_free(w->conn);
	if (w->fd >= 0)
		close(w->fd);
	free(w->p);
	*w = (struct wires){.fd = -1};
}

/* Take what has come. */
static void
receive(struct wires *w)
{
	for (;;) {
		ssize_t n;

		w->p = realloc(w->p, w->n + 65536);
		assert_non_null(w->p);
		n = recv(w->fd, w->p + w->n, 65536, MSG_DONTWAIT);
		if (n == 0)
			w->ended = true;
		if (n <= 0)
			return;
		w->n += (size_t)n;
	}
}

/* Wait until this has come to fd, which over TCP takes its time. */
static void
await(int fd, short events)
{
	struct pollfd one = {.fd = fd, .events = events};

	assert_int_equal(poll(&one, 1, -1), 1);
}

/* Take all that was sent. */
static void
receive_all(struct wires *w)
{
	int unsent;

	do {
		receive(w);
		assert_int_equal(ioctl(w->conn->fd, SIOCOUTQ, &unsent), 0);
	} while (unsent > 0);
	receive(w);
}

static void
transmit(struct wires *w, const void *p, size_t n)
{
	assert_int_equal(send(w->fd, p, n, MSG_NOSIGNAL), n);
}

/* Run the connection until it waits for something other than room. */
static enum conn_wait
run(struct wires *w)
{
	enum conn_wait wait;
	int turns = 0;

	do {
		wait = conn_run(w->conn, 2000);
		receive(w);
		assert_true(++turns < 100000);
	} while (wait == CONN_WRITABLE || wait == CONN_TURN);
	return wait;
}

/* Requests. */

static void
put_record(struct zipmake_buffer *b, unsigned type, unsigned id, const void *p,
	size_t n, unsigned padding)
{
	const unsigned char header[8] = {1, (unsigned char)type,
		(unsigned char)(id >> 8), (unsigned char)id,
		(unsigned char)(n >> 8), (unsigned char)n,
		(unsigned char)padding, 0};

	assert_true(n < 65536 && padding < 256);
	zipmake_put(b, header, sizeof(header));
	zipmake_put(b, p, n);
	for (; padding > 0; padding--)
		zipmake_put(b, "\xff", 1);
}

static void
put_begin(struct zipmake_buffer *b, unsigned id, unsigned role, unsigned flags)
{
	const unsigned char content[8] = {(unsigned char)(role >> 8),
		(unsigned char)role, (unsigned char)flags};

	put_record(b, BEGIN_REQUEST, id, content, sizeof(content), 0);
}

/* Section 3.4: lengths below 128 may be written in one byte or in four. */
static void
put_length(struct zipmake_buffer *b, size_t n, bool four)
{
	const unsigned char length[4] = {(unsigned char)(n >> 24 | 0x80),
		(unsigned char)(n >> 16), (unsigned char)(n >> 8),
		(unsigned char)n};

	if (four || n > 127)
		zipmake_put(b, length, 4);
	else
		zipmake_put(b, &length[3], 1);
}

static void
put_param(
	struct zipmake_buffer *b, const char *name, struct str value, bool four)
{
	put_length(b, strlen(name), four);
	put_length(b, value.n, four);
	zipmake_put(b, name, strlen(name));
	zipmake_put(b, value.p, value.n);
}

/* Data as a stream of records, and its end. */
static void
put_stream(struct zipmake_buffer *b, unsigned type, unsigned id,
	const struct zipmake_buffer *data)
{
	size_t at = 0;

	while (at < data->n) {
		size_t n = data->n - at < 65535 ? data->n - at : 65535;

		put_record(b, type, id, data->p + at, n, (unsigned)n % 8);
		at += n;
	}
	put_record(b, type, id, NULL, 0, 0);
}

struct wanted {
	const char *method, *uri;
	unsigned id, flags;
	size_t params; /* filled up to so many bytes */
	size_t body;
	bool four;       /* bytes in all lengths of parameters */
	struct str more; /* an additional pair's value of... */
	const char *name;
};

static void
put_request(struct zipmake_buffer *b, const struct wanted *w)
{
	struct zipmake_buffer params = {0}, body = {0};
	unsigned id = w->id ? w->id : 1;
	const char *query = strchr(w->uri, '?');
	static char filling[70000];

	put_param(&params, "REQUEST_METHOD",
		str_of(w->method ? w->method : "GET"), w->four);
	put_param(&params, "DOCUMENT_ROOT", str_of(place), w->four);
	put_param(&params, "REQUEST_URI", str_of(w->uri), w->four);
	if (w->name != NULL)
		put_param(&params, w->name, w->more, w->four);
	put_param(&params, "QUERY_STRING", query ? str_of(query + 1) : STR(""),
		w->four);
	memset(filling, 'f', sizeof(filling));
	if (w->params > 0) /* Lengths of 1 and 4 bytes, and the name. */
		put_param(&params, "FILL",
			(struct str){filling, w->params - params.n - 9}, false);
	body.p = (unsigned char *)filling;
	put_begin(b, id, RESPONDER, w->flags);
	put_stream(b, PARAMETERS, id, &params);
	for (size_t left = w->body; left > 0; left -= body.n) {
		body.n = left < 60000 ? left : 60000;
		put_record(b, STDIN, id, body.p, body.n, 3);
	}
	put_record(b, STDIN, id, NULL, 0, 0);
	free(params.p);
}

static void
send_request(struct wires *w, const struct wanted *wanted)
{
	struct zipmake_buffer b = {0};

	put_request(&b, wanted);
	transmit(w, b.p, b.n);
	free(b.p);
}

/* Answers. */

struct got {
	unsigned char *out; /* of FCGI_STDOUT, a NUL behind it */
	size_t n;
	size_t body; /* where it begins in out; 0: the head has no end */
	bool stdout_end;
	int silences; /* empty records of FCGI_STDERR */
	int ends;     /* records of FCGI_END_REQUEST */
	unsigned protocol_status, application_status;
	size_t rest; /* bytes of records that are not whole */
};

/* Read the records that came, of request id, and forget them. */
static void
read_records(struct wires *w, unsigned id, struct got *got)
{
	const unsigned char *p = w->p, *end = w->p + w->n;
	const char *blank;

	*got = (struct got){.out = calloc(1, w->n + 1)};
	for (; end - p >= 8 && end - p >= 8 + (p[4] << 8 | p[5]) + p[6];
		p += 8 + (p[4] << 8 | p[5]) + p[6]) {
		size_t n = (size_t)(p[4] << 8 | p[5]);

		assert_int_equal(p[0], 1);
		assert_int_equal(p[2] << 8 | p[3], id);
		assert_true(n <= WIRE_RECORD_MAX);
		if (p[1] == STDOUT) {
			assert_false(got->stdout_end);
			got->stdout_end = n == 0;
			memcpy(got->out + got->n, p + 8, n);
			got->n += n;
		} else if (p[1] == STDERR) {
			assert_int_equal(n, 0);
			got->silences++;
		} else {
			assert_int_equal(p[1], END_REQUEST);
			assert_int_equal(n, 8);
			got->application_status = (unsigned)p[8] << 24 |
				(unsigned)p[9] << 16 | (unsigned)p[10] << 8 |
				p[11];
			got->protocol_status = p[12];
			got->ends++;
		}
	}
	got->rest = (size_t)(end - p);
	blank = strstr((char *)got->out, "\r\n\r\n");
	if (blank != NULL)
		got->body = (size_t)(blank + 4 - (char *)got->out);
	w->n = 0;
}

/* The status of an answer. */
static int
status_of(const struct got *got)
{
	const char *at = strstr((char *)got->out, "Status: ");

	if (got->body == 0)
		return 0;
	if (at == NULL || at > (char *)got->out + got->body)
		return 200;
	return atoi(at + 8);
}

/* A whole answer of this status and body (NULL: any) has come.  1 if not. */
static unsigned
check_answer(struct wires *w, const char *what, unsigned id, int status,
	const struct str *body)
{
	struct got got;
	unsigned failed = 0;

	read_records(w, id, &got);
	if (status_of(&got) != status || got.ends != 1 || !got.stdout_end ||
		got.application_status != 0 ||
		got.protocol_status != REQUEST_COMPLETE || got.rest != 0) {
		print_error("%s: got status %d, want %d; %d ends, %zu bytes "
			    "behind\n",
			what, status_of(&got), status, got.ends, got.rest);
		failed = 1;
	}
	if (body != NULL &&
		!str_eq(*body,
			(struct str){(char *)got.out + got.body,
				got.n - got.body})) {
		print_error("%s: got another body, of %zu bytes\n", what,
			got.n - got.body);
		failed = 1;
	}
	free(got.out);
	return failed;
}

static const struct str small = {text, sizeof(text) - 1};
static const struct str empty = {"", 0};
static const struct wanted small_wanted = {.uri = "/a.wwz/small.txt"};

static void
test_requests(void **state)
{
	static const struct {
		const char *what;
		struct wanted wanted;
		int status;
		const struct str *body;
		enum conn_wait want;
	} table[] = {
		{"GET", {.uri = "/a.wwz/small.txt"}, 200, &small, CONN_CLOSE},
		{"HEAD", {.uri = "/a.wwz/small.txt", .method = "HEAD"}, 200,
			&empty, CONN_CLOSE},
		{"HEAD of a large one",
			{.uri = "/a.wwz/large.bin", .method = "HEAD"}, 200,
			&empty, CONN_CLOSE},
		{"OPTIONS", {.uri = "/a.wwz/", .method = "OPTIONS"}, 204,
			&empty, CONN_CLOSE},
		{"missing", {.uri = "/a.wwz/none"}, 404, NULL, CONN_CLOSE},
		{"empty", {.uri = "/a.wwz/empty.txt"}, 200, &empty, CONN_CLOSE},
		{"large", {.uri = "/a.wwz/large.bin"}, 200, &large, CONN_CLOSE},
		{"deflated", {.uri = "/a.wwz/medium.txt"}, 200, &medium,
			CONN_CLOSE},
		{"other id", {.uri = "/a.wwz/small.txt", .id = 0x1234}, 200,
			&small, CONN_CLOSE},
		{"largest id", {.uri = "/a.wwz/small.txt", .id = 0xffff}, 200,
			&small, CONN_CLOSE},
		{"kept", {.uri = "/a.wwz/small.txt", .flags = KEEP}, 200,
			&small, CONN_IDLE},
		{"kept, missing", {.uri = "/a.wwz/none", .flags = KEEP}, 404,
			NULL, CONN_IDLE},
		{"kept, large", {.uri = "/a.wwz/large.bin", .flags = KEEP}, 200,
			&large, CONN_IDLE},
		{"body", {.uri = "/a.wwz/small.txt", .body = 10, .flags = KEEP},
			200, &small, CONN_IDLE},
		{"POST",
			{.uri = "/a.wwz/small.txt",
				.method = "POST",
				.body = 10},
			405, NULL, CONN_CLOSE},
		{"body of 64 KiB",
			{.uri = "/a.wwz/small.txt",
				.body = 65536,
				.flags = KEEP},
			200, &small, CONN_IDLE},
		{"body of 64 KiB + 1",
			{.uri = "/a.wwz/small.txt",
				.body = 65537,
				.flags = KEEP},
			413, NULL, CONN_READABLE},
		{"parameters of 64 KiB",
			{.uri = "/a.wwz/small.txt",
				.params = 65536,
				.flags = KEEP},
			200, &small, CONN_IDLE},
		{"parameters of 64 KiB + 1",
			{.uri = "/a.wwz/small.txt",
				.params = 65537,
				.flags = KEEP},
			431, NULL, CONN_READABLE},
		{"NUL in the path",
			{.uri = "/a.wwz/small.txt",
				.name = "SCRIPT_FILENAME",
				.more = {"/srv/a.wwz/a\0b", 14}},
			400, NULL, CONN_CLOSE},
		{"NUL in the archive's name",
			{.uri = "/a.wwz/small.txt",
				.name = "SCRIPT_FILENAME",
				.more = {"/srv/a\0b.wwz/small.txt", 22}},
			400, NULL, CONN_CLOSE},
		{"NUL in the URL",
			{.uri = "/a.wwz/small.txt",
				.name = "REQUEST_URI",
				.more = {"/a.wwz/small.txt\0x", 18}},
			400, NULL, CONN_CLOSE},
		{"NUL in the root",
			{.uri = "/a.wwz/small.txt",
				.name = "DOCUMENT_ROOT",
				.more = {"/tmp\0x", 6}},
			400, NULL, CONN_CLOSE},
		{"NUL elsewhere",
			{.uri = "/a.wwz/small.txt",
				.name = "HTTP_USER_AGENT",
				.more = {"a\0b", 3}},
			200, &small, CONN_CLOSE},
		{"lengths of four bytes",
			{.uri = "/a.wwz/small.txt", .four = true}, 200, &small,
			CONN_CLOSE},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		unsigned id = table[i].wanted.id ? table[i].wanted.id : 1;
		struct wires w;
		enum conn_wait wait;

		connect_wires(&w);
		send_request(&w, &table[i].wanted);
		wait = run(&w);
		failed += check_answer(
			&w, table[i].what, id, table[i].status, table[i].body);
		if (wait != table[i].want) {
			print_error("%s: waits for %d, want %d\n",
				table[i].what, (int)wait, (int)table[i].want);
			failed++;
		}
		disconnect(&w);
	}
	assert_int_equal(failed, 0);
	log_take();
}

/* A request in pieces costs a reading for each and is looked at once: the time
 * of its last byte is known, and no byte of it lies in the socket. */
static void
test_byte_by_byte(void **state)
{
	struct zipmake_buffer b = {0};
	struct wires w;

	(void)state;
	put_request(&b, &small_wanted);
	connect_wires(&w);
	for (size_t i = 0; i < b.n - 1; i++) {
		transmit(&w, b.p + i, 1);
		assert_int_equal(
			conn_run(w.conn, 5000 + (int64_t)i), CONN_READABLE);
		assert_int_equal(w.conn->progress, 5000 + i);
		assert_int_equal(
			conn_run(w.conn, 6000 + (int64_t)i), CONN_READABLE);
		assert_int_equal(w.conn->progress, 5000 + i);
		assert_int_equal(w.conn->state, CONN_READING);
		assert_in_range(w.conn->intake.size, 0, INTAKE_FIRST);
	}
	transmit(&w, b.p + b.n - 1, 1);
	assert_int_equal(run(&w), CONN_CLOSE);
	assert_int_equal(check_answer(&w, "bytes", 1, 200, &small), 0);
	assert_null(w.conn->intake.p);
	disconnect(&w);
	free(b.p);
}

/* The largest request byte by byte, its body included, and the memory that this
 * takes.  Between requests there is none. */
static void
test_largest_byte_by_byte(void **state)
{
	const struct wanted wanted = {.uri = "/a.wwz/small.txt",
		.params = WIRE_PARAMS_MAX,
		.body = WIRE_BODY_MAX,
		.flags = KEEP};
	struct zipmake_buffer b = {0};
	size_t most = 0;
	struct wires w;

	(void)state;
	put_request(&b, &wanted);
	connect_wires(&w);
	for (size_t i = 0; i < b.n - 1; i++) {
		transmit(&w, b.p + i, 1);
		assert_int_equal(conn_run(w.conn, 5000), CONN_READABLE);
		if (w.conn->intake.size > most)
			most = w.conn->intake.size;
	}
	assert_in_range(most, WIRE_PARAMS_MAX, INTAKE_MAX);
	assert_int_equal(pool.used, most - INTAKE_FIRST);
	transmit(&w, b.p + b.n - 1, 1);
	assert_int_equal(run(&w), CONN_IDLE);
	assert_int_equal(check_answer(&w, "largest", 1, 200, &small), 0);
	assert_null(w.conn->intake.p);
	assert_int_equal(pool.used, 0);
	disconnect(&w);
	free(b.p);
}

/* Half requests share what there is for them: one that would need more gets
 * 503, and the others go on. */
static void
test_pool(void **state)
{
	const struct wanted wanted = {.uri = "/a.wwz/small.txt",
		.params = WIRE_PARAMS_MAX,
		.flags = KEEP};
	struct zipmake_buffer b = {0};
	struct wires first, second;

	(void)state;
	put_request(&b, &wanted);
	connect_wires(&first);
	connect_wires(&second);
	transmit(&first, b.p, b.n - 1);
	assert_int_equal(run(&first), CONN_READABLE);
	transmit(&second, b.p, b.n - 1);
	assert_int_equal(run(&second), CONN_READABLE);
	assert_int_equal(second.conn->state, CONN_DRAINING);
	assert_int_equal(check_answer(&second, "second", 1, 503, NULL), 0);
	assert_non_null(strstr(log_take(), "warn no-memory"));
	assert_int_equal(pool.used, INTAKE_MAX - INTAKE_FIRST);
	transmit(&first, b.p + b.n - 1, 1);
	assert_int_equal(run(&first), CONN_IDLE);
	assert_int_equal(check_answer(&first, "first", 1, 200, &small), 0);
	transmit(&first, b.p, b.n - 1);
	assert_int_equal(run(&first), CONN_READABLE);
	disconnect(&first);
	disconnect(&second);
	assert_int_equal(pool.used, 0);
	free(b.p);
}

/* Parameters that promise more than there is are no request. */
static void
test_wrong_lengths(void **state)
{
	static const struct str rows[] = {
		{"\377\377\377\377\200\0\0\1ab", 10},
		{"\377\377\377\377\377\377\377\377", 8},
		{"\1\1ab\1", 5},
		{"\200\0\0", 3},
		{"\16\4REQUEST_METHODGET", 19},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct zipmake_buffer b = {0}, params = {0};
		struct wires w;

		zipmake_put(&params, rows[i].p, rows[i].n);
		put_begin(&b, 1, RESPONDER, KEEP);
		put_stream(&b, PARAMETERS, 1, &params);
		put_record(&b, STDIN, 1, NULL, 0, 0);
		connect_wires(&w);
		transmit(&w, b.p, b.n);
		assert_int_equal(run(&w), CONN_CLOSE);
		assert_int_equal(w.n, 0);
		assert_non_null(strstr(log_take(), "warn bad-request"));
		disconnect(&w);
		free(params.p);
		free(b.p);
	}
}

static void
test_nothing_to_read(void **state)
{
	struct wires w;

	(void)state;
	connect_wires(&w);
	assert_int_equal(run(&w), CONN_IDLE);
	assert_null(w.conn->intake.p);
	assert_int_equal(run(&w), CONN_IDLE);
	close(w.fd);
	w.fd = -1;
	assert_int_equal(conn_run(w.conn, 2000), CONN_CLOSE);
	disconnect(&w);
	conn_free(NULL);
}

static void
test_kept(void **state)
{
	struct wires w;

	(void)state;
	connect_wires(&w);
	for (unsigned i = 1; i < 20; i++) {
		const struct wanted wanted = {
			.uri = i % 3 ? "/a.wwz/small.txt" : "/a.wwz/large.bin",
			.id = i,
			.flags = KEEP,
			.body = i % 2 ? 1000 : 0};

		send_request(&w, &wanted);
		assert_int_equal(run(&w), CONN_IDLE);
		assert_int_equal(check_answer(&w, "kept", i, 200,
					 i % 3 ? &small : &large),
			0);
		assert_null(w.conn->intake.p);
	}
	send_request(&w, &small_wanted);
	assert_int_equal(run(&w), CONN_CLOSE);
	assert_int_equal(check_answer(&w, "last", 1, 200, &small), 0);
	disconnect(&w);
}

/* Behind the end of reading, what lies there is answered, and nothing else. */
static void
test_closing(void **state)
{
	const struct wanted wanted = {.uri = "/a.wwz/small.txt", .flags = KEEP};
	struct wires w;

	(void)state;
	connect_wires(&w);
	send_request(&w, &wanted);
	assert_int_equal(shutdown(w.conn->fd, SHUT_RD), 0);
	assert_false(w.conn->served);
	assert_int_equal(run(&w), CONN_IDLE);
	assert_true(w.conn->served);
	assert_int_equal(run(&w), CONN_CLOSE);
	assert_int_equal(check_answer(&w, "closing", 1, 200, &small), 0);
	disconnect(&w);
}

/* Requests that come with the first one, though nobody should send them, are
 * answered one after another, however their bytes fall into the buffer. */
static void
test_pipelined(void **state)
{
	enum { REQUESTS = 100 };
	struct zipmake_buffer b = {0};
	unsigned ends = 0;
	struct wires w;

	(void)state;
	for (unsigned i = 1; i <= REQUESTS; i++)
		put_request(&b,
			&(struct wanted){.uri = i % 3 ? "/a.wwz/small.txt"
						      : "/a.wwz/medium.txt",
				.id = i,
				.body = i * 20,
				.flags = i < REQUESTS ? KEEP : 0});
	connect_wires(&w);
	transmit(&w, b.p, b.n);
	assert_int_equal(run(&w), CONN_CLOSE);
	for (size_t at = 0; at < w.n;
		at += 8 + (size_t)(w.p[at + 4] << 8 | w.p[at + 5])) {
		assert_int_equal(w.p[at + 2] << 8 | w.p[at + 3], ends + 1);
		ends += w.p[at + 1] == END_REQUEST;
	}
	assert_int_equal(ends, REQUESTS);
	disconnect(&w);
	free(b.p);
}

/* Another request that is begun before the first has come to its end, though
 * FCGI_MPXS_CONNS is 0, ends the connection. */
static void
test_multiplexed(void **state)
{
	struct zipmake_buffer b = {0}, first = {0};
	struct wires w;

	(void)state;
	put_request(&first, &small_wanted);
	zipmake_put(&b, first.p, 16);
	put_begin(&b, 2, RESPONDER, 0);
	zipmake_put(&b, first.p + 16, first.n - 16);
	connect_wires(&w);
	transmit(&w, b.p, b.n);
	assert_int_equal(run(&w), CONN_CLOSE);
	assert_int_equal(w.n, 0);
	disconnect(&w);
	free(b.p);
	free(first.p);
}

/* A body that is too long is answered before it has come, and drained so that
 * the answer gets through. */
static void
test_long_body(void **state)
{
	const struct wanted wanted = {
		.uri = "/a.wwz/small.txt", .method = "POST"};
	struct zipmake_buffer b = {0};
	unsigned char *piece = calloc(1, 65000);
	struct wires w;

	(void)state;
	put_request(&b, &wanted);
	connect_wires(&w);
	transmit(&w, b.p, b.n - 8);
	assert_int_equal(run(&w), CONN_READABLE);
	b.n = 0;
	put_record(&b, STDIN, 1, piece, 65000, 0);
	transmit(&w, b.p, b.n);
	assert_int_equal(run(&w), CONN_READABLE);
	transmit(&w, b.p, b.n);
	assert_int_equal(run(&w), CONN_READABLE);
	assert_true(w.ended);
	assert_int_equal(check_answer(&w, "long", 1, 413, NULL), 0);
	for (int i = 0; i < 100; i++) {
		transmit(&w, b.p, b.n);
		assert_int_equal(conn_run(w.conn, 7000 + i), CONN_READABLE);
		assert_int_equal(w.conn->progress, 7000 + i);
	}
	assert_int_equal(w.n, 0);
	shutdown(w.fd, SHUT_WR);
	assert_int_equal(conn_run(w.conn, 2000), CONN_CLOSE);
	disconnect(&w);
	free(b.p);
	free(piece);
}

/* The length of a record tells that it is too long before it is there. */
static void
test_long_body_announced(void **state)
{
	const struct wanted wanted = {
		.uri = "/a.wwz/small.txt", .method = "POST", .body = 60000};
	struct zipmake_buffer b = {0};
	struct wires w;

	(void)state;
	put_request(&b, &wanted);
	b.n -= 8;
	zipmake_put(&b, "\1\5\0\1\xff\xff\0\0", 8);
	connect_wires(&w);
	transmit(&w, b.p, b.n);
	assert_int_equal(run(&w), CONN_READABLE);
	assert_int_equal(check_answer(&w, "announced", 1, 413, NULL), 0);
	disconnect(&w);
	free(b.p);
}

/* A record of a request that is over, as of one that was aborted too late, is
 * passed over. */
static void
test_stray_record(void **state)
{
	const struct wanted wanted = {.uri = "/a.wwz/small.txt", .flags = KEEP};
	struct zipmake_buffer b = {0};
	struct wires w;

	(void)state;
	put_record(&b, ABORT_REQUEST, 1, NULL, 0, 8);
	connect_wires(&w);
	for (int i = 0; i < 3; i++) {
		send_request(&w, &wanted);
		assert_int_equal(run(&w), CONN_IDLE);
		assert_int_equal(check_answer(&w, "kept", 1, 200, &small), 0);
		transmit(&w, b.p, b.n);
	}
	assert_int_equal(run(&w), CONN_IDLE);
	assert_int_equal(w.n, 0);
	disconnect(&w);
	free(b.p);
}

/* Management records. */

/* Asked for with this much padding, and again, before a request. */
static unsigned
check_values(unsigned padding)
{
	struct zipmake_buffer values = {0}, b = {0};
	unsigned failed = 0;
	struct wires w;

	put_param(&values, "FCGI_MAX_CONNS", STR(""), false);
	put_param(&values, "FCGI_MPXS_CONNS", STR(""), false);
	put_record(&b, GET_VALUES, 0, values.p, values.n, padding);
	connect_wires(&w);
	for (int i = 0; i < 2; i++) {
		const unsigned char *mpxs;

		transmit(&w, b.p, b.n);
		assert_int_equal(run(&w), CONN_IDLE);
		mpxs = memmem(w.p, w.n, "FCGI_MPXS_CONNS", 15);
		if (w.n < 8 || w.p[1] != GET_VALUES_RESULT ||
			(w.p[2] | w.p[3]) != 0 || mpxs == NULL ||
			mpxs[15] != '0') {
			print_error("padding of %u, time %d: got %zu bytes\n",
				padding, i, w.n);
			failed++;
		}
		w.n = 0;
	}
	send_request(&w, &small_wanted);
	assert_int_equal(run(&w), CONN_CLOSE);
	failed += check_answer(&w, "behind", 1, 200, &small);
	disconnect(&w);
	free(values.p);
	free(b.p);
	return failed;
}

static void
test_get_values(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (unsigned padding = 0; padding < 8; padding++)
		failed += check_values(padding);
	assert_int_equal(failed, 0);
}

static void
test_unknown_management(void **state)
{
	struct zipmake_buffer b = {0};
	struct wires w;

	(void)state;
	put_record(&b, 99, 0, NULL, 0, 0);
	connect_wires(&w);
	transmit(&w, b.p, b.n);
	assert_int_equal(run(&w), CONN_IDLE);
	assert_int_equal(w.n, 16);
	assert_int_equal(w.p[1], UNKNOWN_TYPE);
	assert_int_equal(w.p[8], 99);
	disconnect(&w);
	free(b.p);
}

/* With a request behind it in one piece. */
static void
test_management_and_request(void **state)
{
	struct zipmake_buffer values = {0}, b = {0};
	struct wires w;
	struct got got;
	size_t n;

	(void)state;
	put_param(&values, "FCGI_MPXS_CONNS", STR(""), false);
	put_record(&b, GET_VALUES, 0, values.p, values.n, 0);
	put_request(&b, &small_wanted);
	connect_wires(&w);
	transmit(&w, b.p, b.n);
	assert_int_equal(run(&w), CONN_CLOSE);
	assert_true(w.n > 8);
	assert_int_equal(w.p[1], GET_VALUES_RESULT);
	n = 8 + (size_t)(w.p[4] << 8 | w.p[5]) + w.p[6];
	memmove(w.p, w.p + n, w.n - n);
	w.n -= n;
	read_records(&w, 1, &got);
	assert_int_equal(status_of(&got), 200);
	assert_int_equal(got.ends, 1);
	free(got.out);
	disconnect(&w);
	free(values.p);
	free(b.p);
}

/* These requests are refused. */

static void
test_wrong_roles(void **state)
{
	static const unsigned roles[] = {0, AUTHORIZER, FILTER, 4, 0x101};

	(void)state;
	for (size_t i = 0; i < COUNT(roles); i++) {
		struct zipmake_buffer b = {0};
		struct wires w;
		struct got got;

		put_begin(&b, 7, roles[i], KEEP);
		connect_wires(&w);
		transmit(&w, b.p, b.n);
		/* Bytes that still come are drained. */
		assert_int_equal(run(&w), CONN_READABLE);
		assert_true(w.ended);
		transmit(&w, b.p, b.n);
		assert_int_equal(run(&w), CONN_READABLE);
		read_records(&w, 7, &got);
		assert_int_equal(got.ends, 1);
		assert_int_equal(got.protocol_status, UNKNOWN_ROLE);
		assert_int_equal(got.n, 0);
		free(got.out);
		disconnect(&w);
		free(b.p);
	}
	assert_non_null(strstr(log_take(), "warn bad-request"));
}

/* The log has this, and only HTTP was answered: in full, without parameters of
 * the request. */
static unsigned
check_foreign(const struct wires *w, const char *what, const char *log)
{
	const struct str got = {(const char *)w->p, w->n};
	const char *said = log_take();
	bool http = log != NULL && strstr(log, "HTTP") != NULL;

	if ((log == NULL ? *said == '\0' : strstr(said, log) != NULL) &&
		str_starts(got, http ? STR("HTTP/1.1 400 ") : STR("")) &&
		str_ends(got, http ? STR("web server to it.\n") : STR("")) &&
		(got.n > 0) == http && w->ended == http)
		return 0;
	print_error("%s: got \"%.*s\", ended %d, log: %s\n", what, STR_ARG(got),
		w->ended, said);
	return 1;
}

/* Bytes that are no FastCGI get no answer, but for HTTP. */
static void
test_no_requests(void **state)
{
	static const struct {
		const char *what;
		struct str bytes;
		enum conn_wait want;
		const char *log;
	} table[] = {
		{"HTTP", BYTES("GET / HTTP/1.0\r\n\r\n"), CONN_READABLE,
			"the peer speaks HTTP"},
		{"HTTP/0.9", BYTES("GET /\r\n"), CONN_READABLE,
			"the peer speaks HTTP"},
		{"HTTP/2", BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
			CONN_READABLE, "the peer speaks HTTP"},
		{"TLS", BYTES("\x16\3\1\2\0\1\0\1\xfc\3\3"), CONN_CLOSE,
			"the peer speaks TLS"},
		{"SSH", BYTES("SSH-2.0-OpenSSH_9.2\r\n"), CONN_CLOSE,
			"not a FastCGI request"},
		{"a newline", BYTES("\n"), CONN_CLOSE, "not a FastCGI request"},
		{"no method", BYTES(" / HTTP/1.0\r\n\r\n"), CONN_CLOSE,
			"not a FastCGI request"},
		{"a word", BYTES("HELO"), CONN_CLOSE, "not a FastCGI request"},
		{"HTTP late",
			BYTES("\1\1\0\1\0\x08\0\0\0\1\0\0\0\0\0\0GET / HTTP"),
			CONN_CLOSE, "not a FastCGI request"},
		{"version 2", {"\2\1\0\1\0\x08\0\0\0\1\0\0\0\0\0\0", 16},
			CONN_CLOSE, "not a FastCGI request"},
		{"begin of 0 bytes", {"\1\1\0\1\0\0\0\0", 8}, CONN_CLOSE,
			"not a FastCGI request"},
		{"begin, stdin",
			{"\1\1\0\1\0\x08\0\0\0\1\0\0\0\0\0\0\1\5\0\1\0\0\0\0",
				24},
			CONN_CLOSE, "not a FastCGI request"},
		{"begin", {"\1\1\0\1\0\x08\0\0\0\1\0\0\0\0\0\0", 16},
			CONN_READABLE, NULL},
		{"half a header", {"\1\1\0\1", 4}, CONN_READABLE, NULL},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct wires w;
		enum conn_wait wait;

		connect_wires(&w);
		transmit(&w, table[i].bytes.p, table[i].bytes.n);
		wait = run(&w);
		failed += differ_number(
			table[i].what, "waits", wait, table[i].want);
		failed += check_foreign(&w, table[i].what, table[i].log);
		disconnect(&w);
	}
	assert_int_equal(failed, 0);
}

/* Only the end of the request has come, which says that it was not served. */
static unsigned
check_aborted(struct wires *w, const char *what)
{
	struct got got;
	unsigned failed = 0;

	read_records(w, 1, &got);
	if (got.n != 0 || got.ends != 1 || got.rest != 0 ||
		got.application_status == 0 ||
		got.protocol_status != REQUEST_COMPLETE) {
		print_error("%s: %zu bytes, %d ends of status %u\n", what,
			got.n, got.ends, got.application_status);
		failed++;
	}
	free(got.out);
	return failed;
}

/* A request that is aborted before its end is ended, and the connection is
 * kept, or not, as the front end wants (FastCGI specification 1.0, 5.4). */
static void
test_aborted(void **state)
{
	static const struct {
		const char *what;
		size_t less; /* bytes of the request */
		unsigned flags, padding;
		enum conn_wait want;
	} table[] = {
		{"at the end of the body, kept", 8, KEEP, 0, CONN_IDLE},
		{"before the body, kept", 16, KEEP, 8, CONN_IDLE},
		{"at the end of the body", 8, 0, 0, CONN_READABLE},
		{"before the body", 16, 0, 255, CONN_READABLE},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const struct wanted wanted = {
			.uri = "/a.wwz/small.txt", .flags = table[i].flags};
		struct zipmake_buffer b = {0};
		struct wires w;

		put_request(&b, &wanted);
		b.n -= table[i].less;
		put_record(&b, ABORT_REQUEST, 1, NULL, 0, table[i].padding);
		connect_wires(&w);
		transmit(&w, b.p, b.n - table[i].padding);
		if (table[i].padding > 0)
			assert_int_equal(run(&w), CONN_READABLE);
		assert_int_equal(w.n, 0);
		transmit(&w, b.p + b.n - table[i].padding, table[i].padding);
		failed += run(&w) != table[i].want;
		failed += check_aborted(&w, table[i].what);
		assert_int_equal(w.ended, (table[i].flags & KEEP) == 0);
		if (table[i].flags & KEEP) {
			send_request(&w, &small_wanted);
			failed += run(&w) != CONN_CLOSE;
			failed +=
				check_answer(&w, table[i].what, 1, 200, &small);
		}
		disconnect(&w);
		free(b.p);
	}
	assert_int_equal(failed, 0);
}

/* Half a request of a peer that has gone gets no answer, and does not count as
 * a connection that is idle. */
static void
test_peer_gone_before(void **state)
{
	struct zipmake_buffer b = {0};

	(void)state;
	put_request(&b, &small_wanted);
	for (size_t n = 1; n < b.n; n++) {
		struct wires w;

		connect_wires(&w);
		transmit(&w, b.p, n);
		shutdown(w.fd, SHUT_WR);
		assert_int_equal(run(&w), CONN_READABLE);
		assert_int_equal(run(&w), CONN_CLOSE);
		assert_int_equal(w.n, 0);
		disconnect(&w);
	}
	free(b.p);
}

/* A peer that goes while it is answered costs nothing but its connection. */
static void
test_peer_gone_meanwhile(void **state)
{
	const struct wanted wanted = {.uri = "/a.wwz/large.bin"};
	struct wires w;

	(void)state;
	connect_wires(&w);
	send_request(&w, &wanted);
	assert_int_equal(conn_run(w.conn, 2000), CONN_WRITABLE);
	close(w.fd);
	w.fd = -1;
	assert_int_equal(conn_run(w.conn, 2000), CONN_CLOSE);
	disconnect(&w);
}

/* A connection that is freed under way lets go of the archive. */
static void
test_freed_meanwhile(void **state)
{
	const struct wanted wanted = {.uri = "/a.wwz/large.bin"};
	struct archive *archive;
	char path[128];
	struct wires w;

	(void)state;
	snprintf(path, sizeof(path), "%s//a.wwz", place);
	archive = cache_get(service.cache, str_of(path), false);
	assert_int_equal(archive->users, 2);
	connect_wires(&w);
	send_request(&w, &wanted);
	assert_int_equal(conn_run(w.conn, 2000), CONN_WRITABLE);
	assert_int_equal(archive->users, 3);
	disconnect(&w);
	assert_int_equal(archive->users, 2);
	archive_drop(archive);
}

/* Sockets that take little at a time. */
static void
test_small_buffer(void **state)
{
	static const struct {
		const char *uri;
		const struct str *want;
		int turns; /* at least */
	} table[] = {
		{"/a.wwz/medium.txt", &medium, 10},
		{"/a.wwz/large.bin", &large, 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const struct wanted wanted = {
			.uri = table[i].uri, .flags = KEEP};
		const int size = 4608;
		struct wires w;
		enum conn_wait wait;
		int turns = 0;

		connect_wires(&w);
		assert_int_equal(setsockopt(w.conn->fd, SOL_SOCKET, SO_SNDBUF,
					 &size, sizeof(size)),
			0);
		send_request(&w, &wanted);
		while ((wait = conn_run(w.conn, 2000 + turns)) ==
			CONN_WRITABLE) {
			/* Behind an odd turn there is no room; what was sent
			 * then was the last progress. */
			assert_int_equal(w.conn->progress,
				2000 + turns - (turns > 0 && turns % 2 == 0));
			if (turns % 2 == 0)
				receive(&w);
			turns++;
		}
		receive(&w);
		assert_int_equal(wait, CONN_IDLE);
		if (turns < table[i].turns)
			fail_msg("%s: %d turns", table[i].uri, turns);
		assert_int_equal(
			check_answer(&w, table[i].uri, 1, 200, table[i].want),
			0);
		disconnect(&w);
	}
}

/* Save an archive with a content of which each byte takes as long as many: so
 * many empty blocks lie between two.  How large its data are. */
static size_t
save_slow(const char *path, struct str content, int blocks)
{
	enum { BLOCK = 5 };
	struct zipmake_buffer packed = {0};
	struct zipmake_member member = {
		.name = "m", .content = content, .method = 8};
	struct zipmake z = {0};

	for (size_t i = 0; i < content.n; i++) {
		zipmake_put(&packed, "\0\1\0\xfe\xff", BLOCK);
		zipmake_put(&packed, &text[i], 1);
		for (int k = 0; k < blocks && i < content.n - 1; k++)
			zipmake_put(&packed, "\0\0\0\xff\xff", BLOCK);
	}
	zipmake_put(&packed, "\1\0\0\xff\xff", BLOCK);
	member.packed = (struct str){(char *)packed.p, packed.n};
	zipmake_add(&z, &member);
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_save(&z, path);
	zipmake_free(&z);
	free(packed.p);
	return packed.n;
}

/* Others have their turn while little is made of much. */
static void
test_little_among_much(void **state)
{
	const struct wanted wanted = {.uri = "/b.wwz/m", .flags = KEEP};
	static const struct str content = {text, sizeof(text) - 1};
	size_t packed = save_slow("b.wwz", content, 200000);
	struct wires w;
	int turns = 0;

	(void)state;
	connect_wires(&w);
	w.conn->clock = ticking;
	send_request(&w, &wanted);
	while (conn_run(w.conn, 2000) == CONN_TURN)
		turns++;
	assert_int_not_equal(run(&w), CONN_CLOSE);
	receive(&w);
	/* A turn has at most six pieces of work, and a piece reads at most two
	 * buffers of input. */
	assert_in_range(turns, packed / (6 * 2 * 65536), packed / 65536);
	assert_int_equal(check_answer(&w, "m", 1, 200, &content), 0);
	disconnect(&w);
}

/* Add a member. */
static void
put_by(zip_t *zip, const char *name, struct str content, int method)
{
	zip_int64_t i = zip_file_add(
		zip, name, zip_source_buffer(zip, content.p, content.n, 0), 0);

	assert_true(i >= 0);
	assert_int_equal(
		zip_set_file_compression(zip, (zip_uint64_t)i, method, 0), 0);
}

/* An archive of one member, "m". */
static void
save_bzip2(const char *path, struct str content)
{
	zip_t *zip = zip_open(path, ZIP_TRUNCATE | ZIP_CREATE, NULL);

	assert_non_null(zip);
	put_by(zip, "m", content, ZIP_CM_BZIP2);
	assert_int_equal(zip_close(zip), 0);
}

/* A block of bzip2 that was decoded is given out in one turn, whatever that
 * takes: in 20 turns, most of it would come out of the memory 20 times, not out
 * of the processor's cache. */
static void
test_blocks_in_one_turn(void **state)
{
	enum { SIZE = 4 << 20, BLOCK = 900 * 1000 };
	const struct wanted wanted = {.uri = "/bz.wwz/m",
		.name = "HTTP_RANGE",
		.more = STR("bytes=-1")};
	struct str noise = zipmake_noise(SIZE, 3);
	struct wires w;
	int turns = 0;

	(void)state;
	save_bzip2("bz.wwz", noise);
	connect_wires(&w);
	w.conn->clock = ticking;
	send_request(&w, &wanted);
	while (conn_run(w.conn, 2000) == CONN_TURN)
		turns++;
	receive(&w);
	assert_in_range(turns, SIZE / BLOCK - 1, SIZE / BLOCK + 2);
	noise.p += SIZE - 1;
	noise.n = 1;
	assert_int_equal(check_answer(&w, "m", 1, 206, &noise), 0);
	disconnect(&w);
	free((void *)(uintptr_t)(noise.p - (SIZE - 1)));
}

/* An archive of n empty members, whose names have so many bytes. */
static void
save_many(const char *path, size_t n, size_t name)
{
	struct zipmake z = {0};
	char digits[400];

	for (size_t i = 0; i < n; i++) {
		snprintf(digits, sizeof(digits), "%0*zu", (int)name, i);
		zipmake_add_text(&z, digits, "");
	}
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_save(&z, path);
	zipmake_free(&z);
}

/* As many, and "link" to one of them. */
static void
save_many_and_link(const char *path, int n)
{
	zip_t *zip = zip_open(path, ZIP_TRUNCATE | ZIP_CREATE, NULL);
	char digits[16];

	assert_non_null(zip);
	for (int i = 0; i < n; i++) {
		snprintf(digits, sizeof(digits), "%08d", i);
		put_by(zip, digits, STR(""), ZIP_CM_STORE);
	}
	put_by(zip, "link", STR("00000001"), ZIP_CM_STORE);
	assert_int_equal(zip_file_set_external_attributes(zip, (zip_uint64_t)n,
				 0, ZIP_OPSYS_UNIX, (S_IFLNK | 0777u) << 16),
		0);
	assert_int_equal(zip_close(zip), 0);
}

/* Members that take long to look at, or to look through. */
static void
save_kinds(const char *path)
{
	enum { LIMIT = 128 * 1024 }; /* LONG_SIZE of verify.c */
	static char buffer[LIMIT + 1];
	static const unsigned char xz[] = {0xfd, '7', 'z', 'X', 'Z', 0, 0, 4,
		0xe6, 0xd6, 0xb4, 0x46, 2, 0, 0x21, 1, 0x16, 0, 0, 0, 0x74,
		0x2f, 0xe5, 0xa3, 1, 0, 1, 'a', '\n', 0, 0, 0, 0x13, 0x47, 0x3f,
		0xb8, 0x93, 0x9d, 0x45, 0xd4, 0, 1, 0x1a, 2, 0xdc, 0x2e, 0xa5,
		0x7e, 0x1f, 0xb6, 0xf3, 0x7d, 1, 0, 0, 0, 0, 4, 'Y', 'Z'};
	static const unsigned char bzip2[] = {'B', 'Z', 'h', '9', '1', 'A', 'Y',
		'&', 'S', 'Y', 'c', 0x3e, 0xd6, 0xe2, 0, 0, 0, 0xc1, 0, 0, 0x10,
		0x20, 0, 0x20, 0, 0x21, 0, 0x82, 0xb1, 0x77, 0x24, 0x53, 0x85,
		9, 6, '3', 0xed, 'n', 0x20};
	const struct str all = {buffer, LIMIT + 1};
	zip_t *zip = zip_open(path, ZIP_TRUNCATE | ZIP_CREATE, NULL);

	assert_non_null(zip);
	memset(buffer, 'x', sizeof(buffer));
	put_by(zip, "at.txt", str_slice(all, 0, LIMIT), ZIP_CM_DEFLATE);
	put_by(zip, "over.txt", all, ZIP_CM_DEFLATE);
	put_by(zip, "rare.txt", all, ZIP_CM_BZIP2);
	put_by(zip, "rare.png", all, ZIP_CM_BZIP2);
	put_by(zip, "both.css", STR("a"), ZIP_CM_STORE);
	put_by(zip, "both.css.gz", all, ZIP_CM_BZIP2);
	put_by(zip, "a.log.xz", (struct str){(const char *)xz, sizeof(xz)},
		ZIP_CM_STORE);
	put_by(zip, "a.log.bz2",
		(struct str){(const char *)bzip2, sizeof(bzip2)}, ZIP_CM_STORE);
	assert_int_equal(zip_close(zip), 0);
}

/* A new connection's request for uri has this status, and serve() is called in
 * a turn for it, or was called already. */
static void
check_turn(const char *uri, bool turn, int status)
{
	const struct wanted wanted = {.uri = uri,
		.name = "HTTP_ACCEPT_ENCODING",
		.more = STR("gzip")};
	struct wires w;
	struct got got;

	connect_wires(&w);
	send_request(&w, &wanted);
	conn_run(w.conn, 2000);
	if ((w.conn->state == CONN_SERVING) != turn)
		fail_msg("%s: a turn is %sneeded", uri, turn ? "" : "not ");
	receive(&w);
	assert_true(!turn || w.n == 0);
	run(&w);
	read_records(&w, 1, &got);
	assert_int_equal(status_of(&got), status);
	free(got.out);
	disconnect(&w);
}

/* To read a large directory, to sort many names, to sort a listing by size or
 * time, to decompress a small member of bzip2 or for a first look at it, and to
 * look through more than a little of deflate is done in turns, and nothing of
 * it where the request is read.  What was looked at stays known. */
static void
test_long_work_before_the_head(void **state)
{
	static const struct {
		const char *uri;
		bool first, again; /* a turn is needed for it */
		int status;
	} table[] = {
		{"/sort.wwz/00000001", false, false, 200},
		{"/sort.wwz/none", true, false, 404},
		{"/sort.wwz/", false, false, 200},
		{"/sort.wwz/?sort=size", true, true, 200},
		{"/sort.wwz/?sort=name&order=desc", true, true, 200},
		{"/few.wwz/?sort=size", false, false, 200},
		{"/read.wwz/none", true, false, 404},
		{"/small.wwz/m", true, true, 200},
		{"/link.wwz/00000001", false, false, 200},
		{"/link.wwz/link", true, false, 200},
		{"/kinds.wwz/at.txt", false, false, 200},
		{"/kinds.wwz/over.txt", true, false, 200},
		{"/kinds.wwz/rare.txt", true, false, 200},
		{"/kinds.wwz/rare.png", false, false, 200},
		{"/kinds.wwz/both.css", true, false, 200},
		{"/kinds.wwz/a.log.xz/-wwz-log?tail=9", true, false, 200},
		{"/kinds.wwz/a.log.bz2/-wwz-log?tail=9", true, false, 200},
	};
	const struct service before = service;
	struct site listed = *service.site;
	struct str noise = zipmake_noise(4000, 3);

	(void)state;
	listed.listing = true;
	service.site = &listed;
	service.cache = cache_new(8, 64 << 20, NULL);
	save_many("few.wwz", 4000, 8);
	save_many("sort.wwz", 5000, 8);
	save_many("read.wwz", 4500, 300);
	save_bzip2("small.wwz", noise);
	save_many_and_link("link.wwz", 5000);
	save_kinds("kinds.wwz");
	for (size_t i = 0; i < COUNT(table); i++) {
		check_turn(table[i].uri, table[i].first, table[i].status);
		check_turn(table[i].uri, table[i].again, table[i].status);
	}
	cache_free(service.cache);
	service = before;
	free((void *)(uintptr_t)noise.p);
}

/* In its turn, a request finds that another thread is sorting: it waits for
 * that without a thread, however often it looks. */
static void
test_waits_for_another(void **state)
{
	const struct wanted wanted = {.uri = "/sort.wwz/none"};
	struct archive *archive;
	char path[128];
	struct wires w;

	(void)state;
	save_many("sort.wwz", 5000, 8);
	snprintf(path, sizeof(path), "%s//sort.wwz", place);
	archive = cache_get(service.cache, str_of(path), false);
	archive->sorting = true;
	connect_wires(&w);
	send_request(&w, &wanted);
	assert_int_equal(conn_run(w.conn, 2000), CONN_TURN);
	for (int i = 0; i < 3; i++)
		assert_int_equal(conn_run(w.conn, 2000), CONN_WAITS);
	archive->sorting = false;
	run(&w);
	assert_int_equal(check_answer(&w, "none", 1, 404, NULL), 0);
	disconnect(&w);
	archive_drop(archive);
}

static const struct str slow = {text, 2};

/* A connection by pair, on which long work is under way and the peer has taken
 * all that was sent. */
static void
begin_slow(struct wires *w, void (*pair)(int fds[2]))
{
	const struct wanted wanted = {.uri = "/slow.wwz/m"};

	connect_by(w, pair);
	w->conn->clock = ticking;
	send_request(w, &wanted);
	await(w->conn->fd, POLLIN);
	for (int turns = 0; turns < 5; turns++) {
		assert_int_equal(conn_run(w->conn, 2000), CONN_TURN);
		receive_all(w);
	}
	assert_true(w->n > 0);
}

/* A peer that closes while nothing is sent to it has two more turns at most. */
static void
test_peer_gone_in_long_work(void **state)
{
	void (*const pairs[])(int fds[2]) = {pair_up, pair_up_tcp};

	(void)state;
	save_slow("slow.wwz", slow, 3000000);
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct wires w;
		int turns = 0;

		begin_slow(&w, pairs[i]);
		close(w.fd);
		w.fd = -1;
		await(w.conn->fd, POLLRDHUP);
		while (conn_run(w.conn, 2000) == CONN_TURN)
			turns++;
		assert_in_range(turns, 0, 2);
		disconnect(&w);
	}
}

/* So has one that waits for the last lines of a log of bzip2, which is read
 * from its beginning, block after block, twice. */
static void
test_peer_gone_in_a_log(void **state)
{
	enum { SIZE = 5 << 20, BLOCKS = 5, LOOKED = 2 };
	const struct wanted wanted = {.uri = "/log.wwz/m/-wwz-log?tail=9"};
	char *lines = malloc(SIZE);

	(void)state;
	assert_non_null(lines);
	for (int i = 0; i < SIZE; i++)
		lines[i] = (char)(i % 64 == 63 ? '\n' : 'a' + i % 23);
	save_bzip2("log.wwz", (struct str){lines, SIZE});
	for (int gone = 0; gone < 2; gone++) {
		struct wires w;
		int turns = 0;

		connect_wires(&w);
		w.conn->clock = ticking;
		send_request(&w, &wanted);
		while (conn_run(w.conn, 2000) == CONN_TURN) {
			receive(&w);
			if (++turns == LOOKED && gone) {
				close(w.fd);
				w.fd = -1;
			}
		}
		if (gone)
			assert_in_range(turns, LOOKED, LOOKED + 2);
		else
			assert_true(turns > BLOCKS);
		disconnect(&w);
	}
	free(lines);
}

/* One that has only shut down its sending side gets the whole answer, and with
 * it one record that means nothing. */
static void
test_half_closed_in_long_work(void **state)
{
	void (*const pairs[])(int fds[2]) = {pair_up, pair_up_tcp};

	(void)state;
	save_slow("slow.wwz", slow, 3000000);
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct wires w;
		struct got got;

		begin_slow(&w, pairs[i]);
		assert_int_equal(shutdown(w.fd, SHUT_WR), 0);
		await(w.conn->fd, POLLRDHUP);
		assert_int_equal(run(&w), CONN_CLOSE);
		receive_all(&w);
		read_records(&w, 1, &got);
		assert_int_equal(got.silences, 1);
		assert_int_equal(got.ends, 1);
		assert_int_equal(got.n - got.body, slow.n);
		assert_memory_equal(got.out + got.body, slow.p, slow.n);
		free(got.out);
		disconnect(&w);
	}
}

/* Responses that are cut short. */

/* What has come looks incomplete, and holds n bytes of body or fewer. */
static void
check_cut(struct wires *w, struct str content)
{
	struct got got;

	read_records(w, 1, &got);
	assert_int_equal(status_of(&got), 200);
	assert_int_equal(got.ends, 0);
	assert_false(got.stdout_end);
	assert_true(got.n - got.body < content.n);
	assert_memory_equal(got.out + got.body, content.p, got.n - got.body);
	free(got.out);
}

static void
test_damaged_member(void **state)
{
	/* A small one is read before the head is sent. */
	static const struct wanted medium_one = {
		.uri = "/damaged.wwz/medium.txt", .flags = KEEP};
	static const struct wanted large_one = {
		.uri = "/damaged.wwz/large.bin", .flags = KEEP};
	struct wires w;

	(void)state;
	connect_wires(&w);
	send_request(&w, &medium_one);
	assert_int_equal(run(&w), CONN_IDLE);
	assert_int_equal(check_answer(&w, "medium", 1, 500, NULL), 0);
	send_request(&w, &large_one);
	assert_int_equal(run(&w), CONN_CLOSE);
	check_cut(&w, large);
	disconnect(&w);
	log_take();
}

static void
save_large(const char *path)
{
	struct zipmake z = {0};

	zipmake_add(&z,
		&(struct zipmake_member){.name = "m.bin", .content = large});
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_save(&z, path);
	zipmake_free(&z);
}

/* The file ends while it is sent: bytes that are copied, the first time, and
 * slices of the mapping, from then on. */
static void
test_truncated_file(void **state)
{
	static const off_t sizes[] = {0, 100000, 2900000, 3000000};
	static const struct wanted wanted = {
		.uri = "/cut.wwz/m.bin", .flags = KEEP};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(sizes); i++) {
		struct wires w;
		const char *log;

		save_large("cut.wwz");
		connect_wires(&w);
		if (i % 2 == 1) {
			send_request(&w, &wanted);
			assert_int_equal(run(&w), CONN_IDLE);
			assert_int_equal(
				check_answer(&w, "whole", 1, 200, &large), 0);
		}
		send_request(&w, &wanted);
		assert_int_equal(conn_run(w.conn, 2000), CONN_WRITABLE);
		assert_int_equal(truncate("cut.wwz", sizes[i / 2]), 0);
		log_take();
		assert_int_equal(run(&w), CONN_CLOSE);
		log = log_take();
		/* Behind the end a page is filled up with zeros, which only
		 * CRC-32 tells from data. */
		assert_true(strstr(log, "warn response-cut") ||
			strstr(log, "warn member-damaged"));
		check_cut(&w, large);
		disconnect(&w);
	}
}

/* Requests with one bit flipped: answered, refused or waited for, but nothing
 * worse. */
static void
test_every_bit_flipped(void **state)
{
	struct zipmake_buffer b = {0};
	unsigned answered = 0, silent = 0;

	(void)state;
	put_request(&b, &(struct wanted){.uri = "/a.wwz/small.txt", .body = 9});
	for (size_t bit = 0; bit < b.n * 8; bit++) {
		struct wires w;
		enum conn_wait wait;

		b.p[bit / 8] ^= (unsigned char)(1 << bit % 8);
		connect_wires(&w);
		transmit(&w, b.p, b.n);
		wait = run(&w);
		assert_int_not_equal(wait, CONN_WRITABLE);
		if (w.n > 0)
			answered++;
		else
			silent++;
		disconnect(&w);
		b.p[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	assert_true(answered > 100 && silent > 100);
	free(b.p);
	log_take();
}

/* The archives. */

static void
save_archives(void)
{
	struct zipmake z = {0};

	large = zipmake_noise(3000000, 1);
	medium = zipmake_noise(100000, 2);
	zipmake_add(&z,
		&(struct zipmake_member){
			.name = "small.txt", .content = small, .method = 8});
	zipmake_add(&z,
		&(struct zipmake_member){
			.name = "medium.txt", .content = medium, .method = 8});
	zipmake_add_text(&z, "empty.txt", "");
	zipmake_add(&z,
		&(struct zipmake_member){
			.name = "large.bin", .content = large});
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_save(&z, "a.wwz");
	zipmake_set(&z, zipmake_entry(&z, 1) + AT_ENTRY_CRC, 4, 12345);
	zipmake_set(&z, zipmake_entry(&z, 3) + AT_ENTRY_CRC, 4, 12345);
	zipmake_save(&z, "damaged.wwz");
	zipmake_free(&z);
}

static int
begin(void **state)
{
	if (place_make(state) < 0)
		return -1;
	log_catch();
	save_archives();
	service.cache = cache_new(8, 1 << 20, NULL);
	return service.cache ? 0 : -1;
}

static int
end(void **state)
{
	cache_free(service.cache);
	free((void *)(uintptr_t)large.p);
	free((void *)(uintptr_t)medium.p);
	return place_remove(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_largest_byte_by_byte),
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_wrong_lengths),
		cmocka_unit_test(test_nothing_to_read),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_closing),
		cmocka_unit_test(test_pipelined),
		cmocka_unit_test(test_multiplexed),
		cmocka_unit_test(test_long_body),
		cmocka_unit_test(test_long_body_announced),
		cmocka_unit_test(test_stray_record),
		cmocka_unit_test(test_get_values),
		cmocka_unit_test(test_unknown_management),
		cmocka_unit_test(test_management_and_request),
		cmocka_unit_test(test_wrong_roles),
		cmocka_unit_test(test_no_requests),
		cmocka_unit_test(test_aborted),
		cmocka_unit_test(test_peer_gone_before),
		cmocka_unit_test(test_peer_gone_meanwhile),
		cmocka_unit_test(test_freed_meanwhile),
		cmocka_unit_test(test_small_buffer),
		cmocka_unit_test(test_little_among_much),
		cmocka_unit_test(test_blocks_in_one_turn),
		cmocka_unit_test(test_long_work_before_the_head),
		cmocka_unit_test(test_waits_for_another),
		cmocka_unit_test(test_peer_gone_in_long_work),
		cmocka_unit_test(test_peer_gone_in_a_log),
		cmocka_unit_test(test_half_closed_in_long_work),
		cmocka_unit_test(test_damaged_member),
		cmocka_unit_test(test_truncated_file),
		cmocka_unit_test(test_every_bit_flipped),
	};

	return cmocka_run_group_tests_name("conn", tests, begin, end);
}
