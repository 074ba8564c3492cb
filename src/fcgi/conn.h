/* One connection of a front end: from bytes in the socket to a request, and
 * from a response to bytes in the socket, never waiting for either. */

#ifndef CONN_H
#define CONN_H

#include "fcgi/intake.h"
#include "fcgi/sendqueue.h"
#include "serve/serve.h"

enum conn_state {
	CONN_READING,  /* the next request is to come */
	CONN_SERVING,  /* a request has come; its answer takes long to make */
	CONN_WRITING,  /* a response is being sent */
	CONN_DRAINING, /* answered; the rest of the request is read and dropped
			*/
};

/* When conn_run returns, the connection waits for this. */
enum conn_wait {
	CONN_IDLE,     /* for a request, of which nothing has come */
	CONN_READABLE, /* for more to read */
	CONN_WRITABLE, /* for room in the socket */
	CONN_TURN,     /* for its next turn at long work */
	CONN_WAITS, /* likewise, once the work of another connection is done */
	CONN_STORAGE, /* until it may wait for storage (blocking.h) */
	CONN_CLOSE,   /* for nothing: conn_free it */
};

struct conn {
	/* Set once. */
	int fd; /* non-blocking */
	const struct service *service;

	int64_t (*clock)(void); /* clock_ns, except in tests */
	struct counters
		*counters; /* of the thread that runs the connection, or NULL */

	enum conn_state state;
	int64_t progress; /* when bytes last came or went: milliseconds,
			   * CLOCK_MONOTONIC */
	bool served;      /* a request has been answered */
	struct intake intake;

	/* In CONN_WRITING: the response, and how much of it is queued. */
	uint16_t id; /* of the request */
	struct arena arena;
	struct response response;
	struct account account;
	uint64_t client; /* a hash of the client's address */
	/* What was found to hold the archive: 0, or a device; and the number of
	 * the archive's directory. */
	uint64_t device, directory;
	struct request request; /* until it is answered */
	bool heavy;             /* the response is long work, done in turns */
	bool turned; /* the request was put off until its turn, to be made */
	struct str errors;        /* records of FCGI_STDERR, sent first */
	size_t queued;            /* bytes of the body in the queue */
	bool head_sent, end_sent; /* or queued */
	bool probed;              /* the peer was asked if it has gone */
	bool spoken;              /* bytes of the response were sent */
	bool aborted;             /* FCGI_ABORT_REQUEST has come */
	bool keep;  /* FCGI_KEEP_CONN: another request may follow */
	bool drain; /* the request was not read to its end: drain */
	bool buffer_grown;
	struct sendqueue queue;
};

/* Make a connection on fd and take ownership of fd, even on failure.  All
 * connections share pool.  NULL with errno ENOMEM. */
struct conn *conn_new(int fd, const struct service *service,
	struct intake_pool *pool, int64_t now);

/* Close and release.  Takes NULL. */
void conn_free(struct conn *conn);

/* Whether the response being sent is long work: conn_run may only be called
 * when the connection has its turn. */
static inline bool
conn_is_heavy(const struct conn *conn)
{
	return conn->state == CONN_SERVING ||
		(conn->state == CONN_WRITING && conn->heavy);
}

/* A number for the archive that the response is made from, and one for the
 * directory it lies in. */
uint64_t conn_archive(const struct conn *conn);
uint64_t conn_directory(const struct conn *conn);

/* Do what can be done without blocking, for one turn at most.  now is in the
 * units of conn->progress.  Only one thread may run a connection at a time. */
enum conn_wait conn_run(struct conn *conn, int64_t now);

#endif
