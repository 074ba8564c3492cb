#include "fcgi/intake.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

enum wire_state
intake_look(struct intake *intake)
{
	return wire_look(&intake->wire, intake->p, &intake->n);
}

/* How many bytes of a buffer of this size count against the pool. */
static size_t
from_pool(size_t size)
{
	return size > INTAKE_FIRST ? size - INTAKE_FIRST : 0;
}

/* Take more bytes from the pool, if it has that many. */
static bool
draw_bytes(struct intake_pool *pool, size_t more)
{
	if (atomic_fetch_add(&pool->used, more) + more <= pool->max)
		return true;
	atomic_fetch_sub(&pool->used, more);
	return false;
}

/* Make room for at least a byte.  -1 with errno ENOMEM. */
static int
grow_intake(struct intake *intake)
{
	size_t size = intake->size ? intake->size * 2 : INTAKE_FIRST;
	size_t more;
	unsigned char *p;

	if (intake->n < intake->size)
		return 0;
	if (size > INTAKE_MAX)
		size = INTAKE_MAX;
	more = from_pool(size) - from_pool(intake->size);
	if (more > 0 && !draw_bytes(intake->pool, more)) {
		errno = ENOMEM;
		return -1;
	}
	p = realloc(intake->p, size);
	if (p == NULL) {
		if (more > 0)
			atomic_fetch_sub(&intake->pool->used, more);
		errno = ENOMEM;
		return -1;
	}
	intake->p = p;
	intake->size = size;
	return 0;
}

ssize_t
intake_receive(struct intake *intake, int fd, bool *full)
{
	ssize_t n;

	*full = false;
	if (grow_intake(intake) < 0)
		return -1;
	n = recv(fd, intake->p + intake->n, intake->size - intake->n,
		MSG_DONTWAIT);
	if (n > 0)
		intake->n += (size_t)n;
	*full = intake->n == intake->size;
	return n;
}

bool
intake_aborts(const struct intake *intake, int fd, uint16_t id)
{
	unsigned char header[WIRE_HEADER_SIZE];

	if (intake->n >= sizeof(header))
		return wire_aborts(intake->p, id);
	return intake->n == 0 &&
		recv(fd, header, sizeof(header), MSG_PEEK | MSG_DONTWAIT) ==
		sizeof(header) &&
		wire_aborts(header, id);
}

bool
intake_request(const struct intake *intake, struct request *request,
	struct arena *arena)
{
	struct str rest = {(const char *)intake->p, intake->wire.held};
	struct request_reader reader;
	struct str name, value;

	request_begin(&reader, request, arena);
	while (rest.n > 0) {
		if (!wire_pair(&rest, &name, &value))
			return false;
		request_add(&reader, name, value);
	}
	return true;
}

void
intake_next(struct intake *intake)
{
	wire_next(&intake->wire, intake->p, &intake->n);
	intake_rest(intake);
}

void
intake_rest(struct intake *intake)
{
	if (intake->n == 0)
		intake_free(intake);
}

void
intake_free(struct intake *intake)
{
	size_t size = from_pool(intake->size);

	free(intake->p);
	intake->p = NULL;
	intake->n = intake->size = 0;
	if (size > 0)
		atomic_fetch_sub(&intake->pool->used, size);
}

bool
intake_has_begun(const struct intake *intake)
{
	return intake->n > 0 || wire_has_begun(&intake->wire);
}
