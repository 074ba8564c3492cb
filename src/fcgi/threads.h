/* The threads that serve requests.  All of them wait in one epoll instance.
 * Each deals with one event at a time or, when there is none, with one turn of
 * long work (turns.h). */

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

/* Let one of the threads that is not stuck, if there is one, ping the service
 * manager. */
void threads_ping(struct threads *threads);

/* End all threads, each after the event it deals with, and wait for them. */
void threads_end(struct threads *threads);

#endif
