/* logfind: lines of a text that match, whatever the pieces it is read in. */

#include "serve/logfind.h"
#include "unit.h"

/* A text in parts of up to size bytes. */
struct pieces {
	struct source source;
	struct str rest;
	size_t size;
};

static ssize_t
pieces_read(struct source *source, void *buffer, size_t n)
{
	struct pieces *s = (struct pieces *)source;

	if (n > s->size)
		n = s->size;
	if (n > s->rest.n)
		n = s->rest.n;
	memcpy(buffer, s->rest.p, n);
	s->rest = str_slice(s->rest, n, s->rest.n);
	return (ssize_t)n;
}

static void
pieces_close(struct source *source)
{
	(void)source;
}

struct search {
	struct pieces pieces;
	struct logfind *find;
};

static void
begin(struct search *s, struct str text, size_t size, bool inside,
	const char *want)
{
	const struct logmatch_what what = {.text = str_of(want)};

	s->pieces = (struct pieces){
		{.read = pieces_read, .close = pieces_close}, text, size};
	s->find = logfind_new(&s->pieces.source, 1, inside, &what);
	assert_non_null(s->find);
}

static bool
next(struct search *s, struct logfind_line *line)
{
	ssize_t got;

	while ((got = logfind_next(s->find, line)) == SOURCE_LATER)
		;
	assert_in_range(got, 0, 1);
	return got == 1;
}

/* The numbers of the lines that match, then that of the line behind the end. */
static struct str
found_in(struct str text, size_t size, bool inside, const char *want,
	struct arena *arena)
{
	struct text numbers = {.arena = arena};
	struct logfind_line line;
	struct search s;

	begin(&s, text, size, inside, want);
	while (next(&s, &line))
		text_printf(&numbers, "%d ", (int)line.number);
	text_printf(&numbers, "/ %d", (int)line.number);
	logfind_free(s.find);
	return text_str(&numbers);
}

static void
test_found(void **state)
{
	static const struct {
		const char *text, *want;
		bool inside;
		const char *lines;
	} table[] = {
		{"", "a", false, "/ 1"},
		{"a", "a", false, "1 / 2"},
		{"b\na\n", "a", false, "2 / 3"},
		{"a\n\na b a\nc", "a", false, "1 3 / 5"},
		{"a\na\na", "a", true, "2 3 / 4"},
		{"a", "a", true, "/ 1"},
		/* Letters match both cases, until there is a capital. */
		{"Abc\naBC\nabc\n", "abc", false, "1 2 3 / 4"},
		{"Abc\naBC\nabc\n", "Abc", false, "1 / 4"},
		/* What is shown is searched, not what makes the colours. */
		{"\33[31mred\33[0m fox\n31m\n", "red fox", false, "1 / 3"},
		{"\33[31mred\33[0m fox\n31m\n", "31m", false, "2 / 3"},
		{"10%\r20%\rdone\n", "20", false, "/ 2"},
		{"10%\r20%\rdone\n", "done", false, "1 / 2"},
		/* No letters. */
		{"a\n***\n", "***", false, "2 / 3"},
		{"a b\nab\n", "a b", false, "1 / 3"},
		{"\xe2\x86\x92 x\nx\n", "\xe2\x86\x92", false, "1 / 3"},
		/* Errors. */
		{"fine\nmain.c:1: error: x\n0 failed\n2 failed\nerror\n", "",
			false, "2 4 / 6"},
		{"not ok 1\n\xe2\x9c\x95 a\nERR!\nnpm ERR! x\nf\n", "", false,
			"1 2 4 / 6"},
		{"\33[1merror\33[0m: x", "", false, "1 / 2"},
		{"::group::error: x\n::endgroup::error: x\n", "", false,
			"1 / 3"},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		for (size_t size = 1; size < 5; size++) {
			struct arena arena = {0};

			failed += differ(table[i].text,
				found_in(str_of(table[i].text), size,
					table[i].inside, table[i].want, &arena),
				str_of(table[i].lines));
			arena_free(&arena);
		}
	}
	assert_int_equal(failed, 0);
}

/* Lines of a text longer than the buffer, some of them longer than what is
 * looked at; every 97th matches. */
enum { MANY = 4000, EVERY = 97 };

static struct str
many_lines(struct arena *arena)
{
	struct text text = {.arena = arena};

	for (int i = 1; i <= MANY; i++) {
		for (int k = i % 50 == 0 ? 3 * LOGMATCH_LINE / 2 : i % 200;
			k > 0; k--)
			text_byte(&text, (char)('f' + k % 20));
		text_printf(
			&text, "%s%d\n", i % EVERY == 0 ? "NEEDLE " : "", i);
	}
	return text_str(&text);
}

static void
test_long(void **state)
{
	static const size_t sizes[] = {1000, 65536, 333};
	struct arena arena = {0};
	struct str text = many_lines(&arena);

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct logfind_line line;
		struct search s;

		begin(&s, text, sizes[i], false, "needle");
		for (uint64_t n = EVERY; n <= MANY; n += EVERY) {
			/* Those are behind the end of what is looked at. */
			if (n % 50 == 0)
				continue;
			assert_true(next(&s, &line));
			assert_int_equal(line.number, n);
		}
		assert_false(next(&s, &line));
		assert_int_equal(line.number, MANY + 1);
		logfind_free(s.find);
	}
	arena_free(&arena);
}

/* The lines before one, however the text came. */
static void
test_before(void **state)
{
	static const char text[] = "zero\none\ntwo\nthree\nx four\nfive\nx\n";

	(void)state;
	for (size_t size = 1; size < sizeof(text); size++) {
		for (int inside = 0; inside < 2; inside++) {
			struct logfind_line line;
			struct search s;

			begin(&s, str_of(text), size, inside, "x");
			assert_true(next(&s, &line));
			assert_int_equal(
				differ("two", logfind_before(s.find, &line, 2),
					STR("two\nthree\n")),
				0);
			assert_int_equal(
				differ("all", logfind_before(s.find, &line, 20),
					inside ? STR("one\ntwo\nthree\n")
					       : STR("zero\none\ntwo\nthree\n")),
				0);
			while (logfind_take(s.find, &line) == SOURCE_LATER)
				;
			assert_int_equal(
				differ("five", line.bytes, STR("five")), 0);
			assert_false(line.matches);
			assert_true(next(&s, &line));
			assert_int_equal(line.number, 7);
			logfind_free(s.find);
		}
	}
}

static void
test_can(void **state)
{
	char long_text[LOGMATCH_TEXT + 2];

	(void)state;
	memset(long_text, 'a', sizeof(long_text));
	long_text[LOGMATCH_TEXT + 1] = '\0';
	assert_false(logmatch_can(str_of(long_text), false));
	assert_true(logmatch_can(str_of(long_text + 1), false));
	assert_false(logmatch_can(STR(""), false));
	assert_false(logmatch_can(STR("  "), false));
	assert_false(logmatch_can(STR("a\nb"), false));
	assert_false(logmatch_can(STR("\xff"), false));
	assert_true(logmatch_can(STR("*"), false));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_before),
		cmocka_unit_test(test_can),
	};

	return cmocka_run_group_tests_name("logfind", tests, NULL, NULL);
}
