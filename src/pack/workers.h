/* A pool of threads that compress.  Results are returned in the order in which
 * jobs were given out. */

#ifndef WORKERS_H
#define WORKERS_H

#include "pack/deflate.h"
#include "pack/item.h"

/* A piece of a file to deflate, or a whole file to make a sibling of. */
struct job {
	/* Set by the caller. */
	struct item *item;
	struct piece piece;
	bool first; /* the first piece of its file */

	/* Set by either side: the file is better stored; or, for a sibling, it
	 * is not worth having. */
	bool stored;

	/* The result. */
	int error;            /* an errno */
	unsigned char *coded; /* of a sibling: piece.npacked bytes, freed by the
				 caller */
};

struct workers;

/* Start n threads.  NULL with errno.  workers_free waits until they have
 * finished the jobs given out; it takes NULL. */
struct workers *workers_new(int n);
void workers_free(struct workers *workers);

/* The functions that follow are for one thread, which gives out the jobs. */

/* A job to fill in, except for piece.packed; NULL when all jobs are in use, so
 * the oldest must be taken back first. */
struct job *workers_vacant(struct workers *workers);

/* Give out the job that workers_vacant returned. */
void workers_give(struct workers *workers);

/* Wait for the oldest job given out, and return it; NULL when there is none.
 * It stays the oldest until workers_take releases it. */
struct job *workers_oldest(struct workers *workers);
void workers_take(struct workers *workers);

#endif
