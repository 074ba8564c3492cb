/* fault: messages of one line. */

#include <errno.h>

#include "base/fault.h"
#include "unit.h"

/* Every way to set one gives -1 and leaves errno alone. */
static void
test_set(void **state)
{
	struct fault fault;
	unsigned failed = 0;

	(void)state;
	errno = EBUSY;
	assert_int_equal(fault_set(&fault, "line %d: %s", 3, "why"), -1);
	failed += differ("set", str_of(fault.text), str_of("line 3: why"));
	assert_int_equal(fault_file(&fault, STR(""), "why"), -1);
	failed += differ("none", str_of(fault.text), STR("\"\": why"));
	assert_int_equal(
		fault_file(&fault, STR("\xff\xc2\x9b\xe2\x82"), "why"), -1);
	failed += differ("odd", str_of(fault.text),
		STR("\\xff\\xc2\\x9b\\xe2\\x82: why"));
	assert_int_equal(fault_file(&fault, STR("a\n\x7f\xc3\xa9"), "why"), -1);
	failed += differ(
		"file", str_of(fault.text), str_of("a\\x0a\\x7f\xc3\xa9: why"));
	assert_int_equal(fault_errno(&fault, STR("a"), ENOENT), -1);
	failed += differ("errno", str_of(fault.text),
		str_of("a: No such file or directory"));
	assert_int_equal(errno, EBUSY);
	assert_int_equal(failed, 0);
}

/* A long text is cut off; after a long name the reason still follows. */
static void
test_long(void **state)
{
	struct fault fault;
	char name[2 * sizeof(fault.text)];
	struct str text;

	(void)state;
	memset(name, '\n', sizeof(name));
	fault_file(&fault, (struct str){name, sizeof(name)}, "why");
	text = str_of(fault.text);
	assert_true(text.n < sizeof(fault.text));
	assert_true(str_ends(text, STR("\\x0a: why")));
	fault_set(&fault, "%.*s", (int)sizeof(name), name);
	assert_int_equal(strlen(fault.text), sizeof(fault.text) - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
