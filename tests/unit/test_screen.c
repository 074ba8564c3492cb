/* screen: what a terminal shows of lines that draw over earlier ones. */

#include "base/arena.h"
#include "serve/screen.h"
#include "unit.h"

static void
add_text(struct text *text, const struct screen_row *row)
{
	for (size_t i = 0; i < row->n; i++)
		text_byte(text, (char)row->cell[i].point);
}

/* "1:text" is a line, "1>text" a row, and what "[1" and "]" surround are the
 * lines of a stretch. */
static void
note(void *to, enum screen_kind kind, const struct screen_row *row)
{
	struct text *text = to;

	switch (kind) {
	case SCREEN_LINE:
		text_printf(text, "%d:", (int)row->line);
		add_text(text, row);
		text_byte(text, '\n');
		break;
	case SCREEN_BEGIN:
		text_printf(text, "[%d\n", (int)row->line);
		break;
	case SCREEN_END:
		text_add(text, STR("]\n"));
		break;
	case SCREEN_ROW:
		text_printf(text, "%d>", (int)row->line);
		add_text(text, row);
		text_byte(text, '\n');
		break;
	}
}

/* Show log, which begins at line `first`, in parts of n bytes.  Lines that
 * begin with "=" are kept apart. */
static struct str
shown(const char *log, uint64_t first, size_t n, struct arena *arena)
{
	struct text text = {.arena = arena};
	struct screen *screen = calloc(1, sizeof(*screen));
	struct str whole = str_of(log);

	assert_non_null(screen);
	screen->rows.show = note;
	screen->rows.to = &text;
	screen_start(screen, first);
	for (size_t at = 0; at < whole.n; at += n) {
		struct str part = copy_exactly(str_slice(
			whole, at, whole.n - at < n ? whole.n : at + n));
		struct str rest = part;
		enum ansi_stop stop;

		while ((stop = screen_take(screen, &rest)) != ANSI_MORE) {
			const struct ansi *line = screen_line(screen);

			if (stop != ANSI_LINE)
				continue;
			if (line->n > 0 && line->cell[0].point == '=')
				screen_end_apart(screen);
			else
				screen_end(screen);
		}
		free((char *)part.p);
	}
	screen_flush(screen);
	assert_false(screen_failed(screen));
	assert_in_range(
		screen->rows.cells, 0, SCREENROWS_CELLS + SCREENROWS * 2 * 128);
	screen_free(screen);
	free(screen);
	return text_str(&text);
}

static const struct {
	uint64_t first;
	const char *log, *want;
} table[] = {
	{1, "", ""},
	{1, "a\n\nb\n", "1:a\n2:\n3:b\n"},
	{7, "a\r\nb\n", "7:a\n8:b\n"},
	/* A row drawn anew: its lines, then what is there. */
	{1, "a\nb\n\33[1Ac\n", "1:a\n[2\n2:b\n3:c\n]\n3>c\n"},
	{1, "a\nbcd\n\33[1A\33[2Cx\ne\n",
		"1:a\n[2\n2:bcd\n3:  x\n]\n3>bcx\n4:e\n"},
	{1, "a\nb\n\33[2A\33[Kc\33[K\33[1Bd\n",
		"[1\n1:a\n2:b\n3:cd\n]\n3>c\n3>bd\n"},
	/* Up in steps, and only as far as there are rows. */
	{1, "a\nb\n\33[A\33[A\33[Ac\n", "[1\n1:a\n2:b\n3:c\n]\n3>c\n2>b\n"},
	{1, "a\nb\n\33M\33Mc\n", "[1\n1:a\n2:b\n3:c\n]\n3>c\n2>b\n"},
	{1, "a\nb\n\33[2Fcd\33[Ee\n", "[1\n1:a\n2:b\n3:cde\n]\n3>cd\n3>e\n"},
	/* Down again, to where the line would have been. */
	{1, "a\nb\n\33[2A\33[2Bc\n", "1:a\n2:b\n3:c\n"},
	{1, "a\nb\n\33[2A\33[2B\n", "1:a\n2:b\n3:\n"},
	/* It does not scroll, but in a screen that is new. */
	{1, "a\33[2Bb\n", "[1\n1:ab\n]\n1>a\n1>\n1> b\n"},
	{500, "a\33[2Bb\n", "500:ab\n"},
	/* Frames. */
	{1, "x\na1\nb1\n\33[2Aa2\nb2\n\33[2Aa3\nb3\ny\n",
		"1:x\n[2\n2:a1\n3:b1\n4:a2\n5:b2\n6:a3\n7:b3\n]\n"
		"6>a3\n7>b3\n8:y\n"},
	/* The first line that draws reaches less far than the next one. */
	{1, "a\nb\nc\nd\n\33[1AD\n\33[3AB\n",
		"1:a\n[2\n2:b\n3:c\n4:d\n5:D\n6:B\n]\n6>B\n3>c\n5>D\n"},
	/* Two stretches: rows between, few and many. */
	{1, "a\n\33[AA\nb\nc\n\33[AC\n",
		"[1\n1:a\n2:A\n3:b\n4:c\n5:C\n]\n2>A\n3>b\n5>C\n"},
	{1, "a\n\33[AA\n1\n2\n3\n4\n5\n6\n7\n8\n9\nc\n\33[AC\n",
		"[1\n1:a\n2:A\n]\n2>A\n3:1\n4:2\n5:3\n6:4\n7:5\n8:6\n9:7\n"
		"10:8\n11:9\n[12\n12:c\n13:C\n]\n13>C\n"},
	/* Erased below; blank rows at the end do not count. */
	{1, "a\nb\nc\n\33[3A\33[Jx\n", "[1\n1:a\n2:b\n3:c\n4:x\n]\n4>x\n"},
	{1, "a\nb\nc\n\33[3A\33[J\n\nx\n",
		"[1\n1:a\n2:b\n3:c\n4:\n5:\n6:x\n]\n4>\n4>\n6>x\n"},
	/* Saved and restored; without that restoring does nothing. */
	{1,
		"a\nb\33"
		"7\n\33[2Ac\33"
		"8d\n",
		"[1\n1:a\n2:b\n3:cd\n]\n3>c\n3>bd\n"},
	{1, "a\nb\33[s\n\33[2Ac\33[ud\n", "[1\n1:a\n2:b\n3:cd\n]\n3>c\n3>bd\n"},
	{1,
		"a\nb\33[u\33"
		"8c\n",
		"1:a\n2:bc\n"},
	/* A bar at a fixed place, between saving and restoring. */
	{1,
		"a\n\33"
		"7\33[24;0f\33[7mbar\33[Kx\33[Am\33"
		"8b\n",
		"1:a\n2:b\n"},
	{1,
		"a\33"
		"7\33[24;0Hbar\nb\n",
		"1:a\n2:b\n"},
	/* A fixed place is the next row. */
	{1, "a\33[5;3Hb\n", "[1\n1:ab\n]\n1>a\n1>  b\n"},
	{1, "\33[5;3Hb\n", "1:  b\n"},
	{1, "\33[2J\33[3J\33[Ha\33[1Jb\n", "1:ab\n"},
	/* Rows inserted and deleted. */
	{1, "a\nb\nc\n\33[2A\33[Lx\n",
		"1:a\n[2\n2:b\n3:c\n4:x\n]\n4>x\n2>b\n3>c\n"},
	{1, "a\nb\ncc\n\33[3A\33[2Md\n", "[1\n1:a\n2:b\n3:cc\n4:d\n]\n4>dc\n"},
	{1, "a\nb\33[Lc\n", "1:a\n[2\n2:bc\n]\n2>c\n2>b\n"},
	{1, "a\nb\33[Mc\n", "1:a\n[2\n2:bc\n]\n2>c\n"},
	{1, "a\n\33[Lb\33[9999Mc\33[9999L\n", "1:a\n[2\n2:bc\n]\n"},
	{1, "a\n\33[L\33[Mb\n", "1:a\n2:b\n"},
	/* The end of the screen, here at the cursor. */
	{500, "a\nb\n\33[2A\33[2Lc\n",
		"[500\n500:a\n501:b\n502:c\n]\n502>c\n502>\n500>a\n"},
	/* Scrolled. */
	{1, "a\33[2Sb\nc\n", "[1\n1:ab\n]\n1>a\n1>\n1> b\n2:c\n"},
	{1, "a\n\33[Ab\33[S\33[9Ac\n", "[1\n1:a\n2:bc\n]\n2>b\n2> c\n"},
	{1, "a\nb\n\33[Tc\n", "[1\n1:a\n2:b\n3:c\n]\n3>\n1>a\n3>c\n"},
	{1, "a\n\33[1;2;3;4;5Tb\n", "1:a\n2:b\n"},
	{500, "a\n\33[2Tb\nc\n",
		"[500\n500:a\n501:b\n]\n501>\n501>\n501>b\n502:c\n"},
	/* What is apart begins where the rows end. */
	{1, "a\33[9S\n=b\n\33[Ac\n", "[1\n1:a\n]\n1>a\n2:=b\n3:c\n"},
	/* Inside of a log rows above are blank, and shown if written to. */
	{9, "a\n\33[4Ab\n\33[2Bc\n", "[9\n9:a\n10:b\n11:c\n]\n10>b\n11>c\n"},
	/* What is apart cannot be reached. */
	{1, "a\n=b\nc\n\33[3Ad\n", "1:a\n2:=b\n[3\n3:c\n4:d\n]\n4>d\n3>c\n"},
	{1, "a\n\33[A=b\nc\n", "[1\n1:a\n]\n2>=b\n2:=b\n3:c\n"},
};

static void
test_table(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		for (size_t n = 1; n <= strlen(table[i].log) + 1; n++) {
			struct arena arena = {0};
			char asked[40];

			snprintf(asked, sizeof(asked), "row %zu by %zu", i, n);
			failed += differ(asked,
				shown(table[i].log, table[i].first, n, &arena),
				str_of(table[i].want));
			arena_free(&arena);
		}
	}
	assert_int_equal(failed, 0);
}

/* How often a character is in text. */
static size_t
count(struct str text, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == c;
	return n;
}

/* A line that moves up and down among many: whatever is reached, each line is
 * shown once, and memory is bounded. */
static void
test_far(void **state)
{
	static const struct {
		unsigned lines, up;
		const char *fill; /* what each line is filled with */
		size_t rows;      /* that are shown as such */
	} cases[] = {
		{100, 99, "", 100},
		{199, 199, "", 200},
		{300, 200, "", 200},
		{300, 900, "", 200},
		{1000, 3, "", 4},
		{1000, 150,
			"0123456789012345678901234567890123456789"
			"0123456789012345678901234567890123456789"
			"0123456789012345678901234567890123456789",
			151},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena arena = {0};
		struct text log = {.arena = &arena};
		struct str page;
		char asked[40];

		for (unsigned k = 1; k <= cases[i].lines; k++)
			text_printf(&log, "%u%s\n", k, cases[i].fill);
		text_printf(
			&log, "\33[%uAx\33[%uBy\n", cases[i].up, cases[i].up);
		text_byte(&log, '\0');
		page = shown(log.p, 1, 4096, &arena);
		snprintf(asked, sizeof(asked), "%u lines, %u up",
			cases[i].lines, cases[i].up);
		failed += differ_number(asked, "lines",
			(long long)count(page, ':'), cases[i].lines + 1);
		failed += differ_number(asked, "rows",
			(long long)count(page, '>'), (long long)cases[i].rows);
		arena_free(&arena);
	}
	assert_int_equal(failed, 0);
}

/* A bar below lines that come: rows are shown in time, and no line is lost. */
static void
test_long(void **state)
{
	struct arena arena = {0};
	struct text log = {.arena = &arena};
	struct str page;

	(void)state;
	for (int i = 0; i < 2000; i++)
		text_printf(&log, "%sline\nbar\n", i > 0 ? "\33[A\33[K" : "");
	text_byte(&log, '\0');
	page = shown(log.p, 1, 4096, &arena);
	assert_int_equal(count(page, ':'), 4000);
	/* The first and the last row are lines. */
	assert_int_equal(count(page, '>'), 1999);
	/* Some 56 rows at a time. */
	assert_in_range(count(page, '['), 30, 40);
	assert_int_equal(count(page, '['), count(page, ']'));
	arena_free(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_far),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests_name("screen", tests, NULL, NULL);
}
