/* Names of what nobody meant to publish, and how they are noticed in passing.
 */

#include "unit.h"

#include "zip/hiddenname.h"
#include "zip/zipentry.h"

static void
test_hidden(void **state)
{
	static const struct {
		const char *name;
		bool hidden;
	} table[] = {
		{"", false},
		{"a", false},
		{"a.b/c.", false},
		{".a", true},
		{"a/.b", true},
		{"a/.b/", true},
		{".a/b", true},
		{"...", true},
		{"a/..b/c", true},
		{".well-known", false},
		{".well-known/a", false},
		{"a/.well-known/", false},
		{".well-known/.a", true},
		{".well-known2", true},
		{".Well-Known", true},
		{"__MACOSX", true},
		{"a/__MACOSX/b", true},
		{"__MACOSX2", false},
		{"_", false},
		{"Thumbs.db", true},
		{"a/Thumbs.db", true},
		{"Thumbs.db/", true},
		{"thumbs.db", false},
		{"aThumbs.db", false},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str name = str_of(table[i].name);
		bool passing = false;

		(void)zipentry_unreachable(name, &passing);
		if (hiddenname_is(name) == table[i].hidden &&
			passing == table[i].hidden)
			continue;
		print_error("\"%s\": got %d, in passing %d, want %d\n",
			table[i].name, hiddenname_is(name), passing,
			table[i].hidden);
		failed++;
	}
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
