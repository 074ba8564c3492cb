/* page: names of all kinds as JSON and for a terminal. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "http/page.h"
#include "unit.h"

static const struct {
	struct str name;
	struct str plain;
	struct str json;
} names[] = {
	{BYTES(""), BYTES(""), BYTES("\"\"")},
	{BYTES("a b/c.txt"), BYTES("a b/c.txt"), BYTES("\"a b/c.txt\"")},
	{BYTES("\"'<&>"), BYTES("\"'<&>"), BYTES("\"\\u0022'<&>\"")},
	{BYTES("a\\b"), BYTES("a\\x5Cb"), BYTES("\"a\\u005cb\"")},
	{BYTES("\0\x1b[2J\n\r\x7f"), BYTES("\\x00\\x1B[2J\\x0A\\x0D\\x7F"),
		BYTES("\"\\u0000\\u001b[2J\\u000a\\u000d\\u007f\"")},
	/* Controls of 8 bits; the first character that is none. */
	{BYTES("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0"),
		BYTES("\\xC2\\x80\\xC2\\x9B\\xC2\\x9F\xc2\xa0"),
		BYTES("\"\\u0080\\u009b\\u009f\xc2\xa0\"")},
	{BYTES("\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80"),
		BYTES("\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80"),
		BYTES("\"\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80\"")},
	{BYTES("a\xe2\x80\xaegpj"), BYTES("a\\xE2\\x80\\xAEgpj"),
		BYTES("\"a\\u202egpj\"")},
	/* No UTF-8; and what stands for that, by itself. */
	{BYTES("\xff\xc0\xaf\xe2\x80"), BYTES("\\xFF\\xC0\\xAF\\xE2\\x80"),
		BYTES("\"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\"")},
	{BYTES("\xef\xbf\xbd"), BYTES("\xef\xbf\xbd"), BYTES("\"\\ufffd\"")},
};

static void
test_names(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct arena arena = {0};
		struct text plain = {.arena = &arena}, json = plain;
		struct str name = copy_exactly(names[i].name);

		page_add_plain(&plain, name);
		page_add_json(&json, name);
		failed += differ("plain", text_str(&plain), names[i].plain);
		failed += differ("json", text_str(&json), names[i].json);
		free((void *)(uintptr_t)name.p);
		arena_free(&arena);
	}
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
