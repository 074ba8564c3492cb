#include "fcgi/aside.h"

#include <sys/socket.h>

#include "base/log.h"
#include "fcgi/foreign.h"
#include "fcgi/sendqueue.h"
#include "http/errorpage.h"

/* Send a few bytes.  As a rule there is room for them. */
static bool
send_few(const struct conn *conn, const unsigned char *p, size_t n)
{
	return send(conn->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n;
}

enum conn_wait
aside_drain(struct conn *conn)
{
	conn->state = CONN_DRAINING;
	return shutdown(conn->fd, SHUT_WR) < 0 ? CONN_CLOSE : CONN_READABLE;
}

enum conn_wait
aside_close(const char *why)
{
	log_pairs(LOG_WARN, "bad-request", {"why", str_of(why)});
	return CONN_CLOSE;
}

enum conn_wait
aside_refuse_role(struct conn *conn)
{
	unsigned char end[WIRE_END_SIZE];

	wire_refuse_role(end, conn->intake.wire.id);
	log_pairs(LOG_WARN, "bad-request",
		{"why", STR("only the role of responder is served")});
	intake_free(&conn->intake);
	return send_few(conn, end, sizeof(end)) ? aside_drain(conn)
						: CONN_CLOSE;
}

enum conn_wait
aside_refuse_foreign(struct conn *conn)
{
	const struct intake *intake = &conn->intake;
	struct foreign foreign =
		foreign_read((struct str){(const char *)intake->p, intake->n});

	aside_close(foreign.why);
	if (conn->served || foreign.answer.n == 0)
		return CONN_CLOSE;
	intake_free(&conn->intake);
	return send_few(conn, (const unsigned char *)foreign.answer.p,
		       foreign.answer.n)
		? aside_drain(conn)
		: CONN_CLOSE;
}

bool
aside_manage(struct conn *conn)
{
	const struct intake *intake = &conn->intake;
	unsigned char reply[WIRE_REPLY_SIZE];
	size_t n = wire_manage(&intake->wire, intake->p, reply);

	intake_next(&conn->intake);
	if (n == 0) {
		aside_close("FCGI_GET_VALUES without names");
		return false;
	}
	return send_few(conn, reply, n);
}

bool
aside_abort(struct conn *conn)
{
	unsigned char end[WIRE_END_SIZE];
	bool keep = conn->intake.wire.keep;

	wire_end_aborted(end, conn->intake.wire.id);
	intake_next(&conn->intake);
	return send_few(conn, end, sizeof(end)) &&
		(keep || aside_drain(conn) == CONN_READABLE);
}

/* A few hundred bytes, for which an idle socket has room. */
static void
send_unavailable(const struct conn *conn)
{
	struct arena arena = {0};
	struct response response;
	struct sendqueue queue;
	struct str span;

	response_init(&response, &arena, METHOD_GET);
	errorpage_answer(&response, STATUS_UNAVAILABLE);
	sendqueue_clear(&queue);
	sendqueue_add_stdout(&queue, conn->id, response_head(&response));
	if (body_next(&response.body, &span) == BODY_SPAN)
		sendqueue_add_stdout(&queue, conn->id, span);
	sendqueue_add_end(&queue, conn->id, false);
	(void)sendqueue_send(&queue, conn->fd);
	response_free(&response);
	arena_free(&arena);
}

void
aside_give_up(const struct conn *conn)
{
	if (!conn->spoken)
		send_unavailable(conn);
	shutdown(conn->fd, SHUT_RDWR);
}
