/* str: comparing, cutting, numbers, UTF-8. */

#include "unit.h"

static void
test_eq(void **state)
{
	static const struct {
		struct str a, b;
		bool eq, nocase;
		int order;
	} table[] = {
		{{NULL, 0}, {NULL, 0}, true, true, 0},
		{{NULL, 0}, BYTES(""), true, true, 0},
		{BYTES(""), {NULL, 0}, true, true, 0},
		{{NULL, 0}, BYTES("a"), false, false, -1},
		{BYTES("a"), {NULL, 0}, false, false, 1},
		{BYTES("a"), BYTES("a"), true, true, 0},
		{BYTES("a"), BYTES("A"), false, true, 1},
		{BYTES("AbCxYz"), BYTES("aBcXyZ"), false, true, -1},
		{BYTES("a"), BYTES("b"), false, false, -1},
		{BYTES("a"), BYTES("ab"), false, false, -1},
		{BYTES("ab"), BYTES("a"), false, false, 1},
		{BYTES("ab"), BYTES("b"), false, false, -1},
		{BYTES("a\0b"), BYTES("a\0b"), true, true, 0},
		{BYTES("a\0b"), BYTES("a\0c"), false, false, -1},
		{BYTES("a\0"), BYTES("a"), false, false, 1},
		{BYTES("\xff"), BYTES("a"), false, false, 1},
		{BYTES("\x7f"), BYTES("\x80"), false, false, -1},
		/* Neighbours of the letters, 32 apart, are no letters. */
		{BYTES("@"), BYTES("`"), false, false, -1},
		{BYTES("["), BYTES("{"), false, false, -1},
		{BYTES("0"), BYTES("P"), false, false, -1},
		{BYTES("\xc4"), BYTES("\xe4"), false, false, -1},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str a = table[i].a, b = table[i].b;
		int order = str_compare(a, b), reverse = str_compare(b, a);
		char asked[32];

		snprintf(asked, sizeof(asked), "row %zu", i);
		failed += differ_number(asked, "eq", str_eq(a, b), table[i].eq);
		failed += differ_number(asked, "eq_nocase", str_eq_nocase(a, b),
			table[i].nocase);
		failed += differ_number(asked, "compare",
			(order > 0) - (order < 0), table[i].order);
		failed += differ_number(asked, "compare the other way",
			(reverse > 0) - (reverse < 0), -table[i].order);
	}
	assert_int_equal(failed, 0);
}

static void
test_ends(void **state)
{
	static const struct {
		const char *s, *part;
		bool starts, ends;
	} table[] = {
		{"", "", true, true},
		{"a", "", true, true},
		{"", "a", false, false},
		{"a", "a", true, true},
		{"ab", "a", true, false},
		{"ab", "b", false, true},
		{"aba", "a", true, true},
		{"ab", "ab", true, true},
		{"b", "ab", false, false},
		{"a", "ab", false, false},
		{"Ab", "a", false, false},
		{NULL, "", true, true},
		{NULL, NULL, true, true},
		{NULL, "a", false, false},
		{"a", NULL, true, true},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str s = str_of(table[i].s);
		struct str part = str_of(table[i].part);
		char asked[32];

		snprintf(asked, sizeof(asked), "row %zu", i);
		failed += differ_number(
			asked, "starts", str_starts(s, part), table[i].starts);
		failed += differ_number(
			asked, "ends", str_ends(s, part), table[i].ends);
	}
	assert_int_equal(failed, 0);
}

static void
test_trim(void **state)
{
	static const struct {
		const char *s, *want;
	} table[] = {
		{NULL, ""},
		{"", ""},
		{" ", ""},
		{"\t \t", ""},
		{"a", "a"},
		{" a", "a"},
		{"a\t", "a"},
		{"\t a b \t", "a b"},
		{" \n ", "\n"},
		{"\ra\v", "\ra\v"},
		{" \xa0 ", "\xa0"},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str s = copy_exactly(str_of(table[i].s));

		failed += differ(table[i].s ? table[i].s : "NULL", str_trim(s),
			str_of(table[i].want));
		free((char *)s.p);
	}
	assert_int_equal(failed, 0);
}

static void
test_cut(void **state)
{
	static const struct {
		struct str s;
		const char *head, *rest; /* rest: NULL is p NULL */
	} table[] = {
		{{NULL, 0}, "", NULL},
		{BYTES(""), "", NULL},
		{BYTES("/"), "", ""},
		{BYTES("a"), "a", NULL},
		{BYTES("a/"), "a", ""},
		{BYTES("/a"), "", "a"},
		{BYTES("a/b"), "a", "b"},
		{BYTES("a/b/c"), "a", "b/c"},
		{BYTES("//"), "", "/"},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str rest = table[i].s;
		struct str head = str_cut(&rest, '/');
		char asked[32];

		snprintf(asked, sizeof(asked), "row %zu", i);
		failed += differ(asked, head, str_of(table[i].head));
		failed += differ(asked, rest, str_of(table[i].rest));
		failed += differ_number(asked, "rest is NULL", rest.p == NULL,
			table[i].rest == NULL);
	}
	assert_int_equal(failed, 0);
}

/* A NUL is a separator as any other, and stays in what is cut. */
static void
test_cut_nul(void **state)
{
	struct str rest = STR("a\0b/c");

	(void)state;
	assert_int_equal(str_cut(&rest, '/').n, 3);
	rest = STR("a\0b");
	assert_int_equal(str_cut(&rest, '\0').n, 1);
	assert_int_equal(rest.n, 1);
}

static void
test_near(void **state)
{
	static const struct {
		struct str a, b;
		bool near;
	} table[] = {
		{BYTES("serve"), BYTES("serve"), false},
		{BYTES("serve"), BYTES("serv"), true},
		{BYTES("serve"), BYTES("erve"), true},
		{BYTES("serve"), BYTES("srve"), true},
		{BYTES("serve"), BYTES("sserve"), true},
		{BYTES("serve"), BYTES("servr"), true},
		{BYTES("serve"), BYTES("Serve"), true},
		{BYTES("serve"), BYTES("sevre"), true},
		{BYTES("serve"), BYTES("esrve"), true},
		{BYTES("serve"), BYTES("serev"), true},
		{BYTES("serve"), BYTES("ser"), false},
		{BYTES("serve"), BYTES("sXrvX"), false},
		{BYTES("serve"), BYTES("sXXve"), false},
		{BYTES("serve"), BYTES("srvee"), false},
		{BYTES("aa"), BYTES("a"), true},
		{BYTES("aaa"), BYTES("a"), false},
		{BYTES("a"), BYTES("b"), true},
		{BYTES("a"), {NULL, 0}, true},
		{BYTES("ab"), {NULL, 0}, false},
		{{NULL, 0}, {NULL, 0}, false},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str a = table[i].a, b = table[i].b;
		char asked[32];

		snprintf(asked, sizeof(asked), "row %zu", i);
		failed += differ_number(
			asked, "near", str_is_near(a, b), table[i].near);
		failed += differ_number(asked, "near the other way",
			str_is_near(b, a), table[i].near);
	}
	assert_int_equal(failed, 0);
}

static void
test_number(void **state)
{
	static const struct {
		struct str s;
		uint64_t max;
		bool fine;
		uint64_t want;
	} table[] = {
		{{NULL, 0}, UINT64_MAX, false, 0},
		{BYTES(""), UINT64_MAX, false, 0},
		{BYTES("0"), 0, true, 0},
		{BYTES("00"), 0, true, 0},
		{BYTES("1"), 0, false, 0},
		{BYTES("5"), 5, true, 5},
		{BYTES("05"), 5, true, 5},
		{BYTES("6"), 5, false, 0},
		{BYTES("10"), 5, false, 0},
		{BYTES("9"), 10, true, 9},
		{BYTES("10"), 10, true, 10},
		{BYTES("11"), 10, false, 0},
		{BYTES("19"), 18, false, 0},
		{BYTES("100"), 10, false, 0},
		{BYTES("18446744073709551615"), UINT64_MAX, true, UINT64_MAX},
		{BYTES("18446744073709551614"), UINT64_MAX - 1, true,
			UINT64_MAX - 1},
		{BYTES("18446744073709551615"), UINT64_MAX - 1, false, 0},
		{BYTES("18446744073709551616"), UINT64_MAX, false, 0},
		{BYTES("18446744073709551625"), UINT64_MAX, false, 0},
		{BYTES("28446744073709551615"), UINT64_MAX, false, 0},
		{BYTES("184467440737095516150"), UINT64_MAX, false, 0},
		{BYTES("000000000000000000000000001"), UINT64_MAX, true, 1},
		{BYTES("+1"), UINT64_MAX, false, 0},
		{BYTES("-1"), UINT64_MAX, false, 0},
		{BYTES("-0"), UINT64_MAX, false, 0},
		{BYTES(" 1"), UINT64_MAX, false, 0},
		{BYTES("1 "), UINT64_MAX, false, 0},
		{BYTES("1."), UINT64_MAX, false, 0},
		{BYTES("1e3"), UINT64_MAX, false, 0},
		{BYTES("0x1"), UINT64_MAX, false, 0},
		{BYTES("1\0"), UINT64_MAX, false, 0},
		{BYTES("/"), UINT64_MAX, false, 0},
		{BYTES(":"), UINT64_MAX, false, 0},
		{BYTES("\xb1"), UINT64_MAX, false, 0},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str s = copy_exactly(table[i].s);
		uint64_t number = 0;
		bool fine = str_number(s, table[i].max, &number);

		free((char *)s.p);
		if (fine == table[i].fine && (!fine || number == table[i].want))
			continue;
		print_error("\"%.*s\" up to %llu: got %d %llu, want %d %llu\n",
			STR_ARG(table[i].s), (unsigned long long)table[i].max,
			fine, (unsigned long long)number, table[i].fine,
			(unsigned long long)table[i].want);
		failed++;
	}
	assert_int_equal(failed, 0);
}

static void
test_utf8(void **state)
{
	static const struct {
		struct str s;
		bool want;
	} table[] = {
		{{NULL, 0}, true},
		{BYTES(""), true},
		{BYTES("\0\x01\x7f"), true},
		{BYTES("a\xc3\xa4z"), true},
		{BYTES("\xe2\x82\xac\xf0\x9f\x98\x80"), true},
		{BYTES("\x80"), false},
		{BYTES("a\xbfz"), false},
		{BYTES("\xc3"), false},
		{BYTES("\xc3z"), false},
		{BYTES("\xc3\xa4\xa4"), false},
		{BYTES("\xe2\x82"), false},
		{BYTES("\xe2\x82z"), false},
		{BYTES("\xf0\x9f\x98"), false},
		{BYTES("\xf0\x9f\x98z"), false},
		/* Too long for what they say. */
		{BYTES("\xc0\xaf"), false},
		{BYTES("\xc1\xbf"), false},
		{BYTES("\xe0\x9f\xbf"), false},
		{BYTES("\xf0\x8f\xbf\xbf"), false},
		/* Surrogates, and what lies beyond the last character. */
		{BYTES("\xed\x9f\xbf"), true},
		{BYTES("\xed\xa0\x80"), false},
		{BYTES("\xed\xbf\xbf"), false},
		{BYTES("\xee\x80\x80"), true},
		{BYTES("\xef\xbf\xbf"), true},
		{BYTES("\xf4\x8f\xbf\xbf"), true},
		{BYTES("\xf4\x90\x80\x80"), false},
		{BYTES("\xf5\x80\x80\x80"), false},
		{BYTES("\xf8\x88\x80\x80\x80"), false},
		{BYTES("\xff"), false},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str s = copy_exactly(table[i].s);
		bool got = str_is_utf8(s);

		free((char *)s.p);
		if (got == table[i].want)
			continue;
		print_error("row %zu: got %d, want %d:", i, got, table[i].want);
		show("", table[i].s);
		print_error("\n");
		failed++;
	}
	assert_int_equal(failed, 0);
}

/* RFC 3629, section 3, as arithmetic: s is one character of UTF-8. */
static bool
is_character(const unsigned char *p, size_t n)
{
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned point;

	if (n == 1)
		return p[0] < 0x80;
	/* n ones and a zero. */
	if (((unsigned)p[0] >> (7 - n)) != (2u << n) - 2)
		return false;
	point = p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if (p[i] >> 6 != 2)
			return false;
		point = point << 6 | (p[i] & 0x3fu);
	}
	return point >= least[n] && point <= 0x10ffff &&
		(point < 0xd800 || point > 0xdfff);
}

/* In order; those on one line are equal. */
static const char *const natural[][3] = {
	{""},
	{"0", "00", "000"},
	{"1", "01"},
	{"2"},
	{"10", "0010"},
	{"99999999999999999999", "099999999999999999999"},
	{"100000000000000000000"},
	{"a", "A"},
	{"a-2", "A-2", "a-002"},
	{"a-10"},
	{"a-10-9"},
	{"a-10-10", "A-010-0010"},
	{"a1"},
	{"a1b"},
	{"b"},
	{"b.1.2"},
	{"b.1.10"},
	{"\xc3\xa9"},
};

static void
test_natural(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(natural) * 3; i++) {
		for (size_t j = 0; j < COUNT(natural) * 3; j++) {
			const char *a = natural[i / 3][i % 3];
			const char *b = natural[j / 3][j % 3];
			int want = (i / 3 > j / 3) - (i / 3 < j / 3), got;

			if (a == NULL || b == NULL)
				continue;
			got = str_compare_natural(str_of(a), str_of(b));
			if ((got > 0) - (got < 0) == want)
				continue;
			print_error("\"%s\", \"%s\": %d\n", a, b, got);
			failed++;
		}
	}
	assert_int_equal(failed, 0);
}

static void
test_has(void **state)
{
	static const struct {
		const char *s, *part;
		bool has;
	} cases[] = {
		{"", "", true},
		{"abc", "", true},
		{"", "a", false},
		{"abc", "abc", true},
		{"abc", "ABC", true},
		{"xABc", "abC", true},
		{"abcx", "abc", true},
		{"aab", "ab", true},
		{"ab", "abc", false},
		{"acb", "ab", false},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct str s = copy_exactly(str_of(cases[i].s));

		if (str_has_nocase(s, str_of(cases[i].part)) != cases[i].has) {
			print_error("%s, %s\n", cases[i].s, cases[i].part);
			failed++;
		}
		free((void *)(uintptr_t)s.p);
	}
	assert_int_equal(failed, 0);
}

/* Every byte at every place, among bytes that carry most when added. */
static void
test_control(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (unsigned i = 0; i < 256 * 17; i++) {
		unsigned char c = (unsigned char)(i % 256);
		size_t at = i / 256;

		for (size_t n = at + 1; n <= 17; n++) {
			char *p = malloc(n);

			assert_non_null(p);
			memset(p, at % 2 == 0 ? '\xff' : '~', n);
			p[at] = (char)c;
			failed += str_has_control((struct str){p, n}) !=
				(c < ' ' || c == 0x7f);
			free(p);
		}
	}
	assert_false(str_has_control((struct str){NULL, 0}));
	assert_int_equal(failed, 0);
}

static bool
is_utf8(const unsigned char *p, size_t n)
{
	for (size_t first = 1; first <= n && first <= 4; first++) {
		if (is_character(p, first))
			return n == first || is_utf8(p + first, n - first);
	}
	return false;
}

/* Every sequence of up to 4 bytes, as far as their classes differ. */
static void
test_utf8_all(void **state)
{
	static const unsigned char some[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90,
		0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xe0, 0xed, 0xf0, 0xf4, 0xff};
	unsigned failed = 0, valid = 0;

	(void)state;
	for (unsigned two = 0; two < 0x10000; two++) {
		for (unsigned i = 0; i < 256; i++) {
			const unsigned char p[4] = {(unsigned char)(two >> 8),
				(unsigned char)two, some[i / 16], some[i % 16]};

			for (size_t n = i == 0 ? 1 : 3; n <= 4; n++) {
				struct str s = {(const char *)p, n};
				bool want = is_utf8(p, n);

				valid += want;
				if (str_is_utf8(s) == want)
					continue;
				show(want ? "want valid" : "want invalid", s);
				failed++;
			}
		}
		assert_in_range(failed, 0, 20);
	}
	assert_int_equal(failed, 0);
	assert_true(valid > 100000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_eq),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_cut_nul),
		cmocka_unit_test(test_near),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_natural),
		cmocka_unit_test(test_has),
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_utf8_all),
	};

	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
