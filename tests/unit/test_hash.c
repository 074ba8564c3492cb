/* hash: places of names. */

#include "base/hash.h"
#include "unit.h"

/* The ends of what a key may be, and some thrown with dice. */
static const uint64_t keys[] = {1, ((uint64_t)1 << 61) - 2, 0x1e54e9bc52e6b439,
	0xca264e1269e0d38, 0x18b8ffaa6a3a451, 0x1a47e104128b2f34,
	0x3031d02892f902c, 0x12a6330b5d9dc9f9};

enum { FIRST_THROWN = 2 };

#define SEVEN "\xff\xff\xff\xff\xff\xff\xff"

/* What Python's integers of any size make of the polynomial: products of 128
 * bits and of 64 give the same. */
static void
test_values(void **state)
{
	static const struct {
		size_t key;
		struct str name;
		uint64_t want;
	} table[] = {
		{0, BYTES(""), 0x0000000000000000},
		{0, BYTES("index.html"), 0x00682e7865d0dbe7},
		{0, BYTES(SEVEN SEVEN), 0x020000000000000c},
		{1, BYTES(""), 0x0000000000000000},
		{1, BYTES("index.html"), 0x00682e7864f800eb},
		{1, BYTES(SEVEN SEVEN), 0x1ffffffffffffff1},
		{2, BYTES(""), 0x0000000000000000},
		{2, BYTES("index.html"), 0x15d37a5b6739fdc4},
		{2, BYTES(SEVEN SEVEN), 0x07a8bfd7a93d7337},
		{3, BYTES(""), 0x0000000000000000},
		{3, BYTES("index.html"), 0x0c1fef2e3e0ce503},
		{3, BYTES(SEVEN SEVEN), 0x1d5e36b47cd2c918},
		{4, BYTES(""), 0x0000000000000000},
		{4, BYTES("index.html"), 0x0085f294cdf13961},
		{4, BYTES(SEVEN SEVEN), 0x0808f1748b229369},
	};
	/* Of assets/img-0.png to assets/img-99999.png, modulo 2^64. */
	static const uint64_t sums[] = {0x61eafe4d0c1b597a, 0xb6a26878d6c607a0,
		0xaf79386e30c51cc, 0x87cc4e51594b3272, 0xdb2dc8e215d594f};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		failed += differ_number(table[i].name.p, "hash",
			(long long)hash_name(keys[table[i].key], table[i].name),
			(long long)table[i].want);
	for (size_t k = 0; k < COUNT(sums); k++) {
		uint64_t sum = 0;

		for (int i = 0; i < 100000; i++) {
			char name[32];
			int n = snprintf(
				name, sizeof(name), "assets/img-%d.png", i);

			sum += hash_name(
				keys[k], (struct str){name, (size_t)n});
		}
		failed += differ_number("assets/img-*.png", "sum",
			(long long)sum, (long long)sums[k]);
	}
	assert_int_equal(failed, 0);
}

/* A slot is one of those there are, and always the same one. */
static void
test_slot(void **state)
{
	static const uint32_t slots[] = {
		1, 2, 3, 7, 64, 1000, 65536, 4294967291, UINT32_MAX};
	char name[600];
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = (char)(i * 37 + 255);
	for (size_t k = 0; k < COUNT(keys); k++) {
		for (size_t n = 0; n < sizeof(name); n++) {
			struct str exact = copy_exactly((struct str){name, n});

			for (size_t i = 0; i < COUNT(slots); i++) {
				uint32_t slot =
					hash_slot(keys[k], exact, slots[i]);

				failed += slot >= slots[i];
				failed += slot !=
					hash_slot(keys[k],
						(struct str){name, n},
						slots[i]);
			}
			free((char *)exact.p);
		}
	}
	assert_int_equal(failed, 0);
}

static int
compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Names that look alike have different hashes: a name is told by its length and
 * by each of its bytes. */
static void
test_distinct(void **state)
{
	enum { LENGTHS = 40, MANY = LENGTHS + 5000 + 256 * 2 };
	static uint64_t hash[MANY];
	unsigned failed = 0;

	(void)state;
	for (size_t k = FIRST_THROWN; k < COUNT(keys); k++) {
		char name[64] = "";
		size_t n = 0;

		/* Zeros, of all lengths. */
		for (size_t i = 0; i < LENGTHS; i++)
			hash[n++] = hash_name(keys[k], (struct str){name, i});
		for (int i = 0; i < 5000; i++) {
			int len = snprintf(
				name, sizeof(name), "assets/img-%d.png", i);

			hash[n++] = hash_name(
				keys[k], (struct str){name, (size_t)len});
		}
		/* Each value of the first and the last of 16 bytes. */
		for (int i = 0; i < 256; i++) {
			memset(name, 'x', 16);
			name[0] = (char)i;
			hash[n++] = hash_name(keys[k], (struct str){name, 16});
			memset(name, 'y', 16);
			name[15] = (char)i;
			hash[n++] = hash_name(keys[k], (struct str){name, 16});
		}
		qsort(hash, n, sizeof(hash[0]), compare);
		for (size_t i = 1; i < n; i++)
			failed += hash[i] == hash[i - 1];
	}
	assert_int_equal(failed, 0);
}

/* 64,000 names over 1,000 slots: 64 for each, give or take.  Names in a row are
 * not thrown with dice, so that the bounds are wide. */
static void
test_spread(void **state)
{
	enum { SLOTS = 1000, NAMES = 64 * SLOTS };
	unsigned failed = 0;

	(void)state;
	for (size_t k = FIRST_THROWN; k < COUNT(keys); k++) {
		static int count[SLOTS];
		int least = NAMES, most = 0;

		memset(count, 0, sizeof(count));
		for (int i = 0; i < NAMES; i++) {
			char name[64];
			int n = snprintf(name, sizeof(name),
				"reports/%d/%x/index.html", i % 97, i);

			count[hash_slot(keys[k], (struct str){name, (size_t)n},
				SLOTS)]++;
		}
		for (int i = 0; i < SLOTS; i++) {
			least = count[i] < least ? count[i] : least;
			most = count[i] > most ? count[i] : most;
		}
		if (least < 16 || most > 128) {
			print_error("key %zu: got %d to %d, want 16 to 128\n",
				k, least, most);
			failed++;
		}
	}
	assert_int_equal(failed, 0);
}

/* Another key, other places: of 1,000 names few stay where they were. */
static void
test_keys(void **state)
{
	int same = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		char name[32];
		int n = snprintf(name, sizeof(name), "%d", i);
		struct str s = {name, (size_t)n};

		same += hash_slot(keys[4], s, 1000) ==
			hash_slot(keys[5], s, 1000);
	}
	assert_in_range(same, 0, 50);
}

/* Keys are points other than 0, and not the same twice. */
static void
test_key(void **state)
{
	uint64_t last = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint64_t key = hash_key();

		assert_true(key > 0 && key < (UINT64_C(1) << 61) - 1);
		assert_true(key != last);
		last = key;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_slot),
		cmocka_unit_test(test_distinct),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_key),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
