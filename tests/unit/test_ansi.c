/* ansi: bytes of a log -> what a terminal shows. */

#include "serve/ansi.h"
#include "unit.h"

/* The lines that log shows, each ended by "\n", when it comes in parts of n
 * bytes. */
static struct str
shown(struct str log, size_t n, bool windows, struct arena *arena)
{
	struct text text = {.arena = arena};
	struct ansi ansi = {.windows = windows};

	for (size_t at = 0; at < log.n; at += n) {
		struct str part = copy_exactly(
			str_slice(log, at, log.n - at < n ? log.n : at + n));
		struct str rest = part;
		enum ansi_stop stop;

		while ((stop = ansi_take(&ansi, &rest)) != ANSI_MORE) {
			if (stop != ANSI_LINE)
				continue;
			ansi_add_html(&text, &ansi.links, ansi.cell, ansi.n);
			text_byte(&text, '\n');
			ansi_clear(&ansi);
		}
		free((char *)part.p);
	}
	ansi_add_html(&text, &ansi.links, ansi.cell, ansi.n);
	ansi_free(&ansi);
	assert_false(arena->failed);
	return text_str(&text);
}

#define S(class, text) "<span class=\"" class "\">" text "</span>"

static const struct {
	struct str log;
	const char *want;
} table[] = {
	{BYTES(""), ""},
	{BYTES("plain\n"), "plain\n"},
	{BYTES("a\r\nb\r\r\nc"), "a\nb\nc"},
	/* Overwriting. */
	{BYTES("10%\r50%\r100%\n"), "100%\n"},
	{BYTES("100%\rab\n"), "ab0%\n"},
	{BYTES("abc\b\bX"), "aXc"},
	{BYTES("\b\bN\bNA\bA"), "NA"},
	{BYTES("abc\r\33[Kd\n"), "d\n"},
	{BYTES("abc\33[2D\33[K\n"), "a\n"},
	{BYTES("abcd\33[2D\33[1Ke\n"), "  ed\n"},
	{BYTES("abc\33[2Kd\n"), "   d\n"},
	{BYTES("abc\33[3Kd\n"), "abcd\n"},
	{BYTES("\33[?25l\33[2K\33[1Gab\33[5Gc\33[Gd\n"), "db  c\n"},
	{BYTES("ab\33[3Cc\33[99Dd\33[0Ce\n"), "dbe  c\n"},
	{BYTES("ab\33[3C\n"), "ab\n"},
	/* What leaves the line leaves what is written in it. */
	{BYTES("ab\33[3Ac\33[2Bd\33[Ee\33[Ff\33Mg\33[5;7Hh\n"), "abcdefgh\n"},
	{BYTES("ab\33[Jc\33[2D\33[Jd\n"), "ad\n"},
	{BYTES("\33[5;4Ha\33[5;1Hb\n"), "   ab\n"},
	{BYTES("a\33"
	       "7bc\33"
	       "8d\n\33"
	       "8e\33[sf\33[A\33[ug\n"),
		"adc\nefg\n"},
	{BYTES("a\33"
	       "7b\33[24;1Hbar\r\b\33[K\33[2Gx\33"
	       "8c\n"),
		"ac\n"},
	{BYTES("a\33[s\33[24;1f\xc3\xa9\nb\n"), "a\nb\n"},
	/* Concealed text: Jenkins's notes. */
	{BYTES("a\33[8mha:////4Lb+/==\33[0mb\n"), "ab\n"},
	{BYTES("\33[1;8mhidden\33[28mx\n"), S("bo", "x") "\n"},
	{BYTES("a\33[8mh\xc3\xa9\33[7mi\ndden\33[0m\n"),
		"a\n" S("in", "dden") "\n"},
	{BYTES("abc\r\33[8mxyz\33[0md\n"), "dbc\n"},
	/* Escaping, and what browsers do not like. */
	{BYTES("<a b=\"&\">'"), "&lt;a b=\"&amp;\"&gt;'"},
	{BYTES("\0\1\7\f\v\16\177a\tb"), "a\tb"},
	{BYTES("\xc2\x80\xc2\x9b"
	       "1mx"),
		"1mx"},
	{BYTES("\xef\xbb\xbfx"), "x"},
	{BYTES("\xef\xb7\x90\xef\xbf\xbe\xf4\x8f\xbf\xbf"),
		"\ufffd\ufffd\ufffd"},
	{BYTES("\xe2\x80\xae"), "[U+202E]"},
	{BYTES("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
		"\u00e9\u20ac\U0001f600"},
	/* Not UTF-8: one for each longest beginning. */
	{BYTES("\x80\xff\xc0\xaf"), "\ufffd\ufffd\ufffd\ufffd"},
	{BYTES("\xe2\x82|\xe2|\xf0\x9f\x98|"), "\ufffd|\ufffd|\ufffd|"},
	{BYTES("\xe0\x80\x80"), "\ufffd\ufffd\ufffd"},
	{BYTES("\xed\xa0\x80"), "\ufffd\ufffd\ufffd"},
	{BYTES("\xf4\x90\x80\x80"), "\ufffd\ufffd\ufffd\ufffd"},
	{BYTES("\xf0\x9f\xe2\x82\xac"), "\ufffd\u20ac"},
	{BYTES("\xe2\x82\n\xac"), "\ufffd\n\ufffd"},
	{BYTES("\xe2\x82\33[1mx"), "\ufffd" S("bo", "x")},
	/* Colours and attributes. */
	{BYTES("\33[31mr\33[m."), S("f1", "r") "."},
	{BYTES("\33[1;31mr\33[22;39m."), S("bo f1", "r") "."},
	{BYTES("\33[31m\33[32mg\33[31mr"), S("f2", "g") S("f1", "r")},
	{BYTES("\33[31ma\nb\33[0m\nc"), S("f1", "a") "\n" S("f1", "b") "\nc"},
	{BYTES("\33[2;3;4;9mx\33[22;23;24;29m."), S("di it ul st", "x") "."},
	{BYTES("\33[97;100mx\33[49m."), S("f15 b8", "x") S("f15", ".")},
	{BYTES("\33[7mx\33[27m."), S("in", "x") "."},
	{BYTES("\33[7;33mx"), S("b3", "x")},
	{BYTES("\33[7;44mx"), S("f4 in", "x")},
	{BYTES("\33[7;33;44mx"), S("f4 b3", "x")},
	{BYTES("\33[21mx\33[24m."), S("ul", "x") "."},
	{BYTES("\33[4:3mx\33[4:0m."), S("ul", "x") "."},
	{BYTES("\33[5;6;53;77mx"), "x"},
	{BYTES("\33[;1mx\33[1;m."), S("bo", "x") "."},
	{BYTES("\33[38;5;208mx"), S("f208", "x")},
	{BYTES("\33[48;5;0;1mx"), S("bo b0", "x")},
	{BYTES("\33[38:5:208;1mx"), S("bo f208", "x")},
	{BYTES("\33[38;5;256mx"), "x"},
	{BYTES("\33[38;2;255;0;0mx"), S("f196", "x")},
	{BYTES("\33[38:2::255:0:0mx"), S("f196", "x")},
	{BYTES("\33[38:2:255:0:0mx"), S("f196", "x")},
	{BYTES("\33[38:2::255:0:0:1:2mx"), S("f196", "x")},
	{BYTES("\33[48;2;128;128;128;4mx"), S("ul b244", "x")},
	{BYTES("\33[38;2;256;0;0;1mx"), S("bo", "x")},
	{BYTES("\33[58;5;1;1mx\33[58:2::1:2:3;3my"),
		S("bo", "x") S("bo it", "y")},
	{BYTES("\33[38mx\33[38;5mx\33[38;2;1;2mx\33[38;7;1mx"), "xxxx"},
	{BYTES("\33[00001mx"), S("bo", "x")},
	{BYTES("\33[65537mx\33[4294967297mx"), "xx"},
	/* Of 32 parameters all count, of more none. */
	{BYTES("\33[;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;1mx"), S("bo", "x")},
	{BYTES("\33[;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;;1;3mx"), "x"},
	/* Sequences that are none of ours. */
	{BYTES("\33[>1mx\33[?1mx\33[1 mx\33[1$mx\33[ 1mx"), "xxxxx"},
	{BYTES("\33[2J\33[5A\33[1Sx"), "x"},
	{BYTES("\33(0a\33)Bb\33%Gc\33=d\0337e\33Mf\33#8g"), "abcdefg"},
	{BYTES("\33]0;title\7x\33]8;;file://h/\33\\l\33]8;;\33\\y"), "xly"},
	{BYTES("\33Pq\"1;1#0\33\\x\33_a\33\\y\33^p\33\\z\33Xs\33\\."), "xyz."},
	{BYTES("\33]0;t\rt\30x\33]1\32y"), "xy"},
	{BYTES("\33]0;t\33[1mx"), S("bo", "x")},
	/* A newline ends all of them; other things end most. */
	{BYTES("\33]0;endless\nx"), "\nx"},
	{BYTES("a\33\nb\33[1\nc\33(\nd"), "a\nb\nc\nd"},
	{BYTES("abc\33[1\rx\33\ry\33(\rz"), "zbc"},
	{BYTES("\33[1\33[3mx\33\33[4my"), S("it", "x") S("it ul", "y")},
	{BYTES("\33[1\xc3\xa9\33\xc3\xa9\33(\xc3\xa9"), "\u00e9\u00e9\u00e9"},
	{BYTES("a\33[1"), "a"},
};

/* In text that is not UTF-8: Windows-1252 where it is not. */
static const struct {
	struct str log;
	const char *want;
} foreign[] = {
	{BYTES("\x80\x85\x9f\xa0\xff"), "\u20ac\u2026\u0178\u00a0\u00ff"},
	{BYTES("d\xe9j\xe0 vu\n\xe9"), "d\u00e9j\u00e0 vu\n"},
	{BYTES("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
		"\u00e9 \u20ac \U0001f600"},
	{BYTES("\xe2\x82x\xf0\x9f\x98\xe9."),
		"\u00e2\u201ax\u00f0\u0178\u02dc\u00e9."},
	/* Of the five that stand for nothing, browsers make control characters.
	 */
	{BYTES("\x81\x8d\x8f\x90\x9dx"), "x"},
	{BYTES("\xe9\33[1m\xe9\33[m\rx"), "x" S("bo", "\u00e9")},
};

static unsigned
check_shown(struct str log, const char *want, bool windows, size_t row)
{
	unsigned failed = 0;

	for (size_t n = 1; n <= log.n; n++) {
		struct arena arena = {0};
		char asked[48];

		snprintf(asked, sizeof(asked), "%srow %zu by %zu",
			windows ? "foreign " : "", row, n);
		failed += differ(
			asked, shown(log, n, windows, &arena), str_of(want));
		arena_free(&arena);
	}
	return failed;
}

static void
test_table(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		failed += check_shown(table[i].log, table[i].want, false, i);
	for (size_t i = 0; i < COUNT(foreign); i++)
		failed += check_shown(foreign[i].log, foreign[i].want, true, i);
	assert_int_equal(failed, 0);
}

static int
off(int a, int b)
{
	return (a - b) * (a - b);
}

/* How far colour number 16 to 255 is from red, green, blue. */
static int
distance(int number, const int rgb[3])
{
	static const int level[6] = {0, 95, 135, 175, 215, 255};
	int grey = 8 + 10 * (number - 232), cube = number - 16;

	if (number >= 232)
		return off(rgb[0], grey) + off(rgb[1], grey) +
			off(rgb[2], grey);
	return off(rgb[0], level[cube / 36]) +
		off(rgb[1], level[cube / 6 % 6]) + off(rgb[2], level[cube % 6]);
}

/* No other of the 256 colours is nearer to one of 24 bits. */
static void
test_nearest(void **state)
{
	/* Around the levels of the cube, and where two are as near. */
	static const int value[] = {0, 3, 8, 30, 46, 47, 48, 49, 95, 114, 115,
		116, 119, 135, 154, 155, 156, 175, 194, 196, 215, 234, 236, 240,
		255};
	const int n = COUNT(value);
	unsigned failed = 0;

	(void)state;
	for (int i = 0; i < n * n * n; i++) {
		const int rgb[3] = {
			value[i / n / n], value[i / n % n], value[i % n]};
		struct arena arena = {0};
		char log[40];
		struct str html;
		int number, best = 16;

		snprintf(log, sizeof(log), "\33[38;2;%d;%d;%dmx", rgb[0],
			rgb[1], rgb[2]);
		html = arena_copy(
			&arena, shown(str_of(log), 40, false, &arena));
		number = atoi(html.p + strlen("<span class=\"f"));
		for (int k = 16; k < 256; k++) {
			if (distance(k, rgb) < distance(best, rgb))
				best = k;
		}
		assert_in_range(number, 16, 255);
		failed += differ_number(log + 1, "distance",
			distance(number, rgb), distance(best, rgb));
		arena_free(&arena);
	}
	assert_int_equal(failed, 0);
}

/* Of a long line as much is kept as was said, and what comes back counts. */
static void
test_long(void **state)
{
	static const struct {
		const char *end;
		size_t n;
		bool cut;
	} ends[] = {
		{"", ANSI_CELLS, false},
		{"x", ANSI_CELLS, true},
		{"\xc3\xa9", ANSI_CELLS, true},
		{"xxxx\rabc", ANSI_CELLS, true},
		{"xxxx\rabc\33[K", 3, false},
		{"xxxx\33[K", ANSI_CELLS, true},
		{"xxxx\33[2K\rabc", 3, false},
		{"xxxx\33[99999C\33[99999Cx", ANSI_CELLS, true},
	};
	char *line = malloc(ANSI_CELLS);
	unsigned failed = 0;

	(void)state;
	assert_non_null(line);
	memset(line, '=', ANSI_CELLS);
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct ansi ansi = {0};
		struct str part = {line, ANSI_CELLS};

		assert_int_equal(ansi_take(&ansi, &part), ANSI_MORE);
		for (part = str_of(ends[i].end); part.n > 0;)
			ansi_take(&ansi, &part);
		failed += differ_number(ends[i].end, "cells", (long long)ansi.n,
			(long long)ends[i].n);
		failed += differ_number(
			ends[i].end, "cut", ansi.cut, ends[i].cut);
		ansi_free(&ansi);
	}
	free(line);
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests_name("ansi", tests, NULL, NULL);
}
