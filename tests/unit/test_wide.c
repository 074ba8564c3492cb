/* wide: text in UTF-16 and UTF-32 as UTF-8, however it is cut into pieces. */

#include <stdio.h>
#include <stdlib.h>

#include "archive/wide.h"
#include "given.h"
#include "unit.h"

/* Read all of it, `most` bytes at a time, into buffer. */
static size_t
convert(struct str bytes, size_t piece, size_t most, char *buffer, size_t room)
{
	int closed = 0;
	struct source *wide = wide_open(given_open(bytes, piece, &closed));
	size_t done = 0;
	ssize_t got;

	assert_non_null(wide);
	do {
		assert_true(done + most <= room);
		got = wide->read(wide, buffer + done, most);
		assert_true(got >= 0 || got == SOURCE_LATER);
		done += got > 0 ? (size_t)got : 0;
	} while (got != 0);
	assert_int_equal(wide->read(wide, buffer, most), 0);
	wide->close(wide);
	assert_int_equal(closed, 1);
	return done;
}

static void
test_texts(void **state)
{
	static const struct {
		struct str bytes;
		const char *want;
	} table[] = {
		{BYTES(""), ""},
		{BYTES("\xff\xfe"), ""},
		{BYTES("\xff\xfe"
		       "a\0\n\0"),
			"a\n"},
		{BYTES("\xfe\xff\0a\0\n"), "a\n"},
		{BYTES("\xff\xfe\xe9\0\xac\x20"), "\u00e9\u20ac"},
		{BYTES("\xfe\xff\x0a\x0a\xd8\x3d\xde\x00"), "\u0a0a\U0001f600"},
		{BYTES("\xff\xfe\x3d\xd8\x00\xde"), "\U0001f600"},
		{BYTES("\xff\xfe\0\0\x00\xf6\x01\0\xff\xff\x10\0"),
			"\U0001f600\U0010ffff"},
		{BYTES("\0\0\xfe\xff\0\x01\xf6\0\0\0\0a"), "\U0001f600a"},
		/* What is no character. */
		{BYTES("\xfe\xff\xd8\x3d"), "\ufffd"},
		{BYTES("\xfe\xff\xd8\x3d\0a"), "\ufffda"},
		{BYTES("\xfe\xff\xd8\x3d\xd8\x3d\xde\0"), "\ufffd\U0001f600"},
		{BYTES("\xfe\xff\xde\0\0a"), "\ufffda"},
		{BYTES("\xfe\xff\0a\0"), "a\ufffd"},
		{BYTES("\xff\xfe\0\0\0\0\x11\0\0\xd8\0\0"), "\ufffd\ufffd"},
		{BYTES("\xff\xfe\0\0a\0\0"), "\ufffd"},
		/* A mark that is one only at the beginning. */
		{BYTES("\xff\xfe\xff\xfe"), "\ufeff"},
		/* No mark: as it is. */
		{BYTES("text"), "text"},
		{BYTES("\xff"), "\xff"},
		{BYTES("\xef\xbb\xbf\xe9"), "\xef\xbb\xbf\xe9"},
	};
	static const size_t sizes[] = {1, 2, 3, 5, 64};
	char got[512];
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table) * 25; i++) {
		struct str want = str_of(table[i / 25].want);
		size_t n = convert(table[i / 25].bytes, sizes[i / 5 % 5],
			sizes[i % 5], got, sizeof(got));

		if (str_eq((struct str){got, n}, want))
			continue;
		print_error("row %zu, pieces of %zu and %zu: got \"%.*s\", "
			    "want \"%s\"\n",
			i / 25, sizes[i / 5 % 5], sizes[i % 5], (int)n, got,
			table[i / 25].want);
		failed++;
	}
	assert_int_equal(failed, 0);
}

/* The most that a full buffer can become, and more than one of them. */
static void
test_large(void **state)
{
	enum { UNITS = 50001 };
	static char bytes[2 + 2 * UNITS], got[4 * UNITS];
	static const struct {
		const char *unit, *want;
	} table[] = {
		{"\x20\xac", "\u20ac"}, {"\xd8\x3d", "\ufffd"}, {"\0a", "a"}};

	(void)state;
	for (size_t t = 0; t < COUNT(table); t++) {
		size_t n = strlen(table[t].want), made;

		memcpy(bytes, "\xfe\xff", 2);
		for (size_t i = 1; i <= UNITS; i++)
			memcpy(bytes + 2 * i, table[t].unit, 2);
		made = convert((struct str){bytes, sizeof(bytes)}, 100000, 7,
			got, sizeof(got));
		assert_int_equal(made, n * UNITS);
		for (size_t i = 0; i < UNITS; i++)
			assert_memory_equal(got + n * i, table[t].want, n);
	}
}

static void
test_marks(void **state)
{
	(void)state;
	assert_true(wide_is_marked(STR("\xff\xfe")));
	assert_true(wide_is_marked(STR("\xfe\xff")));
	assert_true(wide_is_marked(STR("\0\0\xfe\xff")));
	assert_false(wide_is_marked(STR("\xff")));
	assert_false(wide_is_marked(STR("\xef\xbb\xbf")));
	assert_false(wide_is_marked(STR("")));
	assert_in_range(wide_memory(), 32 * 1024, 128 * 1024);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_marks),
	};

	return cmocka_run_group_tests_name("wide", tests, NULL, NULL);
}
