/* ignore: patterns as git reads them; tests/e2e/test_pack_choice.py asks git.
 */

#include "unit.h"

#include "pack/ignore.h"

static void
test_patterns(void **state)
{
	static const struct {
		const char *lines;
		const char *name; /* "/" at the end: a directory */
		bool want;
	} table[] = {
		{"", "a", false},
		{"\n  \n#a\n", "a", false},
		{"a", "a", true},
		{"a", "x/a", true},
		{"a", "a/", true},
		{"a", "b", false},
		{"/a", "a", true},
		{"/a", "x/a", false},
		{"a/", "a", false},
		{"a/", "a/", true},
		{"a/", "x/a/", true},
		{"x/a", "x/a", true},
		{"x/a", "y/x/a", false},
		{"*.o", "x/y.o", true},
		{"x/*", "x/a", true},
		{"x/*", "x/y/a", false},
		{"**/a", "a", true},
		{"**/a", "x/y/a", true},
		{"x/**", "x/", false},
		{"x/**", "x/y/a", true},
		{"x/**/a", "x/a", true},
		{"x/**/a", "x/y/z/a", true},
		{"x/**/a", "x/y/z/b", false},
		{"a/**/b/**/c", "a/b/b/x/c", true},
		{"a/**/b/**/c", "a/x/c/b", false},
		{"*\n!a", "a", false},
		{"*\n!a", "b", true},
		{"!a\n*", "a", true},
		{"\\!a", "!a", true},
		{"\\#a", "#a", true},
		{"a \\ ", "a  ", true},
		{"a  \n", "a", true},
		{"a\r\n", "a", true},
		{"\xef\xbb\xbf"
		 "a",
			"a", true},
		{"[", "[", true},
		{"a\\", "a", false},
		{"/", "a", false},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str name = str_of(table[i].name);
		bool directory = str_ends(name, STR("/"));
		struct ignore ignore = {0};
		bool got;

		name.n -= directory;
		assert_int_equal(
			ignore_add_lines(&ignore, str_of(table[i].lines)), 0);
		got = ignore_is(&ignore, name, directory);
		ignore_free(&ignore);
		if (got == table[i].want)
			continue;
		print_error("\"%s\" by \"%s\": got %d, want %d\n",
			table[i].name, table[i].lines, got, table[i].want);
		failed++;
	}
	assert_int_equal(failed, 0);
}

/* Many "**" do not make it long: each is tried by itself. */
static void
test_many_stars(void **state)
{
	struct ignore ignore = {0};
	char name[4001], pattern[401];

	(void)state;
	for (size_t i = 0; i < sizeof(name) - 1; i += 2)
		memcpy(name + i, "a/", 2);
	for (size_t i = 0; i < sizeof(pattern) - 1; i += 5)
		memcpy(pattern + i, "**/a/", 5);
	name[sizeof(name) - 1] = pattern[sizeof(pattern) - 1] = '\0';
	pattern[sizeof(pattern) - 3] = 'b';
	assert_int_equal(ignore_add(&ignore, str_of(pattern)), 0);
	assert_false(
		ignore_is(&ignore, (struct str){name, sizeof(name) - 2}, true));
	ignore_free(&ignore);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_many_stars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
