/* Threads that compress, and hand their results back in the order in which the
 * work was given to them. */

#ifndef WORKERS_H
#define WORKERS_H

#include "pack/deflate.h"
#include "pack/item.h"

/* A piece of a file to deflate; or a whole file, to make a sibling of. */
struct job {
	/* What is to be done. */
	struct item *item;
	struct piece piece;
	bool first; /* of its file */

	/* Set by either side: the file is better stored as it is; of a sibling:
	 * not worth having. */
	bool stored;

	/* What came out. */
	int error;            /* an errno */
	unsigned char *coded; /* of a sibling: piece.npacked bytes, the
				 caller's to free */
};

struct workers;

/* Start n threads.  NULL with errno.  free waits until they are done with what
 * they were given; it takes NULL. */
struct workers *workers_new(int n);
void workers_free(struct workers *workers);

/* What follows is for one thread, the one that gives out work. */

/* A job to fill in, all of it but piece.packed; NULL when so many wait to be
 * taken back that it is time for that. */
struct job *workers_vacant(struct workers *workers);

/* Give out the job that was filled in. */
void workers_give(struct workers *workers);

/* The oldest job given out, after waiting until it is done; NULL when there is
 * none.  The same one until workers_take gives it up. */
struct job *workers_oldest(struct workers *workers);
void workers_take(struct workers *workers);

#endif
