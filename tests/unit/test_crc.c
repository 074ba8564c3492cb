/* crc: the same as zlib's, whoever computes it. */

#include <zlib.h>

#include "base/crc.h"
#include "unit.h"

static const struct {
	const char *bytes;
	uint32_t crc;
} known[] = {{"", 0}, {"a", 0xe8b7be43}, {"123456789", 0xcbf43926}};

static void
test_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(known); i++)
		assert_int_equal(
			crc_add(0, known[i].bytes, strlen(known[i].bytes)),
			known[i].crc);
}

/* Around what processors and loops take at once. */
static const size_t sizes[] = {0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63,
	64, 65, 127, 128, 129, 255, 256, 257, 511, 512, 513, 1023, 1024, 1025,
	4095, 4096, 4097, 65535, 65536, 65537};

/* Bytes anywhere in memory, behind any others. */
static void
test_same_as_zlib(void **state)
{
	static const uint32_t begun[] = {0, 1, 0xcbf43926, 0xffffffff};
	static unsigned char bytes[65537 + 64];
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * i / 7 + i);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		for (size_t at = 0; at <= 64; at++) {
			uint32_t first = begun[at % COUNT(begun)];
			uint32_t wanted =
				(uint32_t)crc32_z(first, bytes + at, sizes[i]);
			uint32_t got = crc_add(first, bytes + at, sizes[i]);

			if (got == wanted)
				continue;
			print_error("%zu bytes at %zu: %08x, not %08x\n",
				sizes[i], at, got, wanted);
			failed++;
		}
	}
	assert_int_equal(failed, 0);
}

/* In two parts, wherever the cut is. */
static void
test_parts(void **state)
{
	unsigned char bytes[1500];
	uint32_t whole;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * i / 7 + i);
	whole = (uint32_t)crc32_z(0, bytes, sizeof(bytes));
	for (size_t cut = 0; cut <= sizeof(bytes); cut++) {
		uint32_t crc = crc_add(0, bytes, cut);

		crc = crc_add(crc, bytes + cut, sizeof(bytes) - cut);
		assert_int_equal(crc, whole);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_same_as_zlib),
		cmocka_unit_test(test_parts),
	};

	return cmocka_run_group_tests_name("crc", tests, NULL, NULL);
}
