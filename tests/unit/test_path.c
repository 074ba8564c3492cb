/* path: normalising, decoding, encoding. */

#include "http/path.h"
#include "unit.h"

static void
test_normalise(void **state)
{
	static const struct {
		struct str path;
		enum path_fault fault;
		const char *plain;
		bool slash;
	} table[] = {
		{{NULL, 0}, PATH_FINE, "", false},
		{BYTES(""), PATH_FINE, "", false},
		{BYTES("/"), PATH_FINE, "", true},
		{BYTES("///"), PATH_FINE, "", true},
		{BYTES("."), PATH_FINE, "", true},
		{BYTES("/."), PATH_FINE, "", true},
		{BYTES("./"), PATH_FINE, "", true},
		{BYTES("a"), PATH_FINE, "a", false},
		{BYTES("/a"), PATH_FINE, "a", false},
		{BYTES("a/"), PATH_FINE, "a", true},
		{BYTES("//a//"), PATH_FINE, "a", true},
		{BYTES("a/b"), PATH_FINE, "a/b", false},
		{BYTES("a//b"), PATH_FINE, "a/b", false},
		{BYTES("a/./b"), PATH_FINE, "a/b", false},
		{BYTES("a/."), PATH_FINE, "a", true},
		{BYTES("./a"), PATH_FINE, "a", false},
		{BYTES("a/.."), PATH_FINE, "", true},
		{BYTES("/a/../"), PATH_FINE, "", true},
		{BYTES("a/../b"), PATH_FINE, "b", false},
		{BYTES("a/b/.."), PATH_FINE, "a", true},
		{BYTES("a/b/../c"), PATH_FINE, "a/c", false},
		{BYTES("aa/bb/../../cc"), PATH_FINE, "cc", false},
		{BYTES("a//../b"), PATH_FINE, "b", false},
		{BYTES("a/./../b"), PATH_FINE, "b", false},
		/* Out, even if it comes back. */
		{BYTES(".."), PATH_CLIMBS, NULL, false},
		{BYTES("/.."), PATH_CLIMBS, NULL, false},
		{BYTES("../a"), PATH_CLIMBS, NULL, false},
		{BYTES("./.."), PATH_CLIMBS, NULL, false},
		{BYTES("//../a"), PATH_CLIMBS, NULL, false},
		{BYTES("a/../.."), PATH_CLIMBS, NULL, false},
		{BYTES("a/../../a"), PATH_CLIMBS, NULL, false},
		{BYTES("a/b/../../../c"), PATH_CLIMBS, NULL, false},
		/* Names like any other. */
		{BYTES("..."), PATH_FINE, "...", false},
		{BYTES("..a/b.."), PATH_FINE, "..a/b..", false},
		{BYTES(".a"), PATH_FINE, ".a", false},
		{BYTES("a/. ./b"), PATH_FINE, "a/. ./b", false},
		{BYTES(" /.. "), PATH_FINE, " /.. ", false},
		{BYTES("..\\..\\a"), PATH_FINE, "..\\..\\a", false},
		{BYTES("\\"), PATH_FINE, "\\", false},
		{BYTES("%2e%2e/a"), PATH_FINE, "%2e%2e/a", false},
		{BYTES("a%2Fb"), PATH_FINE, "a%2Fb", false},
		{BYTES("~/\"<>?#"), PATH_FINE, "~/\"<>?#", false},
		{BYTES("\x80\xff/\xc3\xa4"), PATH_FINE, "\x80\xff/\xc3\xa4",
			false},
		{BYTES("\xc0\xae\xc0\xae/a"), PATH_FINE, "\xc0\xae\xc0\xae/a",
			false},
		/* Bytes that no path may hold, wherever they stand. */
		{BYTES("\0"), PATH_BYTES, NULL, false},
		{BYTES("a\0b"), PATH_BYTES, NULL, false},
		{BYTES("a\0"), PATH_BYTES, NULL, false},
		{BYTES("\x01"), PATH_BYTES, NULL, false},
		{BYTES("a/b\n/c"), PATH_BYTES, NULL, false},
		{BYTES("a\r"), PATH_BYTES, NULL, false},
		{BYTES("\ta"), PATH_BYTES, NULL, false},
		{BYTES("\x1f"), PATH_BYTES, NULL, false},
		{BYTES("\x7f"), PATH_BYTES, NULL, false},
		{BYTES("a\n/.."), PATH_BYTES, NULL, false},
	};
	struct arena arena = {0};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str path = copy_exactly(table[i].path), plain;
		bool slash = false;
		enum path_fault fault =
			path_normalise(path, &plain, &slash, &arena);
		char asked[32];

		free((char *)path.p);
		snprintf(asked, sizeof(asked), "row %zu", i);
		failed += differ_number(
			asked, "fault", (int)fault, (int)table[i].fault);
		if (fault != PATH_FINE || table[i].fault != PATH_FINE)
			continue;
		failed += differ(asked, plain, str_of(table[i].plain));
		failed += differ_number(asked, "slash", slash, table[i].slash);
		failed += differ_number(asked, "end", plain.p[plain.n], '\0');
	}
	arena_free(&arena);
	assert_int_equal(failed, 0);
}

/* path in other words: what it goes through, one component at a time. */
static enum path_fault
walk(struct str path, size_t *depth, bool *slash)
{
	*depth = 0;
	*slash = false;
	while (path.n > 0 || path.p != NULL) {
		struct str name = str_cut(&path, '/');
		bool dots = str_eq(name, STR(".."));

		*slash = name.n == 0 || dots || str_eq(name, STR("."));
		if (dots && (*depth)-- == 0)
			return PATH_CLIMBS;
		*depth += !*slash;
	}
	return PATH_FINE;
}

static unsigned
check_path(struct str path, struct arena *arena)
{
	struct str plain, again, rest;
	bool slash, again_slash, want_slash;
	size_t depth, names = 0;
	unsigned failed = 0;
	enum path_fault want = walk(path, &depth, &want_slash);
	enum path_fault fault = path_normalise(path, &plain, &slash, arena);

	if (fault != want)
		return differ_number(path.p, "fault", (int)fault, (int)want);
	if (fault != PATH_FINE)
		return 0;
	failed += differ_number(path.p, "slash", slash, want_slash);
	for (rest = plain; rest.n > 0; names++) {
		struct str name = str_cut(&rest, '/');

		failed += name.n == 0 || str_eq(name, STR(".")) ||
			str_eq(name, STR(".."));
	}
	failed += differ_number(
		path.p, "names", (long long)names, (long long)depth);
	if (path_normalise(plain, &again, &again_slash, arena) != PATH_FINE)
		failed++;
	else
		failed += differ(path.p, again, plain) + again_slash;
	if (failed > 0) {
		show(path.p, plain);
		print_error("\n");
	}
	return failed;
}

/* Every path of up to 9 bytes of "a", "." and "/". */
static void
test_normalise_all(void **state)
{
	struct arena arena = {0};
	unsigned failed = 0;

	(void)state;
	for (size_t n = 1, count = 3; n <= 9; n++, count *= 3) {
		for (size_t i = 0; i < count; i++) {
			char path[10] = "";

			for (size_t k = 0, left = i; k < n; k++, left /= 3)
				path[k] = "a./"[left % 3];
			failed += check_path(str_of(path), &arena);
			arena_reset(&arena);
		}
		assert_in_range(failed, 0, 20);
	}
	arena_free(&arena);
	assert_int_equal(failed, 0);
}

static void
test_decode(void **state)
{
	static const struct {
		struct str path, want;
	} table[] = {
		{{NULL, 0}, BYTES("")},
		{BYTES(""), BYTES("")},
		{BYTES("a/b"), BYTES("a/b")},
		{BYTES("%41"), BYTES("A")},
		{BYTES("%4a%4A%e4%E4"), BYTES("JJ\xe4\xe4")},
		{BYTES("%00"), BYTES("\0")},
		{BYTES("%0a%7F%fF"), BYTES("\n\x7f\xff")},
		{BYTES("a%2Fb%2e%2E"), BYTES("a/b..")},
		{BYTES("+"), BYTES("+")},
		/* Once and only once. */
		{BYTES("%2541"), BYTES("%41")},
		{BYTES("%252541"), BYTES("%2541")},
		{BYTES("%25%34%31"), BYTES("%41")},
		{BYTES("%%34%31"), BYTES("%41")},
		{BYTES("%2%35"), BYTES("%25")},
		/* No escapes. */
		{BYTES("%"), BYTES("%")},
		{BYTES("%%"), BYTES("%%")},
		{BYTES("%4"), BYTES("%4")},
		{BYTES("%4%41"), BYTES("%4A")},
		{BYTES("%g1%1g"), BYTES("%g1%1g")},
		{BYTES("%/1%1:"), BYTES("%/1%1:")},
		{BYTES("%@1%1`"), BYTES("%@1%1`")},
		{BYTES("% 1%+1%-1"), BYTES("% 1%+1%-1")},
		{BYTES("%0x41"), BYTES("%0x41")},
		{BYTES("%u0041"), BYTES("%u0041")},
		{BYTES("%\x10\x11"), BYTES("%\x10\x11")},
		{BYTES("%\xb4\xb1"), BYTES("%\xb4\xb1")},
		{BYTES("%\0\0"), BYTES("%\0\0")},
	};
	struct arena arena = {0};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str path = copy_exactly(table[i].path);
		struct str got = path_decode(path, &arena);

		failed += differ("decode", got, table[i].want);
		failed += differ_number("decode", "end", got.p[got.n], '\0');
		free((char *)path.p);
	}
	arena_free(&arena);
	assert_int_equal(failed, 0);
}

static void
test_encode(void **state)
{
	static const struct {
		struct str path;
		const char *plain, *raw;
	} table[] = {
		{{NULL, 0}, "", ""},
		{BYTES("az09AZ-._~/"), "az09AZ-._~/", "az09AZ-._~/"},
		{BYTES("!$&()*+,;=:@"), "!$%26()*+,;=:@", "!$&()*+,;=:@"},
		/* What would end a path, an attribute, or a line. */
		{BYTES("?#"), "%3F%23", "%3F%23"},
		{BYTES("'\"<>`"), "%27%22%3C%3E%60", "%27%22%3C%3E%60"},
		{BYTES("\r\n\t\0\x7f"), "%0D%0A%09%00%7F", "%0D%0A%09%00%7F"},
		{BYTES(" []{}|^"), "%20%5B%5D%7B%7D%7C%5E",
			"%20%5B%5D%7B%7D%7C%5E"},
		{BYTES("\\"), "%5C", "%5C"},
		{BYTES("\xc3\xa4\xff"), "%C3%A4%FF", "%C3%A4%FF"},
		/* "%" is a byte, or begins an escape. */
		{BYTES("%"), "%25", "%25"},
		{BYTES("%41%e4"), "%2541%25e4", "%41%e4"},
		{BYTES("%4"), "%254", "%254"},
		{BYTES("%4g%%41"), "%254g%25%2541", "%254g%25%41"},
		{BYTES("%0a"), "%250a", "%0a"},
	};
	struct arena arena = {0};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str path = copy_exactly(table[i].path);
		struct text plain = {.arena = &arena}, raw = plain;

		path_encode(&plain, path, false);
		failed += differ(
			"plain", text_str(&plain), str_of(table[i].plain));
		path_encode(&raw, path, true);
		failed += differ("raw", text_str(&raw), str_of(table[i].raw));
		free((char *)path.p);
	}
	arena_free(&arena);
	assert_int_equal(failed, 0);
}

static struct str
encode(struct str path, bool raw, struct arena *arena)
{
	struct text text = {.arena = arena};

	path_encode(&text, path, raw);
	return text_str(&text);
}

/* Every byte, with every byte behind it, and two digits. */
static void
test_encode_all(void **state)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "abcdefghijklmnopqrstuvwxyz-._~!$&()*+,;=:@"
				   "/%";
	struct arena arena = {0};
	unsigned failed = 0;

	(void)state;
	for (unsigned i = 0; i < 0x10000; i++) {
		const char path[] = {(char)(i >> 8), (char)i, '4', '1'};
		const struct str s = {path, sizeof(path)};
		struct str plain = encode(s, false, &arena);
		struct str raw = encode(s, true, &arena);

		failed += differ("decode", path_decode(plain, &arena), s);
		failed += differ("decode raw", path_decode(raw, &arena),
			path_decode(s, &arena));
		failed += differ(
			"raw of plain", encode(plain, true, &arena), plain);
		failed += differ("raw of raw", encode(raw, true, &arena), raw);
		for (size_t k = 0; k < plain.n; k++)
			failed += memchr(safe, plain.p[k], sizeof(safe) - 1) ==
				NULL;
		for (size_t k = 0; k < raw.n; k++)
			failed += memchr(safe, raw.p[k], sizeof(safe) - 1) ==
				NULL;
		assert_in_range(failed, 0, 20);
		arena_reset(&arena);
	}
	arena_free(&arena);
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_normalise),
		cmocka_unit_test(test_normalise_all),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_encode_all),
	};

	return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
