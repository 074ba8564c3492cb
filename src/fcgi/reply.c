#include "fcgi/reply.h"

#include <poll.h>
#include <sys/socket.h>

#include "base/log.h"
#include "http/answer.h"

/* The head at the first call, later nothing. */
static struct str
take_head(struct conn *conn)
{
	struct str head = {NULL, 0};

	if (!conn->head_sent)
		head = response_head(&conn->response);
	conn->head_sent = true;
	return head;
}

struct str
reply_errors(struct conn *conn, const struct line *errors)
{
	unsigned char header[WIRE_HEADER_SIZE];
	struct text text = {.arena = &conn->arena};

	if (errors->n == 0 || !conn->service->tell_front)
		return (struct str){NULL, 0};
	wire_stderr(header, conn->id, errors->n);
	text_add(&text, (struct str){(char *)header, sizeof(header)});
	text_add(&text, (struct str){errors->p, errors->n});
	wire_stderr(header, conn->id, 0);
	text_add(&text, (struct str){(char *)header, sizeof(header)});
	return conn->arena.failed ? (struct str){NULL, 0} : text_str(&text);
}

/* As body_next.  If the body is cut, what was logged about it is sent to the
 * front end at once, if the socket takes it. */
static enum body_result
next_span(struct conn *conn, struct str *span)
{
	struct log_collector errors;
	struct str records;
	enum body_result result;

	log_collect(&errors);
	result = body_next(&conn->response.body, span);
	log_redirect(NULL);
	if (result != BODY_CUT)
		return result;
	records = reply_errors(conn, &errors.lines);
	if (records.n > 0)
		(void)send(conn->fd, records.p, records.n,
			MSG_DONTWAIT | MSG_NOSIGNAL);
	return result;
}

/* Queue as many spans of the body as can be sent together.  Returns the result
 * of the last body_next. */
static enum body_result
queue_body(struct conn *conn)
{
	struct body *body = &conn->response.body;
	enum body_result result;
	struct str span;

	do {
		result = next_span(conn, &span);
		if (result == BODY_SPAN) {
			sendqueue_add_stdout(&conn->queue, conn->id, span);
			conn->queued += span.n;
		}
	} while (result == BODY_SPAN && !body_is_done(body) &&
		body_next_spares(body) && sendqueue_has_room(&conn->queue));
	return result;
}

static void
ask_peer(struct conn *conn)
{
	struct sendqueue *queue = &conn->queue;

	/* Anything else that is sent makes the peer answer as well. */
	if (conn->probed || !conn->head_sent || !sendqueue_is_empty(queue))
		return;
	conn->probed = true;
	sendqueue_clear(queue);
	sendqueue_add_stderr_end(queue, conn->id);
}

bool
reply_is_unwanted(struct conn *conn)
{
	struct pollfd fd = {.fd = conn->fd, .events = POLLRDHUP};

	if (poll(&fd, 1, 0) <= 0)
		return false;
	if ((fd.revents & POLLRDHUP) != 0)
		ask_peer(conn);
	return (fd.revents & (POLLERR | POLLHUP)) != 0;
}

enum body_result
reply_abort(struct conn *conn)
{
	conn->account.bytes += conn->queued;
	sendqueue_clear(&conn->queue);
	conn->queued = 0;
	if (conn->end_sent)
		return BODY_END;
	sendqueue_add_end(&conn->queue, conn->id, true);
	conn->end_sent = true;
	return BODY_SPAN;
}

enum body_result
reply_fill(struct conn *conn)
{
	struct body *body = &conn->response.body;
	struct sendqueue *queue = &conn->queue;
	enum body_result result = BODY_END;

	account_enter(&conn->account, PHASE_INFLATE);
	if (!conn->head_sent && !answer_locate(&conn->response))
		return BODY_LATER;
	conn->account.bytes += conn->queued;
	sendqueue_clear(queue);
	conn->queued = 0;
	if (conn->end_sent)
		return BODY_END;
	sendqueue_add(queue, conn->errors);
	conn->errors.n = 0;
	sendqueue_add_stdout(queue, conn->id, take_head(conn));
	/* When memory ran out, the head is that of an error and has no body. */
	if (!conn->response.head && !conn->arena.failed)
		result = queue_body(conn);
	if (result == BODY_END || (result == BODY_SPAN && body_is_done(body))) {
		sendqueue_add_end(queue, conn->id, false);
		conn->end_sent = true;
	}
	return sendqueue_is_empty(queue) ? result : BODY_SPAN;
}

bool
reply_is_aborted(const struct conn *conn)
{
	return (conn->heavy || conn->head_sent) && !conn->end_sent &&
		!conn->drain &&
		intake_aborts(&conn->intake, conn->fd, conn->id);
}
