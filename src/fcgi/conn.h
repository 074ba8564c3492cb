/* One connection of a front end: from bytes in the socket to a request, and
 * from a response to bytes in the socket, never waiting for either. */

#ifndef CONN_H
#define CONN_H

#include "fcgi/intake.h"
#include "fcgi/sendqueue.h"
#include "serve/serve.h"

enum conn_state {
	CONN_READING,  /* the next request is to come */
	CONN_WRITING,  /* a response is under way */
	CONN_DRAINING, /* answered; what the peer still sends is thrown away */
};

/* What a connection waits for, when conn_run returns. */
enum conn_wait {
	CONN_IDLE,     /* for a request: none has begun */
	CONN_READABLE, /* for more to read */
	CONN_WRITABLE, /* for room in the socket */
	CONN_TURN,     /* for its next turn at long work */
	CONN_WAITS,    /* likewise, but another's work comes first */
	CONN_CLOSE,    /* for nothing: conn_free it */
};

struct conn {
	/* Set once. */
	int fd; /* non-blocking */
	const struct service *service;

	int64_t (*clock)(void);    /* clock_ns, if it is no test */
	struct counters *counters; /* of the thread that runs it; or NULL */

	enum conn_state state;
	int64_t progress; /* when bytes last came or went: milliseconds,
			   * CLOCK_MONOTONIC */
	bool served;      /* a request has been answered */
	struct intake intake;

	/* With CONN_WRITING: the response, and what of it is in the queue. */
	uint16_t id; /* of the request */
	struct arena arena;
	struct response response;
	struct account account;
	uint64_t client;          /* who asks: a hash of the address */
	bool heavy;               /* it is long work: it has had a turn */
	struct str errors;        /* records of FCGI_STDERR, to go first */
	size_t queued;            /* bytes of the body in the queue */
	bool head_sent, end_sent; /* or queued */
	bool keep;                /* read on after the response */
	bool drain;               /* the request was not read to its end */
	bool buffer_grown;
	struct sendqueue queue;
};

/* A connection on fd, which it owns from now on, even when this fails: NULL
 * with errno ENOMEM.  All connections share pool. */
struct conn *conn_new(int fd, const struct service *service,
	struct intake_pool *pool, int64_t now);

/* Close and release.  Takes NULL. */
void conn_free(struct conn *conn);

/* The response under way is long work, which is done in turns alone. */
static inline bool
conn_is_heavy(const struct conn *conn)
{
	return conn->state == CONN_WRITING && conn->heavy;
}

/* Do what can be done without waiting, for a turn at most.  now as
 * conn->progress.  One thread at a time. */
enum conn_wait conn_run(struct conn *conn, int64_t now);

#endif
