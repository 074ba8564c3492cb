/* logerrors: the errors that a site knows itself. */

#include <unistd.h>

#include "serve/logerrors.h"
#include "unit.h"

/* Read a file that has text. */
static struct logerrors *
read_text(struct str text, struct fault *fault)
{
	char path[] = "/tmp/wwz-logerrors-XXXXXX";
	int fd = mkstemp(path);
	struct logerrors *errors;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text.p, text.n), (ssize_t)text.n);
	close(fd);
	errors = logerrors_open(path, fault);
	unlink(path);
	return errors;
}

static void
test_lines(void **state)
{
	static const struct {
		const char *line;
		bool own, any;
	} table[] = {
		{"", false, false},
		{"boom", true, true},
		{"BOOM", true, true},
		{"Exact", true, true},
		{"exact", false, false},
		{"ERROR: x", false, true},
		{"# boo", false, false},
		{"\xc3\xbc", true, true},
		/* Within bounds. */
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", false,
			false},
		{"aa", true, true},
	};
	struct fault fault;
	struct logerrors *errors = read_text(
		STR("# boo\n\nboom\r\n  \nExact\n^\xc3\xbc\n(a+)+$"), &fault);
	unsigned failed = 0;

	(void)state;
	assert_non_null(errors);
	assert_int_equal(logerrors_count(errors), 4);
	for (size_t i = 0; i < COUNT(table); i++) {
		struct ansi ansi = {0};
		struct str line = str_of(table[i].line);

		ansi_take(&ansi, &line);
		failed += differ_number(table[i].line, "own",
			logerrors_match(errors, str_of(table[i].line)),
			table[i].own);
		failed += differ_number(table[i].line, "any",
			logerrors_is_error(errors, ansi.cell, ansi.n),
			table[i].any);
		ansi_free(&ansi);
	}
	assert_int_equal(failed, 0);
	logerrors_free(errors);
}

/* Only the first part of a line counts, and all of it at least once. */
static void
test_long(void **state)
{
	static const struct {
		size_t at;
		uint32_t point;
		bool want;
	} table[] = {{LOGERRORS_LINE - 8, ' ', true},
		{LOGERRORS_LINE - 2, ' ', false},
		{LOGERRORS_LINE / 4 - 8, 0x1f600, true},
		{LOGERRORS_LINE / 4, 0x1f600, false}};
	static struct ansi_cell cell[ANSI_CELLS];
	struct fault fault;
	struct logerrors *errors = read_text(STR("boom\n"), &fault);

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		for (size_t k = 0; k < ANSI_CELLS; k++)
			cell[k].point = k - table[i].at < 4
				? (uint32_t) "boom"[k - table[i].at]
				: table[i].point;
		assert_int_equal(logerrors_is_error(errors, cell, ANSI_CELLS),
			table[i].want);
	}
	logerrors_free(errors);
}

/* The number tells files apart, not what they say besides. */
static void
test_number(void **state)
{
	static const char *const texts[] = {
		"a\nb\n", "#c\na\r\n\nb", "ab\n", "a\n", "b\na\n", ""};
	uint32_t number[COUNT(texts)];
	struct fault fault;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct logerrors *errors = read_text(str_of(texts[i]), &fault);

		assert_non_null(errors);
		number[i] = logerrors_number(errors);
		logerrors_free(errors);
		for (size_t k = 0; k < i; k++)
			assert_int_equal(
				number[i] == number[k], i == 1 && k == 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_number),
	};

	return cmocka_run_group_tests_name("logerrors", tests, NULL, NULL);
}
