/* Names in other forms: character sets, normal forms, separators. */

#include "unit.h"

#include <stdlib.h>

#include "zip/spelling.h"
#include "zip/zipname.h"

/* The forms of a name, each behind a space, those for legacy names with "!". */
static const char *
forms(const char *name, struct charset *charset, bool backslashes)
{
	static char text[200];
	struct spelling spelling;

	text[0] = '\0';
	spelling_begin(&spelling, str_of(name), charset, backslashes);
	while (spelling_next(&spelling)) {
		size_t n = strlen(text);

		snprintf(text + n, sizeof(text) - n, " %s%.*s",
			spelling.legacy ? "!" : "", STR_ARG(spelling.name));
	}
	spelling_end(&spelling);
	return text;
}

static void
test_forms(void **state)
{
	static const struct {
		const char *name;
		bool backslashes;
		const char *want;
	} table[] = {
		{"plain", false, ""},
		{"", false, ""},
		{"a\\b", false, ""},
		{"a\\b", true, " a/b"},
		{"\xff", false, ""},
		{"\xff\\x", true, " \xff/x"},
		{"\xc3\xa9", false, " !\x82 \xc3\xa9 !\x82 e\xcc\x81"},
		{"e\xcc\x81", false, " \xc3\xa9 !\x82 e\xcc\x81"},
		{"\xe6\x97\xa5", false, " \xe6\x97\xa5 \xe6\x97\xa5"},
		{"\xc3\xa9\\x", true,
			" \xc3\xa9/x !\x82\\x \xc3\xa9\\x !\x82\\x e\xcc\x81\\x"},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *got =
			forms(table[i].name, NULL, table[i].backslashes);

		if (strcmp(got, table[i].want) == 0)
			continue;
		print_error("\"%s\": got \"%s\", want \"%s\"\n", table[i].name,
			got, table[i].want);
		failed++;
	}
	assert_int_equal(failed, 0);
}

static void
test_charsets(void **state)
{
	static const struct {
		const char *charset, *bytes, *utf8;
		size_t step;
	} table[] = {
		{"CP866", "\x8f", "\xd0\x9f", 1},
		{"SHIFT_JIS", "\x95\\", "\xe8\xa1\xa8", 2},
		{"GB18030", "\x95\x32\x82\x36", "\xf0\xa0\x80\x80", 4},
		{"GBK", "\xc4\xe3", "\xe4\xbd\xa0", 2},
		{"ISO-8859-1", "\xe9", "\xc3\xa9", 1},
	};
	struct fault fault;
	char made[CHARSET_ROOM(8)];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct charset *c = charset_open(table[i].charset, &fault);
		struct str bytes = str_of(table[i].bytes);
		struct str utf8 = str_of(table[i].utf8);

		assert_non_null(c);
		assert_true(str_eq(charset_to_utf8(c, bytes, made), utf8));
		assert_true(str_eq(charset_from_utf8(c, utf8, made), bytes));
		assert_int_equal(charset_step(c, bytes), table[i].step);
		/* No character of that set: nothing, not a question mark. */
		assert_null(charset_from_utf8(c, STR("\xff"), made).p);
		charset_close(c);
	}
	assert_null(charset_open("no-such", &fault));
	assert_null(charset_open("", &fault));
	assert_null(charset_open("UTF-16", &fault));
	charset_close(NULL);
}

/* Entries of names made by system, each behind the other. */
static size_t
entries_of(unsigned char *entries, const char *const *names, unsigned system)
{
	size_t n = 0;

	for (; *names != NULL; names++) {
		unsigned char *p = entries + n;

		memset(p, 0, ZIPENTRY_SIZE);
		memcpy(p, "PK\1\2", 4);
		p[5] = (unsigned char)system;
		p[28] = (unsigned char)strlen(*names);
		memcpy(p + ZIPENTRY_SIZE, *names, p[28]);
		n += zipentry_size(p);
	}
	return n;
}

static void
test_backslashes(void **state)
{
	static const struct {
		const char *names[3], *charset;
		unsigned system;
		bool want;
	} table[] = {
		{{"a\\b"}, NULL, 0, true},
		{{"a\\b"}, NULL, 10, true},
		{{"a\\b"}, NULL, 11, true},
		{{"a\\b"}, NULL, 3, false},
		{{"a\\b", "c/d"}, NULL, 0, false},
		{{"ab"}, NULL, 0, false},
		{{"a\\b", "\x95\\x"}, NULL, 0, false},
		{{"a\\b", "\x95\\x"}, "SHIFT_JIS", 0, true},
		{{"\xc3\xa9\\x"}, NULL, 0, true},
	};
	unsigned char entries[400];
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct fault fault;
		struct charset *c = table[i].charset
			? charset_open(table[i].charset, &fault)
			: NULL;
		size_t n = entries_of(entries, table[i].names, table[i].system);

		if (zipname_has_backslashes(entries, n, c) != table[i].want) {
			print_error("case %zu\n", i);
			failed++;
		}
		charset_close(c);
	}
	assert_int_equal(failed, 0);
}

static void
test_half_character_stays(void **state)
{
	static const char *const names[] = {"\x95\\\\\x83\\", NULL};
	unsigned char entry[100];
	struct fault fault;
	struct charset *c = charset_open("SHIFT_JIS", &fault);

	(void)state;
	assert_non_null(c);
	entries_of(entry, names, 0);
	assert_false(zipname_settle(entry, true, c));
	assert_true(str_eq(zipentry_name(entry), STR("\x95\\/\x83\\")));
	assert_true(zipentry_is_legacy(entry));
	charset_close(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_charsets),
		cmocka_unit_test(test_backslashes),
		cmocka_unit_test(test_half_character_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
