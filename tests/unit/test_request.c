/* request: from a front end's parameters. */

#include "http/request.h"
#include "unit.h"

#define ENVIRONMENT(...)          \
	(char *const[])           \
	{                         \
		__VA_ARGS__, NULL \
	}

/* Every parameter by its name, which is RFC 3875's. */
static void
test_names(void **state)
{
	static const struct {
		const char *name;
		enum param param;
	} table[] = {
		{"CONTENT_LENGTH", PARAM_CONTENT_LENGTH},
		{"DOCUMENT_ROOT", PARAM_DOCUMENT_ROOT},
		{"PATH_INFO", PARAM_PATH_INFO},
		{"PATH_TRANSLATED", PARAM_PATH_TRANSLATED},
		{"QUERY_STRING", PARAM_QUERY_STRING},
		{"REDIRECT_URL", PARAM_REDIRECT_URL},
		{"REMOTE_ADDR", PARAM_REMOTE_ADDR},
		{"REMOTE_USER", PARAM_REMOTE_USER},
		{"REQUEST_METHOD", PARAM_REQUEST_METHOD},
		{"REQUEST_URI", PARAM_REQUEST_URI},
		{"SCRIPT_FILENAME", PARAM_SCRIPT_FILENAME},
		{"SCRIPT_NAME", PARAM_SCRIPT_NAME},
		{"SERVER_PROTOCOL", PARAM_SERVER_PROTOCOL},
		{"WWZ_ARCHIVE", PARAM_WWZ_ARCHIVE},
		{"HTTP_ACCEPT", PARAM_ACCEPT},
		{"HTTP_ACCEPT_ENCODING", PARAM_ACCEPT_ENCODING},
		{"HTTP_IF_MATCH", PARAM_IF_MATCH},
		{"HTTP_IF_MODIFIED_SINCE", PARAM_IF_MODIFIED_SINCE},
		{"HTTP_IF_NONE_MATCH", PARAM_IF_NONE_MATCH},
		{"HTTP_IF_RANGE", PARAM_IF_RANGE},
		{"HTTP_IF_UNMODIFIED_SINCE", PARAM_IF_UNMODIFIED_SINCE},
		{"HTTP_RANGE", PARAM_RANGE},
		{"HTTP_REFERER", PARAM_REFERER},
		{"HTTP_USER_AGENT", PARAM_USER_AGENT},
	};
	struct arena arena = {0};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct request request;
		char pair[64];

		snprintf(pair, sizeof(pair), "%s=v", table[i].name);
		request_read(&request, ENVIRONMENT(pair), &arena);
		for (size_t k = 0; k < PARAMS; k++)
			failed += differ(pair, request.param[k],
				k == table[i].param ? STR("v") : STR(""));
	}
	arena_free(&arena);
	assert_int_equal(failed, 0);
}

static void
test_values(void **state)
{
	static const struct {
		char *environment[5]; /* the last one is NULL */
		enum param param;
		const char *want; /* NULL: did not come */
	} table[] = {
		{{NULL}, PARAM_PATH_INFO, NULL},
		{{"PATH_INFO=/a"}, PARAM_PATH_INFO, "/a"},
		{{"PATH_INFO="}, PARAM_PATH_INFO, ""},
		{{"PATH_INFO=/a=b=c"}, PARAM_PATH_INFO, "/a=b=c"},
		{{"PATH_INFO=="}, PARAM_PATH_INFO, "="},
		/* Nothing is decoded or trimmed. */
		{{"PATH_INFO= /%41 "}, PARAM_PATH_INFO, " /%41 "},
		/* Not that name. */
		{{"PATH_INFO"}, PARAM_PATH_INFO, NULL},
		{{"PATH_INF=/a"}, PARAM_PATH_INFO, NULL},
		{{"PATH_INFOS=/a"}, PARAM_PATH_INFO, NULL},
		{{"path_info=/a"}, PARAM_PATH_INFO, NULL},
		{{" PATH_INFO=/a"}, PARAM_PATH_INFO, NULL},
		{{"PATH_INFO =/a"}, PARAM_PATH_INFO, NULL},
		{{"HTTP_PATH_INFO=/a"}, PARAM_PATH_INFO, NULL},
		{{"HTTP_WWZ_ARCHIVE=/a.wwz"}, PARAM_WWZ_ARCHIVE, NULL},
		{{"HTTP_DOCUMENT_ROOT=/"}, PARAM_DOCUMENT_ROOT, NULL},
		{{"RANGE=bytes=0-"}, PARAM_RANGE, NULL},
		{{"=PATH_INFO=/a"}, PARAM_PATH_INFO, NULL},
		{{"="}, PARAM_PATH_INFO, NULL},
		{{""}, PARAM_PATH_INFO, NULL},
		/* Among others. */
		{{"", "=", "X", "PATH_INFO=/a"}, PARAM_PATH_INFO, "/a"},
		{{"X=Y", "PATH_INFO=/a", "Z"}, PARAM_PATH_INFO, "/a"},
		/* Twice: of the front end's own the last one counts. */
		{{"PATH_INFO=/a", "PATH_INFO=/b"}, PARAM_PATH_INFO, "/b"},
		{{"PATH_INFO=/a", "PATH_INFO="}, PARAM_PATH_INFO, ""},
		{{"PATH_INFO=/a", "PATH_INFO"}, PARAM_PATH_INFO, "/a"},
		/* Fields of the client are a list. */
		{{"HTTP_RANGE=a", "HTTP_RANGE=b"}, PARAM_RANGE, "a, b"},
		{{"HTTP_IF_MATCH=\"a\"", "HTTP_IF_MATCH=\"b\"",
			 "HTTP_IF_MATCH=\"c\""},
			PARAM_IF_MATCH, "\"a\", \"b\", \"c\""},
		{{"HTTP_IF_NONE_MATCH=\"a\"", "HTTP_RANGE=x",
			 "HTTP_IF_NONE_MATCH=\"b\""},
			PARAM_IF_NONE_MATCH, "\"a\", \"b\""},
		{{"HTTP_ACCEPT_ENCODING=", "HTTP_ACCEPT_ENCODING=gzip"},
			PARAM_ACCEPT_ENCODING, "gzip"},
		{{"HTTP_ACCEPT_ENCODING=%s%n", "HTTP_ACCEPT_ENCODING=%d"},
			PARAM_ACCEPT_ENCODING, "%s%n, %d"},
		{{"HTTP_IF_RANGE="}, PARAM_IF_RANGE, ""},
	};
	struct arena arena = {0};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct request request;
		struct str got;
		char asked[32];

		request_read(&request, table[i].environment, &arena);
		got = request.param[table[i].param];
		snprintf(asked, sizeof(asked), "row %zu", i);
		failed += differ(asked, got, str_of(table[i].want));
		failed += differ_number(
			asked, "came", got.p != NULL, table[i].want != NULL);
	}
	arena_free(&arena);
	assert_int_equal(failed, 0);
}

static void
test_method(void **state)
{
	static const struct {
		char *pair;
		enum method want;
	} table[] = {
		{"REQUEST_METHOD=GET", METHOD_GET},
		{"REQUEST_METHOD=HEAD", METHOD_HEAD},
		{"REQUEST_METHOD=OPTIONS", METHOD_OPTIONS},
		{"REQUEST_METHOD=POST", METHOD_OTHER},
		{"REQUEST_METHOD=PROPFIND", METHOD_OTHER},
		{"REQUEST_METHOD=get", METHOD_OTHER},
		{"REQUEST_METHOD=Get", METHOD_OTHER},
		{"REQUEST_METHOD=GE", METHOD_OTHER},
		{"REQUEST_METHOD=GETS", METHOD_OTHER},
		{"REQUEST_METHOD= GET", METHOD_OTHER},
		{"REQUEST_METHOD=", METHOD_OTHER},
		{"REQUEST_METHOD", METHOD_OTHER},
		{"HTTP_X_HTTP_METHOD_OVERRIDE=GET", METHOD_OTHER},
	};
	struct arena arena = {0};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct request request;

		request_read(&request, ENVIRONMENT(table[i].pair), &arena);
		failed += differ_number(table[i].pair, "method",
			(int)request.method, (int)table[i].want);
	}
	arena_free(&arena);
	assert_int_equal(failed, 0);
}

/* Fields by their own names, and a request line. */
static void
test_fields(void **state)
{
	static const struct {
		const char *name;
		enum param param; /* PARAMS: none */
	} table[] = {
		{"Range", PARAM_RANGE},
		{"range", PARAM_RANGE},
		{"If-None-Match", PARAM_IF_NONE_MATCH},
		{"if-none-MATCH", PARAM_IF_NONE_MATCH},
		{"Accept-Encoding", PARAM_ACCEPT_ENCODING},
		{"Ranges", PARAMS},
		{"Rang", PARAMS},
		{"", PARAMS},
		{"Wwz-Archive", PARAMS},
		{"Document-Root", PARAMS},
		{"HTTP-Range", PARAMS},
		{"Content-Length", PARAMS},
	};
	struct arena arena = {0};
	struct request request;
	struct request_reader reader;
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		request_begin(&reader, &request, &arena);
		request_add_field(&reader, str_of(table[i].name), STR("v"));
		for (size_t k = 0; k < PARAMS; k++)
			failed += differ(table[i].name, request.param[k],
				k == table[i].param ? STR("v") : STR(""));
	}
	request_begin(&reader, &request, &arena);
	request_add_line(
		&reader, STR("HEAD"), STR("/a?b?c=%20"), STR("HTTP/1.0"));
	request_add_field(&reader, STR("Range"), STR("a"));
	request_add_field(&reader, STR("range"), STR("b"));
	assert_int_equal(request.method, METHOD_HEAD);
	failed += differ(
		"URI", request.param[PARAM_REQUEST_URI], STR("/a?b?c=%20"));
	failed += differ(
		"query", request.param[PARAM_QUERY_STRING], STR("b?c=%20"));
	failed += differ("protocol", request.param[PARAM_SERVER_PROTOCOL],
		STR("HTTP/1.0"));
	failed += differ("twice", request.param[PARAM_RANGE], STR("a, b"));
	arena_free(&arena);
	assert_int_equal(failed, 0);
}

/* Many fields of one name. */
static void
test_many(void **state)
{
	enum { FIELDS = 3000 };
	static char *environment[FIELDS + 1];
	struct arena arena = {0};
	struct request request;
	struct str rest;
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < FIELDS; i++)
		environment[i] = "HTTP_RANGE=a";
	request_read(&request, environment, &arena);
	assert_false(arena.failed);
	for (rest = request.param[PARAM_RANGE]; rest.n > 0; n++)
		assert_true(str_eq(str_trim(str_cut(&rest, ',')), STR("a")));
	assert_int_equal(n, FIELDS);
	arena_free(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_method),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
