/* logsign: what looks like an error. */

#include "logline.h"
#include "serve/logsign.h"

static void
test_errors(void **state)
{
	static const struct {
		const char *line;
		bool want;
	} table[] = {
		{"", false},
		{"all is well", false},
		{"main.c:3:5: error: expected ';'", true},
		{"main.c:1:10: fatal error: x.h: No such file", true},
		{"fatal: not a git repository", true},
		{"FATAL: role does not exist", true},
		{"ValueError: invalid literal", true},
		{"Error:", true},
		{"error[E0308]: mismatched types", true},
		{"error while loading", false},
		{"no errors", false},
		{"Traceback (most recent call last):", true},
		{"    Traceback (most recent call last):", true},
		{"Traceback (most recent call last)", false},
		{"FAILED tests/a.py::b", true},
		{"test a ... FAILED", true},
		{"1/1 Test #1: a ...***Failed    0.01 sec", true},
		{"UNFAILED", false},
		{"FAILEDx", false},
		{"[ERROR] Failed to execute goal", true},
		{"-DERROR_X=1 -DERRORS", false},
		{"\xc3\x84"
		 "ERROR",
			false},
		{"panic: runtime error", true},
		{"thread 'main' panicked at src/main.rs:1:1", true},
		{"--- FAIL: TestX (0.00s)", true},
		{"    --- FAIL: TestX/y (0.00s)", true},
		{"make: *** [Makefile:2: all] Error 1", true},
		{"make[2]: *** [a] Error 1", true},
		{"make: *** No rule to make target", false},
		{"npm ERR! code 1", true},
		{"npm error code 1", true},
		{"run npm error", false},
		{"##[error]Process completed", true},
		{TIME "##[error]Process completed", true},
		{"see ##[error]", false},
		{"::error file=a.c,line=1::bad", true},
		{"a::error", false},
		{"Segmentation fault (core dumped)", true},
		{"\33[31mer\33[1mror:\33[0m x", true},
		{"error:\r\33[Kfine", false},
		{"FAIL src/sum.test.js", true},
		{"\33[41m\33[1m FAIL \33[22m\33[49m a.test.ts > b", true},
		{"FAIL\texample.com/a\t0.002s", true},
		{"1/2 sum        FAIL            0.01s   exit status 1", true},
		{"FAILS", false},
		{"XFAIL: a", false},
		{"not ok 1 - adds", true},
		{"    not ok 2 - adds", true},
		{TIME "not ok 3", true},
		{"not ok 4 - later # TODO", false},
		{"not ok 5 # SKIP no network", false},
		{"this is not ok", false},
		{"\xe2\x9c\x96 adds (1.2ms)", true},
		{"    \33[31m\xe2\x9c\x95\33[39m adds (2 ms)", true},
		{"\xe2\x9c\x96 later (0.1ms) # TODO", false},
		{"\xe2\x9c\x96", false},
		{"a \xe2\x9c\x96 b", false},
		{"  2 failing", true},
		{"3 examples, 1 failure, 1 pending", true},
		{"There were 12 failures:", true},
		{"There were 2 errors:", true},
		{"3 examples, 0 failures", false},
		{"There were 0 errors: none", false},
		{"errors: No known data errors", false},
		{"cc -c failures.c", false},
		{"1/1 Test #1: a ...Subprocess aborted***Exception:  0.1 sec",
			true},
		{"1/1 Test #1: a ...***Timeout   9.01 sec", true},
		{"1/1 Test #1: a ...***Not Run   0.00 sec", true},
		{" \xe2\x9c\x97 boils", true},
		{" \xe2\x9c\x98 boils", true},
		{"ERRO[0001] While applying layer", true},
		{"FATA[0000] no such file", true},
		{"a FATA[0]", false},
		{"Tests:       1 failed, 2 passed, 3 total", true},
		{"=== 1 failed, 2 passed in 0.03s ===", true},
		{"Tests: 0 failed, 2 passed", false},
		{"10 failed", true},
		{"a1 failed", false},
		{"2 failedx", false},
		{"it failed", false},
		{"{\"level\":\"error\",\"msg\":\"x\"}", true},
		{"{\"level\": \"error\"}", true},
		{"{\"level\":50,\"msg\":\"x\"}", true},
		{"{\"n\":1,\"level\":60}", true},
		{"{\"level\":40,\"msg\":\"x\"}", false},
		{"{\"level\":500,\"sublevel\":50}", false},
		{"{\"level\":\"info\",\"msg\":\"error\"}", false},
		{"ts=1 level=error msg=x", true},
		{"# ERROR: 0", false},
		{"# FAIL:  0", false},
		{"# FAIL:  2", true},
		{"0 ERROR, 1 WARNING", false},
		{"10 ERROR", true},
		{"error: 0 is no divisor", true},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct ansi ansi = line_of(table[i].line);

		failed += differ_number(table[i].line, "error",
			logsign_is_error(ansi.cell, ansi.n), table[i].want);
		ansi_free(&ansi);
	}
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests_name("logsign", tests, NULL, NULL);
}
