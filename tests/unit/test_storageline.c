/* The line for storage: who may wait, and how many for one device. */

#include <sys/eventfd.h>

#include "fcgi/storageline.h"
#include "unit.h"

enum { MOST = 16, SHARE = 12, PLACES = 24 };

/* Take all that may wait now; returns how many of them are of device. */
static int
take_all(struct storageline *line, uint64_t device)
{
	struct storageplace *place;
	int n = 0;

	while ((place = storageline_take(line)) != NULL)
		n += place->device == device;
	return n;
}

static struct storageline *
open_line(int most, int *wake)
{
	struct storageline *line;

	*wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	line = storageline_new(most, *wake);
	assert_non_null(line);
	return line;
}

static void
close_line(struct storageline *line, int wake)
{
	storageline_free(line);
	close(wake);
}

/* Three quarters for one device, and of the rest three quarters for the next;
 * there is always something for one more. */
static void
test_shares(void **state)
{
	static const int shares[] = {SHARE, 3, 1, 1, 1};
	enum { DEVICES = sizeof(shares) / sizeof(shares[0]) };
	struct storageplace places[DEVICES][PLACES];
	struct storageline *line;
	int wake;

	(void)state;
	line = open_line(MOST, &wake);
	for (uint64_t device = 0; device < DEVICES; device++) {
		for (int i = 0; i < PLACES; i++) {
			places[device][i].device = device + 1;
			storageline_add(line, &places[device][i]);
		}
		assert_int_equal(take_all(line, device + 1), shares[device]);
		assert_false(storageline_ready(line));
		assert_true(storageline_is_full(line, device + 1));
	}
	assert_int_equal(storageline_waiting(line), MOST + 2);
	assert_int_equal(
		storageline_standing(line), DEVICES * PLACES - MOST - 2);
	/* Whoever ends makes room for one of the same device. */
	storageline_leave(line, 3);
	assert_int_equal(take_all(line, 3), 1);
	close_line(line, wake);
}

/* With one thread, one waits for each device; and who does without having stood
 * in line counts, too. */
static void
test_one_thread(void **state)
{
	struct storageplace places[] = {{.device = 3}, {.device = 2}};
	struct storageline *line;
	uint64_t count;
	int wake;

	(void)state;
	line = open_line(1, &wake);
	storageline_enter(line, 3);
	assert_false(storageline_is_full(line, 2));
	assert_true(storageline_is_full(line, 3));
	storageline_add(line, &places[0]);
	assert_null(storageline_take(line));
	assert_int_equal(read(wake, &count, sizeof(count)), -1);
	storageline_add(line, &places[1]);
	assert_int_equal(read(wake, &count, sizeof(count)), sizeof(count));
	assert_ptr_equal(storageline_take(line), &places[1]);
	assert_null(storageline_take(line));
	storageline_leave(line, 2);
	assert_int_equal(read(wake, &count, sizeof(count)), -1);
	storageline_leave(line, 3);
	assert_int_equal(read(wake, &count, sizeof(count)), sizeof(count));
	assert_ptr_equal(storageline_take(line), &places[0]);
	close_line(line, wake);
}

/* Each device has a share of its own, whatever its number, until the table is
 * full. */
static void
test_apart(void **state)
{
	enum { STRIDE = 1 << 8, MANY = 100 };
	struct storageplace places[MANY];
	struct storageline *line;
	int wake, taken = 0;

	(void)state;
	line = open_line(1, &wake);
	for (uint64_t i = 0; i < STORAGELINE_DEVICES; i++) {
		assert_false(storageline_is_full(line, i * STRIDE));
		storageline_enter(line, i * STRIDE);
		assert_true(storageline_is_full(line, i * STRIDE));
	}
	for (uint64_t i = 0; i < MANY; i++) {
		places[i].device = i * STRIDE;
		storageline_add(line, &places[i]);
	}
	assert_null(storageline_take(line));
	for (uint64_t i = 0; i < STORAGELINE_DEVICES; i++)
		storageline_leave(line, i * STRIDE);
	for (struct storageplace *place;
		(place = storageline_take(line)) != NULL; taken++)
		storageline_leave(line, place->device);
	assert_int_equal(taken, MANY);
	close_line(line, wake);
}

/* The device that keeps the fewest threads comes first; within it, who came
 * first.  Who gives up is not called any more. */
static void
test_order(void **state)
{
	struct storageplace places[] = {
		{.device = 1}, {.device = 1}, {.device = 2}, {.device = 2}};
	static const int order[] = {0, 2, 3};
	struct storageline *line;
	int wake;

	(void)state;
	line = open_line(MOST, &wake);
	storageline_enter(line, 1);
	storageline_enter(line, 2);
	storageline_enter(line, 2);
	for (int i = 0; i < 4; i++)
		storageline_add(line, &places[i]);
	assert_true(storageline_remove(line, &places[1]));
	assert_false(storageline_remove(line, &places[1]));
	for (int i = 0; i < 3; i++)
		assert_ptr_equal(storageline_take(line), &places[order[i]]);
	assert_false(storageline_remove(line, &places[0]));
	assert_null(storageline_take(line));
	close_line(line, wake);
}

static void
test_learning(void **state)
{
	struct storageline *line;
	int wake;

	(void)state;
	line = open_line(MOST, &wake);
	assert_int_equal(storageline_device(line, 7), 0);
	storageline_learn(line, 7, 42);
	assert_int_equal(storageline_device(line, 7), 42);
	assert_int_equal(storageline_device(line, 8), 0);
	close_line(line, wake);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_one_thread),
		cmocka_unit_test(test_apart),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_learning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
