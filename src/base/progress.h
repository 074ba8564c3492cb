/* A line on a terminal that shows the progress of a long task: files, bytes,
 * and the time left. */

#ifndef PROGRESS_H
#define PROGRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct progress {
	/* Set by progress_begin. */
	bool shown;
	const char *what;
	uint64_t all_files, all_bytes;
	int64_t begun; /* clock_ms */

	pthread_mutex_t lock;
	/* Guarded by the lock. */
	uint64_t files, bytes;
	int64_t drawn; /* clock_ms */
};

/* Begin a task of so many files and bytes.  what names it ("packing").  Nothing
 * is shown when quiet, or when standard error is not a terminal. */
void progress_begin(struct progress *progress, const char *what, uint64_t files,
	uint64_t bytes, bool quiet);

/* Add to what has been done.  Any thread. */
void progress_add(struct progress *progress, uint64_t files, uint64_t bytes);

/* Erase the line. */
void progress_end(struct progress *progress);

#endif
