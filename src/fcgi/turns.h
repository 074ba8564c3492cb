/* Long work takes turns: who waits for one, and whose is the next. */

#ifndef TURNS_H
#define TURNS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

/* Somebody's place in line. */
struct turn {
	/* For whom the work is done: any numbers, set before turns_add. */
	uint64_t archive, client;

	/* Of struct turns. */
	TAILQ_ENTRY(turn) next;
	uint64_t ended, served, archive_before, client_before;
};

struct turns;

/* At most `most` threads (at least 1) work at a time.  wake is an eventfd,
 * written to when a thread that waits is wanted; it remains the caller's.  NULL
 * with errno ENOMEM. */
struct turns *turns_new(int most, int wake);

/* When nobody is in line.  Takes NULL. */
void turns_free(struct turns *turns);

/* What follows is for any thread. */

/* Put turn in line; it must not be touched any more.  waits: it has just had a
 * turn, and could do nothing, because another's work must be done first. */
void turns_add(struct turns *turns, struct turn *turn, bool waits);

/* Somebody could be taken. */
bool turns_ready(struct turns *turns);

/* Take out of the line whose turn it is; the caller works at it, hands it over,
 * to turns_add or elsewhere, and calls turns_end.  NULL when nobody's is, or as
 * many threads work as may. */
struct turn *turns_take(struct turns *turns);
void turns_end(struct turns *turns, bool waits);

/* Something else has happened: let those who wait for another's work look
 * again, if nobody is left who could do it. */
void turns_stir(struct turns *turns);

#endif
