#include "fcgi/sendqueue.h"

#include <sys/socket.h>

void
sendqueue_clear(struct sendqueue *queue)
{
	queue->at = queue->n = 0;
	queue->records = 0;
	queue->room = 0;
}

static void
push(struct sendqueue *queue, const void *p, size_t n)
{
	queue->iov[queue->n++] =
		(struct iovec){.iov_base = (void *)(uintptr_t)p, .iov_len = n};
}

void
sendqueue_add(struct sendqueue *queue, struct str s)
{
	if (s.n > 0)
		push(queue, s.p, s.n);
}

static void
begin_record(struct sendqueue *queue)
{
	push(queue, queue->headers[queue->records++], WIRE_HEADER_SIZE);
	queue->room = WIRE_RECORD_MAX;
}

void
sendqueue_add_stdout(struct sendqueue *queue, uint16_t id, struct str s)
{
	while (s.n > 0) {
		size_t n;

		if (queue->room == 0)
			begin_record(queue);
		n = s.n < queue->room ? s.n : queue->room;
		push(queue, s.p, n);
		queue->room -= n;
		wire_stdout(queue->headers[queue->records - 1], id,
			WIRE_RECORD_MAX - queue->room);
		s = str_slice(s, n, s.n);
	}
}

void
sendqueue_add_stderr_end(struct sendqueue *queue, uint16_t id)
{
	unsigned char *header = queue->headers[queue->records++];

	wire_stderr(header, id, 0);
	push(queue, header, WIRE_HEADER_SIZE);
	queue->room = 0;
}

void
sendqueue_add_end(struct sendqueue *queue, uint16_t id, bool aborted)
{
	if (aborted)
		wire_end_aborted(queue->end, id);
	else
		wire_end(queue->end, id);
	push(queue, queue->end, sizeof(queue->end));
}

bool
sendqueue_has_room(const struct sendqueue *queue)
{
	return queue->n + SENDQUEUE_SPAN_IOVS < SENDQUEUE_IOVS;
}

bool
sendqueue_is_empty(const struct sendqueue *queue)
{
	return queue->at == queue->n;
}

/* Remove the n bytes that were sent from the queue. */
static void
take_sent(struct sendqueue *queue, size_t n)
{
	while (n > 0) {
		struct iovec *iov = &queue->iov[queue->at];

		if (n < iov->iov_len) {
			iov->iov_base = (char *)iov->iov_base + n;
			iov->iov_len -= n;
			return;
		}
		n -= iov->iov_len;
		queue->at++;
	}
}

ssize_t
sendqueue_send(struct sendqueue *queue, int fd)
{
	struct msghdr message = {
		.msg_iov = &queue->iov[queue->at],
		.msg_iovlen = (size_t)(queue->n - queue->at),
	};
	ssize_t n = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0)
		take_sent(queue, (size_t)n);
	return n;
}
