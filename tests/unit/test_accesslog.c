/* line, accesslog: lines that stay lines. */

#include "serve/accesslog.h"
#include "unit.h"

static struct str
text_of(const struct line *line)
{
	return (struct str){line->p, line->n};
}

static void
test_quote(void **state)
{
	static const struct {
		const char *asked;
		struct str text;
		size_t max;
		struct str want;
	} cases[] = {
		{"nothing", BYTES(""), 9, BYTES("\"\"")},
		{"plain", BYTES("a b=c"), 9, BYTES("\"a b=c\"")},
		{"quotes", BYTES("a\"b\\"), 9, BYTES("\"a\\\"b\\\\\"")},
		{"controls", BYTES("\n\r\0\x7f"), 99,
			BYTES("\"\\x0A\\x0D\\x00\\x7F\"")},
		{"high", BYTES("\xff\xc3"), 99, BYTES("\"\\xFF\\xC3\"")},
		{"fits", BYTES("abc"), 3, BYTES("\"abc\"")},
		{"too long", BYTES("abcd"), 3, BYTES("\"abc...\"")},
		{"no half escape", BYTES("a\n"), 4, BYTES("\"a...\"")},
	};
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct line line = {.n = 0};
		struct str copy = copy_exactly(cases[i].text);

		line_quote(&line, copy, cases[i].max);
		wrong += differ(cases[i].asked, text_of(&line), cases[i].want);
		free((char *)(uintptr_t)copy.p);
	}
	assert_int_equal(wrong, 0);
}

static void
test_line_is_bounded(void **state)
{
	struct line line = {.n = 0};

	(void)state;
	for (int i = 0; i < 1000; i++)
		line_quote(&line, STR("0123456789"), 100);
	line_end(&line);
	assert_int_equal(line.n, LINE_SIZE);
	assert_int_equal(line.p[LINE_SIZE - 1], '\n');
}

/* The line for a request, without its time, whose length is known. */
static struct str
without_time(struct line *line)
{
	char *from = memchr(line->p, '[', line->n);
	char *to = from ? memchr(from, ']', line->n) : NULL;

	assert_non_null(to);
	assert_int_equal(to - from, 27);
	memmove(from + 1, to, (size_t)(line->p + line->n - to));
	line->n -= 26;
	return text_of(line);
}

static void
test_format(void **state)
{
	struct request request = {.method = METHOD_GET};
	struct response response = {.status = STATUS_PARTIAL,
		.archive = STR("/r//x.wwz"),
		.member = STR("a\"b"),
		.coding = CODING_GZIP};
	const struct access access = {&request, &response, 12345678901, 42, 0};
	struct line line;

	(void)state;
	request.param[PARAM_REMOTE_ADDR] = STR("::1");
	request.param[PARAM_REMOTE_USER] = STR("u v");
	request.param[PARAM_REQUEST_METHOD] = STR("GET");
	request.param[PARAM_REQUEST_URI] = STR("/x.wwz/a\"b");
	request.param[PARAM_SERVER_PROTOCOL] = STR("HTTP/1.1");
	request.param[PARAM_USER_AGENT] = STR("agent\n");
	accesslog_format(&line, &access);
	assert_true(memmem(line.p, line.n, "[01/Jan/1970:00:00:00 +0000]",
			    28) != NULL);
	assert_int_equal(differ("a request", without_time(&line),
				 STR("::1 - \"u v\" [] \"GET /x.wwz/a\\\"b "
				     "HTTP/1.1\" "
				     "206 12345678901 \"-\" \"agent\\x0A\" "
				     "archive=\"/r//x.wwz\" member=\"a\\\"b\" "
				     "coding=gzip us=42\n")),
		0);
}

/* One that was not read. */
static void
test_format_nothing(void **state)
{
	struct response response = {
		.status = STATUS_FIELDS_TOO_LARGE, .coding = CODING_NONE};
	const struct access access = {NULL, &response, 0, 1, 0};
	struct line line;

	(void)state;
	accesslog_format(&line, &access);
	assert_int_equal(differ("nothing", without_time(&line),
				 STR("- - - [] \"-\" 431 0 \"-\" \"-\" "
				     "archive=\"-\" "
				     "member=\"-\" coding=- us=1\n")),
		0);
}

/* Whatever a client sends, the line ends as it should, with all of the end. */
static void
test_format_long(void **state)
{
	static char long_text[20000];
	const struct str s = {long_text, sizeof(long_text)};
	struct request request = {.method = METHOD_GET};
	struct response response = {.status = STATUS_OK,
		.archive = s,
		.member = s,
		.coding = CODING_IDENTITY};
	const struct access access = {
		&request, &response, UINT64_MAX, INT64_MAX, 253402300799};
	struct line line;

	(void)state;
	for (int c = 0; c < 256; c++) {
		memset(long_text, c, sizeof(long_text));
		for (int i = 0; i < PARAMS; i++)
			request.param[i] = s;
		accesslog_format(&line, &access);
		assert_true(line.n < LINE_SIZE);
		assert_true(
			memchr(line.p, '\n', line.n) == line.p + line.n - 1);
		assert_true(str_ends(text_of(&line),
			STR("...\" coding=identity us=9223372036854775807\n")));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_line_is_bounded),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_format_nothing),
		cmocka_unit_test(test_format_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
