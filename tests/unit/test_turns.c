/* turns: whose is the next, how many at a time, and who is woken. */

#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fcgi/turns.h"
#include "unit.h"

enum { MOST = 2 };

static int wake;

static int
make_wake(void **state)
{
	(void)state;
	wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return wake < 0 ? -1 : 0;
}

static int
close_wake(void **state)
{
	(void)state;
	return close(wake);
}

/* Somebody was woken since this was asked before. */
static bool
woken(void)
{
	uint64_t count;

	return read(wake, &count, sizeof(count)) == (ssize_t)sizeof(count);
}

/* In the order given, archive and client as letters: whose turns come, when
 * each wants three of them. */
static const struct {
	const char *stand, *come;
} orders[] = {
	{"Aa", "Aa Aa Aa"},
	/* One archive after the other. */
	{"Aa Ab Ac Bd", "Aa Bd Ab Bd Ac Bd Aa Ab Ac Aa Ab Ac"},
	/* Of one archive, one client after the other. */
	{"Aa Aa Aa Ab", "Aa Ab Aa Ab Aa Ab Aa Aa Aa Aa Aa Aa"},
	/* The one that stands longest. */
	{"Aa Ab Ac", "Aa Ab Ac Aa Ab Ac Aa Ab Ac"},
	/* A client who asks in two places is not served twice as often. */
	{"Aa Ba Bb", "Aa Bb Aa Bb Aa Bb Ba Ba Ba"},
};

static void
test_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		struct turns *turns = turns_new(1, wake);
		struct turn job[8], *turn;
		int left[8];
		char come[64] = "";
		size_t n = 0, at = 0;

		for (const char *p = orders[i].stand; *p != '\0'; p += 2) {
			p += *p == ' ';
			job[n] = (struct turn){.archive = (uint64_t)p[0],
				.client = (uint64_t)p[1]};
			left[n] = 3;
			turns_add(turns, &job[n++], false);
		}
		while ((turn = turns_take(turns)) != NULL) {
			at += (size_t)snprintf(come + at, sizeof(come) - at,
				"%s%c%c", at > 0 ? " " : "",
				(char)turn->archive, (char)turn->client);
			if (--left[turn - job] > 0)
				turns_add(turns, turn, false);
			turns_end(turns, false);
		}
		assert_string_equal(come, orders[i].come);
		turns_free(turns);
	}
	turns_free(NULL);
}

/* As many threads as may; others are woken for those whom they may take. */
static void
test_most(void **state)
{
	struct turns *turns = turns_new(MOST, wake);
	struct turn job[4] = {
		{.archive = 1}, {.archive = 2}, {.archive = 3}, {.archive = 4}};

	(void)state;
	woken();
	assert_false(turns_ready(turns));
	assert_null(turns_take(turns));
	for (size_t i = 0; i < COUNT(job); i++)
		turns_add(turns, &job[i], false);
	assert_true(woken());
	assert_true(turns_ready(turns));
	assert_ptr_equal(turns_take(turns), &job[0]);
	assert_true(woken());
	assert_ptr_equal(turns_take(turns), &job[1]);
	assert_false(woken());
	assert_false(turns_ready(turns));
	assert_null(turns_take(turns));
	turns_add(turns, &job[0], false);
	assert_false(woken());
	assert_null(turns_take(turns));
	turns_end(turns, false);
	assert_true(turns_ready(turns));
	assert_ptr_equal(turns_take(turns), &job[2]);
	turns_end(turns, false);
	turns_end(turns, false);
	assert_ptr_equal(turns_take(turns), &job[3]);
	assert_ptr_equal(turns_take(turns), &job[0]);
	turns_end(turns, false);
	turns_end(turns, false);
	assert_false(turns_ready(turns));
	turns_free(turns);
}

/* When all in line wait for the one that is at work, nobody is taken; and that
 * they looked in vain has cost the archive no turn. */
static void
test_waiting(void **state)
{
	struct turns *turns = turns_new(MOST, wake);
	struct turn job[4] = {{.archive = 1, .client = 1},
		{.archive = 1, .client = 2}, {.archive = 1, .client = 3},
		{.archive = 2, .client = 4}};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		turns_add(turns, &job[i], false);
	assert_ptr_equal(turns_take(turns), &job[0]);
	for (size_t i = 1; i < 3; i++) {
		assert_ptr_equal(turns_take(turns), &job[i]);
		turns_add(turns, &job[i], true);
		turns_end(turns, true);
	}
	assert_false(turns_ready(turns));
	assert_null(turns_take(turns));
	turns_stir(turns);
	assert_null(turns_take(turns));
	/* The one at work has had its turn. */
	turns_add(turns, &job[0], false);
	turns_add(turns, &job[3], false);
	turns_end(turns, false);
	assert_ptr_equal(turns_take(turns), &job[3]);
	turns_end(turns, false);
	for (size_t i = 1; i < 3; i++) {
		assert_ptr_equal(turns_take(turns), &job[i]);
		turns_add(turns, &job[i], true);
		turns_end(turns, true);
	}
	assert_ptr_equal(turns_take(turns), &job[0]);
	/* It goes away without anybody's knowing that it did. */
	turns_end(turns, true);
	assert_null(turns_take(turns));
	woken();
	turns_stir(turns);
	assert_true(woken());
	assert_ptr_equal(turns_take(turns), &job[1]);
	assert_ptr_equal(turns_take(turns), &job[2]);
	turns_end(turns, false);
	turns_end(turns, false);
	turns_free(turns);
}

/* Another's turn ends between a look at its work and standing aside for it. */
static void
test_ended_meanwhile(void **state)
{
	struct turns *turns = turns_new(MOST, wake);
	struct turn job[2] = {{.archive = 1}, {.archive = 1}};

	(void)state;
	for (size_t i = 0; i < COUNT(job); i++)
		turns_add(turns, &job[i], false);
	assert_ptr_equal(turns_take(turns), &job[0]);
	assert_ptr_equal(turns_take(turns), &job[1]);
	turns_end(turns, false);
	turns_add(turns, &job[1], true);
	turns_end(turns, true);
	assert_ptr_equal(turns_take(turns), &job[1]);
	turns_end(turns, false);
	turns_free(turns);
}

/* What it waits for ends without a turn, between its look and its standing
 * aside, or between that and the end of its turn. */
static void
test_stirred_meanwhile(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct turns *turns = turns_new(MOST, wake);
		struct turn job = {.archive = 1};

		turns_add(turns, &job, false);
		assert_ptr_equal(turns_take(turns), &job);
		if (i == 0)
			turns_stir(turns);
		turns_add(turns, &job, true);
		if (i == 1)
			turns_stir(turns);
		turns_end(turns, true);
		assert_ptr_equal(turns_take(turns), &job);
		/* Now it waits, and is not asked again and again. */
		turns_add(turns, &job, true);
		turns_end(turns, true);
		assert_null(turns_take(turns));
		turns_free(turns);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_most),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_ended_meanwhile),
		cmocka_unit_test(test_stirred_meanwhile),
	};

	return cmocka_run_group_tests_name(
		"turns", tests, make_wake, close_wake);
}
