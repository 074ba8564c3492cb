/* logmark: what marks groups. */

#include "logline.h"
#include "serve/logmark.h"

static void
test_marks(void **state)
{
	static const struct {
		const char *line;
		enum logmark_kind kind;
		enum logmark_system system;
		const char *name;
		size_t at, end;
	} table[] = {
		{"", LOGMARK_NONE, 0, "", 0, 0},
		{"group", LOGMARK_NONE, 0, "", 0, 0},
		{"::group::", LOGMARK_START, LOGMARK_GITHUB, "", 0, 9},
		{"::group::A b", LOGMARK_START, LOGMARK_GITHUB, "", 0, 9},
		{"##[group]A", LOGMARK_START, LOGMARK_GITHUB, "", 0, 9},
		{"::endgroup::", LOGMARK_END, LOGMARK_GITHUB, "", 0, 12},
		{"##[endgroup]", LOGMARK_END, LOGMARK_GITHUB, "", 0, 12},
		{"::group:", LOGMARK_NONE, 0, "", 0, 0},
		{" ::group::", LOGMARK_NONE, 0, "", 0, 0},
		{TIME "##[group]A", LOGMARK_START, LOGMARK_GITHUB, "", 29, 38},
		{TIME "00O section_start:1:a", LOGMARK_START, LOGMARK_GITLAB,
			"a", 33, 49},
		{TIME "01E+section_end:1:a", LOGMARK_END, LOGMARK_GITLAB, "a",
			33, 47},
		{"2026-11-22T19:04:01 ::group::", LOGMARK_NONE, 0, "", 0, 0},
		{"2026-11-22T19:04:01.1 ::group::", LOGMARK_NONE, 0, "", 0, 0},
		{"travis_fold:start:git.1", LOGMARK_START, LOGMARK_TRAVIS,
			"git.1", 0, 18},
		{"travis_fold:end:git.1 x", LOGMARK_END, LOGMARK_TRAVIS,
			"git.1", 0, 16},
		{"section_start:1763838240:a_b[collapsed=true]", LOGMARK_START,
			LOGMARK_GITLAB, "a_b", 0, 25},
		{"section_end:1:a", LOGMARK_END, LOGMARK_GITLAB, "a", 0, 14},
		{"section_end:1:", LOGMARK_END, LOGMARK_GITLAB, "", 0, 14},
		{"section_end:1", LOGMARK_NONE, 0, "", 0, 0},
		{"section_end:1x:", LOGMARK_NONE, 0, "", 0, 0},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *line = table[i].line;
		struct ansi ansi = line_of(line);
		struct logmark mark = logmark_find(ansi.cell, ansi.n);

		failed += differ_number(line, "kind", mark.kind, table[i].kind);
		if (mark.kind != LOGMARK_NONE) {
			failed += differ_number(
				line, "system", mark.system, table[i].system);
			failed += differ_number(line, "at", (long long)mark.at,
				(long long)table[i].at);
			failed += differ_number(line, "end",
				(long long)mark.end, (long long)table[i].end);
			failed += differ(line,
				(struct str){line + mark.end, mark.name},
				str_of(table[i].name));
		}
		ansi_free(&ansi);
	}
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marks),
	};

	return cmocka_run_group_tests_name("logmark", tests, NULL, NULL);
}
