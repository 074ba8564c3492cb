/* Lets long work be done in turns: keeps the line of those who wait for a turn,
 * and chooses the next one. */

#ifndef TURNS_H
#define TURNS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

/* A place in the line. */
struct turn {
	/* Numbers that identify the archive and the client the work is for; set
	 * before turns_add. */
	uint64_t archive, client;

	/* Used by turns.c only. */
	TAILQ_ENTRY(turn) next;
	uint64_t ended, served, archive_before, client_before;
};

struct turns;

/* At most `most` threads (at least 1) work at a time.  wake is an eventfd,
 * written to when an idle thread is wanted; it remains the caller's.  NULL with
 * errno ENOMEM. */
struct turns *turns_new(int most, int wake);

/* The line must be empty.  Takes NULL. */
void turns_free(struct turns *turns);

/* The functions that follow may be called by any thread. */

/* Put turn in line; the caller must not touch it any more.  waits says that it
 * has just had a turn but could do nothing, because other work must be done
 * first. */
void turns_add(struct turns *turns, struct turn *turn, bool waits);

/* Whether turns_take would return a turn. */
bool turns_ready(struct turns *turns);

/* Take the next one out of the line.  The caller does a piece of its work,
 * hands it over, to turns_add or elsewhere, and calls turns_end, which wakes
 * nobody: the caller looks for the next one, or wakes a thread.  NULL when the
 * line is empty or `most` threads are working.  waits as for turns_add. */
struct turn *turns_take(struct turns *turns);
void turns_end(struct turns *turns, bool waits);

/* Within its turn the thread waits for storage, and has waited: meanwhile
 * another works. */
void turns_lend(struct turns *turns);
void turns_resume(struct turns *turns);

/* If nobody is in line or working, let those who wait for other work try again.
 * To be called after anything that could have ended such work. */
void turns_stir(struct turns *turns);

#endif
