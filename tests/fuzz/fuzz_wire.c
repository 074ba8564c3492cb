/* Records of FastCGI on their way to struct request: a byte that says how the
 * rest is to be read, and either a stream as it lies in a socket, or, when that
 * byte is odd, the headers of its records, whose content is made up (but for
 * that of FCGI_BEGIN_REQUEST, which follows), so that long ones need no long
 * input.  The byte's other bits say into which pieces the stream is cut.
 *
 * The pieces go through a socket.  What is found does not depend on them, and
 * is what a reader finds that has all of the stream and takes its time. libfcgi
 * finds the same parameters in the bytes of a request that was found whole. */

#include <fcgiapp.h>
#include <sanitizer/asan_interface.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi/fcgi.h"
#include "fcgi/intake.h"
#include "fuzz.h"

enum {
	BEGIN_REQUEST = 1,
	ABORT_REQUEST = 2,
	PARAMS_TYPE = 4,
	STDIN_TYPE = 5,
	GET_VALUES = 9,
	GET_VALUES_RESULT = 10,
	UNKNOWN_TYPE = 11,
	BEGIN_SIZE = 8,
	STREAM_MAX = 512 * 1024,
	SENT_MAX = 100 * 1024, /* bytes that fit into a socket of libfcgi's */
};

struct stream {
	unsigned char *p;
	size_t n;
};

static void
stream_add(struct stream *stream, const void *p, size_t n)
{
	memcpy(stream->p + stream->n, p, n);
	stream->n += n;
}

/* Add the record whose header is cut off *rest; false when there is none, or
 * no room. */
static bool
stream_add_record(struct stream *stream, struct str *rest)
{
	const unsigned char *header = (const unsigned char *)rest->p;
	size_t content, size;

	if (rest->n < WIRE_HEADER_SIZE)
		return false;
	content = (size_t)header[4] << 8 | header[5];
	size = WIRE_HEADER_SIZE + content + header[6];
	if (size > STREAM_MAX - stream->n)
		return false;
	*rest = str_slice(*rest, WIRE_HEADER_SIZE, rest->n);
	stream_add(stream, header, WIRE_HEADER_SIZE);
	memset(stream->p + stream->n, 'x', size - WIRE_HEADER_SIZE);
	if (header[1] == BEGIN_REQUEST && content == BEGIN_SIZE &&
		rest->n >= BEGIN_SIZE) {
		memcpy(stream->p + stream->n, rest->p, BEGIN_SIZE);
		*rest = str_slice(*rest, BEGIN_SIZE, rest->n);
	}
	stream->n += size - WIRE_HEADER_SIZE;
	return true;
}

static void
stream_make(struct stream *stream, struct str input)
{
	static unsigned char room[STREAM_MAX];
	bool headers = fuzz_byte(&input) & 1;

	stream->n = 0;
	stream->p = room;
	if (!headers && input.n <= STREAM_MAX)
		stream_add(stream, input.p, input.n);
	while (headers && stream_add_record(stream, &input))
		;
}

/* A record of a stream that is all there, as far as it is. */
struct record {
	unsigned version, type, id;
	struct str content; /* of its full size, also when it is not whole */
	size_t padding;
	bool whole;
};

/* What a slow reader has found. */
struct found {
	enum wire_state state;
	unsigned id, type;
	bool keep;
	bool begin_padded;
	size_t begin, end;  /* of the request's bytes in the stream */
	size_t n;           /* of what is kept of them */
	char held[1 << 17]; /* as much as may be, and a record */
};

/* The record at *at, and go behind it.  false when its header is not there. */
static bool
slow_record(const struct stream *stream, size_t *at, struct record *r)
{
	const unsigned char *p = stream->p + *at;
	size_t size;

	if (stream->n - *at < WIRE_HEADER_SIZE)
		return false;
	r->version = p[0];
	r->type = p[1];
	r->id = p[2] * 256U + p[3];
	r->content = (struct str){
		(const char *)p + WIRE_HEADER_SIZE, p[4] * 256U + p[5]};
	r->padding = p[6];
	size = WIRE_HEADER_SIZE + r->content.n + r->padding;
	r->whole = stream->n - *at >= size;
	if (r->whole)
		*at += size;
	return true;
}

static void
slow_keep(struct found *found, struct str content)
{
	if (content.n > 0)
		memcpy(found->held + found->n, content.p, content.n);
	found->n += content.n;
}

/* The rest of a request that has begun. */
static enum wire_state
slow_rest(const struct stream *stream, size_t *at, struct found *found)
{
	bool params = true;
	size_t body = 0;
	struct record r;

	while (slow_record(stream, at, &r)) {
		if (r.version != 1 || r.id != found->id)
			return WIRE_BAD;
		if (r.type == ABORT_REQUEST)
			return r.whole ? WIRE_ABORTED : WIRE_PART;
		if (r.type != (params ? PARAMS_TYPE : STDIN_TYPE))
			return WIRE_BAD;
		if (params && found->n + r.content.n > 65536)
			return WIRE_PARAMS_TOO_LONG;
		body += params ? 0 : r.content.n;
		if (body > 65536)
			return WIRE_BODY_TOO_LONG;
		if (!r.whole)
			return WIRE_PART;
		if (params)
			slow_keep(found, r.content);
		if (r.content.n == 0 && !params)
			return WIRE_WHOLE;
		if (r.content.n == 0)
			params = false;
	}
	return WIRE_PART;
}

/* What comes next in stream from *at on. */
static enum wire_state
slow_next(const struct stream *stream, size_t *at, struct found *found)
{
	struct record r;

	found->n = 0;
	for (;;) {
		found->begin = *at;
		if (*at < stream->n && stream->p[*at] != 1)
			return WIRE_FOREIGN;
		if (!slow_record(stream, at, &r))
			return WIRE_PART;
		if (r.id != 0 && r.type == BEGIN_REQUEST)
			break;
		if (!r.whole)
			return WIRE_PART;
		found->type = r.type;
		if (r.id == 0 && r.type == GET_VALUES)
			slow_keep(found, r.content);
		if (r.id == 0)
			return WIRE_QUESTION;
	}
	found->id = r.id;
	found->begin_padded = r.padding > 0;
	if (r.content.n != BEGIN_SIZE)
		return WIRE_BAD;
	if (!r.whole)
		return WIRE_PART;
	found->keep = (r.content.p[2] & 1) != 0;
	return r.content.p[0] == 0 && r.content.p[1] == 1
		? slow_rest(stream, at, found)
		: WIRE_WRONG_ROLE;
}

/* "NAME=VALUE" of pairs, each on its own. */
struct environment {
	char *string[WIRE_PARAMS_MAX / 2 + 1];
	size_t n;
	bool whole; /* the pairs are */
	bool plain; /* no NUL, and no "=" in a name */
};

/* A length, and *n bytes less; -1 when it is not there. */
static long long
slow_length(const unsigned char **p, size_t *n)
{
	size_t size = *n > 0 && **p > 127 ? 4 : 1;
	long long length = 0;

	if (*n < size)
		return -1;
	for (size_t i = 0; i < size; i++)
		length = length * 256 + (*p)[i];
	*p += size;
	*n -= size;
	return size == 4 ? length - 0x80000000LL : length;
}

static void
slow_pairs(const struct found *found, struct environment *e)
{
	const unsigned char *p = (const unsigned char *)found->held;
	size_t left = found->n;

	e->n = 0;
	e->plain = true;
	e->whole = true;
	while (left > 0) {
		long long name = slow_length(&p, &left);
		long long value = name < 0 ? -1 : slow_length(&p, &left);
		char *string;

		e->whole = value >= 0 && name + value <= (long long)left;
		if (!e->whole)
			break;
		string = malloc((size_t)(name + value) + 2);
		if (string == NULL)
			abort();
		memcpy(string, p, (size_t)name);
		string[name] = '=';
		memcpy(string + name + 1, p + name, (size_t)value);
		string[name + value + 1] = '\0';
		e->plain &= strlen(string) == (size_t)(name + value) + 1 &&
			strchr(string, '=') == string + name;
		e->string[e->n++] = string;
		p += name + value;
		left -= (size_t)(name + value);
	}
	e->string[e->n] = NULL;
}

/* libfcgi reads a connection that is ours, and accepts none. */
static bool
libfcgi_accept(FCGX_Request *request, int fd)
{
	static bool ready;

	if (!ready && fcgi_init() < 0)
		abort();
	ready = true;
	if (FCGX_InitRequest(request, -1, 0) != 0)
		abort();
	request->ipcFd = fd;
	request->keepConnection = 1;
	request->detached = 1;
	return FCGX_Accept_r(request) == 0;
}

static bool
same_strings(char *const *a, char *const *b)
{
	while (*a != NULL && *b != NULL && strcmp(*a, *b) == 0) {
		a++;
		b++;
	}
	return *a == *b;
}

/* It would take padding of the first record for the next one. */
static void
check_libfcgi(const struct stream *stream, const struct found *found,
	const struct environment *e, struct str input)
{
	size_t n = found->end - found->begin;
	FCGX_Request request;
	int fd[2];

	if (found->begin_padded || !e->whole || !e->plain || n > SENT_MAX)
		return;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) < 0)
		abort();
	if (send(fd[1], stream->p + found->begin, n, MSG_DONTWAIT) ==
		(ssize_t)n) {
		shutdown(fd[1], SHUT_WR);
		fuzz_law(libfcgi_accept(&request, fd[0]),
			"libfcgi reads what was found whole", input);
		/* It puts the role in front. */
		fuzz_law(request.envp[0] != NULL &&
				same_strings(request.envp + 1, e->string),
			"libfcgi finds the same parameters", input);
		request.ipcFd = -1;
		FCGX_Free(&request, 0);
	}
	close(fd[0]);
	close(fd[1]);
}

static void
check_request(const struct intake *intake, const struct stream *stream,
	const struct found *found, struct str input)
{
	static struct environment e;
	struct arena arena = {0};
	struct request got, want;
	bool whole = intake_request(intake, &got, &arena);

	slow_pairs(found, &e);
	fuzz_law(whole == e.whole, "pairs are whole, or are not", input);
	if (e.whole && e.plain) {
		request_read(&want, e.string, &arena);
		fuzz_law(got.method == want.method, "a method is one", input);
		for (int i = 0; i < PARAMS; i++)
			fuzz_law(str_eq(got.param[i], want.param[i]),
				"a parameter is what was sent", input);
	}
	check_libfcgi(stream, found, &e, input);
	arena_free(&arena);
	while (e.n > 0)
		free(e.string[--e.n]);
}

/* A question's reply is one record of the connection's. */
static void
check_reply(const struct intake *intake, struct str input)
{
	unsigned char reply[WIRE_REPLY_SIZE];
	size_t n = wire_manage(&intake->wire, intake->p, reply);
	bool values = intake->wire.type == GET_VALUES;

	fuzz_law(n >= WIRE_HEADER_SIZE || (n == 0 && values),
		"a question is answered, if it is one", input);
	if (n == 0)
		return;
	fuzz_law(n <= sizeof(reply) && reply[0] == 1 && reply[2] == 0 &&
			reply[3] == 0 &&
			WIRE_HEADER_SIZE + (reply[4] * 256U + reply[5]) +
					reply[6] ==
				n,
		"a reply is one record", input);
	fuzz_law(reply[1] == (values ? GET_VALUES_RESULT : UNKNOWN_TYPE),
		"a reply is of the type that belongs to it", input);
}

/* What intake found is what a slow reader finds from *at on. */
static void
check_found(const struct intake *intake, enum wire_state state,
	const struct stream *stream, size_t *at, struct str input)
{
	static struct found found;
	const struct wire *wire = &intake->wire;

	found.state = slow_next(stream, at, &found);
	found.end = *at;
	fuzz_law(state == found.state, "a slow reader finds the same", input);
	if (state == WIRE_ABORTED)
		fuzz_law(wire->id == found.id && wire->keep == found.keep,
			"what is aborted was begun", input);
	if (state != WIRE_WHOLE && state != WIRE_QUESTION)
		return;
	fuzz_law(wire->held == found.n &&
			(found.n == 0 ||
				memcmp(intake->p, found.held, found.n) == 0),
		"content is kept as it came", input);
	if (state == WIRE_QUESTION) {
		fuzz_law(wire->type == found.type, "a question is one", input);
		check_reply(intake, input);
		return;
	}
	fuzz_law(wire->id == found.id && wire->keep == found.keep,
		"a request is begun as it was sent", input);
	check_request(intake, stream, &found, input);
}

/* Look, at nothing that did not come. */
static enum wire_state
look(struct intake *intake)
{
	size_t n = intake->n, size = intake->size;
	enum wire_state state;

	if (size == n)
		return intake_look(intake);
	ASAN_POISON_MEMORY_REGION(intake->p + n, size - n);
	state = intake_look(intake);
	ASAN_UNPOISON_MEMORY_REGION(intake->p + n, size - n);
	return state;
}

/* Take what is in the socket; WIRE_PART when it is not the end of everything.
 */
static enum wire_state
take(struct intake *intake, int fd, const struct stream *stream, size_t *at,
	struct str input)
{
	enum wire_state state;
	bool full;

	for (;;) {
		state = look(intake);
		fuzz_law(intake->n <= INTAKE_MAX, "memory is bounded", input);
		if (state == WIRE_PART) {
			fuzz_law(intake->n <
					intake->wire.held + WIRE_HEADER_SIZE,
				"nothing is left to be looked at", input);
			if (intake_receive(intake, fd, &full) <= 0)
				return state;
			continue;
		}
		check_found(intake, state, stream, at, input);
		if (state != WIRE_WHOLE && state != WIRE_QUESTION &&
			state != WIRE_ABORTED)
			return state;
		intake_next(intake);
	}
}

/* A size for the next piece: for most streams small ones, and large ones. */
static size_t
next_piece(unsigned *seed, size_t left)
{
	size_t n;

	*seed = *seed * 1103515245U + 12345;
	n = 1 + (*seed >> 16) % ((*seed >> 8 & 3) ? 16 : 40000);
	if (*seed % 128 == 0 || n > left)
		n = left;
	return n < 60000 ? n : 60000;
}

static void
check_pieces(const struct stream *stream, unsigned seed, struct str input)
{
	struct intake_pool pool = {.max = INTAKE_MAX};
	struct intake intake = {.pool = &pool};
	enum wire_state state = WIRE_PART;
	size_t at = 0, sent = 0;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		    fd) < 0)
		abort();
	while (sent < stream->n && state == WIRE_PART) {
		/* Some streams come byte by byte, some at once. */
		size_t n = seed == 0 ? stream->n - sent
			: seed == 1  ? 1
				     : next_piece(&seed, stream->n - sent);

		if (n > 60000)
			n = 60000;
		if (send(fd[1], stream->p + sent, n, 0) != (ssize_t)n)
			abort();
		sent += n;
		state = take(&intake, fd[0], stream, &at, input);
	}
	if (state == WIRE_PART)
		check_found(&intake, state, stream, &at, input);
	intake_free(&intake);
	fuzz_law(pool.used == 0, "the pool gets back what it gave", input);
	close(fd[0]);
	close(fd[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str input = {(const char *)data, size};
	struct stream stream;

	stream_make(&stream, input);
	check_pieces(&stream, size > 0 ? data[0] / 2U : 0, input);
	return 0;
}
