/* response: the head of an answer. */

#include "http/errorpage.h"
#include "unit.h"

static void
test_head(void **state)
{
	static const struct {
		struct response response;
		uint64_t length;
		const char *want;
	} table[] = {
		/* 200 needs no Status, and nothing needs to be there. */
		{{.status = STATUS_OK}, 0, "\r\n"},
		{{.status = STATUS_OK, .content_type = BYTES("text/plain")}, 0,
			"Content-Type: text/plain\r\n"
			"X-Content-Type-Options: nosniff\r\n"
			"\r\n"},
		{{.status = STATUS_OK, .has_length = true}, 0,
			"Content-Length: 0\r\n\r\n"},
		{{.status = STATUS_OK, .has_length = true},
			18446744073709551615u,
			"Content-Length: 18446744073709551615\r\n\r\n"},
		/* A length that is not known is not told. */
		{{.status = STATUS_OK}, 7, "\r\n"},
		{{.status = STATUS_OK, .dated = true}, 0,
			"Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n"},
		{{.status = STATUS_OK, .dated = true, .modified = 784111777}, 0,
			"Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"},
		{{.status = STATUS_OK, .modified = 784111777}, 0, "\r\n"},
		{{.status = STATUS_OK, .ranges = true}, 0,
			"Accept-Ranges: bytes\r\n\r\n"},
		{{.status = STATUS_OK, .vary = true}, 0,
			"Vary: Accept-Encoding\r\n\r\n"},
		{{.status = STATUS_OK, .etag = BYTES("\"a\"")}, 0,
			"ETag: \"a\"\r\n\r\n"},
		{{.status = STATUS_OK, .content_encoding = BYTES("gzip")}, 0,
			"Content-Encoding: gzip\r\n\r\n"},
		{{.status = STATUS_OK,
			 .content_security_policy = BYTES("sandbox")},
			0, "Content-Security-Policy: sandbox\r\n\r\n"},
		/* The others have one; Location stands in front of it. */
		{{.status = STATUS_NO_CONTENT, .allow = BYTES("GET, HEAD")}, 0,
			"Status: 204 No Content\r\n"
			"Allow: GET, HEAD\r\n"
			"\r\n"},
		{{.status = STATUS_PARTIAL,
			 .content_range = BYTES("bytes 0-0/7"),
			 .has_length = true},
			1,
			"Status: 206 Partial Content\r\n"
			"Content-Range: bytes 0-0/7\r\n"
			"Content-Length: 1\r\n"
			"\r\n"},
		{{.status = STATUS_MOVED, .location = BYTES("/x.wwz/")}, 0,
			"Location: /x.wwz/\r\n"
			"Status: 301 Moved Permanently\r\n"
			"\r\n"},
		{{.status = STATUS_NOT_MODIFIED,
			 .etag = BYTES("\"a\""),
			 .vary = true},
			0,
			"Status: 304 Not Modified\r\n"
			"ETag: \"a\"\r\n"
			"Vary: Accept-Encoding\r\n"
			"\r\n"},
		{{.status = STATUS_UNAVAILABLE, .retry_seconds = 7}, 0,
			"Status: 503 Service Unavailable\r\n"
			"Retry-After: 7\r\n"
			"\r\n"},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct arena arena = {0};
		struct response response = table[i].response;
		char asked[32];

		body_init(&response.body, &arena, NULL);
		response.body.length = table[i].length;
		snprintf(asked, sizeof(asked), "row %zu", i);
		failed += differ(
			asked, response_head(&response), str_of(table[i].want));
		response_free(&response);
		arena_free(&arena);
	}
	assert_int_equal(failed, 0);
}

/* Everything that can be set: each line once, whole, and the end at the end. */
static void
test_lines(void **state)
{
	static char type[5000];
	struct arena arena = {0};
	struct response response;
	struct str head, rest;
	unsigned lines = 0, names = 0;

	(void)state;
	memset(type, 'x', sizeof(type));
	response_init(&response, &arena, METHOD_GET);
	response.status = STATUS_PARTIAL;
	response.vary = response.ranges = response.dated = true;
	response.has_length = true;
	response.retry_seconds = 1;
	response.location = response.allow = STR("a");
	response.content_type = (struct str){type, sizeof(type)};
	response.content_encoding = response.content_range = STR("b");
	response.content_security_policy = response.etag = STR("c");
	head = response_head(&response);
	for (rest = head; rest.n > 0; lines++) {
		struct str line = str_cut(&rest, '\n');

		assert_true(str_ends(line, STR("\r")));
		names += memmem(line.p, line.n, ": ", 2) != NULL;
		if (rest.n == 0)
			assert_int_equal(line.n, 1);
	}
	assert_int_equal(lines, 14 + 1);
	assert_int_equal(names, 14);
	response_free(&response);
	arena_free(&arena);
}

static void
test_no_memory(void **state)
{
	struct arena arena = {.failed = true};
	struct response response;

	(void)state;
	response_init(&response, &arena, METHOD_GET);
	response.content_type = STR("text/plain");
	assert_int_equal(differ("head", response_head(&response),
				 STR("Status: 503 Service Unavailable\r\n"
				     "Retry-After: 2\r\n\r\n")),
		0);
	response_free(&response);
	arena_free(&arena);
}

static void
test_init(void **state)
{
	static const struct {
		enum method method;
		bool head;
	} table[] = {
		{METHOD_GET, false},
		{METHOD_HEAD, true},
		{METHOD_OPTIONS, false},
		{METHOD_OTHER, false},
	};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct response response;

		response_init(&response, &arena, table[i].method);
		assert_int_equal(response.head, table[i].head);
		assert_int_equal(response.status, STATUS_OK);
		assert_int_equal(response.body.length, 0);
		assert_true(body_is_done(&response.body));
		response_free(&response);
	}
	arena_free(&arena);
}

/* All statuses there are, with the words of RFC 9110 and RFC 6585. */
static void
test_reason(void **state)
{
	static const struct {
		enum status status;
		const char *want;
	} table[] = {
		{STATUS_OK, "OK"},
		{STATUS_NO_CONTENT, "No Content"},
		{STATUS_PARTIAL, "Partial Content"},
		{STATUS_MOVED, "Moved Permanently"},
		{STATUS_NOT_MODIFIED, "Not Modified"},
		{STATUS_BAD_REQUEST, "Bad Request"},
		{STATUS_FORBIDDEN, "Forbidden"},
		{STATUS_NOT_FOUND, "Not Found"},
		{STATUS_NOT_ALLOWED, "Method Not Allowed"},
		{STATUS_NOT_ACCEPTABLE, "Not Acceptable"},
		{STATUS_FAILED_CONDITION, "Precondition Failed"},
		{STATUS_TOO_LARGE, "Content Too Large"},
		{STATUS_RANGE, "Range Not Satisfiable"},
		{STATUS_FIELDS_TOO_LARGE, "Request Header Fields Too Large"},
		{STATUS_ERROR, "Internal Server Error"},
		{STATUS_UNSUPPORTED, "Not Implemented"},
		{STATUS_UNAVAILABLE, "Service Unavailable"},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		failed += differ(table[i].want,
			str_of(response_reason(table[i].status)),
			str_of(table[i].want));
	assert_int_equal(failed, 0);
}

static bool
has(struct str s, const char *part)
{
	return memmem(s.p, s.n, part, strlen(part)) != NULL;
}

/* The page of each error says its status, and is as long as it says. */
static void
test_error(void **state)
{
	static const enum status statuses[] = {STATUS_BAD_REQUEST,
		STATUS_FORBIDDEN, STATUS_NOT_FOUND, STATUS_NOT_ALLOWED,
		STATUS_NOT_ACCEPTABLE, STATUS_FAILED_CONDITION,
		STATUS_TOO_LARGE, STATUS_RANGE, STATUS_FIELDS_TOO_LARGE,
		STATUS_ERROR, STATUS_UNSUPPORTED, STATUS_UNAVAILABLE};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(statuses); i++) {
		enum status status = statuses[i];
		struct arena arena = {0};
		struct response response;
		struct str head, page;
		char line[64], length[64];

		response_init(&response, &arena, METHOD_GET);
		response.archive = STR("/srv/secret.wwz");
		/* An error page drops this. */
		body_add_text(&response.body, STR("leftover"));
		errorpage_answer(&response, status);
		head = response_head(&response);
		snprintf(line, sizeof(line), "Status: %d %s\r\n", (int)status,
			response_reason(status));
		failed += !has(head, line);
		assert_int_equal(body_next(&response.body, &page), BODY_SPAN);
		snprintf(length, sizeof(length), "Content-Length: %zu\r\n",
			page.n);
		failed += !has(head, length);
		failed += !has(head, "Content-Type: text/html");
		failed += has(head, "Retry-After: ") !=
			(status == STATUS_UNAVAILABLE);
		snprintf(line, sizeof(line), "<title>%d %s</title>",
			(int)status, response_reason(status));
		failed += !has(page, line);
		failed += has(page, "leftover") || has(page, "/srv/") ||
			has(page, "secret");
		assert_int_equal(body_next(&response.body, &page), BODY_END);
		if (failed > 0)
			fail_msg("%d: %.*s", (int)status, STR_ARG(head));
		response_free(&response);
		arena_free(&arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_reason),
		cmocka_unit_test(test_error),
	};

	return cmocka_run_group_tests_name("response", tests, NULL, NULL);
}
