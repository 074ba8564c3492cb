/* The input of a connection: from bytes in a socket to a request.
 *
 * Bytes are read as they come, and a request is made only from complete,
 * checked records.  The buffer is allocated when the first bytes come, grows
 * with the parameters, and is freed between requests. */

#ifndef INTAKE_H
#define INTAKE_H

#include <stdatomic.h>
#include <sys/types.h>

#include "fcgi/wire.h"
#include "http/request.h"

enum {
	INTAKE_FIRST = 4096, /* bytes of a buffer at first */
	/* At most.  There is always room for INTAKE_FIRST bytes to read into.
	 */
	INTAKE_MAX = WIRE_PARAMS_MAX + INTAKE_FIRST,
};

/* A bound on what the buffers of all connections together take beyond
 * INTAKE_FIRST bytes each. */
struct intake_pool {
	size_t max;
	_Atomic size_t used;
};

/* The buffer of one connection.  All zero except pool when nothing has come. */
struct intake {
	struct intake_pool *pool;
	struct wire wire;
	unsigned char *p; /* n bytes of size; as wire_look leaves them */
	size_t n, size;
};

/* Parse the bytes received so far, as wire_look. */
enum wire_state intake_look(struct intake *intake);

/* Receive more from fd without blocking.  Returns as recv(2), or -1 with errno
 * ENOMEM when memory or the pool is used up.  *full: the buffer was filled, so
 * there may be more to read. */
ssize_t intake_receive(struct intake *intake, int fd, bool *full);

/* Whether the next record, in the buffer or in the socket, is
 * FCGI_ABORT_REQUEST for request id, which is being answered.  The record stays
 * there; intake_look ignores it when that request is over. */
bool intake_aborts(const struct intake *intake, int fd, uint16_t id);

/* Decode the parameters of the request that intake_look found.  Their text is
 * lent by intake until intake_next, or lies in arena.  false when they are
 * malformed. */
bool intake_request(const struct intake *intake, struct request *request,
	struct arena *arena);

/* Drop the request or management record that intake_look found. */
void intake_next(struct intake *intake);

/* Free the buffer if it is empty. */
void intake_rest(struct intake *intake);

/* Free the buffer, with what is in it. */
void intake_free(struct intake *intake);

/* Whether a part of a request has come that has not been dealt with. */
bool intake_has_begun(const struct intake *intake);

#endif
