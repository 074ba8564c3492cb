/* Records of FastCGI: a byte that says how the rest is to be read, and either a
 * stream as it lies in a socket, or, when that byte is odd, the headers of its
 * records, whose content is made up (but for that of FCGI_BEGIN_REQUEST, which
 * follows), so that long ones need no long input.
 *
 * What has been said of a stream stays true when more of it comes.  No byte
 * beyond those that came is looked at; libfcgi does not ask for more than a
 * request that was found whole. */

#include <fcgiapp.h>
#include <sanitizer/asan_interface.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi.h"
#include "fuzz.h"
#include "wire.h"

enum {
	BEGIN_REQUEST = 1,
	GET_VALUES = 9,
	GET_VALUES_RESULT = 10,
	UNKNOWN_TYPE = 11,
	BEGIN_SIZE = 8,
	STREAM_MAX = 512 * 1024,
	WHOLE_MAX = 2048,    /* of a stream whose every prefix is looked at */
	LIBFCGI_READ = 8192, /* bytes that it reads at once */
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

/* What was found in a prefix. */
struct found {
	enum wire_state state;
	struct wire_request request;
};

static struct found
look(const struct stream *stream, size_t n, struct str input)
{
	struct found found;

	ASAN_UNPOISON_MEMORY_REGION(stream->p, n);
	found.state = wire_look(stream->p, n, &found.request);
	fuzz_law(found.request.size <= n, "a request is what came", input);
	fuzz_law(found.state != WIRE_WHOLE ||
			found.request.params <= WIRE_PARAMS_MAX,
		"a request's parameters are within the limit", input);
	return found;
}

/* What more bytes may change. */
static void
check_step(
	const struct found *before, const struct found *now, struct str input)
{
	const struct wire_request *a = &before->request, *b = &now->request;

	fuzz_law(a->size <= b->size && a->params <= b->params &&
			a->holds_nul <= b->holds_nul &&
			a->params_whole <= b->params_whole,
		"nothing that was seen goes away", input);
	if (before->state == WIRE_PART)
		return;
	fuzz_law(
		now->state == before->state, "what was said stays true", input);
	if (now->state == WIRE_WHOLE || now->state == WIRE_MANAGEMENT)
		fuzz_law(a->size == b->size && a->id == b->id &&
				a->keep == b->keep && a->params == b->params,
			"what is whole does not change", input);
}

/* Of long streams, look where records begin only, and a little around it. */
static bool
worth_a_look(const struct stream *stream, size_t n, size_t record)
{
	return stream->n <= WHOLE_MAX || n == stream->n ||
		(n + 1 >= record && n <= record + WIRE_HEADER_SIZE + 1);
}

/* What did not come yet is poisoned, but looked at here. */
__attribute__((no_sanitize("address"))) static size_t
next_record(const struct stream *stream, size_t at)
{
	const unsigned char *p = stream->p + at;

	if (stream->n - at < WIRE_HEADER_SIZE)
		return stream->n;
	at += WIRE_HEADER_SIZE + ((size_t)p[4] << 8 | p[5]) + p[6];
	return at < stream->n ? at : stream->n;
}

/* Look at longer and longer prefixes; what is found in the end. */
static struct found
check_prefixes(const struct stream *stream, struct str input)
{
	struct found before = {.state = WIRE_PART};
	size_t record = 0;

	ASAN_POISON_MEMORY_REGION(stream->p, stream->n);
	for (size_t n = 0; n <= stream->n; n++) {
		struct found now;

		if (n > record + WIRE_HEADER_SIZE + 1)
			record = next_record(stream, record);
		if (!worth_a_look(stream, n, record))
			continue;
		now = look(stream, n, input);
		check_step(&before, &now, input);
		before = now;
	}
	ASAN_UNPOISON_MEMORY_REGION(stream->p, stream->n);
	return before;
}

/* Send the size bytes at p in packets that libfcgi reads each at once, and one
 * that it should not read; false when the socket is full. */
static bool
send_packets(int fd, const unsigned char *p, size_t size)
{
	while (size > 0) {
		size_t n = size < LIBFCGI_READ ? size : LIBFCGI_READ;

		if (send(fd, p, n, MSG_DONTWAIT) != (ssize_t)n)
			return false;
		p += n;
		size -= n;
	}
	return send(fd, "", 1, MSG_DONTWAIT) == 1;
}

/* Let libfcgi read a request: whether it leaves alone what comes behind it. */
static bool
libfcgi_stops(const unsigned char *p, size_t size)
{
	FCGX_Request request;
	int fd[2], copy;
	char last;
	bool stops = true;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    0, fd) < 0 ||
		(copy = dup(fd[0])) < 0)
		abort();
	if (!send_packets(fd[1], p, size)) {
		close(fd[0]);
	} else {
		if (fcgi_read(&request, fd[0]) == 0) {
			fcgi_release(&request);
			close(fd[0]);
		}
		stops = recv(copy, &last, 1, MSG_DONTWAIT) == 1;
	}
	close(copy);
	close(fd[1]);
	return stops;
}

/* The record's reply is one record of the connection's. */
static void
check_reply(const struct stream *stream, const struct found *found,
	struct str input)
{
	unsigned char reply[WIRE_REPLY_SIZE];
	size_t n;

	if (found->state != WIRE_MANAGEMENT)
		return;
	ASAN_POISON_MEMORY_REGION(stream->p, stream->n);
	ASAN_UNPOISON_MEMORY_REGION(stream->p, found->request.size);
	n = wire_manage(stream->p, reply);
	ASAN_UNPOISON_MEMORY_REGION(stream->p, stream->n);
	fuzz_law(n >= WIRE_HEADER_SIZE && n <= sizeof(reply),
		"a reply has a size", input);
	fuzz_law(reply[0] == 1 && reply[2] == 0 && reply[3] == 0 &&
			WIRE_HEADER_SIZE + ((size_t)reply[4] << 8 | reply[5]) +
					reply[6] ==
				n,
		"a reply is one record", input);
	fuzz_law(reply[1] ==
			(stream->p[1] == GET_VALUES ? GET_VALUES_RESULT
						    : UNKNOWN_TYPE),
		"a reply is of the type that belongs to it", input);
}

static void
check_libfcgi(const struct stream *stream, const struct found *found,
	struct str input)
{
	static bool ready;

	if (found->state != WIRE_WHOLE)
		return;
	if (!ready && fcgi_init() < 0)
		abort();
	ready = true;
	fuzz_law(libfcgi_stops(stream->p, found->request.size),
		"libfcgi does not ask for more than a whole request", input);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str input = {(const char *)data, size};
	struct stream stream;
	struct found found;

	stream_make(&stream, input);
	found = check_prefixes(&stream, input);
	check_reply(&stream, &found, input);
	check_libfcgi(&stream, &found, input);
	return 0;
}
