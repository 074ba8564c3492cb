/* The threads that answer: all wait in one epoll instance, and each deals with
 * one event at a time, or, when there is none, with a turn of long work
 * (turns.h). */

#ifndef THREADS_H
#define THREADS_H

#include "fcgi/peers.h"

struct threads;

/* What threads are started with; it must outlive them. */
struct threads_needs {
	const struct service *service;
	struct peers *peers;
	struct turns *turns;
	int turn; /* the eventfd of turns */
	int epoll;
	int manager; /* see notify */
	int wanted;  /* how many threads */
};

/* Start as many threads as are wanted, or as can be had.  needs itself may go.
 * NULL with errno when there is none. */
struct threads *threads_start(const struct threads_needs *needs);

/* How many were started. */
int threads_count(const struct threads *threads);

/* Let one of them, when not all are stuck, give the service manager a sign of
 * life. */
void threads_ping(struct threads *threads);

/* Wait until all have ended: each does when its event is dealt with. */
void threads_end(struct threads *threads);

#endif
