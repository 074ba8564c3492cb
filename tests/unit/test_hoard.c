/* hoard: what is kept, in what order it goes, and with what. */

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "archive/membercache.h"
#include "unit.h"

enum { THREADS = 4, TURNS = 20000, SLOTS = 16, SIZE = 100 };

struct thing {
	struct kept kept;
	uint32_t slot;
};

static _Atomic int alive;

static void
thing_free(struct kept *kept)
{
	alive--;
	free(kept);
}

static struct thing *
thing_new(uint32_t slot)
{
	struct thing *thing = calloc(1, sizeof(*thing));

	assert_non_null(thing);
	thing->kept.free = thing_free;
	thing->kept.users = 1;
	thing->slot = slot;
	alive++;
	return thing;
}

static void
enter(struct hoard *hoard, struct hoard_owner *owner, uint32_t slot)
{
	struct thing *thing = thing_new(slot);

	hoard_enter(hoard, owner, slot, HOARD_CONTENT, &thing->kept, SIZE);
	kept_drop(&thing->kept);
}

static bool
has(struct hoard *hoard, struct hoard_owner *owner, uint32_t slot)
{
	struct kept *kept = hoard_find(hoard, owner, slot, HOARD_CONTENT);
	bool found = kept != NULL;

	assert_true(!found || ((struct thing *)kept)->slot == slot);
	kept_drop(kept);
	return found;
}

/* Which of the first eight slots are there, as bits. */
static unsigned
all(struct hoard *hoard, struct hoard_owner *owner)
{
	unsigned bits = 0;

	/* Backwards, so that the order of use stays 0 to 7. */
	for (uint32_t i = 8; i-- > 0;)
		bits |= (unsigned)has(hoard, owner, i) << i;
	return bits;
}

static void
test_least_recently_used_goes(void **state)
{
	struct hoard *hoard = hoard_new(8 * SIZE);
	struct hoard_owner owner = {0}, other = {0};

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		enter(hoard, &owner, i);
	assert_int_equal(alive, 4);
	assert_true(has(hoard, &owner, 0));
	enter(hoard, &other, 1);
	assert_int_equal(all(hoard, &owner), 1 << 0 | 1 << 2 | 1 << 3);
	assert_true(has(hoard, &other, 1));
	assert_false(has(hoard, &other, 0));
	hoard_forget(hoard, &other);
	assert_false(has(hoard, &other, 1));
	hoard_forget(hoard, &owner);
	assert_int_equal(alive, 0);
	hoard_drop(hoard);
}

static void
test_room(void **state)
{
	struct hoard *hoard = hoard_new(16 * SIZE);
	struct hoard_owner owner = {0};
	struct kept *kept;

	(void)state;
	for (uint32_t i = 8; i-- > 0;)
		enter(hoard, &owner, i);
	/* The half that is nobody else's. */
	assert_int_equal(all(hoard, &owner), 0xff);
	enter(hoard, &owner, 8);
	assert_int_equal(all(hoard, &owner), 0x7f);
	assert_int_equal(hoard_room(hoard), 8 * SIZE);
	assert_true(hoard_take(hoard, 14 * SIZE));
	assert_int_equal(hoard_room(hoard), 2 * SIZE);
	assert_int_equal(all(hoard, &owner), 3);
	/* What is in use stays, and what it takes is not given to others. */
	kept = hoard_find(hoard, &owner, 1, HOARD_CONTENT);
	assert_false(hoard_resize(hoard, kept, 3 * SIZE));
	assert_true(hoard_resize(hoard, kept, 2 * SIZE));
	assert_int_equal(all(hoard, &owner), 2);
	enter(hoard, &owner, 0);
	assert_int_equal(all(hoard, &owner), 2);
	assert_false(hoard_take(hoard, 1));
	assert_int_equal(hoard_taken(hoard), 14 * SIZE);
	assert_int_equal(all(hoard, &owner), 2);
	assert_true(hoard_resize(hoard, kept, SIZE));
	kept_drop(kept);
	assert_true(hoard_take(hoard, 2 * SIZE));
	assert_int_equal(alive, 0);
	enter(hoard, &owner, 0);
	assert_int_equal(alive, 0);
	assert_false(hoard_take(hoard, 1));
	hoard_give(hoard, 2 * SIZE);
	assert_int_equal(hoard_room(hoard), 2 * SIZE);
	hoard_drop(hoard);
}

static void
test_first_one_stays(void **state)
{
	struct hoard *hoard = hoard_new(8 * SIZE);
	struct hoard_owner owner = {0};
	struct thing *first = thing_new(1);
	struct kept *found;

	(void)state;
	assert_true(hoard_enter(
		hoard, &owner, 1, HOARD_CONTENT, &first->kept, SIZE));
	enter(hoard, &owner, 1);
	assert_int_equal(alive, 1);
	found = hoard_find(hoard, &owner, 1, HOARD_CONTENT);
	assert_ptr_equal(found, &first->kept);
	assert_null(hoard_find(hoard, &owner, 1, HOARD_POINTS));
	hoard_forget(hoard, &owner);
	assert_int_equal(alive, 1);
	kept_drop(found);
	kept_drop(&first->kept);
	assert_int_equal(alive, 0);
	hoard_drop(hoard);
}

struct shared {
	struct hoard *hoard;
	struct hoard_owner owners[2];
};

/* Take some room for a moment. */
static void
exchange(struct hoard *hoard, size_t n)
{
	if (hoard_take(hoard, n))
		hoard_give(hoard, n);
}

static void *
use(void *data)
{
	struct shared *shared = data;

	for (uint32_t i = 0; i < TURNS; i++) {
		struct hoard_owner *owner = &shared->owners[i % 2];
		uint32_t slot = i * 7 % SLOTS;

		if (!has(shared->hoard, owner, slot))
			enter(shared->hoard, owner, slot);
		if (i % 1000 == 999)
			hoard_forget(shared->hoard, owner);
		if (i % 100 == 99)
			exchange(shared->hoard, i % 8 * SIZE);
	}
	return NULL;
}

static void
test_threads(void **state)
{
	struct shared shared = {.hoard = hoard_new(20 * SIZE)};
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, use, &shared), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	hoard_forget(shared.hoard, &shared.owners[0]);
	hoard_forget(shared.hoard, &shared.owners[1]);
	assert_int_equal(alive, 0);
	assert_int_equal(hoard_taken(shared.hoard), 0);
	hoard_drop(shared.hoard);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_least_recently_used_goes),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_first_one_stays),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests_name("hoard", tests, NULL, NULL);
}
