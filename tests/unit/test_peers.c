/* peers: how many there may be. */

#include "fcgi/peers.h"
#include "unit.h"

/* A quarter of the descriptors, and eight, are left for archives. */
static void
test_max(void **state)
{
	static const struct {
		uint64_t descriptors;
		int want;
	} table[] = {
		{0, 1},
		{8, 1},
		{10, 1},
		{11, 1},
		{12, 1},
		{16, 4},
		{40, 22},
		{1024, 760},
		{1048576, 786424},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char asked[32];

		snprintf(asked, sizeof(asked), "%d descriptors",
			(int)table[i].descriptors);
		failed += differ_number(asked, "peers",
			(int)peers_max(table[i].descriptors), table[i].want);
	}
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_max),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
