/* The archive that is previewed: a file, or a directory that is packed into a
 * temporary one. */

#ifndef SUBJECT_H
#define SUBJECT_H

#include <limits.h>
#include <pthread.h>

#include "pack/tree.h"

struct subject {
	char archive[PATH_MAX]; /* absolute */

	/* Of a directory; set once. */
	char directory[PATH_MAX]; /* empty: there is none */
	char temporary[PATH_MAX]; /* holds the archive; empty: not made yet */
	const struct pack_options *options;
	struct choice choice;

	pthread_mutex_t lock; /* guards what follows, and packing */
	struct tree tree;     /* what was packed */
	struct fault fault;   /* why the tree could not be read last time */
};

/* Open the archive or the directory at path.  A directory is packed, with
 * options, which are lent.  subject must not be moved.  -1 with fault; if it is
 * empty, packing failed and said so on standard error.  In any case call
 * subject_close. */
int subject_open(struct subject *subject, const char *path,
	const struct pack_options *options, struct fault *fault);

/* Pack the directory again if a file in it has changed.  If that fails, the
 * archive stays as it is, and standard error says why, once.  Any thread. */
void subject_refresh(struct subject *subject);

/* Remove what was written. */
void subject_close(struct subject *subject);

#endif
