#include "conn.h"

#include <errno.h>
#include <fcgiapp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi.h"
#include "log.h"

enum {
	TURN_SIZE = 2 * 1024 * 1024, /* sent before others have their turn, */
	/* or filled so often: a byte may take as long as a span. */
	TURN_FILLS = TURN_SIZE / BODY_SPAN_SIZE,
	SEND_BUFFER = 1024 * 1024,   /* asked for when a response is... */
	LARGE_RESPONSE = 128 * 1024, /* ...larger than this */
};

struct conn *
conn_new(int fd, const struct service *service, int64_t now)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL) {
		close(fd);
		errno = ENOMEM;
		return NULL;
	}
	conn->fd = fd;
	conn->service = service;
	conn->progress = now;
	return conn;
}

/* The response is over, whole or not. */
static void
end_response(struct conn *conn, bool cut)
{
	account_end(&conn->account, conn->counters, &conn->response, cut);
	response_free(&conn->response);
	cache_trim(conn->service->cache);
}

void
conn_free(struct conn *conn)
{
	if (conn == NULL)
		return;
	if (conn->state == CONN_WRITING)
		end_response(conn, true);
	arena_free(&conn->arena);
	if (conn->fd >= 0)
		close(conn->fd);
	free(conn);
}

static void
empty_queue(struct conn *conn)
{
	sendqueue_clear(&conn->queue);
	conn->queued = 0;
}

/* The head, once. */
static struct str
take_head(struct conn *conn)
{
	struct str head = {NULL, 0};

	if (!conn->head_sent)
		head = response_head(&conn->response);
	conn->head_sent = true;
	return head;
}

/* Make records of what was logged while this request was worked at, for the
 * front end's own log. */
static struct str
error_records(struct conn *conn, const struct line *errors)
{
	unsigned char header[WIRE_HEADER_SIZE];
	struct text text = {.arena = &conn->arena};

	if (errors->n == 0 || !conn->service->tell_front)
		return (struct str){NULL, 0};
	wire_stderr(header, conn->wire.id, errors->n);
	text_add(&text, (struct str){(char *)header, sizeof(header)});
	text_add(&text, (struct str){errors->p, errors->n});
	wire_stderr(header, conn->wire.id, 0);
	text_add(&text, (struct str){(char *)header, sizeof(header)});
	return conn->arena.failed ? (struct str){NULL, 0} : text_str(&text);
}

/* As body_next.  What is logged about a cut goes out at once, if it can. */
static enum body_result
next_span(struct conn *conn, struct str *span)
{
	struct line errors;
	struct str records;
	enum body_result result;

	errors.n = 0;
	log_copy(&errors);
	result = body_next(&conn->response.body, span);
	log_copy(NULL);
	if (result != BODY_CUT)
		return result;
	records = error_records(conn, &errors);
	if (records.n > 0)
		(void)send(conn->fd, records.p, records.n,
			MSG_DONTWAIT | MSG_NOSIGNAL);
	return result;
}

/* Queue spans of the body, as many as can be sent together.  What the last
 * body_next said. */
static enum body_result
queue_body(struct conn *conn)
{
	struct body *body = &conn->response.body;
	enum body_result result;
	struct str span;

	do {
		result = next_span(conn, &span);
		if (result == BODY_SPAN) {
			sendqueue_add_stdout(&conn->queue, conn->wire.id, span);
			conn->queued += span.n;
		}
	} while (result == BODY_SPAN && !body_is_done(body) &&
		body_next_spares(body) && sendqueue_has_room(&conn->queue));
	return result;
}

/* Queue the next bytes of the response, with the head in front of the first and
 * the end behind the last.  BODY_END when there is nothing left to queue,
 * BODY_LATER when there is nothing yet. */
static enum body_result
fill(struct conn *conn)
{
	struct body *body = &conn->response.body;
	struct sendqueue *queue = &conn->queue;
	enum body_result result = BODY_END;

	account_enter(&conn->account, PHASE_INFLATE);
	conn->account.bytes += conn->queued;
	empty_queue(conn);
	if (conn->end_sent)
		return BODY_END;
	sendqueue_add(queue, conn->errors);
	conn->errors.n = 0;
	sendqueue_add_stdout(queue, conn->wire.id, take_head(conn));
	/* Without memory the head is that of an error, and alone. */
	if (!conn->response.head && !conn->arena.failed)
		result = queue_body(conn);
	if (result == BODY_END || (result == BODY_SPAN && body_is_done(body))) {
		sendqueue_add_end(queue, conn->wire.id);
		conn->end_sent = true;
	}
	return sendqueue_is_empty(queue) ? result : BODY_SPAN;
}

/* A larger buffer lets a front end that is busy find more when it comes back;
 * small responses do not need the system call. */
static void
grow_buffer(struct conn *conn)
{
	int size = SEND_BUFFER;

	if (conn->buffer_grown || conn->response.body.length <= LARGE_RESPONSE)
		return;
	conn->buffer_grown = true;
	/* That it stays smaller is no fault. */
	(void)setsockopt(conn->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

/* The response is sent; what comes now? */
static enum conn_wait
finish(struct conn *conn, enum body_result result)
{
	end_response(conn, result == BODY_CUT);
	arena_reset(&conn->arena);
	conn->state = CONN_READING;
	conn->seen = 0;
	conn->kept = true;
	if (conn->drain && result != BODY_CUT) {
		/* Closing now would take the answer from a peer that is still
		 * sending. */
		conn->state = CONN_DRAINING;
		return shutdown(conn->fd, SHUT_WR) < 0 ? CONN_CLOSE
						       : CONN_READABLE;
	}
	return result == BODY_CUT || !conn->keep ? CONN_CLOSE : CONN_IDLE;
}

static enum conn_wait
write_failed(struct conn *conn)
{
	account_enter(&conn->account, PHASE_WAIT);
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return CONN_WRITABLE;
	if (errno == EFAULT) {
		const struct archive *archive = conn->response.body.archive;

		errno = EIO; /* as for who reads the mapping */
		log_pairs(LOG_WARN, "response-cut",
			{"archive", str_of(archive->path)},
			{"why", str_of(archive_loss(archive))});
	}
	return CONN_CLOSE;
}

/* poll(2) says at once that one of events is there. */
static bool
polls(const struct conn *conn, short events)
{
	struct pollfd fd = {.fd = conn->fd, .events = events};

	return poll(&fd, 1, 0) > 0 && (fd.revents & (events | POLLHUP)) != 0;
}

/* Work goes on when others have had their turn, unless nobody waits for it. */
static enum conn_wait
wait_for_body(struct conn *conn, int64_t now)
{
	conn->progress = now;
	account_enter(&conn->account, PHASE_WAIT);
	return polls(conn, POLLERR) ? CONN_CLOSE : CONN_WRITABLE;
}

static enum conn_wait
run_writing(struct conn *conn, int64_t now)
{
	size_t sent = 0;
	int fills = 0;

	while (sent < TURN_SIZE) {
		ssize_t n;

		if (sendqueue_is_empty(&conn->queue)) {
			enum body_result result;

			if (fills++ == TURN_FILLS)
				break;
			result = fill(conn);
			if (result == BODY_LATER)
				return wait_for_body(conn, now);
			if (result != BODY_SPAN)
				return finish(conn, result);
		}
		account_enter(&conn->account, PHASE_SEND);
		n = sendqueue_send(&conn->queue, conn->fd);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return write_failed(conn);
		sent += (size_t)n;
		conn->progress = now;
	}
	account_enter(&conn->account, PHASE_WAIT);
	return CONN_WRITABLE;
}

static void
begin_writing(struct conn *conn)
{
	conn->state = CONN_WRITING;
	conn->head_sent = false;
	conn->end_sent = false;
	empty_queue(conn);
	grow_buffer(conn);
}

static void
refuse(struct conn *conn, enum status status)
{
	response_init(&conn->response, &conn->arena, METHOD_GET);
	response_error(&conn->response, status);
	begin_writing(conn);
}

/* Answer without having read the request; the rest of it is drained. */
static enum conn_wait
refuse_rest(struct conn *conn, enum status status)
{
	conn->drain = true;
	account_begin(&conn->account, conn->service->accounts);
	conn->errors.n = 0;
	refuse(conn, status);
	return CONN_WRITABLE;
}

static enum conn_wait
refuse_role(struct conn *conn)
{
	unsigned char end[WIRE_END_SIZE];

	wire_refuse_role(end, conn->wire.id);
	log_pairs(LOG_WARN, "bad-request",
		{"why", STR("only the role of a responder is served")});
	/* The connection ends in any case. */
	(void)send(conn->fd, end, sizeof(end), MSG_DONTWAIT | MSG_NOSIGNAL);
	return CONN_CLOSE;
}

static void
serve_request(struct conn *conn, const struct request *request)
{
	struct line errors;

	errors.n = 0;
	log_copy(&errors);
	serve(conn->service, request, &conn->arena, &conn->response);
	log_copy(NULL);
	conn->errors = error_records(conn, &errors);
}

/* A request lies there whole: read and answer it. */
static enum conn_wait
answer(struct conn *conn)
{
	FCGX_Request fcgi;
	struct request request;

	account_begin(&conn->account, conn->service->accounts);
	conn->errors.n = 0;
	if (!fcgi_has_room(conn->wire.pairs, conn->wire.params))
		return refuse_rest(conn, STATUS_UNAVAILABLE);
	if (fcgi_read(&fcgi, conn->fd) < 0) {
		conn->fd = -1;
		return CONN_CLOSE;
	}
	conn->keep = conn->wire.keep && !conn->drain &&
		conn->wire.size == conn->seen;
	/* libfcgi keeps parameters as C strings, up to there. */
	if (conn->wire.holds_nul) {
		log_pairs(LOG_INFO, "bad-path",
			{"why", STR("a NUL in a parameter")});
		refuse(conn, STATUS_BAD_REQUEST);
	} else {
		request_read(&request, fcgi.envp, &conn->arena);
		account_note(&conn->account, &request, &conn->arena);
		serve_request(conn, &request);
		begin_writing(conn);
	}
	fcgi_release(&fcgi);
	return CONN_WRITABLE;
}

/* Take the record in front away. */
static enum conn_wait
skip(struct conn *conn, unsigned char *scratch)
{
	ssize_t taken = recv(conn->fd, scratch, conn->wire.size, MSG_DONTWAIT);

	conn->seen = 0;
	return taken == (ssize_t)conn->wire.size ? CONN_IDLE : CONN_CLOSE;
}

/* Answer the management record in front, and take it away. */
static enum conn_wait
manage(struct conn *conn, unsigned char *scratch)
{
	unsigned char reply[WIRE_REPLY_SIZE];
	size_t n = wire_manage(scratch, reply);

	if (send(conn->fd, reply, n, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)n)
		return CONN_CLOSE;
	return skip(conn, scratch);
}

static enum conn_wait
run_reading(struct conn *conn, int64_t now, unsigned char *scratch)
{
	ssize_t n = recv(
		conn->fd, scratch, WIRE_PEEK_SIZE, MSG_PEEK | MSG_DONTWAIT);
	bool stuck;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return CONN_IDLE;
	if (n <= 0)
		return CONN_CLOSE;
	stuck = conn->seen == (size_t)n;
	if (conn->seen == 0)
		conn->progress = now;
	conn->seen = (size_t)n;
	conn->keep = false;
	conn->drain = false;
	switch (wire_look(scratch, (size_t)n, &conn->wire)) {
	case WIRE_WHOLE:
		return answer(conn);
	case WIRE_MANAGEMENT:
		return manage(conn, scratch);
	case WIRE_STRAY:
		return skip(conn, scratch);
	case WIRE_PARAMS_TOO_LONG:
		return refuse_rest(conn, STATUS_FIELDS_TOO_LARGE);
	case WIRE_BODY_TOO_LONG:
		return refuse_rest(conn, STATUS_TOO_LARGE);
	case WIRE_WRONG_ROLE:
		return refuse_role(conn);
	case WIRE_PART:
		/* A Unix socket may be full before a body is whole: what has
		 * not come by now is drained. */
		if (conn->wire.params_whole && stuck) {
			conn->drain = true;
			return answer(conn);
		}
		/* The end of the stream hides behind what was not taken. */
		if (n == WIRE_PEEK_SIZE || (stuck && polls(conn, POLLRDHUP)))
			return CONN_CLOSE;
		return CONN_MORE;
	case WIRE_BAD:
		return CONN_CLOSE;
	}
	return CONN_CLOSE;
}

static enum conn_wait
run_draining(const struct conn *conn, unsigned char *scratch)
{
	for (size_t done = 0; done < TURN_SIZE;) {
		ssize_t n =
			recv(conn->fd, scratch, WIRE_PEEK_SIZE, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return CONN_READABLE;
		if (n <= 0)
			return CONN_CLOSE;
		done += (size_t)n;
	}
	return CONN_READABLE;
}

enum conn_wait
conn_run(struct conn *conn, int64_t now, unsigned char *scratch)
{
	enum conn_wait wait = CONN_IDLE;

	if (conn->state == CONN_DRAINING)
		return run_draining(conn, scratch);
	if (conn->state == CONN_READING)
		wait = run_reading(conn, now, scratch);
	if (conn->state == CONN_WRITING)
		wait = run_writing(conn, now);
	return wait;
}
