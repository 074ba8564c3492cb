/* The crew: while some wait, others take their posts, and nobody is lost. */

#include <pthread.h>
#include <stdatomic.h>

#include "fcgi/crew.h"
#include "unit.h"

enum { POSTS = 2, MORE = 6, WAITS = 5 };

/* What threads do that hold a post: the first WAITS of them wait until they are
 * let go; the others stay until the end. */
struct work {
	struct crew *crew;
	pthread_mutex_t lock;
	pthread_cond_t change;
	int holding, waiting, done, most, running;
	bool go, end;
	bool numbers[POSTS + MORE];
};

static void
wait_until_go(struct work *work)
{
	work->holding--;
	work->waiting++;
	pthread_mutex_unlock(&work->lock);
	crew_leave(work->crew);
	pthread_mutex_lock(&work->lock);
	pthread_cond_broadcast(&work->change);
	while (!work->go)
		pthread_cond_wait(&work->change, &work->lock);
	pthread_mutex_unlock(&work->lock);
	crew_resume(work->crew);
	pthread_mutex_lock(&work->lock);
	work->most += ++work->running > POSTS;
	work->running--;
	work->done++;
	pthread_cond_broadcast(&work->change);
	pthread_mutex_unlock(&work->lock);
	crew_rest(work->crew);
}

static void
run(void *data, int number)
{
	struct work *work = data;

	pthread_mutex_lock(&work->lock);
	assert_in_range(number, 0, POSTS + MORE - 1);
	assert_false(work->numbers[number]);
	work->numbers[number] = true;
	assert_in_range(++work->holding, 1, POSTS);
	if (work->waiting < WAITS) {
		wait_until_go(work);
		pthread_mutex_lock(&work->lock);
	} else {
		pthread_cond_broadcast(&work->change);
		while (!work->end)
			pthread_cond_wait(&work->change, &work->lock);
		work->holding--;
	}
	work->numbers[number] = false;
	pthread_mutex_unlock(&work->lock);
}

static void
test_posts(void **state)
{
	struct work work = {.lock = PTHREAD_MUTEX_INITIALIZER,
		.change = PTHREAD_COND_INITIALIZER};

	(void)state;
	work.crew = crew_new(POSTS, MORE, run, &work);
	assert_non_null(work.crew);
	assert_int_equal(crew_start(work.crew), POSTS);
	pthread_mutex_lock(&work.lock);
	/* All who wait are replaced, each post is held again. */
	while (work.waiting < WAITS || work.holding < POSTS)
		pthread_cond_wait(&work.change, &work.lock);
	work.go = true;
	pthread_cond_broadcast(&work.change);
	while (work.done < WAITS)
		pthread_cond_wait(&work.change, &work.lock);
	assert_int_equal(work.most, 0);
	assert_int_equal(crew_count(work.crew), POSTS + WAITS);
	work.end = true;
	pthread_cond_broadcast(&work.change);
	pthread_mutex_unlock(&work.lock);
	crew_end(work.crew);
}

/* If there may be no other thread, a post stays free until one comes back. */
static void
leave_and_return(void *data, int number)
{
	struct work *work = data;

	(void)number;
	pthread_mutex_lock(&work->lock);
	work->done++;
	pthread_cond_broadcast(&work->change);
	pthread_mutex_unlock(&work->lock);
	crew_leave(work->crew);
}

static void
test_no_more(void **state)
{
	struct work work = {.lock = PTHREAD_MUTEX_INITIALIZER,
		.change = PTHREAD_COND_INITIALIZER};

	(void)state;
	work.crew = crew_new(1, 0, leave_and_return, &work);
	assert_non_null(work.crew);
	assert_int_equal(crew_start(work.crew), 1);
	pthread_mutex_lock(&work.lock);
	while (work.done < 3)
		pthread_cond_wait(&work.change, &work.lock);
	pthread_mutex_unlock(&work.lock);
	assert_int_equal(crew_count(work.crew), 1);
	crew_end(work.crew);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_posts),
		cmocka_unit_test(test_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
