/* What comes over a connection: from bytes in a socket to a request.
 *
 * Bytes are read as they come, and a request is made of what is whole and was
 * checked.  The memory for them is had when the first ones come, grows with
 * the parameters, and is given back between requests. */

#ifndef INTAKE_H
#define INTAKE_H

#include <stdatomic.h>
#include <sys/types.h>

#include "fcgi/wire.h"
#include "http/request.h"

enum {
	INTAKE_FIRST = 4096, /* bytes that a connection gets at once... */
	/* ...and at most: to read into there is always that much. */
	INTAKE_MAX = WIRE_PARAMS_MAX + INTAKE_FIRST,
};

/* What all connections together may have beyond INTAKE_FIRST bytes each. */
struct intake_pool {
	size_t max;
	_Atomic size_t used;
};

/* One connection's.  All zero but for its pool: nothing has come. */
struct intake {
	struct intake_pool *pool;
	struct wire wire;
	unsigned char *p; /* n bytes of size; as wire_look leaves them */
	size_t n, size;
};

/* Look at what has come, as wire_look. */
enum wire_state intake_look(struct intake *intake);

/* Receive more from fd, without waiting, as recv(2); *full: there may be still
 * more.  -1 with ENOMEM when memory ran out. */
ssize_t intake_receive(struct intake *intake, int fd, bool *full);

/* The parameters of the request that intake_look found; text is lent by intake,
 * up to intake_next, or lies in arena.  false when they make no sense. */
bool intake_request(const struct intake *intake, struct request *request,
	struct arena *arena);

/* Forget the request or the question that intake_look found. */
void intake_next(struct intake *intake);

/* Give memory back in which nothing lies. */
void intake_rest(struct intake *intake);

/* Give all memory back. */
void intake_free(struct intake *intake);

/* Something has come that is not done with. */
bool intake_has_begun(const struct intake *intake);

#endif
