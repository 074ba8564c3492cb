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
			33, 48},
		{"2026-11-22T19:04:01 ::group::", LOGMARK_START, LOGMARK_GITHUB,
			"", 20, 29},
		{"[2026-11-22 19:04:01,1] ::group::", LOGMARK_START,
			LOGMARK_GITHUB, "", 24, 33},
		{"2026-11-22T19:04 ::group::", LOGMARK_NONE, 0, "", 0, 0},
		{"travis_fold:start:git.1", LOGMARK_START, LOGMARK_TRAVIS,
			"git.1", 0, 18},
		{"travis_fold:end:git.1 x", LOGMARK_END, LOGMARK_TRAVIS,
			"git.1", 0, 21},
		{"travis_time:start:0a1b", LOGMARK_TIME, LOGMARK_TRAVIS, "0a1b",
			0, 22},
		{"travis_time:end:0a1b:start=1,duration=2 x", LOGMARK_TIME,
			LOGMARK_TRAVIS, "", 0, 39},
		{"section_start:1763838240:a_b[collapsed=true]", LOGMARK_START,
			LOGMARK_GITLAB, "a_b", 0, 25},
		{"section_end:1:a", LOGMARK_END, LOGMARK_GITLAB, "a", 0, 15},
		{"section_end:1:", LOGMARK_END, LOGMARK_GITLAB, "", 0, 14},
		{"section_end:1", LOGMARK_NONE, 0, "", 0, 0},
		{"section_end:1x:", LOGMARK_NONE, 0, "", 0, 0},
		{"[Pipeline] {", LOGMARK_START, LOGMARK_JENKINS, "", 0, 0},
		{"[Pipeline] { (A b)", LOGMARK_START, LOGMARK_JENKINS, "", 0,
			14},
		{"[Pipeline] { (A b", LOGMARK_START, LOGMARK_JENKINS, "", 0, 0},
		{"[Pipeline] }", LOGMARK_END, LOGMARK_JENKINS, "", 0, 0},
		{"[Pipeline] sh", LOGMARK_WORD, 0, "", 0, 0},
		{TIME "##[section]Starting: A b", LOGMARK_START, LOGMARK_AZURE,
			"A b", 29, 40},
		{"##[section]Finishing: A b", LOGMARK_END, LOGMARK_AZURE, "A b",
			0, 11},
		{"##[section]Other", LOGMARK_WORD, 0, "", 0, 11},
		{"##teamcity[blockOpened description='x' name='A |'b|']']",
			LOGMARK_START, LOGMARK_TEAMCITY, "A |'b|']", 0, 45},
		{"##teamcity[blockClosed name='A']", LOGMARK_END,
			LOGMARK_TEAMCITY, "A", 0, 29},
		{"##teamcity[testSuiteStarted name='A']", LOGMARK_START,
			LOGMARK_TEAMCITY, "A", 0, 34},
		{"##teamcity[blockOpened name='A", LOGMARK_NONE, 0, "", 0, 0},
		{"##teamcity[blockOpened name='A|", LOGMARK_NONE, 0, "", 0, 0},
		{"##teamcity[blockOpened ]", LOGMARK_NONE, 0, "", 0, 0},
		{"~~~ A", LOGMARK_START, LOGMARK_BUILDKITE, "", 0, 4},
		{"--- A", LOGMARK_START, LOGMARK_BUILDKITE, "", 0, 4},
		{"---", LOGMARK_NONE, 0, "", 0, 0},
		{"##[command]a", LOGMARK_WORD, 0, "", 0, 11},
		{"##[warning]a", LOGMARK_WORD, 0, "", 0, 11},
		{"::warning::a", LOGMARK_WORD, 0, "", 0, 11},
		{"::error file=a:b,line=3::c", LOGMARK_WORD, 0,
			"file=a:b,line=3", 0, 25},
		{"::errors::", LOGMARK_NONE, 0, "", 0, 0},
		{"::error", LOGMARK_NONE, 0, "", 0, 0},
		{"::error:", LOGMARK_NONE, 0, "", 0, 0},
		{"::error x:", LOGMARK_NONE, 0, "", 0, 0},
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
				(struct str){line + mark.name, mark.nname},
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
