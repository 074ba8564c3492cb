/* logtime: the time that begins a line. */

#include "logline.h"
#include "serve/logtime.h"

static void
test_times(void **state)
{
	static const struct {
		const char *line;
		long long cells, ms;
	} table[] = {
		{"", 0, 0},
		{"1970-01-01T00:00:00Z a", 21, 0},
		{"1970-01-01T00:00:00Z", 20, 0},
		{"1970-01-01T00:00:01.5Z a", 23, 1500},
		{"2026-11-22T19:04:01.1234567Z a", 29, 1795374241123},
		{"2026-11-22 19:04:01,123 a", 24, 1795374241123},
		{"2026-11-22 19:04:01 a", 20, 1795374241000},
		{"[2026-11-22T19:04:01Z] a", 23, 1795374241000},
		{"2026-11-22T19:04:01+02:00 a", 26, 1795367041000},
		{"2026-11-22T19:04:01-0230 a", 25, 1795383241000},
		{"2026-11-22T19:04:01+02 a", 23, 1795367041000},
		{"2024-02-29T00:00:00Z a", 21, 1709164800000},
		{"2000-03-01T00:00:00Z a", 21, 951868800000},
		{"9999-12-31T23:59:60Z a", 21, 253402300800000},
		{"2026-11-22T19:04:01.Z a", 22, 1795374241000},
		{" 2026-11-22T19:04:01Z a", 0, 0},
		{"[2026-11-22T19:04:01Z a", 0, 0},
		{"2026-11-22T19:04:01Za", 0, 0},
		{"2026-11-22T19:04:01]", 0, 0},
		{"2026-11-22T19:04 a", 0, 0},
		{"2026-13-22T19:04:01Z a", 0, 0},
		{"2026-11-22T24:04:01Z a", 0, 0},
		{"2026-11-22T19:04:01+2 a", 0, 0},
		{"2026-11-22T19:04:01+02:0 a", 0, 0},
		{"1969-11-22T19:04:01Z a", 0, 0},
		{"2026-1", 0, 0},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *line = table[i].line;
		struct ansi ansi = line_of(line);
		int64_t ms = 0;

		failed += differ_number(line, "cells",
			(long long)logtime_find(ansi.cell, ansi.n, &ms),
			table[i].cells);
		failed += differ_number(line, "ms", ms, table[i].ms);
		ansi_free(&ansi);
	}
	assert_int_equal(failed, 0);
}

static void
test_durations(void **state)
{
	static const struct {
		int64_t ms;
		const char *want;
	} table[] = {
		{999, "0 s"},
		{1999, "1 s"},
		{9999, "9 s"},
		{10000, "10 s"},
		{59999, "59 s"},
		{60000, "1 min 0 s"},
		{3599999, "59 min 59 s"},
		{3600000, "1 h 0 min"},
		{360000000, "100 h 0 min"},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct arena arena = {0};
		struct text text = {.arena = &arena};

		logtime_add_duration(&text, table[i].ms);
		failed += differ(
			table[i].want, text_str(&text), str_of(table[i].want));
		arena_free(&arena);
	}
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_durations),
	};

	return cmocka_run_group_tests_name("logtime", tests, NULL, NULL);
}
