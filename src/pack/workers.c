#include "pack/workers.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "pack/precompress.h"

enum { JOBS_EACH = 4 }; /* jobs for each thread, so that none has to wait */

struct workers {
	/* Set by workers_new. */
	struct job *jobs; /* a ring buffer */
	size_t njobs;
	pthread_t *threads;
	int nthreads;

	pthread_mutex_t lock;
	pthread_cond_t given_some, done_some;
	/* Guarded by the lock: jobs since the start; taken <= begun <= given.
	 */
	size_t given, begun, taken;
	bool *done; /* for each slot of the ring */
	bool stop;
};

/* Whether deflating the whole file of job is worth it. */
static bool
is_worth(struct deflater *deflater, struct job *job)
{
	struct piece *piece = &job->piece;
	uint64_t size = job->item->file->size;

	if (!deflate_promises(deflater, piece->fd, size))
		return false;
	if (size > DEFLATE_PIECE)
		return true;
	if (deflate_piece(deflater, piece) < 0) {
		job->error = errno;
		return true;
	}
	return deflate_saves(size, piece->npacked);
}

/* Files that deflate cannot make smaller are not tried with other codings. */
static void
make_sibling(struct deflater *deflater, struct job *job)
{
	job->stored = !is_worth(deflater, job);
	if (job->stored || job->error != 0)
		return;
	if (precompress_file(job->item->coding, job->piece.fd,
		    (size_t)job->item->file->size, &job->coded,
		    &job->piece.npacked) < 0)
		job->error = errno;
}

static void
deflate_job(struct deflater *deflater, struct job *job)
{
	if (job->item->coding != CODING_IDENTITY)
		make_sibling(deflater, job);
	else if (job->stored)
		return;
	else if (job->first && job->piece.last)
		job->stored = !is_worth(deflater, job);
	else if (deflate_piece(deflater, &job->piece) < 0)
		job->error = errno;
}

static void *
run_worker(void *argument)
{
	struct workers *w = argument;
	struct deflater *deflater = deflater_new();

	pthread_mutex_lock(&w->lock);
	for (;;) {
		size_t at;

		while (w->begun == w->given && !w->stop)
			pthread_cond_wait(&w->given_some, &w->lock);
		if (w->begun == w->given)
			break;
		at = w->begun++ % w->njobs;
		pthread_mutex_unlock(&w->lock);
		if (deflater == NULL)
			w->jobs[at].error = ENOMEM;
		else
			deflate_job(deflater, &w->jobs[at]);
		pthread_mutex_lock(&w->lock);
		w->done[at] = true;
		pthread_cond_signal(&w->done_some);
	}
	pthread_mutex_unlock(&w->lock);
	deflater_free(deflater);
	return NULL;
}

static int
allocate(struct workers *w, int n)
{
	w->njobs = (size_t)n * JOBS_EACH;
	w->jobs = calloc(w->njobs, sizeof(*w->jobs));
	w->done = calloc(w->njobs, sizeof(*w->done));
	w->threads = calloc((size_t)n, sizeof(*w->threads));
	if (w->jobs == NULL || w->done == NULL || w->threads == NULL)
		return -1;
	for (size_t i = 0; i < w->njobs; i++) {
		w->jobs[i].piece.packed = malloc(DEFLATE_ROOM);
		if (w->jobs[i].piece.packed == NULL)
			return -1;
	}
	return 0;
}

struct workers *
workers_new(int n)
{
	struct workers *w = calloc(1, sizeof(*w));
	int error = 0;

	if (w == NULL)
		return NULL;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->given_some, NULL);
	pthread_cond_init(&w->done_some, NULL);
	if (allocate(w, n) < 0)
		error = ENOMEM;
	while (error == 0 && w->nthreads < n) {
		error = pthread_create(
			&w->threads[w->nthreads], NULL, run_worker, w);
		w->nthreads += error == 0;
	}
	if (error == 0)
		return w;
	workers_free(w);
	errno = error;
	return NULL;
}

void
workers_free(struct workers *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_broadcast(&w->given_some);
	pthread_mutex_unlock(&w->lock);
	for (int i = 0; i < w->nthreads; i++)
		pthread_join(w->threads[i], NULL);
	for (size_t i = 0; w->jobs != NULL && i < w->njobs; i++)
		free(w->jobs[i].piece.packed);
	free(w->jobs);
	free(w->done);
	free(w->threads);
	pthread_cond_destroy(&w->given_some);
	pthread_cond_destroy(&w->done_some);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

struct job *
workers_vacant(struct workers *w)
{
	struct job *job = &w->jobs[w->given % w->njobs];

	return w->given - w->taken < w->njobs ? job : NULL;
}

void
workers_give(struct workers *w)
{
	pthread_mutex_lock(&w->lock);
	w->done[w->given++ % w->njobs] = false;
	pthread_cond_signal(&w->given_some);
	pthread_mutex_unlock(&w->lock);
}

struct job *
workers_oldest(struct workers *w)
{
	size_t at = w->taken % w->njobs;

	if (w->taken == w->given)
		return NULL;
	pthread_mutex_lock(&w->lock);
	while (!w->done[at])
		pthread_cond_wait(&w->done_some, &w->lock);
	pthread_mutex_unlock(&w->lock);
	return &w->jobs[at];
}

void
workers_take(struct workers *w)
{
	w->taken++;
}
