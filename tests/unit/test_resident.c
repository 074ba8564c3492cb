/* What is remembered of pages that are in memory. */

#include <sys/mman.h>

#include "archive/resident.h"
#include "base/clock.h"
#include "unit.h"

enum { PAGE = 4096, PAGES = 40 };

static const struct mapping mapping = {.device = 1, .since = 7};

/* It is remembered for the rest of the second: that must not end meanwhile. */
static bool
same_second(void)
{
	static int64_t second;
	const int64_t before = second;

	second = clock_ns() / CLOCK_SECOND;
	return second == before;
}

/* A page is known from its first byte to its last, and nothing beside it. */
static void
test_pages(void **state)
{
	static const unsigned char part[PAGES * PAGE];
	const unsigned char *p = part + 3 * PAGE;
	const struct mapping another = {.device = 1, .since = 8};
	bool inside, before, behind, other;

	(void)state;
	/* part need not begin with a page: p is as far from the beginning of
	 * one. */
	do {
		(void)same_second();
		resident_note(p + 100, 9 * PAGE, &mapping);
		inside = resident_is_known(p + 100 + PAGE, 8 * PAGE, &mapping);
		before = resident_is_known(p - PAGE, 2 * PAGE, &mapping);
		behind = resident_is_known(p + 9 * PAGE, 2 * PAGE, &mapping);
		other = resident_is_known(p + 100, PAGE, &another);
	} while (!same_second());
	assert_true(inside);
	assert_false(before);
	assert_false(behind);
	assert_false(other);
}

/* Small files that lie side by side, all asked for within a second. */
static void
test_many(void **state)
{
	enum { FILES = 8000, FEWEST = FILES * 3 / 4, SIZE = 2 * PAGE };
	unsigned char *files = mmap(NULL, FILES * SIZE, PROT_READ,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int known;

	(void)state;
	assert_ptr_not_equal(files, MAP_FAILED);
	do {
		(void)same_second();
		known = 0;
		for (int i = 0; i < FILES; i++)
			resident_note(files + i * SIZE, 100,
				&(struct mapping){.since = i * 1000});
		for (int i = 0; i < FILES; i++)
			known += resident_is_known(files + i * SIZE, 50,
				&(struct mapping){.since = i * 1000});
	} while (!same_second());
	assert_in_range(known, FEWEST, FILES);
	munmap(files, FILES * SIZE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
