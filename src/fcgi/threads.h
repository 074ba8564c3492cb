/* The threads that serve requests.  All of them wait in one epoll instance.
 * Each deals with one event at a time or, when there is none, with one turn of
 * long work (turns.h) and one of those that wait for storage (storageline.h).
 * One that has to wait for storage lets another take its place (crew.h). */

#ifndef THREADS_H
#define THREADS_H

#include "fcgi/peers.h"

struct threads;

/* The arguments of threads_start. */
struct threads_needs {
	const struct service *service;
	struct peers *peers;
	struct turns *turns;
	int turn; /* the eventfd of turns */
	int epoll;
	int manager; /* see notify */
	struct storageline *storageline;
	int wanted; /* how many threads answer */
	int more;   /* how many others may wait for storage */
};

/* Start as many threads as are wanted, or as many of them as the system
 * allows.  What needs points to must outlive the threads, but not needs
 * itself.  NULL with errno when none could be started. */
struct threads *threads_start(const struct threads_needs *needs);

/* How many were started to answer. */
int threads_count(const struct threads *threads);

/* Whether a thread waits for storage. */
bool threads_are_stuck(const struct threads *threads);

/* Let a thread ping the service manager.  None does if all of them are stuck.
 */
void threads_ping(struct threads *threads);

/* Let a thread close the archives not in use. */
void threads_clear(struct threads *threads);

/* End all threads, each after the event it deals with, and wait for them. */
void threads_end(struct threads *threads);

#endif
