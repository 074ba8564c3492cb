/* logjson: lines that are JSON objects -> what people read. */

#include "serve/logjson.h"
#include "unit.h"

/* A line as it is shown; p is NULL when it is shown as it is. */
static struct str
shown(struct str line, struct arena *arena)
{
	struct text text = {.arena = arena};
	struct ansi ansi = {0};
	struct logjson json = {0};
	struct str got = {NULL, 0};

	ansi_take(&ansi, &line);
	if (logjson_read(&json, ansi.cell, ansi.n)) {
		ansi_add_html(&text, &ansi.links, json.cell, json.n);
		got = text.n > 0 ? text_str(&text) : STR("");
	}
	logjson_free(&json);
	ansi_free(&ansi);
	assert_false(arena->failed);
	return got;
}

#define S(class, text) "<span class=\"" class "\">" text "</span>"
#define D(text)        S("di", text)

static const struct {
	const char *line, *want;
} table[] = {
	/* zap, logrus, pino, structlog, docker, the journal. */
	{"{\"level\":\"info\",\"ts\":1732650000.5,\"caller\":\"a.go:7\",\"msg\":\"it is up\"}",
		D("2024-11-26T19:40:00.5Z") " info it is up " D(
			"caller=") "a.go:7"},
	{"{\"level\":\"error\",\"msg\":\"no\",\"time\":\"2026-11-27T04:00:00Z\"}",
		D("2026-11-27T04:00:00Z") " error no"},
	{"{\"level\":30,\"time\":1732650000500,\"pid\":7,\"msg\":\"hello\"}",
		D("2024-11-26T19:40:00.500Z") " info hello " D("pid=") "7"},
	{"{\"event\": \"a b\", \"n\": null, \"t\": true}",
		"a b " D("n=") "null " D("t=") "true"},
	{"{\"log\":\"a line\\n\",\"stream\":\"stdout\",\"time\":\"T\"}",
		D("T") " a line " D("stream=") "stdout"},
	{"{\"MESSAGE\":\"m\",\"PRIORITY\":\"6\"}", "m " D("PRIORITY=") "6"},
	{"{\"level\":60,\"time\":1732650000,\"msg\":\"m\"}",
		D("2024-11-26T19:40:00Z") " fatal m"},
	{"{\"level\":35,\"time\":17,\"msg\":\"m\"}", D("17") " 35 m"},
	{"{\"level\":\"50\",\"time\":\"1732650000\",\"msg\":\"m\"}",
		D("1732650000") " 50 m"},
	{"{\"level\":50,\"time\":99999999999999999999999,\"msg\":\"m\"}",
		D("99999999999999999999999") " error m"},
	/* Blanks, an empty message, the first of two. */
	{"{ \"msg\" :\t\"m\" , \"a\" : 1 } ", "m " D("a=") "1"},
	{"{\"msg\":\"\"}", ""},
	{"{\"msg\":\"\",\"a\":\"\"}", " " D("a=") "\"\""},
	{"{\"msg\":\"m\",\"msg\":\"n\"}", "m " D("msg=") "n"},
	{"{\"msg\":\"m\",\"msg\":\"m\"}", "m " D("msg=") "m"},
	/* Values. */
	{"{\"msg\":\"m\",\"a\":\"x y\",\"b\":\"x=y\",\"c\":\"\\\"\"}",
		"m " D("a=") "\"x y\" " D("b=") "\"x=y\" " D("c=") "\"\"\""},
	{"{\"msg\":\"m\",\"a\":{\"b\":[1,\"}\\\"\"]},\"c\":-1.5e+7}",
		"m " D("a=") "{\"b\":[1,\"}\\\"\"]} " D("c=") "-1.5e+7"},
	{"{\"msg\":\"m\",\"stack\":\"E\\n\\tat a\"}",
		"m " D("stack=") "\"E\n\tat a\""},
	{"{\"msg\":\"m\",\"err\":{\"stack\":\"E\\n\\u0041\"}}",
		"m " D("err=") "{\"stack\":\"E\n\\u0041\"}"},
	/* Escapes. */
	{"{\"msg\":\"a\\/b \\u00e9\\u20AC \\ud83d\\ude00 <\\u003c\"}",
		"a/b \xc3\xa9\xe2\x82\xac \xf0\x9f\x98\x80 &lt;&lt;"},
	{"{\"msg\":\"\\u001b[1m \\u0000 \\r\\b\\f \\u007f \\u0085\"}",
		"\\u001b[1m \\u0000 \\r\\b\\f \\u007f \\u0085"},
	{"{\"msg\":\"\\ud83d \\ude00 \\ud83d\\u0041 \\uffff \\uD83F\\uDFFF\"}",
		"\\ud83d \\ude00 \\ud83dA \\uffff \\uD83F\\uDFFF"},
	{"{\"msg\":\"\\u12 \\uxyz1 \\q\"}", "\\u12 \\uxyz1 \\q"},
	{"{\"msg\":\"\\u202e\"}", "[U+202E]"},
	{"{\"msg\":\"\33[1mbold\33[0m\",\"\33[2mk\33[0m\":1}",
		S("bo", "bold") " " D("k=") "1"},
	/* Behind a prefix. */
	{"web_1  | {\"msg\":\"m\",\"a\":1}", "web_1  | m " D("a=") "1"},
	{"2026-11-27T04:00:00Z stdout F {\"log\":\"m\\n\"}",
		"2026-11-27T04:00:00Z stdout F m"},
	{"\33[1mpod/a\33[0m {\"message\":\"\"} ", S("bo", "pod/a") " "},
	{" {\"msg\":\"m\"}", " m"},
	{"a {\"msg\":\"m\"} b", NULL},
	{"a{\"msg\":\"m\"}", NULL},
	{"{a} {\"msg\":\"m\"}", NULL},
	/* None of these. */
	{"", NULL},
	{"text", NULL},
	{"{", NULL},
	{"{}", NULL},
	{"[{\"msg\":\"m\"}]", NULL},
	{"{\"msg\":\"m\"} more", NULL},
	{"{\"msg\":\"m\"", NULL},
	{"{\"msg\":\"m}", NULL},
	{"{\"msg\":\"m\\\"}", NULL},
	{"{\"msg\":\"m\",}", NULL},
	{"{\"msg\":\"m\" \"a\":1}", NULL},
	{"{\"msg\":\"m\",\"a\":}", NULL},
	{"{\"msg\":\"m\",\"a\":x}", NULL},
	{"{\"msg\":\"m\",\"a\":[1}", NULL},
	{"{\"msg\":\"m\",\"a\":[\"]}", NULL},
	{"{msg:\"m\"}", NULL},
	{"{\"msg\":7}", NULL},
	{"{\"a\":1,\"b\":\"no message\"}", NULL},
};

static void
test_table(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct arena arena = {0};
		struct str got = shown(str_of(table[i].line), &arena);

		failed += differ_number(table[i].line, "shown", got.p != NULL,
			table[i].want != NULL);
		if (table[i].want != NULL)
			failed += differ(
				table[i].line, got, str_of(table[i].want));
		arena_free(&arena);
	}
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests_name("logjson", tests, NULL, NULL);
}
