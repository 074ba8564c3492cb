#include "fcgi/crew.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"

enum {
	IDLE_SECONDS = 10, /* that a thread beyond the posts is kept for */
	STACK_SIZE = 1024 * 1024,
};

struct crew {
	/* Set once. */
	int posts, most;
	void (*run)(void *data, int number);
	void *data;

	pthread_mutex_t lock;  /* guards what follows */
	pthread_cond_t post;   /* one is free, or all threads end */
	pthread_cond_t rested; /* one fewer is running */
	pthread_cond_t ended;  /* the last thread */
	int n;                 /* threads */
	int free;              /* posts */
	int spare;             /* threads that wait for a post */
	int running;           /* without a post, after a wait */
	bool ending;
	/* A thread that ends waits for the one that ended before it. */
	bool one_left;
	pthread_t left;
	bool taken[]; /* numbers of threads */
};

/* A thread that starts. */
struct recruit {
	struct crew *crew;
	int number;
};

struct crew *
crew_new(int posts, int more, void (*run)(void *data, int number), void *data)
{
	const int most = posts + more;
	struct crew *crew = calloc(
		1, sizeof(*crew) + (size_t)most * sizeof(crew->taken[0]));

	if (crew == NULL)
		return NULL;
	crew->posts = crew->free = posts;
	crew->most = most;
	crew->run = run;
	crew->data = data;
	pthread_mutex_init(&crew->lock, NULL);
	clock_init_condition(&crew->post);
	pthread_cond_init(&crew->rested, NULL);
	pthread_cond_init(&crew->ended, NULL);
	return crew;
}

/* Take a post, when there is one.  false when the thread is to end, because all
 * do or because it has had nothing to do for long. */
static bool
take_post(struct crew *crew)
{
	struct timespec until;
	int error = 0;
	bool took;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += IDLE_SECONDS;
	pthread_mutex_lock(&crew->lock);
	crew->spare++;
	while (crew->free == 0 && !crew->ending &&
		(error == 0 || crew->n <= crew->posts))
		error = crew->n > crew->posts
			? pthread_cond_timedwait(
				  &crew->post, &crew->lock, &until)
			: pthread_cond_wait(&crew->post, &crew->lock);
	crew->spare--;
	took = crew->free > 0 && !crew->ending;
	crew->free -= took;
	pthread_mutex_unlock(&crew->lock);
	return took;
}

static void
end_thread(struct crew *crew, int number)
{
	pthread_t before;
	bool one_before;

	pthread_mutex_lock(&crew->lock);
	one_before = crew->one_left;
	before = crew->left;
	crew->one_left = true;
	crew->left = pthread_self();
	crew->taken[number] = false;
	if (--crew->n == 0)
		pthread_cond_signal(&crew->ended);
	pthread_mutex_unlock(&crew->lock);
	if (one_before)
		pthread_join(before, NULL);
}

static void *
serve_crew(void *data)
{
	struct recruit recruit = *(struct recruit *)data;

	free(data);
	while (take_post(recruit.crew))
		recruit.crew->run(recruit.crew->data, recruit.number);
	end_thread(recruit.crew, recruit.number);
	return NULL;
}

/* A number for a new thread; -1 when there are enough.  With the lock held. */
static int
new_number(struct crew *crew)
{
	if (crew->n == crew->most || crew->ending)
		return -1;
	for (int i = 0; i < crew->most; i++) {
		if (!crew->taken[i]) {
			crew->taken[i] = true;
			crew->n++;
			return i;
		}
	}
	return -1;
}

static bool
create(struct recruit *recruit)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int error;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	error = pthread_create(&thread, &attributes, serve_crew, recruit);
	pthread_attr_destroy(&attributes);
	return error == 0;
}

/* Start a thread if there may be another.  false if not. */
static bool
start_one(struct crew *crew)
{
	struct recruit *recruit = malloc(sizeof(*recruit));
	int number;

	if (recruit == NULL)
		return false;
	pthread_mutex_lock(&crew->lock);
	number = new_number(crew);
	pthread_mutex_unlock(&crew->lock);
	*recruit = (struct recruit){crew, number};
	if (number >= 0 && create(recruit))
		return true;
	free(recruit);
	if (number < 0)
		return false;
	pthread_mutex_lock(&crew->lock);
	crew->taken[number] = false;
	crew->n--;
	pthread_mutex_unlock(&crew->lock);
	return false;
}

int
crew_start(struct crew *crew)
{
	int n = 0;

	while (n < crew->posts && start_one(crew))
		n++;
	return n;
}

void
crew_leave(struct crew *crew)
{
	bool wanted;

	pthread_mutex_lock(&crew->lock);
	crew->free++;
	wanted = crew->free > crew->spare;
	if (!wanted)
		pthread_cond_signal(&crew->post);
	pthread_mutex_unlock(&crew->lock);
	if (wanted)
		start_one(crew);
}

void
crew_resume(struct crew *crew)
{
	pthread_mutex_lock(&crew->lock);
	while (crew->running >= crew->posts)
		pthread_cond_wait(&crew->rested, &crew->lock);
	crew->running++;
	pthread_mutex_unlock(&crew->lock);
}

void
crew_rest(struct crew *crew)
{
	pthread_mutex_lock(&crew->lock);
	crew->running--;
	pthread_cond_signal(&crew->rested);
	pthread_mutex_unlock(&crew->lock);
}

int
crew_count(struct crew *crew)
{
	int n;

	pthread_mutex_lock(&crew->lock);
	n = crew->n;
	pthread_mutex_unlock(&crew->lock);
	return n;
}

void
crew_end(struct crew *crew)
{
	int saved = errno;

	if (crew == NULL)
		return;
	pthread_mutex_lock(&crew->lock);
	crew->ending = true;
	pthread_cond_broadcast(&crew->post);
	while (crew->n > 0)
		pthread_cond_wait(&crew->ended, &crew->lock);
	pthread_mutex_unlock(&crew->lock);
	if (crew->one_left)
		pthread_join(crew->left, NULL);
	pthread_mutex_destroy(&crew->lock);
	pthread_cond_destroy(&crew->post);
	pthread_cond_destroy(&crew->rested);
	pthread_cond_destroy(&crew->ended);
	free(crew);
	errno = saved;
}
