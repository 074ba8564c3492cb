/* large: memory that is mapped by itself from 2 MiB on. */

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hugepages.h"
#include "unit.h"

#define HUGE_PAGE ((size_t)2 << 20)

static const size_t sizes[] = {1, 100, 70000, HUGE_PAGE - 1, HUGE_PAGE,
	HUGE_PAGE + 1, 2 * HUGE_PAGE - 1, 3 * HUGE_PAGE, 3 * HUGE_PAGE + 70001};

/* All of them at once, each filled to its last byte, and none with a byte of
 * another's. */
static void
test_apart(void **state)
{
	char *p[COUNT(sizes)];
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		p[i] = hugepages_new(sizes[i]);
		assert_non_null(p[i]);
		memset(p[i], (int)i, sizes[i]);
	}
	for (size_t i = 0; i < COUNT(sizes); i++) {
		for (size_t k = 0; k < sizes[i]; k++)
			failed += p[i][k] != (char)i;
		hugepages_free(p[i], sizes[i]);
	}
	assert_int_equal(failed, 0);
}

/* It begins where a huge page may, and is unmapped when it is freed. */
static void
test_mapped(void **state)
{
	unsigned char resident;

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		void *p = hugepages_new(sizes[i]);

		assert_non_null(p);
		if (sizes[i] >= HUGE_PAGE) {
			assert_int_equal((uintptr_t)p % HUGE_PAGE, 0);
			assert_int_equal(mincore(p, 1, &resident), 0);
		}
		hugepages_free(p, sizes[i]);
		if (sizes[i] >= HUGE_PAGE) {
			assert_int_equal(mincore(p, 1, &resident), -1);
			assert_int_equal(errno, ENOMEM);
		}
	}
}

/* Pages of the address space that this process uses. */
static unsigned long
pages(void)
{
	char text[100] = "";
	int fd = open("/proc/self/statm", O_RDONLY);

	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return strtoul(text, NULL, 10);
}

/* Nothing stays mapped, not even what a size was rounded up by. */
static void
test_nothing_left(void **state)
{
	unsigned long before = 0;

	(void)state;
	emulated("count of a process's own pages");
	for (int i = 0; i < 20; i++) {
		for (size_t k = 0; k < COUNT(sizes); k++) {
			if (sizes[k] >= HUGE_PAGE)
				hugepages_free(
					hugepages_new(sizes[k]), sizes[k]);
		}
		if (i == 0)
			before = pages();
	}
	assert_int_equal(pages(), before);
}

static void
test_none(void **state)
{
	static const size_t too_much[] = {SIZE_MAX / 2 + 1,
		SIZE_MAX - (2 << 20), SIZE_MAX - 65535, SIZE_MAX - 65534,
		SIZE_MAX};

	(void)state;
	for (size_t i = 0; i < COUNT(too_much); i++) {
		errno = 0;
		assert_null(hugepages_new(too_much[i]));
		assert_int_equal(errno, ENOMEM);
		hugepages_free(NULL, too_much[i]);
	}
	hugepages_free(NULL, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_apart),
		cmocka_unit_test(test_mapped),
		cmocka_unit_test(test_nothing_left),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests_name("large", tests, NULL, NULL);
}
