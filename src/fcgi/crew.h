/* The threads that answer, and those that would if one of them had to wait.
 *
 * There are as many posts as threads were asked for.  A thread that holds a
 * post waits for events and runs what they bring.  Before it waits for storage
 * it gives its post up, and a spare thread, or a new one, takes it.  What it
 * had begun it goes on with when the bytes are there, without a post, but only
 * as many at a time as there are posts. */

#ifndef CREW_H
#define CREW_H

#include <stdbool.h>
#include <stddef.h>

struct crew;

/* Make a crew with that many posts, and at most `more` threads beyond.  Each
 * thread calls run whenever it holds a post; run returns when it has given the
 * post up and has no more to do, or after crew_end was called.  number is that
 * of the thread, below posts + more, and no other thread's as long as it lives.
 * NULL with errno ENOMEM. */
struct crew *crew_new(
	int posts, int more, void (*run)(void *data, int number), void *data);

/* Start a thread for each post, or as many of them as the system allows.
 * Returns how many. */
int crew_start(struct crew *crew);

/* The functions that follow are for the threads. */

/* Give the post up.  If no thread can take it, it stays free until one that
 * waits is done. */
void crew_leave(struct crew *crew);

/* Go on after a wait, when fewer than as many as there are posts do; and stop
 * doing so. */
void crew_resume(struct crew *crew);
void crew_rest(struct crew *crew);

/* How many threads there are, any thread. */
int crew_count(struct crew *crew);

/* End all threads, and release the crew once they have ended.  run has to be
 * made return by the caller.  Takes NULL. */
void crew_end(struct crew *crew);

#endif
