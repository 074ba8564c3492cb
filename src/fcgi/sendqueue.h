/* The bytes to send to a front end next: FastCGI records with parts of a
 * response.  Their content is not copied. */

#ifndef SENDQUEUE_H
#define SENDQUEUE_H

#include <sys/uio.h>

#include "fcgi/wire.h"
#include "http/body.h"

enum {
	/* The most records that one span fills, and the iovecs for them: a
	 * header and a piece of content each. */
	SENDQUEUE_SPAN_RECORDS = BODY_SLICE_SIZE / WIRE_RECORD_MAX + 2,
	SENDQUEUE_SPAN_IOVS = 2 * SENDQUEUE_SPAN_RECORDS,
	/* Sent at a time: log lines, the head, some spans, and the end. */
	SENDQUEUE_RECORDS = 3 * SENDQUEUE_SPAN_RECORDS,
	SENDQUEUE_IOVS = 3 * SENDQUEUE_SPAN_IOVS + 3,
};

struct sendqueue {
	struct iovec iov[SENDQUEUE_IOVS];
	int at, n; /* of iov */
	unsigned char headers[SENDQUEUE_RECORDS][WIRE_HEADER_SIZE];
	int records;
	size_t room; /* bytes left in the last of them */
	unsigned char end[WIRE_END_SIZE];
};

/* Forget what was queued. */
void sendqueue_clear(struct sendqueue *queue);

/* Queue complete records; the next bytes of FCGI_STDOUT of request id; the end
 * of its FCGI_STDERR; or the end of that request, aborted or not.  s must stay
 * valid until it is sent. */
void sendqueue_add(struct sendqueue *queue, struct str s);
void sendqueue_add_stdout(struct sendqueue *queue, uint16_t id, struct str s);
void sendqueue_add_stderr_end(struct sendqueue *queue, uint16_t id);
void sendqueue_add_end(struct sendqueue *queue, uint16_t id, bool aborted);

/* Whether there is room for another span and the end. */
bool sendqueue_has_room(const struct sendqueue *queue);

/* Whether everything queued has been sent. */
bool sendqueue_is_empty(const struct sendqueue *queue);

/* Send as much as fd takes now and remove that from the queue.  Returns as
 * send(2). */
ssize_t sendqueue_send(struct sendqueue *queue, int fd);

#endif
