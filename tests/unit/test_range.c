/* range: what a Range field asks for. */

#include "http/range.h"
#include "unit.h"

enum { MAX = 8 };

#define WHOLE 18446744073709551615u

static void
test_read(void **state)
{
	static const struct {
		const char *field;
		uint64_t size;
		int want;
		struct span part[4];
	} table[] = {
		/* One. */
		{"bytes=0-0", 10, 1, {{0, 1}}},
		{"bytes=0-9", 10, 1, {{0, 10}}},
		{"bytes=9-9", 10, 1, {{9, 10}}},
		{"bytes=3-5", 10, 1, {{3, 6}}},
		{"bytes=0-", 10, 1, {{0, 10}}},
		{"bytes=9-", 10, 1, {{9, 10}}},
		{"bytes=5-10", 10, 1, {{5, 10}}},
		{"bytes=5-99", 10, 1, {{5, 10}}},
		{"bytes=0-0", 1, 1, {{0, 1}}},
		{"bytes=007-008", 10, 1, {{7, 9}}},
		{"BYTES=0-0", 10, 1, {{0, 1}}},
		{" bytes=0-0\t", 10, 1, {{0, 1}}},
		{"bytes=1:-", 10, 0, {{0, 0}}},
		{"bytes=1/-", 10, 0, {{0, 0}}},
		/* From the end. */
		{"bytes=-1", 10, 1, {{9, 10}}},
		{"bytes=-9", 10, 1, {{1, 10}}},
		{"bytes=-10", 10, 1, {{0, 10}}},
		{"bytes=-11", 10, 1, {{0, 10}}},
		{"bytes=-99", 1, 1, {{0, 1}}},
		/* Nothing that there is. */
		{"bytes=10-", 10, RANGE_NONE, {{0, 0}}},
		{"bytes=10-20", 10, RANGE_NONE, {{0, 0}}},
		{"bytes=-0", 10, RANGE_NONE, {{0, 0}}},
		{"bytes=-000", 10, RANGE_NONE, {{0, 0}}},
		{"bytes=10-,-0,99-100", 10, RANGE_NONE, {{0, 0}}},
		{"bytes=1-", 1, RANGE_NONE, {{0, 0}}},
		/* A body without a byte. */
		{"bytes=0-", 0, RANGE_NONE, {{0, 0}}},
		{"bytes=0-0", 0, RANGE_NONE, {{0, 0}}},
		{"bytes=-0", 0, RANGE_NONE, {{0, 0}}},
		{"bytes=-1", 0, 0, {{0, 0}}},
		{"bytes=0-0,-1", 0, 0, {{0, 0}}},
		/* Numbers that no integer holds. */
		{"bytes=0-18446744073709551614", 10, 1, {{0, 10}}},
		{"bytes=0-18446744073709551615", 10, 1, {{0, 10}}},
		{"bytes=0-18446744073709551616", 10, 1, {{0, 10}}},
		{"bytes=0-99999999999999999999999999999999", 10, 1, {{0, 10}}},
		{"bytes=2-18446744073709551617", 10, 1, {{2, 10}}},
		{"bytes=18446744073709551616-", 10, RANGE_NONE, {{0, 0}}},
		{"bytes=18446744073709551617-18446744073709551618", 10,
			RANGE_NONE, {{0, 0}}},
		{"bytes=18446744073709551620-5", 10, 0, {{0, 0}}},
		{"bytes=-18446744073709551616", 10, 1, {{0, 10}}},
		{"bytes=-18446744073709551620", 10, 1, {{0, 10}}},
		{"bytes=-99999999999999999999999999999999", 10, 1, {{0, 10}}},
		{"bytes=000000000000000000000000000000001-1", 10, 1, {{1, 2}}},
		/* The largest body. */
		{"bytes=0-", WHOLE, 1, {{0, WHOLE}}},
		{"bytes=0-18446744073709551615", WHOLE, 1, {{0, WHOLE}}},
		{"bytes=18446744073709551614-", WHOLE, 1, {{WHOLE - 1, WHOLE}}},
		{"bytes=18446744073709551615-", WHOLE, RANGE_NONE, {{0, 0}}},
		{"bytes=-18446744073709551615", WHOLE, 1, {{0, WHOLE}}},
		{"bytes=-1", WHOLE, 1, {{WHOLE - 1, WHOLE}}},
		/* Several. */
		{"bytes=0-0,2-2", 10, 2, {{0, 1}, {2, 3}}},
		{"bytes=0-0, 2-2 ,\t4-4", 10, 3, {{0, 1}, {2, 3}, {4, 5}}},
		{"bytes=8-8,0-0,4-4", 10, 3, {{8, 9}, {0, 1}, {4, 5}}},
		{"bytes=-1,0-0", 10, 2, {{9, 10}, {0, 1}}},
		{"bytes=0-0,10-,-0", 10, 1, {{0, 1}}},
		{"bytes=10-,0-0", 10, 1, {{0, 1}}},
		/* Empty elements. */
		{"bytes=,0-0", 10, 1, {{0, 1}}},
		{"bytes=0-0,", 10, 1, {{0, 1}}},
		{"bytes=, ,0-0,,\t,2-2,", 10, 2, {{0, 1}, {2, 3}}},
		{"bytes=", 10, 0, {{0, 0}}},
		{"bytes=,", 10, 0, {{0, 0}}},
		{"bytes= , ,", 10, 0, {{0, 0}}},
		/* Joined: the same, one inside the other, overlapping,
		 * adjacent, from either side, by a third, and by the end. */
		{"bytes=1-3,1-3", 10, 1, {{1, 4}}},
		{"bytes=1-8,3-4", 10, 1, {{1, 9}}},
		{"bytes=3-4,1-8", 10, 1, {{1, 9}}},
		{"bytes=1-4,3-8", 10, 1, {{1, 9}}},
		{"bytes=3-8,1-4", 10, 1, {{1, 9}}},
		{"bytes=1-4,5-8", 10, 1, {{1, 9}}},
		{"bytes=5-8,1-4", 10, 1, {{1, 9}}},
		{"bytes=1-4,6-8", 10, 2, {{1, 5}, {6, 9}}},
		{"bytes=0-1,8-9,1-8", 10, 1, {{0, 10}}},
		{"bytes=0-1,8-9,2-7", 10, 1, {{0, 10}}},
		{"bytes=8-9,0-1,2-7", 10, 1, {{0, 10}}},
		{"bytes=0-,-1", 10, 1, {{0, 10}}},
		{"bytes=5-,-5", 10, 1, {{5, 10}}},
		{"bytes=5-7,-2", 10, 1, {{5, 10}}},
		/* In the order asked, by what came first of each. */
		{"bytes=8-8,0-0,4-4,9-9", 10, 3, {{8, 10}, {0, 1}, {4, 5}}},
		{"bytes=8-8,0-0,4-4,1-3", 10, 2, {{8, 9}, {0, 5}}},
		{"bytes=4-4,8-8,0-0,1-3", 10, 2, {{0, 5}, {8, 9}}},
		{"bytes=6-6,0-0,8-8,2-2,7-7", 10, 3, {{6, 9}, {0, 1}, {2, 3}}},
		/* Not understood. */
		{NULL, 10, 0, {{0, 0}}},
		{"", 10, 0, {{0, 0}}},
		{"bytes", 10, 0, {{0, 0}}},
		{"=0-0", 10, 0, {{0, 0}}},
		{"byte=0-0", 10, 0, {{0, 0}}},
		{"bytess=0-0", 10, 0, {{0, 0}}},
		{"lines=0-0", 10, 0, {{0, 0}}},
		{"bytes:0-0", 10, 0, {{0, 0}}},
		{"bytes 0-0", 10, 0, {{0, 0}}},
		{"bytes 0-0/10", 10, 0, {{0, 0}}},
		{"0-0", 10, 0, {{0, 0}}},
		{"bytes=0", 10, 0, {{0, 0}}},
		{"bytes=-", 10, 0, {{0, 0}}},
		{"bytes=--1", 10, 0, {{0, 0}}},
		{"bytes=0--1", 10, 0, {{0, 0}}},
		{"bytes=0-1-2", 10, 0, {{0, 0}}},
		{"bytes=0-1-", 10, 0, {{0, 0}}},
		{"bytes=1-0", 10, 0, {{0, 0}}},
		{"bytes=20-19", 10, 0, {{0, 0}}},
		{"bytes=a-b", 10, 0, {{0, 0}}},
		{"bytes=0-a", 10, 0, {{0, 0}}},
		{"bytes=0x0-0x1", 10, 0, {{0, 0}}},
		{"bytes=+0-1", 10, 0, {{0, 0}}},
		{"bytes=0-+1", 10, 0, {{0, 0}}},
		{"bytes=0 -1", 10, 0, {{0, 0}}},
		{"bytes=0- 1", 10, 0, {{0, 0}}},
		{"bytes=0 1-2", 10, 0, {{0, 0}}},
		{"bytes=0.0-1", 10, 0, {{0, 0}}},
		{"bytes=0-1;2-3", 10, 0, {{0, 0}}},
		{"bytes=0-1 2-3", 10, 0, {{0, 0}}},
		{"bytes==0-1", 10, 0, {{0, 0}}},
		{"bytes=\xb0-1", 10, 0, {{0, 0}}},
		{"bytes=/-:", 10, 0, {{0, 0}}},
		{"bytes=*", 10, 0, {{0, 0}}},
		/* One spoils all. */
		{"bytes=0-0,a", 10, 0, {{0, 0}}},
		{"bytes=a,0-0", 10, 0, {{0, 0}}},
		{"bytes=0-0,3-2", 10, 0, {{0, 0}}},
		{"bytes=10-,a", 10, 0, {{0, 0}}},
		/* The field twice, as it is joined. */
		{"bytes=0-0, bytes=2-2", 10, 0, {{0, 0}}},
		/* As many as there may be, and more. */
		{"bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,15-15", 99, 8,
			{{0, 1}, {2, 3}, {4, 5}, {6, 7}}},
		{"bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,99-", 99, 8,
			{{0, 1}, {2, 3}, {4, 5}, {6, 7}}},
		{"bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16", 99, 0,
			{{0, 0}}},
		{"bytes=0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,4-4", 99, 2,
			{{0, 1}, {4, 5}}},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *asked = table[i].field ? table[i].field : "NULL";
		struct str field = copy_exactly(str_of(table[i].field));
		struct span part[MAX];
		int n = range_read(field, table[i].size, part, MAX);

		free((char *)field.p);
		failed += differ_number(asked, "parts", n, table[i].want);
		for (int k = 0; k < n && k < table[i].want && k < 4; k++) {
			failed += differ_number(asked, "first",
				(long long)part[k].first,
				(long long)table[i].part[k].first);
			failed += differ_number(asked, "end",
				(long long)part[k].end,
				(long long)table[i].part[k].end);
		}
	}
	assert_int_equal(failed, 0);
}

/* A NUL is not a digit, and no end. */
static void
test_read_nul(void **state)
{
	struct span part[MAX];

	(void)state;
	assert_int_equal(range_read(STR("bytes=0-0\0"), 10, part, MAX), 0);
	assert_int_equal(range_read(STR("bytes=0-0\0,2-2"), 10, part, MAX), 0);
}

/* Parts are inside the body, not empty, and neither overlap nor touch. */
static unsigned
check_parts(const char *field, uint64_t size, const struct span *part, int n)
{
	unsigned failed = 0;

	if (n < RANGE_NONE || n > MAX)
		return differ_number(field, "parts", n, 0);
	for (int i = 0; i < n; i++) {
		failed += part[i].first >= part[i].end || part[i].end > size;
		for (int k = 0; k < i; k++)
			failed += part[i].first <= part[k].end &&
				part[k].first <= part[i].end;
	}
	if (failed > 0)
		print_error("%s: parts are wrong\n", field);
	return failed;
}

/* Every text of up to 7 bytes of what a list of ranges is made of. */
static void
test_all(void **state)
{
	static const char byte[] = "02-, ";
	unsigned failed = 0, found = 0;

	(void)state;
	for (size_t n = 1, count = 5; n <= 7; n++, count *= 5) {
		for (size_t i = 0; i < count; i++) {
			char field[16] = "bytes=";
			struct span part[MAX];
			int parts;

			for (size_t k = 0, left = i; k < n; k++, left /= 5)
				field[6 + k] = byte[left % 5];
			parts = range_read(str_of(field), 5, part, MAX);
			failed += check_parts(field, 5, part, parts);
			found += parts > 0;
		}
		assert_in_range(failed, 0, 20);
	}
	assert_int_equal(failed, 0);
	assert_true(found > 1000);
}

static unsigned
random_below(unsigned n)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (unsigned)(x >> 33) % n;
}

enum { SIZE = 40 };

/* One range of a list, in text, and in asked[] the number of the first one that
 * asked for each byte. */
static int
add_range(char *text, size_t room, int number, int asked[SIZE])
{
	unsigned first = random_below(SIZE + 5), end;

	switch (random_below(4)) {
	case 0:
		end = SIZE;
		for (unsigned i = 0; i < SIZE; i++) {
			if (i + first >= SIZE && asked[i] < 0)
				asked[i] = number;
		}
		return snprintf(text, room, "-%u,", first);
	case 1:
		end = SIZE;
		snprintf(text, room, "%u-,", first);
		break;
	default:
		end = first + 1 + random_below(6);
		snprintf(text, room, "%u-%u,", first, end - 1);
	}
	for (unsigned i = first; i < end && i < SIZE; i++) {
		if (asked[i] < 0)
			asked[i] = number;
	}
	return (int)strlen(text);
}

/* The parts of random lists hold what was asked, no more and no less, and come
 * in the order in which something of each was first asked for. */
static void
test_random(void **state)
{
	unsigned failed = 0, found = 0;

	(void)state;
	for (int round = 0; round < 50000; round++) {
		char field[256] = "bytes=";
		int asked[SIZE], n = 6, parts, before = -1;
		bool covered[SIZE] = {false};
		struct span part[MAX];

		memset(asked, -1, sizeof(asked));
		for (int i = 0; i < 1 + round % MAX; i++)
			n += add_range(
				field + n, sizeof(field) - (size_t)n, i, asked);
		parts = range_read(str_of(field), SIZE, part, MAX);
		failed += check_parts(field, SIZE, part, parts);
		assert_in_range(failed, 0, 20);
		for (int i = 0; i < parts; i++) {
			int first = MAX;

			for (uint64_t k = part[i].first; k < part[i].end; k++) {
				covered[k] = true;
				if (asked[k] < first)
					first = asked[k];
			}
			failed += first <= before;
			before = first;
		}
		for (int i = 0; i < SIZE; i++)
			failed += covered[i] != (asked[i] >= 0);
		found += parts > 1;
		if (failed > 0)
			fail_msg("%s: got %d parts", field, parts);
	}
	assert_true(found > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_nul),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("range", tests, NULL, NULL);
}
