/* membercache: what is kept, in what order it goes, and with what. */

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "archive/membercache.h"
#include "unit.h"

enum { THREADS = 4, TURNS = 20000, SLOTS = 16, SIZE = 100 };

struct thing {
	struct cached cached;
	uint32_t slot;
};

static _Atomic int alive;

static void
thing_free(struct cached *cached)
{
	alive--;
	free(cached);
}

static struct thing *
thing_new(uint32_t slot)
{
	struct thing *thing = calloc(1, sizeof(*thing));

	assert_non_null(thing);
	thing->cached.free = thing_free;
	thing->cached.users = 1;
	thing->slot = slot;
	alive++;
	return thing;
}

static void
enter_as(struct membercache *membercache, struct membercache_owner *owner,
	uint32_t slot, bool once)
{
	struct thing *thing = thing_new(slot);

	thing->cached.once = once;
	membercache_enter(membercache, owner, slot, MEMBERCACHE_CONTENT,
		&thing->cached, SIZE);
	cached_drop(&thing->cached);
}

static void
enter(struct membercache *membercache, struct membercache_owner *owner,
	uint32_t slot)
{
	enter_as(membercache, owner, slot, false);
}

static bool
has(struct membercache *membercache, struct membercache_owner *owner,
	uint32_t slot)
{
	struct cached *cached =
		membercache_find(membercache, owner, slot, MEMBERCACHE_CONTENT);
	bool found = cached != NULL;

	assert_true(!found || ((struct thing *)cached)->slot == slot);
	cached_drop(cached);
	return found;
}

/* The first eight slots that are there, as bits. */
static unsigned
all(struct membercache *membercache, struct membercache_owner *owner)
{
	unsigned bits = 0;

	/* Backwards, so that the order of use stays 0 to 7. */
	for (uint32_t i = 8; i-- > 0;)
		bits |= (unsigned)has(membercache, owner, i) << i;
	return bits;
}

static void
test_least_recently_used_goes(void **state)
{
	struct membercache *membercache = membercache_new(8 * SIZE);
	struct membercache_owner owner = {0}, other = {0};

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		enter(membercache, &owner, i);
	assert_int_equal(alive, 4);
	assert_true(has(membercache, &owner, 0));
	enter(membercache, &other, 1);
	assert_int_equal(all(membercache, &owner), 1 << 0 | 1 << 2 | 1 << 3);
	assert_true(has(membercache, &other, 1));
	assert_false(has(membercache, &other, 0));
	membercache_forget(membercache, &other);
	assert_false(has(membercache, &other, 1));
	membercache_forget(membercache, &owner);
	assert_int_equal(alive, 0);
	membercache_drop(membercache);
}

/* What may not be asked for again takes the place of its like, until it is
 * asked for. */
static void
test_once(void **state)
{
	struct membercache *membercache = membercache_new(8 * SIZE);
	struct membercache_owner owner = {0};

	(void)state;
	for (uint32_t i = 3; i-- > 0;)
		enter(membercache, &owner, i);
	for (uint32_t i = 3; i < 8; i++)
		enter_as(membercache, &owner, i, true);
	assert_true(has(membercache, &owner, 7));
	enter_as(membercache, &owner, 3, true);
	assert_int_equal(all(membercache, &owner), 0x8b);
	membercache_forget(membercache, &owner);
	assert_int_equal(alive, 0);
	membercache_drop(membercache);
}

static void
test_room(void **state)
{
	struct membercache *membercache = membercache_new(16 * SIZE);
	struct membercache_owner owner = {0};
	struct cached *cached;

	(void)state;
	for (uint32_t i = 8; i-- > 0;)
		enter(membercache, &owner, i);
	/* The half that is nobody else's. */
	assert_int_equal(all(membercache, &owner), 0xff);
	enter(membercache, &owner, 8);
	assert_int_equal(all(membercache, &owner), 0x7f);
	assert_int_equal(membercache_room(membercache), 8 * SIZE);
	assert_true(membercache_take(membercache, 14 * SIZE));
	assert_int_equal(membercache_room(membercache), 2 * SIZE);
	assert_int_equal(all(membercache, &owner), 3);
	/* Objects in use stay, and their memory is not given to others. */
	cached = membercache_find(membercache, &owner, 1, MEMBERCACHE_CONTENT);
	assert_false(membercache_resize(membercache, cached, 3 * SIZE));
	assert_true(membercache_resize(membercache, cached, 2 * SIZE));
	assert_int_equal(all(membercache, &owner), 2);
	enter(membercache, &owner, 0);
	assert_int_equal(all(membercache, &owner), 2);
	assert_false(membercache_take(membercache, 1));
	assert_int_equal(membercache_taken(membercache), 14 * SIZE);
	assert_int_equal(all(membercache, &owner), 2);
	assert_true(membercache_resize(membercache, cached, SIZE));
	cached_drop(cached);
	assert_true(membercache_take(membercache, 2 * SIZE));
	assert_int_equal(alive, 0);
	enter(membercache, &owner, 0);
	assert_int_equal(alive, 0);
	assert_false(membercache_take(membercache, 1));
	membercache_give(membercache, 2 * SIZE);
	assert_int_equal(membercache_room(membercache), 2 * SIZE);
	membercache_drop(membercache);
}

static void
test_lent(void **state)
{
	struct membercache *membercache = membercache_new(16 * SIZE);
	struct membercache_owner owner = {0};

	(void)state;
	for (uint32_t i = 8; i-- > 0;)
		enter(membercache, &owner, i);
	/* Objects that are not in use make room, half of all at most. */
	assert_true(membercache_lend(membercache, 6 * SIZE));
	assert_int_equal(all(membercache, &owner), 3);
	assert_int_equal(membercache_room(membercache), 2 * SIZE);
	assert_false(membercache_lend(membercache, 3 * SIZE));
	assert_int_equal(all(membercache, &owner), 3);
	/* Indexes can have the other half, and not what is lent. */
	assert_int_equal(membercache_left(membercache), 10 * SIZE);
	assert_false(membercache_take(membercache, 11 * SIZE));
	assert_true(membercache_take(membercache, 8 * SIZE));
	assert_true(membercache_lend(membercache, 2 * SIZE));
	assert_int_equal(membercache_lent(membercache), 8 * SIZE);
	assert_int_equal(alive, 0);
	assert_false(membercache_take(membercache, 1));
	assert_false(membercache_lend(membercache, 1));
	/* A lone borrower gets more than half, and is no one else's loss. */
	membercache_return(membercache, 8 * SIZE);
	assert_true(membercache_lend(membercache, 100 * SIZE));
	assert_false(membercache_lend(membercache, 1));
	assert_int_equal(membercache_left(membercache), 0);
	assert_int_equal(membercache_room(membercache), 0);
	membercache_give(membercache, 8 * SIZE);
	assert_true(membercache_take(membercache, 8 * SIZE));
	assert_false(membercache_take(membercache, 1));
	assert_int_equal(membercache_left(membercache), 0);
	membercache_return(membercache, 100 * SIZE);
	assert_int_equal(membercache_lent(membercache), 0);
	assert_int_equal(membercache_left(membercache), 8 * SIZE);
	membercache_give(membercache, 8 * SIZE);
	membercache_drop(membercache);
}

static void
test_first_one_stays(void **state)
{
	struct membercache *membercache = membercache_new(8 * SIZE);
	struct membercache_owner owner = {0};
	struct thing *first = thing_new(1);
	struct cached *found;

	(void)state;
	assert_true(membercache_enter(membercache, &owner, 1,
		MEMBERCACHE_CONTENT, &first->cached, SIZE));
	enter(membercache, &owner, 1);
	assert_int_equal(alive, 1);
	found = membercache_find(membercache, &owner, 1, MEMBERCACHE_CONTENT);
	assert_ptr_equal(found, &first->cached);
	assert_null(
		membercache_find(membercache, &owner, 1, MEMBERCACHE_POINTS));
	membercache_forget(membercache, &owner);
	assert_int_equal(alive, 1);
	cached_drop(found);
	cached_drop(&first->cached);
	assert_int_equal(alive, 0);
	membercache_drop(membercache);
}

struct shared {
	struct membercache *membercache;
	struct membercache_owner owners[2];
};

/* Take and borrow some room for a moment. */
static void
exchange(struct membercache *membercache, size_t n)
{
	if (membercache_take(membercache, n))
		membercache_give(membercache, n);
	if (membercache_lend(membercache, n))
		membercache_return(membercache, n);
}

static void *
use(void *data)
{
	struct shared *shared = data;

	for (uint32_t i = 0; i < TURNS; i++) {
		struct membercache_owner *owner = &shared->owners[i % 2];
		uint32_t slot = i * 7 % SLOTS;

		if (!has(shared->membercache, owner, slot))
			enter(shared->membercache, owner, slot);
		if (i % 1000 == 999)
			membercache_forget(shared->membercache, owner);
		if (i % 100 == 99)
			exchange(shared->membercache, i % 8 * SIZE);
	}
	return NULL;
}

static void
test_threads(void **state)
{
	struct shared shared = {.membercache = membercache_new(20 * SIZE)};
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, use, &shared), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	membercache_forget(shared.membercache, &shared.owners[0]);
	membercache_forget(shared.membercache, &shared.owners[1]);
	assert_int_equal(alive, 0);
	assert_int_equal(membercache_taken(shared.membercache), 0);
	assert_int_equal(membercache_lent(shared.membercache), 0);
	membercache_drop(shared.membercache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_least_recently_used_goes),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_lent),
		cmocka_unit_test(test_first_one_stays),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests_name("membercache", tests, NULL, NULL);
}
