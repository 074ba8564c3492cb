/* stats: counters of several threads, added up. */

#include <pthread.h>

#include "base/clock.h"
#include "serve/stats.h"
#include "unit.h"

enum { THREADS = 4, REQUESTS = 20000 };

static struct slow_request
slow(int64_t ns, const char *uri)
{
	struct slow_request request = {.ns = ns, .n = strlen(uri)};

	memcpy(request.uri, uri, request.n);
	return request;
}

/* As a request that ends does it. */
static void
end_request(struct counters *mine, int64_t ns)
{
	struct slow_request request = slow(ns, "/x");

	stats_time(mine, TIME_FIRST, ns / 2);
	stats_time(mine, TIME_LAST, ns);
	if (stats_is_slow(mine, ns))
		stats_slow(mine, &request);
}

static void
test_nothing(void **state)
{
	int64_t begun = clock_seconds();
	struct stats *stats = stats_new(3);
	struct stats_sum sum;

	(void)state;
	stats_read(stats, &sum);
	for (int i = 0; i < COUNTS; i++)
		assert_int_equal(sum.count[i], 0);
	assert_int_equal(sum.requests, 0);
	assert_int_equal(sum.nslowest, 0);
	assert_in_range(sum.uptime, 0, clock_seconds() - begun + 1);
	assert_in_range(sum.resident, 100000, 1ull << 40);
	assert_true(sum.descriptors < sum.descriptors_max);
	stats_free(stats);
	stats_free(NULL);
}

static void
test_sum(void **state)
{
	struct stats *stats = stats_new(3);
	struct stats_sum sum;

	(void)state;
	for (int i = 0; i < 3; i++) {
		stats_count(stats_of(stats, i), COUNT_BYTES, 1ull << 40);
		stats_count(stats_of(stats, i), COUNT_GZIP, (uint64_t)i);
	}
	stats_read(stats, &sum);
	assert_int_equal(sum.count[COUNT_BYTES], 3ull << 40);
	assert_int_equal(sum.count[COUNT_GZIP], 3);
	assert_int_equal(sum.count[COUNT_CUT], 0);
	stats_free(stats);
}

static void
test_buckets(void **state)
{
	static const struct {
		int64_t ns;
		int bucket;
	} cases[] = {
		{0, 0},
		{1, 0},
		{50000, 0},
		{50001, 1},
		{100000, 1},
		{1000000, 4},
		{1000001, 5},
		{10000000000, 11},
		{10000000001, 12},
		{INT64_MAX, 12},
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct stats *stats = stats_new(1);
		struct stats_sum sum;
		char asked[32];

		end_request(stats_of(stats, 0), cases[i].ns);
		stats_read(stats, &sum);
		snprintf(asked, sizeof(asked), "%lld ns",
			(long long)cases[i].ns);
		wrong += differ_number(asked, "in its bucket",
			(long long)sum.times[TIME_LAST].bucket[cases[i].bucket],
			1);
		wrong += differ_number(
			asked, "requests", (long long)sum.requests, 1);
		wrong += differ_number(asked, "time",
			(long long)sum.times[TIME_LAST].ns, cases[i].ns);
		wrong += differ_number(asked, "time to the first byte",
			(long long)sum.times[TIME_FIRST].ns, cases[i].ns / 2);
		stats_free(stats);
	}
	assert_int_equal(wrong, 0);
	for (int i = 1; i < STATS_BOUNDS; i++)
		assert_true(stats_bounds[i - 1] < stats_bounds[i]);
}

/* The slowest of all threads, whichever way they came. */
static void
test_slowest(void **state)
{
	struct stats *stats = stats_new(2);
	struct stats_sum sum;

	(void)state;
	for (int i = 1; i <= 100; i++) {
		end_request(stats_of(stats, 0), i * 10);
		end_request(stats_of(stats, 1), (101 - i) * 10 + 5);
	}
	stats_read(stats, &sum);
	assert_int_equal(sum.nslowest, STATS_SLOWEST);
	for (int i = 0; i < STATS_SLOWEST; i++)
		assert_int_equal(sum.slowest[i].ns, 1005 - 5 * i);
	assert_false(stats_is_slow(stats_of(stats, 0), 900));
	stats_forget_slowest(stats);
	stats_read(stats, &sum);
	assert_int_equal(sum.nslowest, 0);
	assert_int_equal(sum.requests, 200);
	end_request(stats_of(stats, 0), 1);
	stats_read(stats, &sum);
	assert_int_equal(sum.nslowest, 1);
	assert_int_equal(sum.slowest[0].ns, 1);
	stats_free(stats);
}

static void
test_what_is_slow(void **state)
{
	struct stats *stats = stats_new(1);
	struct slow_request request = slow(7, "/a?b");
	struct stats_sum sum;

	(void)state;
	request.status = 404;
	request.spent[PHASE_WAIT] = 5;
	stats_slow(stats_of(stats, 0), &request);
	stats_read(stats, &sum);
	assert_int_equal(sum.nslowest, 1);
	assert_int_equal(sum.slowest[0].status, 404);
	assert_int_equal(sum.slowest[0].spent[PHASE_WAIT], 5);
	assert_int_equal(
		differ("uri",
			(struct str){sum.slowest[0].uri, sum.slowest[0].n},
			STR("/a?b")),
		0);
	stats_free(stats);
}

static void *
write_all(void *data)
{
	struct counters *mine = data;

	for (int i = 0; i < REQUESTS; i++) {
		stats_count(mine, COUNT_2XX, 1);
		stats_count(mine, COUNT_BYTES, 1000);
		end_request(mine, i);
	}
	return NULL;
}

/* Several write, one reads: nothing goes down, and nothing is lost. */
static void
test_threads(void **state)
{
	struct stats *stats = stats_new(THREADS);
	struct stats_sum sum, before = {.uptime = 0};
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_all,
					 stats_of(stats, i)),
			0);
	do {
		stats_read(stats, &sum);
		for (int i = 0; i < COUNTS; i++)
			assert_true(sum.count[i] >= before.count[i]);
		assert_true(sum.requests >= before.requests);
		assert_true(sum.nslowest >= before.nslowest);
		before = sum;
	} while (sum.requests < (uint64_t)THREADS * REQUESTS);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	stats_read(stats, &sum);
	assert_int_equal(sum.count[COUNT_2XX], THREADS * REQUESTS);
	assert_int_equal(sum.count[COUNT_BYTES], THREADS * REQUESTS * 1000);
	assert_int_equal(sum.slowest[THREADS].ns, REQUESTS - 2);
	stats_free(stats);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_sum),
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_slowest),
		cmocka_unit_test(test_what_is_slow),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
