/* A connection is a state machine that never blocks.  conn_run does as much as
 * it can in one go and says what the connection waits for; peers.c sees to it
 * that conn_run is called again when that has happened.  Only one thread runs a
 * connection at a time, so there is no lock here.
 *
 * READING collects records (intake.c) until a request is complete.  serve()
 * turns it into a response, which is a value: a head and a body that gives out
 * its bytes span by span.  WRITING repeats two steps: reply_fill queues the
 * next records once the queue is empty, and sendqueue_send sends what the
 * socket takes.  The content of a record is not copied, so a span must stay
 * valid until the queue is empty; that is why reply_fill runs only then.  After
 * the last byte, the connection goes back to READING if the front end asked to
 * keep it open, and is closed otherwise.  DRAINING is for a request that was
 * refused before all of it was read: closing while the peer still sends would
 * reset the connection and could lose the answer.
 *
 * No connection may hold a thread for long.  A run ends after TURN_SIZE bytes
 * or TURN_NS of work; but once a block of bzip2 is decoded, the run goes on to
 * the end of the block: 20 responses that take turns every 2 ms would push each
 * other's blocks out of the processor's cache and take twice the time.  A
 * response that has only to be sent then waits for epoll; one that takes more
 * work is marked heavy and from then on runs only in its turn (turns.h).  If a
 * request begins with long work (body_begins_late), the run that has read it
 * does none of that work.
 *
 * A response that fails after its head was sent cannot become an error page.
 * It is cut: the connection is closed without FCGI_END_REQUEST, so the front
 * end sees an incomplete response instead of a short one that looks complete.
 */

#include "fcgi/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/blocking.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "fcgi/aside.h"
#include "fcgi/reply.h"
#include "http/errorpage.h"

enum {
	/* Bytes sent or received in one turn. */
	TURN_SIZE = 2 * 1024 * 1024,
	TURN_NS = 2 * 1000 * 1000,   /* of work in one turn, at least */
	SEND_BUFFER = 1024 * 1024,   /* for a response... */
	LARGE_RESPONSE = 128 * 1024, /* ...larger than this */
	SCRAP_SIZE = 16 * 1024,      /* read at a time while draining */
};

/* The seed for hashing clients' addresses.  It can be public: a collision only
 * makes two clients share their turns. */
#define CLIENT_POINT UINT64_C(0x9e3779b97f4a7c1)

struct conn *
conn_new(int fd, const struct service *service, struct intake_pool *pool,
	int64_t now)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL) {
		close(fd);
		errno = ENOMEM;
		return NULL;
	}
	conn->fd = fd;
	conn->service = service;
	conn->clock = clock_ns;
	conn->progress = now;
	conn->intake.pool = pool;
	return conn;
}

/* The response has ended, complete or cut. */
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
	if (conn->state == CONN_WRITING || conn->state == CONN_SERVING)
		end_response(conn, true);
	arena_free(&conn->arena);
	intake_free(&conn->intake);
	close(conn->fd);
	free(conn);
}

uint64_t
conn_archive(const struct conn *conn)
{
	return hash_name(CLIENT_POINT, conn->response.archive);
}

uint64_t
conn_directory(const struct conn *conn)
{
	struct str path = conn->response.archive;
	const char *slash = path.n > 0 ? memrchr(path.p, '/', path.n) : NULL;

	path.n = slash ? (size_t)(slash - path.p) : 0;
	return hash_name(CLIENT_POINT, path);
}

/* With a larger socket buffer, a busy front end finds more to read when it
 * comes back.  Small responses fit anyway and are spared the system call. */
static void
grow_buffer(struct conn *conn)
{
	int size = SEND_BUFFER;

	if (conn->buffer_grown || conn->response.body.length <= LARGE_RESPONSE)
		return;
	conn->buffer_grown = true;
	/* A failure only leaves the buffer smaller. */
	(void)setsockopt(conn->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

/* The response has been sent or cut.  Returns what the connection waits for. */
static enum conn_wait
finish_response(struct conn *conn, enum body_result result)
{
	end_response(conn, result == BODY_CUT || conn->aborted);
	conn->response.archive = (struct str){NULL, 0};
	arena_reset(&conn->arena);
	conn->state = CONN_READING;
	conn->served = true;
	if (conn->drain && result != BODY_CUT)
		return aside_drain(conn);
	if (result == BODY_CUT || !conn->keep)
		return CONN_CLOSE;
	/* A request that came along with this one waits until other connections
	 * had their turn. */
	return intake_has_begun(&conn->intake) ? CONN_WRITABLE : CONN_IDLE;
}

static enum conn_wait
write_failed(struct conn *conn)
{
	account_enter(&conn->account, PHASE_PEER);
	if (errno == EAGAIN || errno == EWOULDBLOCK) {
		body_pause(&conn->response.body);
		return CONN_WRITABLE;
	}
	if (errno == EFAULT) {
		const struct archive *archive = conn->response.body.archive;

		errno = EIO; /* as for a fault while reading the mapping */
		log_pairs(LOG_WARN, "response-cut",
			{"archive", str_of(archive->path)},
			{"why", str_of(archive_loss(archive))});
	}
	return CONN_CLOSE;
}

/* Whether the turn is over.  Called before each piece of work; *end is 0 at
 * first.  The first piece is not timed, because most responses have only one.
 */
static bool
turn_is_over(const struct conn *conn, int64_t *end)
{
	int64_t now;

	if (*end == 0) {
		*end = 1;
		return false;
	}
	now = conn->clock();
	if (*end == 1)
		*end = now + TURN_NS;
	return now >= *end && !body_is_amid(&conn->response.body);
}

/* Let other connections have their turn.  A response that has only to be sent
 * costs little and goes on when epoll reports room. */
static enum conn_wait
end_turn(struct conn *conn)
{
	account_enter(&conn->account, PHASE_WAIT);
	if (!body_is_work(&conn->response.body))
		return CONN_WRITABLE;
	conn->heavy = true;
	return CONN_TURN;
}

/* The response cannot go on before another connection's work is done. */
static enum conn_wait
end_wait(struct conn *conn)
{
	bool had_turns = conn->heavy;

	account_enter(&conn->account, PHASE_WAIT);
	conn->heavy = true;
	return had_turns ? CONN_WAITS : CONN_TURN;
}

/* Whether the next bytes come from slow storage, for which this run may not
 * wait. */
static bool
must_put_off(const struct conn *conn)
{
	const struct body *body = &conn->response.body;

	return blocking_refuses_slow() && body_reads_file(body) &&
		!body->archive->local;
}

static enum conn_wait
wait_for_storage(struct conn *conn)
{
	account_enter(&conn->account, PHASE_WAIT);
	return CONN_STORAGE;
}

static enum conn_wait
run_writing(struct conn *conn, int64_t now)
{
	int64_t end = 0;
	size_t sent = 0;

	/* The peer is gone: do no more work for it. */
	if (conn->heavy && reply_is_unwanted(conn))
		return CONN_CLOSE;
	conn->aborted = conn->aborted || reply_is_aborted(conn);
	while (sent < TURN_SIZE && !turn_is_over(conn, &end)) {
		ssize_t n;

		if (sendqueue_is_empty(&conn->queue)) {
			enum body_result result;

			if (!conn->aborted && must_put_off(conn))
				return wait_for_storage(conn);
			result = conn->aborted ? reply_abort(conn)
					       : reply_fill(conn);

			if (result == BODY_LATER) {
				conn->progress = now;
				if (conn->response.body.waits)
					return end_wait(conn);
				continue;
			}
			if (result != BODY_SPAN)
				return finish_response(conn, result);
		}
		account_enter(&conn->account, PHASE_SEND);
		n = sendqueue_send(&conn->queue, conn->fd);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return write_failed(conn);
		sent += (size_t)n;
		conn->spoken = true;
		conn->progress = now;
	}
	return end_turn(conn);
}

static void
begin_writing(struct conn *conn)
{
	conn->state = CONN_WRITING;
	conn->head_sent = false;
	conn->end_sent = false;
	conn->probed = false;
	conn->spoken = false;
	conn->aborted = false;
	conn->heavy = false;
	sendqueue_clear(&conn->queue);
	conn->queued = 0;
	grow_buffer(conn);
}

/* Answer a request that has not been read to its end; drain the rest. */
static enum conn_wait
refuse_rest(struct conn *conn, enum status status)
{
	conn->id = conn->intake.wire.id;
	conn->keep = false;
	conn->drain = true;
	intake_free(&conn->intake);
	account_begin(&conn->account, conn->service->accounts);
	conn->errors.n = 0;
	response_init(&conn->response, &conn->arena, METHOD_GET);
	errorpage_answer(&conn->response, status);
	begin_writing(conn);
	return CONN_WRITABLE;
}

/* Make the response to the request that has come.  What takes long is only done
 * in its turn, and what is slow only when it may be waited for; until then the
 * connection is left in CONN_SERVING, and this is called again. */
static enum conn_wait
serve_request(struct conn *conn, bool again)
{
	const bool had_turn = conn->turned;
	/* The archive may have been opened before the turn. */
	const bool opened = again && conn->response.opened;
	const int64_t opening = again ? conn->response.opening : 0;
	struct log_collector errors;
	bool served;

	log_collect(&errors);
	if (again)
		account_enter(&conn->account, PHASE_INFLATE);
	served = serve(conn->service, &conn->request, &conn->arena,
		&conn->response, !conn->turned);
	log_redirect(NULL);
	conn->response.opened |= opened;
	conn->response.opening += opening;
	conn->errors = reply_errors(conn, &errors.lines);
	if (conn->response.body.archive != NULL && !blocking_refuses_slow()) {
		conn->device = conn->response.body.archive->id.device;
		conn->directory = conn_directory(conn);
	}
	if (!served) {
		account_enter(&conn->account, PHASE_WAIT);
		conn->state = CONN_SERVING;
		conn->head_sent = false;
		if (conn->response.slow)
			return CONN_STORAGE;
		conn->turned = true;
		return had_turn ? CONN_WAITS : CONN_TURN;
	}
	intake_next(&conn->intake);
	begin_writing(conn);
	conn->heavy = body_begins_late(&conn->response.body);
	return CONN_WRITABLE;
}

/* A complete request has come: answer it. */
static enum conn_wait
answer_request(struct conn *conn)
{
	account_begin(&conn->account, conn->service->accounts);
	if (!intake_request(&conn->intake, &conn->request, &conn->arena))
		return aside_close(
			"a parameter ends behind the last byte of the parameters");
	conn->id = conn->intake.wire.id;
	conn->keep = conn->intake.wire.keep;
	conn->drain = false;
	conn->spoken = conn->turned = false;
	account_note(&conn->account, &conn->request, &conn->arena);
	conn->client =
		hash_name(CLIENT_POINT, conn->request.param[PARAM_REMOTE_ADDR]);
	return serve_request(conn, false);
}

/* More bytes are needed: give memory back and say what is waited for. */
static enum conn_wait
wait_for_more(struct conn *conn)
{
	intake_rest(&conn->intake);
	return intake_has_begun(&conn->intake) ? CONN_READABLE : CONN_IDLE;
}

/* intake_receive failed, with errno. */
static enum conn_wait
receive_failed(struct conn *conn)
{
	if (errno == EAGAIN || errno == EINTR)
		return wait_for_more(conn);
	if (errno != ENOMEM)
		return CONN_CLOSE;
	log_pairs(LOG_WARN, "no-memory", {"why", STR("for a request")});
	/* Without FCGI_BEGIN_REQUEST there is no request to answer. */
	if (conn->intake.wire.stage == WIRE_BETWEEN)
		return CONN_CLOSE;
	return refuse_rest(conn, STATUS_UNAVAILABLE);
}

/* Act on the bytes received so far.  CONN_READABLE when more are needed. */
static enum conn_wait
look(struct conn *conn)
{
	while (conn->state == CONN_READING) {
		switch (intake_look(&conn->intake)) {
		case WIRE_PART:
			return CONN_READABLE;
		case WIRE_WHOLE:
			return answer_request(conn);
		case WIRE_QUESTION:
			if (!aside_manage(conn))
				return CONN_CLOSE;
			continue;
		case WIRE_PARAMS_TOO_LONG:
			return refuse_rest(conn, STATUS_FIELDS_TOO_LARGE);
		case WIRE_BODY_TOO_LONG:
			return refuse_rest(conn, STATUS_TOO_LARGE);
		case WIRE_WRONG_ROLE:
			return aside_refuse_role(conn);
		case WIRE_ABORTED:
			if (!aside_abort(conn))
				return CONN_CLOSE;
			continue;
		case WIRE_FOREIGN:
			return aside_refuse_foreign(conn);
		case WIRE_BAD:
			return aside_close("not a FastCGI request");
		}
	}
	return CONN_READABLE;
}

static enum conn_wait
run_reading(struct conn *conn, int64_t now)
{
	enum conn_wait wait = look(conn);
	size_t received = 0;
	bool full = true;

	while (wait == CONN_READABLE && conn->state == CONN_READING) {
		ssize_t n;

		if (!full || received >= TURN_SIZE)
			return wait_for_more(conn);
		n = intake_receive(&conn->intake, conn->fd, &full);
		if (n < 0)
			return receive_failed(conn);
		if (n == 0)
			return CONN_CLOSE;
		conn->progress = now;
		received += (size_t)n;
		wait = look(conn);
	}
	return wait;
}

static enum conn_wait
run_draining(struct conn *conn, int64_t now)
{
	char scrap[SCRAP_SIZE];

	for (size_t done = 0; done < TURN_SIZE;) {
		ssize_t n = recv(conn->fd, scrap, sizeof(scrap), MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return CONN_READABLE;
		if (n <= 0)
			return CONN_CLOSE;
		done += (size_t)n;
		conn->progress = now;
	}
	return CONN_READABLE;
}

enum conn_wait
conn_run(struct conn *conn, int64_t now)
{
	const bool reads = conn->state == CONN_READING;
	const bool serves = conn->state == CONN_SERVING;
	enum conn_wait wait = CONN_IDLE;

	if (conn->state == CONN_DRAINING)
		return run_draining(conn, now);
	if (reads)
		wait = run_reading(conn, now);
	/* Long work waits for its turn; this run was for reading a request. */
	if (reads && conn_is_heavy(conn))
		return wait == CONN_STORAGE ? CONN_STORAGE : CONN_TURN;
	if (conn->state == CONN_SERVING && reply_is_unwanted(conn))
		return CONN_CLOSE;
	if (conn->state == CONN_SERVING)
		wait = serve_request(conn, true);
	/* It was made when storage could be waited for. */
	if (serves && !conn->turned && conn_is_heavy(conn))
		return wait == CONN_STORAGE ? wait : CONN_TURN;
	if (conn->state == CONN_WRITING)
		wait = run_writing(conn, now);
	return wait;
}
