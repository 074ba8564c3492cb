/* The line of those that have to wait for storage and may not yet: so many
 * threads may wait at a time, and only some of them for one device, so that
 * devices that do not respond leave threads for the others. */

#ifndef STORAGELINE_H
#define STORAGELINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

/* How many devices are told apart at most. */
#define STORAGELINE_DEVICES 64

/* A place in the line. */
struct storageplace {
	uint64_t device; /* what is waited for; set before storageline_add */
	TAILQ_ENTRY(storageplace) next; /* used by storageline.c only */
	bool stands;                    /* likewise */
};

struct storageline;

/* At most `most` threads (at least 1) wait at a time, for one device at most
 * three quarters of what others leave; but one thread may for each device,
 * however many wait for others.  wake is an eventfd, written to when a
 * thread is wanted; it remains the caller's.  NULL with errno ENOMEM. */
struct storageline *storageline_new(int most, int wake);

/* The line must be empty.  Takes NULL. */
void storageline_free(struct storageline *line);

/* The functions that follow may be called by any thread. */

/* Put place in line; the caller must not touch it any more. */
void storageline_add(struct storageline *line, struct storageplace *place);

/* Take place out of the line; false if it has been taken. */
bool storageline_remove(struct storageline *line, struct storageplace *place);

/* Whether storageline_take would return a place. */
bool storageline_ready(struct storageline *line);

/* Take one that may wait now, of the device for which the fewest do, the one
 * that stands longest.  The thread that runs it counts as one that waits for
 * the device, until storageline_leave.  NULL when there is none. */
struct storageplace *storageline_take(struct storageline *line);

/* Count one that waits for device without having stood in line, and uncount
 * one of either kind. */
void storageline_enter(struct storageline *line, uint64_t device);
void storageline_leave(struct storageline *line, uint64_t device);

/* Whether no more may wait for device. */
bool storageline_is_full(struct storageline *line, uint64_t device);

/* Which device storageline_learn was last told of for place, a number for a
 * directory; 0 if none is known.  These need not be right: a wrong one only
 * makes two devices share what is for one. */
uint64_t storageline_device(struct storageline *line, uint64_t place);
void storageline_learn(
	struct storageline *line, uint64_t place, uint64_t device);

/* How many threads wait, and how many stand in line. */
int storageline_waiting(struct storageline *line);
int storageline_standing(struct storageline *line);

#endif
