/* What goes to a front end next: a response in FastCGI's records, whose content
 * lies where it lay and is not copied. */

#ifndef SENDQUEUE_H
#define SENDQUEUE_H

#include <sys/uio.h>

#include "fcgi/wire.h"
#include "http/body.h"

enum {
	/* Records that one span fills, at most, and as many pieces of it with
	 * their headers. */
	SENDQUEUE_SPAN_RECORDS = BODY_SLICE_SIZE / WIRE_RECORD_MAX + 2,
	SENDQUEUE_SPAN_IOVS = 2 * SENDQUEUE_SPAN_RECORDS,
	/* What is sent at a time: what was logged, the head, some spans,
	 * and the end. */
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

/* Queue whole records; or the next bytes of FCGI_STDOUT of request id; or its
 * end.  s must stay until it is sent. */
void sendqueue_add(struct sendqueue *queue, struct str s);
void sendqueue_add_stdout(struct sendqueue *queue, uint16_t id, struct str s);
void sendqueue_add_end(struct sendqueue *queue, uint16_t id);

/* There is room for one more span and the end. */
bool sendqueue_has_room(const struct sendqueue *queue);

/* All of it is sent. */
bool sendqueue_is_empty(const struct sendqueue *queue);

/* Send what fd takes now.  As send(2); what was sent is queued no more. */
ssize_t sendqueue_send(struct sendqueue *queue, int fd);

#endif
