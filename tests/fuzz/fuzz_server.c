/* The whole server, in this process: listener, threads, connections, archives.
 * An input is a byte of what happens, one that says how many bytes are written
 * at a time, two with the size of the archive, the archive, and what a front
 * end sends: bytes as they are, or lines, each a request: "METHOD URI", and
 * parameters behind tabs.
 *
 * Each connection is answered or closed.  What is said to be a whole answer is
 * framed as the standard wants and as long as its Content-Length.  Meanwhile
 * another connection gets the right bytes of another archive.  In the end the
 * server stops in good order and leaves nothing behind. */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "fcgi/fcgi.h"
#include "fcgi/server.h"
#include "fuzz_place.h"
#include "zipmake.h"

enum {
	RAW = 1,     /* bytes as they are, not lines */
	SHORTEN = 2, /* the archive becomes shorter while it is asked for */
	YOUNG = 4,   /* it has just been written */
	ABRUPT = 8,  /* the front end goes away without reading */
};

enum {
	TYPE_BEGIN = 1, /* types of records */
	TYPE_END = 3,
	TYPE_PARAMS = 4,
	TYPE_STDIN = 5,
	TYPE_STDOUT = 6,
	TYPE_STDERR = 7,
	TYPE_VALUES_RESULT = 10,
	TYPE_UNKNOWN = 11,
};

enum {
	HEADER = 8,
	UNKNOWN_ROLE = 3, /* protocolStatus */
	THREADS = 2,
	IO_THREADS = 2,
	LINES_MAX = 8,
	HEAD_MAX = 64 * 1024,
	STREAM_MAX = 32 * 1024,
	ANSWER_MAX = 4 << 20, /* of a longer one the rest is left alone */
	PATIENCE = 60,        /* seconds that mean: never */
	OLD = 1500000000,
};

#define HOT      "/hot.wwz/a.txt"
#define HOT_TEXT "what is always there"

static struct {
	struct site site;
	struct accounts accounts;
	struct service service;
	struct listeners listeners;
	struct str index;
	pthread_t thread;
	int hot; /* the connection that must always be served */
} server;

/* What came of the answer to one request, and what is to be said of it. */
struct answer {
	struct str input;
	bool head_request;
	bool ended, closed;
	bool has_body; /* the head is whole */
	size_t nhead;
	uint64_t body, total;
	char head[HEAD_MAX + 1];
};

static struct answer answer;

static void
law(bool holds, const char *what)
{
	fuzz_law(holds, what, answer.input);
}

static void *
run(void *unused)
{
	const struct server_limits limits = {.threads = THREADS,
		.timeout_seconds = 3600,
		.storage_seconds = 3600,
		.io_threads = IO_THREADS};

	(void)unused;
	if (server_hold_signals() < 0)
		abort();
	if (server_run(&server.listeners, &server.service, &limits) != 0)
		abort();
	return NULL;
}

static void
stop(void)
{
	close(server.hot);
	if (pthread_kill(server.thread, SIGTERM) != 0 ||
		pthread_join(server.thread, NULL) != 0)
		abort();
	cache_free(server.service.cache);
	stats_free(server.accounts.stats);
}

static void
put_hot(void)
{
	struct zipmake zip = {0};

	zipmake_add_text(&zip, "a.txt", HOT_TEXT);
	zipmake_finish(&zip, ZIP64_NONE, STR(""));
	fuzz_put("hot.wwz", (struct str){(char *)zip.file.p, zip.file.n}, OLD);
	zipmake_free(&zip);
}

static int
join(void)
{
	const struct timeval patience = {.tv_sec = PATIENCE};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, fuzz_path("s").p);
	if (fd < 0 ||
		connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
			sizeof(patience)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
			sizeof(patience)) < 0)
		abort();
	return fd;
}

static void
start(void)
{
	const struct listener_how how = {.mode = 0600};
	struct fault fault;
	char address[80];

	fuzz_place();
	put_hot();
	snprintf(address, sizeof(address), "unix:%s/s", fuzz_root);
	server.index = STR("index.html");
	server.site = (struct site){.root = str_of(fuzz_root),
		.suffix = STR(".wwz"),
		.index = &server.index,
		.nindex = 1,
		.listing = true,
		.max_age = -1};
	server.accounts = (struct accounts){
		.stats = stats_new(2 * THREADS + IO_THREADS), .slow_ns = -1};
	server.service = (struct service){.site = &server.site,
		.cache = cache_new(4, 1 << 20, NULL),
		.accounts = &server.accounts,
		.tell_front = true};
	if (server.accounts.stats == NULL || server.service.cache == NULL ||
		fcgi_init() < 0 ||
		listener_open(&server.listeners, address, &how, &fault) < 0 ||
		pthread_create(&server.thread, NULL, run, NULL) != 0 ||
		atexit(stop) != 0)
		abort();
	server.hot = join();
}

/* Bytes for the server. */
struct stream {
	size_t n;
	char p[STREAM_MAX];
};

static void
add(struct stream *stream, struct str bytes)
{
	bytes.n = bytes.n < STREAM_MAX - stream->n ? bytes.n
						   : STREAM_MAX - stream->n;
	if (bytes.n > 0)
		memcpy(stream->p + stream->n, bytes.p, bytes.n);
	stream->n += bytes.n;
}

static void
add_record(struct stream *stream, unsigned type, struct str content)
{
	const char header[HEADER] = {1, (char)type, 0, 1,
		(char)(content.n >> 8), (char)content.n, 0, 0};

	add(stream, (struct str){header, sizeof(header)});
	add(stream, content);
}

static void
add_pair(struct stream *params, struct str name, struct str value)
{
	const char sizes[] = {(char)(name.n & 127), (char)(value.n >> 24 | 128),
		(char)(value.n >> 16), (char)(value.n >> 8), (char)value.n};

	add(params, (struct str){sizes, sizeof(sizes)});
	add(params, (struct str){name.p, name.n & 127});
	add(params, value);
}

/* The request that line says. */
static void
make_request(struct stream *stream, struct str line)
{
	static const char begin[] = {0, 1, 1, 0, 0, 0, 0, 0};
	static struct stream params;
	struct str first = str_cut(&line, '\t');
	struct str method = str_cut(&first, ' ');

	stream->n = params.n = 0;
	answer.head_request = str_eq(method, STR("HEAD"));
	add_pair(&params, STR("REQUEST_METHOD"), method);
	add_pair(&params, STR("REQUEST_URI"), first);
	add_pair(&params, STR("DOCUMENT_ROOT"), str_of(fuzz_root));
	while (line.p != NULL && params.n < STREAM_MAX / 2) {
		struct str pair = str_cut(&line, '\t');
		struct str name = str_cut(&pair, '=');

		add_pair(&params, name, pair);
	}
	add_record(stream, TYPE_BEGIN, (struct str){begin, sizeof(begin)});
	add_record(stream, TYPE_PARAMS, (struct str){params.p, params.n});
	add_record(stream, TYPE_PARAMS, STR(""));
	add_record(stream, TYPE_STDIN, STR(""));
}

/* Write in parts of so many bytes, 0: at once.  The server may close it. */
static void
send_all(int fd, struct str bytes, size_t part)
{
	if (part == 0)
		part = bytes.n;
	while (bytes.n > 0) {
		size_t n = bytes.n < part ? bytes.n : part;
		ssize_t sent = send(fd, bytes.p, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		law(sent > 0 || errno != EAGAIN, "what is sent is read");
		if (sent <= 0)
			return;
		bytes = str_slice(bytes, (size_t)sent, bytes.n);
	}
}

/* Read n bytes; false when the connection ends before.  libFuzzer's timer
 * interrupts. */
static bool
receive(int fd, void *p, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = recv(fd, (char *)p + done, n - done, 0);

		if (got < 0 && errno == EINTR)
			continue;
		law(got >= 0 || errno != EAGAIN,
			"a connection is answered or closed");
		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

/* The decimal number in the field called name of the head. */
static bool
find_number(const char *name, uint64_t *number)
{
	char *at = strstr(answer.head, name);

	if (at == NULL)
		return false;
	*number = strtoull(at + strlen(name), &at, 10);
	law(*at == '\r', "a length is a number");
	return true;
}

static void
check_end(const char *content)
{
	uint64_t length;

	if (content[4] == UNKNOWN_ROLE) {
		law(answer.nhead == 0, "a role that is refused has no answer");
		return;
	}
	law(content[4] == 0, "a request is complete");
	law(answer.has_body, "an answer has a head");
	if (!find_number("\nContent-Length: ", &length))
		return;
	law(answer.body == length || (answer.body == 0 && answer.head_request),
		"an answer is as long as its Content-Length");
}

/* Take what came of the head and the body. */
static void
take_stdout(struct str content)
{
	size_t n = HEAD_MAX - answer.nhead;
	char *end;

	if (answer.has_body) {
		answer.body += content.n;
		return;
	}
	n = content.n < n ? content.n : n;
	memcpy(answer.head + answer.nhead, content.p, n);
	answer.nhead += n;
	answer.head[answer.nhead] = '\0';
	end = strstr(answer.head, "\r\n\r\n");
	law(end != NULL || answer.nhead < HEAD_MAX, "a head has an end");
	if (end == NULL)
		return;
	answer.has_body = true;
	answer.body =
		content.n - n + answer.nhead - (size_t)(end + 4 - answer.head);
	end[2] = '\0';
}

/* Read a record; false when there is none. */
static bool
read_record(int fd)
{
	static char content[UINT16_MAX + UINT8_MAX];
	unsigned char header[HEADER];
	size_t n;

	if (!receive(fd, header, HEADER)) {
		answer.closed = true;
		return false;
	}
	/* Bytes that begin as HTTP does are answered in HTTP, and no others. */
	if (memcmp(header, "HTTP/1.1", HEADER) == 0) {
		while (receive(fd, content, 1))
			;
		answer.closed = true;
		return false;
	}
	n = (size_t)header[4] << 8 | header[5];
	law(header[0] == 1, "a record is of version 1");
	if (!receive(fd, content, n + header[6])) {
		answer.closed = true;
		return false;
	}
	answer.total += n;
	switch (header[1]) {
	case TYPE_STDOUT:
		take_stdout((struct str){content, n});
		break;
	case TYPE_END:
		law(n == HEADER, "the end has its size");
		check_end(content);
		answer.ended = true;
		break;
	case TYPE_STDERR:
	case TYPE_VALUES_RESULT:
	case TYPE_UNKNOWN:
		break;
	default:
		law(false, "a responder sends records of its types");
	}
	return true;
}

static void
begin_answer(void)
{
	answer.ended = answer.closed = answer.has_body = false;
	answer.nhead = 0;
	answer.body = answer.total = 0;
	answer.head[0] = '\0';
}

/* Read one answer; false when there are no more. */
static bool
read_answer(int fd)
{
	begin_answer();
	while (!answer.ended && answer.total < ANSWER_MAX) {
		if (!read_record(fd))
			return false;
	}
	return answer.ended;
}

/* On the other connection all is as ever. */
static void
check_hot(void)
{
	static struct stream request;
	bool head_request = answer.head_request;

	make_request(&request, STR("GET " HOT));
	send_all(server.hot, (struct str){request.p, request.n}, 0);
	law(read_answer(server.hot), "others are answered");
	law(strstr(answer.head, "\nETag: \"") != NULL &&
			strncmp(answer.head, "Status:", 7) != 0 &&
			answer.body == strlen(HOT_TEXT),
		"others get what they ask for");
	answer.head_request = head_request;
}

/* Half of it, as the file behind the name becomes it. */
static void
shorten(size_t size)
{
	if (truncate(fuzz_path("f.wwz").p, (off_t)(size / 2)) < 0)
		abort();
}

struct plan {
	unsigned bits;
	size_t part, archive;
};

static void
send_bytes(const struct plan *plan, int fd, struct str bytes)
{
	/* A HEAD among them is not looked for. */
	answer.head_request = true;
	send_all(fd, bytes, plan->part);
	if (plan->bits & SHORTEN)
		shorten(plan->archive);
	check_hot();
	if (plan->bits & ABRUPT)
		return;
	shutdown(fd, SHUT_WR);
	while (read_answer(fd))
		;
	law(answer.closed || answer.total >= ANSWER_MAX,
		"a connection that ends is closed");
}

static void
send_lines(const struct plan *plan, int fd, struct str lines)
{
	static struct stream request;

	for (int i = 0; i < LINES_MAX && lines.n > 0; i++) {
		make_request(&request, str_cut(&lines, '\n'));
		send_all(fd, (struct str){request.p, request.n}, plan->part);
		if (plan->bits & SHORTEN)
			shorten(plan->archive);
		check_hot();
		if ((plan->bits & ABRUPT) || !read_answer(fd))
			return;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str input = {(const char *)data, size};
	struct plan plan;
	int fd;

	if (fuzz_root[0] == '\0')
		start();
	answer.input = input;
	plan.bits = fuzz_byte(&input);
	plan.part = fuzz_byte(&input);
	plan.archive = (size_t)fuzz_byte(&input) << 8;
	plan.archive |= fuzz_byte(&input);
	if (plan.archive > input.n)
		plan.archive = input.n;
	fuzz_put("f.wwz", (struct str){input.p, plan.archive},
		plan.bits & YOUNG ? time(NULL) : OLD);
	input = str_slice(input, plan.archive, input.n);
	fd = join();
	if (plan.bits & RAW)
		send_bytes(&plan, fd, input);
	else
		send_lines(&plan, fd, input);
	close(fd);
	return 0;
}
