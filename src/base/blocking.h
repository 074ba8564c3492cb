/* Waiting for storage, in threads that have others to answer.
 *
 * Such a thread may have to read from a disk that is slow, or from another
 * machine that does not respond.  What does so calls blocking_begin before and
 * blocking_end behind it; the thread's owner sees to it that another thread
 * answers meanwhile (fcgi/crew.h).  Where nobody else is to be answered, as in
 * `wwz check`, none of this has an effect. */

#ifndef BLOCKING_H
#define BLOCKING_H

#include <stdbool.h>
#include <stdint.h>

/* What the owner of a thread provides. */
struct blocking {
	/* The thread will wait for the device (st_dev; 0: not known), and has
	 * waited. */
	void (*begin)(struct blocking *blocking, uint64_t device);
	void (*end)(struct blocking *blocking);
	/* Whether so many wait for device that no more should. */
	bool (*crowds)(const struct blocking *blocking, uint64_t device);
	/* What the thread does now may wait for what is known to be slow. */
	bool allowed;
	int depth; /* of blocking_begin */
};

/* Set what is called in this thread; NULL, as at first, is nothing. */
void blocking_set(struct blocking *blocking);

/* Whether there are others to be answered by this thread. */
bool blocking_is_watched(void);

/* Whether the thread must put off what is slow, or reads device if that is
 * slow to answer so many already. */
bool blocking_refuses_slow(void);
bool blocking_refuses(uint64_t device);

/* Around anything that waits for storage.  Pairs may be nested; only the outer
 * one counts.  Both preserve errno. */
void blocking_begin(uint64_t device);
void blocking_end(void);

#endif
