/* negotiate: which representation, under which conditions, in which parts. */

#include "http/negotiate.h"
#include "unit.h"

enum {
	I = 1 << CODING_IDENTITY,
	G = 1 << CODING_GZIP,
	Z = 1 << CODING_ZSTD,
	B = 1 << CODING_BR,

	NOW = 1782864000, /* 1 Jul 2026 */
};

#define EARLIER  "Sun, 06 Nov 1994 08:49:36 GMT"
#define SAME     "Sun, 06 Nov 1994 08:49:37 GMT"
#define SAME_OLD "Sunday, 06-Nov-94 08:49:37 GMT"
#define SAME_C   "Sun Nov  6 08:49:37 1994"
#define LATER    "Sun, 06 Nov 1994 08:49:38 GMT"
#define FUTURE   "Thu, 01 Jan 2099 00:00:00 GMT"
#define NO_DATE  "Sun, 31 Nov 1994 08:49:38 GMT"

#define ACCEPT(value)     [PARAM_ACCEPT_ENCODING] = (value)
#define RANGE(value)      [PARAM_RANGE] = (value)
#define IF_RANGE(value)   [PARAM_IF_RANGE] = (value)
#define MATCH(value)      [PARAM_IF_MATCH] = (value)
#define NONE_MATCH(value) [PARAM_IF_NONE_MATCH] = (value)
#define SINCE(value)      [PARAM_IF_MODIFIED_SINCE] = (value)
#define UNCHANGED(value)  [PARAM_IF_UNMODIFIED_SINCE] = (value)

/* A member of 1,000 bytes, and what else there is of it. */
static const struct representations member = {
	.of =
		{
			[CODING_IDENTITY] = {.size = 1000,
				.etag = BYTES("\"i\"")},
			[CODING_GZIP] = {.size = 400, .etag = BYTES("\"g\"")},
			[CODING_ZSTD] = {.size = 300, .etag = BYTES("\"z\"")},
			[CODING_BR] = {.size = 200, .etag = BYTES("\"b\"")},
		},
	.modified = 784111777,
};

struct row {
	const char *param[PARAMS];
	unsigned available;
	enum status status;
	enum coding coding;
	struct span part[3]; /* an end of 0: no more */
};

static unsigned
check_row(
	const char *table, size_t i, const struct row *row, enum method method)
{
	struct representations found = member;
	struct request request = {.method = method};
	struct negotiation n;
	unsigned failed = 0;
	char asked[64];

	for (size_t k = 0; k < PARAMS; k++)
		request.param[k] = str_of(row->param[k]);
	found.available = row->available;
	negotiate(&n, &request, &found, NOW);
	snprintf(asked, sizeof(asked), "%s %zu", table, i);
	failed +=
		differ_number(asked, "status", (int)n.status, (int)row->status);
	failed +=
		differ_number(asked, "coding", (int)n.coding, (int)row->coding);
	for (int k = 0; k < 3 && n.status == STATUS_PARTIAL; k++) {
		bool there = k < n.nparts;

		failed += differ_number(asked, "first",
			there ? (long long)n.parts[k].first : 0,
			(long long)row->part[k].first);
		failed += differ_number(asked, "end",
			there ? (long long)n.parts[k].end : 0,
			(long long)row->part[k].end);
	}
	if (n.status == STATUS_PARTIAL)
		failed += n.nparts < 1 || n.nparts > 3;
	for (size_t k = 0; k < PARAMS && failed > 0; k++) {
		if (row->param[k] != NULL)
			print_error("    %s\n", row->param[k]);
	}
	return failed;
}

static void
check_rows(
	const char *table, const struct row *rows, size_t n, enum method method)
{
	unsigned failed = 0;

	for (size_t i = 0; i < n; i++)
		failed += check_row(table, i, &rows[i], method);
	assert_int_equal(failed, 0);
}

static const struct row codings[] = {
	{{NULL}, I, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	{{NULL}, I | G | Z | B, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	{{ACCEPT("")}, I | G, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	{{ACCEPT("gzip")}, I | G, STATUS_OK, CODING_GZIP, {{0, 0}}},
	{{ACCEPT("gzip, br, zstd")}, I | G | Z, STATUS_OK, CODING_ZSTD,
		{{0, 0}}},
	{{ACCEPT("gzip, br")}, I | G | Z | B, STATUS_OK, CODING_BR, {{0, 0}}},
	{{ACCEPT("identity;q=0")}, I, STATUS_NOT_ACCEPTABLE, CODING_NONE,
		{{0, 0}}},
	{{ACCEPT("*;q=0")}, I | G, STATUS_NOT_ACCEPTABLE, CODING_NONE,
		{{0, 0}}},
	{{NULL}, G, STATUS_NOT_ACCEPTABLE, CODING_NONE, {{0, 0}}},
	/* Before any condition. */
	{{ACCEPT("*;q=0"), MATCH("\"y\"")}, I, STATUS_NOT_ACCEPTABLE,
		CODING_NONE, {{0, 0}}},
	{{ACCEPT("*;q=0"), NONE_MATCH("*"), RANGE("bytes=0-0")}, I,
		STATUS_NOT_ACCEPTABLE, CODING_NONE, {{0, 0}}},
};

static const struct row conditions[] = {
	/* If-Match: strong, against what would be sent. */
	{{MATCH("\"i\"")}, I, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	{{MATCH("*")}, I, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	{{MATCH("\"y\", \"i\"")}, I, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	{{MATCH("\"y\"")}, I, STATUS_FAILED_CONDITION, CODING_IDENTITY,
		{{0, 0}}},
	{{MATCH("W/\"i\"")}, I, STATUS_FAILED_CONDITION, CODING_IDENTITY,
		{{0, 0}}},
	{{MATCH("i")}, I, STATUS_FAILED_CONDITION, CODING_IDENTITY, {{0, 0}}},
	{{MATCH("\"g\"")}, I | G, STATUS_FAILED_CONDITION, CODING_IDENTITY,
		{{0, 0}}},
	{{MATCH("\"g\""), ACCEPT("gzip")}, I | G, STATUS_OK, CODING_GZIP,
		{{0, 0}}},
	/* If-Unmodified-Since, without If-Match only. */
	{{UNCHANGED(SAME)}, I, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	{{UNCHANGED(LATER)}, I, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	{{UNCHANGED(EARLIER)}, I, STATUS_FAILED_CONDITION, CODING_IDENTITY,
		{{0, 0}}},
	{{UNCHANGED(NO_DATE)}, I, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	{{UNCHANGED("yesterday")}, I, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	{{UNCHANGED(EARLIER), MATCH("\"i\"")}, I, STATUS_OK, CODING_IDENTITY,
		{{0, 0}}},
	{{UNCHANGED(EARLIER), MATCH("*")}, I, STATUS_OK, CODING_IDENTITY,
		{{0, 0}}},
	{{UNCHANGED(LATER), MATCH("\"y\"")}, I, STATUS_FAILED_CONDITION,
		CODING_IDENTITY, {{0, 0}}},
	/* If-None-Match: weak. */
	{{NONE_MATCH("\"i\"")}, I, STATUS_NOT_MODIFIED, CODING_IDENTITY,
		{{0, 0}}},
	{{NONE_MATCH("W/\"i\"")}, I, STATUS_NOT_MODIFIED, CODING_IDENTITY,
		{{0, 0}}},
	{{NONE_MATCH("*")}, I, STATUS_NOT_MODIFIED, CODING_IDENTITY, {{0, 0}}},
	{{NONE_MATCH("\"y\",W/\"i\"")}, I, STATUS_NOT_MODIFIED, CODING_IDENTITY,
		{{0, 0}}},
	{{NONE_MATCH("\"y\"")}, I, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	{{NONE_MATCH("i")}, I, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	{{NONE_MATCH("\"g\"")}, I | G, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	{{NONE_MATCH("\"g\""), ACCEPT("gzip")}, I | G, STATUS_NOT_MODIFIED,
		CODING_GZIP, {{0, 0}}},
	{{NONE_MATCH("\"i\""), ACCEPT("gzip")}, I | G, STATUS_OK, CODING_GZIP,
		{{0, 0}}},
	/* If-Modified-Since, without If-None-Match only. */
	{{SINCE(SAME)}, I, STATUS_NOT_MODIFIED, CODING_IDENTITY, {{0, 0}}},
	{{SINCE(SAME_OLD)}, I, STATUS_NOT_MODIFIED, CODING_IDENTITY, {{0, 0}}},
	{{SINCE(SAME_C)}, I, STATUS_NOT_MODIFIED, CODING_IDENTITY, {{0, 0}}},
	{{SINCE(LATER)}, I, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	{{SINCE(FUTURE)}, I, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	{{SINCE(EARLIER)}, I, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	{{SINCE(NO_DATE)}, I, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	{{SINCE("0")}, I, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	{{SINCE(SAME ", " SAME)}, I, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	{{SINCE(LATER), NONE_MATCH("\"y\"")}, I, STATUS_OK, CODING_IDENTITY,
		{{0, 0}}},
	{{SINCE(LATER), NONE_MATCH("y")}, I, STATUS_OK, CODING_IDENTITY,
		{{0, 0}}},
	{{SINCE(EARLIER), NONE_MATCH("\"i\"")}, I, STATUS_NOT_MODIFIED,
		CODING_IDENTITY, {{0, 0}}},
	/* In their order. */
	{{MATCH("\"y\""), NONE_MATCH("\"i\"")}, I, STATUS_FAILED_CONDITION,
		CODING_IDENTITY, {{0, 0}}},
	{{MATCH("\"i\""), NONE_MATCH("\"i\"")}, I, STATUS_NOT_MODIFIED,
		CODING_IDENTITY, {{0, 0}}},
	{{MATCH("\"i\""), SINCE(SAME)}, I, STATUS_NOT_MODIFIED, CODING_IDENTITY,
		{{0, 0}}},
	{{UNCHANGED(EARLIER), NONE_MATCH("\"i\"")}, I, STATUS_FAILED_CONDITION,
		CODING_IDENTITY, {{0, 0}}},
	{{UNCHANGED(EARLIER), SINCE(SAME)}, I, STATUS_FAILED_CONDITION,
		CODING_IDENTITY, {{0, 0}}},
	{{UNCHANGED(SAME), SINCE(SAME)}, I, STATUS_NOT_MODIFIED,
		CODING_IDENTITY, {{0, 0}}},
	{{MATCH("\"i\""), UNCHANGED(EARLIER), NONE_MATCH("\"y\""), SINCE(SAME)},
		I, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
};

static const struct row ranges[] = {
	{{RANGE("bytes=0-0")}, I, STATUS_PARTIAL, CODING_IDENTITY, {{0, 1}}},
	{{RANGE("bytes=0-0,500-")}, I, STATUS_PARTIAL, CODING_IDENTITY,
		{{0, 1}, {500, 1000}}},
	{{RANGE("bytes=0-")}, I, STATUS_PARTIAL, CODING_IDENTITY, {{0, 1000}}},
	{{RANGE("bytes=1000-")}, I, STATUS_RANGE, CODING_IDENTITY, {{0, 0}}},
	{{RANGE("bytes=a")}, I, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	{{RANGE("")}, I, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	{{RANGE("lines=0-0")}, I, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	/* Of identity, unless that is excluded or not there. */
	{{RANGE("bytes=0-0"), ACCEPT("gzip, br")}, I | G | B, STATUS_PARTIAL,
		CODING_IDENTITY, {{0, 1}}},
	{{RANGE("bytes=a"), ACCEPT("gzip")}, I | G, STATUS_OK, CODING_IDENTITY,
		{{0, 0}}},
	{{RANGE("bytes=0-0"), ACCEPT("gzip, identity;q=0")}, I | G,
		STATUS_PARTIAL, CODING_GZIP, {{0, 1}}},
	{{RANGE("bytes=-1"), ACCEPT("gzip, *;q=0")}, I | G, STATUS_PARTIAL,
		CODING_GZIP, {{399, 400}}},
	{{RANGE("bytes=400-"), ACCEPT("gzip, *;q=0")}, I | G, STATUS_RANGE,
		CODING_GZIP, {{0, 0}}},
	{{RANGE("bytes=0-0"), ACCEPT("zstd")}, Z, STATUS_PARTIAL, CODING_ZSTD,
		{{0, 1}}},
	{{RANGE("bytes=0-0"), ACCEPT("gzip")}, Z, STATUS_NOT_ACCEPTABLE,
		CODING_NONE, {{0, 0}}},
	/* Of the representation that If-Range names. */
	{{RANGE("bytes=0-0"), IF_RANGE("\"i\"")}, I, STATUS_PARTIAL,
		CODING_IDENTITY, {{0, 1}}},
	{{RANGE("bytes=-1"), IF_RANGE("\"i\""), ACCEPT("gzip")}, I | G,
		STATUS_PARTIAL, CODING_IDENTITY, {{999, 1000}}},
	{{RANGE("bytes=-1"), IF_RANGE("\"g\""), ACCEPT("gzip")}, I | G,
		STATUS_PARTIAL, CODING_GZIP, {{399, 400}}},
	{{RANGE("bytes=-1"), IF_RANGE("\"g\""), ACCEPT("gzip, br")}, I | G | B,
		STATUS_PARTIAL, CODING_GZIP, {{399, 400}}},
	{{RANGE("bytes=-1"), IF_RANGE(" \"b\"\t"), ACCEPT("gzip, br;q=0.1")},
		I | G | B, STATUS_PARTIAL, CODING_BR, {{199, 200}}},
	{{RANGE("bytes=400-"), IF_RANGE("\"g\""), ACCEPT("gzip")}, I | G,
		STATUS_RANGE, CODING_GZIP, {{0, 0}}},
	/* Of one that If-Match names, the one of If-Range among them. */
	{{RANGE("bytes=-1"), MATCH("\"g\""), ACCEPT("gzip")}, I | G,
		STATUS_PARTIAL, CODING_GZIP, {{399, 400}}},
	{{RANGE("bytes=-1"), MATCH("\"y\", \"g\""), ACCEPT("gzip, br")},
		I | G | B, STATUS_PARTIAL, CODING_GZIP, {{399, 400}}},
	{{RANGE("bytes=-1"), MATCH("\"b\", \"g\""), ACCEPT("gzip, br;q=0.1")},
		I | G | B, STATUS_PARTIAL, CODING_GZIP, {{399, 400}}},
	{{RANGE("bytes=-1"), MATCH("\"g\", \"i\""), ACCEPT("gzip")}, I | G,
		STATUS_PARTIAL, CODING_IDENTITY, {{999, 1000}}},
	{{RANGE("bytes=-1"), MATCH("*"), ACCEPT("gzip")}, I | G, STATUS_PARTIAL,
		CODING_IDENTITY, {{999, 1000}}},
	{{RANGE("bytes=-1"), MATCH("\"g\", \"b\""), IF_RANGE("\"g\""),
		 ACCEPT("gzip, br")},
		I | G | B, STATUS_PARTIAL, CODING_GZIP, {{399, 400}}},
	{{RANGE("bytes=-1"), MATCH("\"g\""), IF_RANGE(SAME), ACCEPT("gzip")},
		I | G, STATUS_PARTIAL, CODING_GZIP, {{399, 400}}},
	{{RANGE("bytes=-1"), MATCH("\"g\""), IF_RANGE("\"i\""), ACCEPT("gzip")},
		I | G, STATUS_OK, CODING_GZIP, {{0, 0}}},
	{{RANGE("bytes=-1"), MATCH("\"g\"")}, I | G, STATUS_FAILED_CONDITION,
		CODING_IDENTITY, {{0, 0}}},
	{{RANGE("bytes=-1"), MATCH("\"g\""), ACCEPT("gzip;q=0, br")}, I | G | B,
		STATUS_FAILED_CONDITION, CODING_IDENTITY, {{0, 0}}},
	{{RANGE("bytes=-1"), MATCH("W/\"g\""), ACCEPT("gzip")}, I | G,
		STATUS_FAILED_CONDITION, CODING_IDENTITY, {{0, 0}}},
	/* That form must be acceptable, and exist. */
	{{RANGE("bytes=0-0"), IF_RANGE("\"g\"")}, I | G, STATUS_OK,
		CODING_IDENTITY, {{0, 0}}},
	{{RANGE("bytes=0-0"), IF_RANGE("\"g\""), ACCEPT("gzip;q=0, br")},
		I | G | B, STATUS_OK, CODING_BR, {{0, 0}}},
	{{RANGE("bytes=0-0"), IF_RANGE("\"g\""), ACCEPT("gzip")}, I, STATUS_OK,
		CODING_IDENTITY, {{0, 0}}},
	{{RANGE("bytes=0-0"), IF_RANGE("\"i\""), ACCEPT("gzip, identity;q=0")},
		I | G, STATUS_OK, CODING_GZIP, {{0, 0}}},
	/* If-Range is a single strong tag, and none else. */
	{{RANGE("bytes=0-0"), IF_RANGE("\"y\"")}, I, STATUS_OK, CODING_IDENTITY,
		{{0, 0}}},
	{{RANGE("bytes=0-0"), IF_RANGE("\"y\""), ACCEPT("gzip")}, I | G,
		STATUS_OK, CODING_GZIP, {{0, 0}}},
	{{RANGE("bytes=0-0"), IF_RANGE("W/\"i\"")}, I, STATUS_OK,
		CODING_IDENTITY, {{0, 0}}},
	{{RANGE("bytes=0-0"), IF_RANGE("*")}, I, STATUS_OK, CODING_IDENTITY,
		{{0, 0}}},
	{{RANGE("bytes=0-0"), IF_RANGE("\"i\", \"y\"")}, I, STATUS_OK,
		CODING_IDENTITY, {{0, 0}}},
	{{RANGE("bytes=0-0"), IF_RANGE("i")}, I, STATUS_OK, CODING_IDENTITY,
		{{0, 0}}},
	/* Or the exact date. */
	{{RANGE("bytes=0-0"), IF_RANGE(SAME)}, I, STATUS_PARTIAL,
		CODING_IDENTITY, {{0, 1}}},
	{{RANGE("bytes=0-0"), IF_RANGE(SAME_OLD)}, I, STATUS_PARTIAL,
		CODING_IDENTITY, {{0, 1}}},
	{{RANGE("bytes=0-0"), IF_RANGE(SAME_C)}, I, STATUS_PARTIAL,
		CODING_IDENTITY, {{0, 1}}},
	{{RANGE("bytes=0-0"), IF_RANGE(LATER)}, I, STATUS_OK, CODING_IDENTITY,
		{{0, 0}}},
	{{RANGE("bytes=0-0"), IF_RANGE(EARLIER)}, I, STATUS_OK, CODING_IDENTITY,
		{{0, 0}}},
	{{RANGE("bytes=0-0"), IF_RANGE(FUTURE)}, I, STATUS_OK, CODING_IDENTITY,
		{{0, 0}}},
	{{RANGE("bytes=0-0"), IF_RANGE(NO_DATE)}, I, STATUS_OK, CODING_IDENTITY,
		{{0, 0}}},
	/* It says nothing without Range, or where there is nothing to cut. */
	{{IF_RANGE("\"i\""), ACCEPT("gzip")}, I | G, STATUS_OK, CODING_GZIP,
		{{0, 0}}},
	{{IF_RANGE("\"y\"")}, I, STATUS_OK, CODING_IDENTITY, {{0, 0}}},
	{{RANGE("bytes=1000-"), IF_RANGE("\"y\"")}, I, STATUS_OK,
		CODING_IDENTITY, {{0, 0}}},
	{{RANGE("bytes=1000-"), IF_RANGE("\"i\"")}, I, STATUS_RANGE,
		CODING_IDENTITY, {{0, 0}}},
	{{RANGE("bytes=0-0"), IF_RANGE("")}, I, STATUS_PARTIAL, CODING_IDENTITY,
		{{0, 1}}},
	/* Behind the other conditions. */
	{{RANGE("bytes=0-0"), MATCH("\"y\"")}, I, STATUS_FAILED_CONDITION,
		CODING_IDENTITY, {{0, 0}}},
	{{RANGE("bytes=0-0"), MATCH("\"i\"")}, I, STATUS_PARTIAL,
		CODING_IDENTITY, {{0, 1}}},
	{{RANGE("bytes=0-0"), NONE_MATCH("\"i\"")}, I, STATUS_NOT_MODIFIED,
		CODING_IDENTITY, {{0, 0}}},
	{{RANGE("bytes=0-0"), NONE_MATCH("\"y\"")}, I, STATUS_PARTIAL,
		CODING_IDENTITY, {{0, 1}}},
	{{RANGE("bytes=1000-"), SINCE(SAME)}, I, STATUS_NOT_MODIFIED,
		CODING_IDENTITY, {{0, 0}}},
	{{RANGE("bytes=1000-"), UNCHANGED(EARLIER)}, I, STATUS_FAILED_CONDITION,
		CODING_IDENTITY, {{0, 0}}},
	{{RANGE("bytes=0-0"), IF_RANGE("\"y\""), UNCHANGED(EARLIER)}, I,
		STATUS_FAILED_CONDITION, CODING_IDENTITY, {{0, 0}}},
};

static void
test_codings(void **state)
{
	(void)state;
	check_rows("codings", codings, COUNT(codings), METHOD_GET);
	check_rows("codings", codings, COUNT(codings), METHOD_HEAD);
}

static void
test_conditions(void **state)
{
	(void)state;
	check_rows("conditions", conditions, COUNT(conditions), METHOD_GET);
	check_rows("conditions", conditions, COUNT(conditions), METHOD_HEAD);
}

static void
test_ranges(void **state)
{
	(void)state;
	check_rows("ranges", ranges, COUNT(ranges), METHOD_GET);
}

/* HEAD knows no range: it is answered as without Range and If-Range. */
static void
test_ranges_of_head(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(ranges); i++) {
		struct representations found = member;
		struct request request = {.method = METHOD_HEAD};
		struct negotiation with, without;
		char asked[32];

		for (size_t k = 0; k < PARAMS; k++)
			request.param[k] = str_of(ranges[i].param[k]);
		found.available = ranges[i].available;
		negotiate(&with, &request, &found, NOW);
		request.param[PARAM_RANGE] = str_of(NULL);
		request.param[PARAM_IF_RANGE] = str_of(NULL);
		negotiate(&without, &request, &found, NOW);
		snprintf(asked, sizeof(asked), "ranges %zu", i);
		failed += differ_number(
			asked, "status", (int)with.status, (int)without.status);
		failed += differ_number(
			asked, "coding", (int)with.coding, (int)without.coding);
		failed += with.status == STATUS_PARTIAL ||
			with.status == STATUS_RANGE;
	}
	assert_int_equal(failed, 0);
}

/* PARTS_MAX parts, and one more. */
static void
test_many_ranges(void **state)
{
	struct representations found = member;
	struct request request = {.method = METHOD_GET};
	struct negotiation n;
	char field[512] = "bytes=";

	(void)state;
	found.available = I;
	for (int i = 0; i < PARTS_MAX; i++)
		snprintf(field + strlen(field), 12, "%d-%d,", 3 * i, 3 * i);
	request.param[PARAM_RANGE] = str_of(field);
	negotiate(&n, &request, &found, NOW);
	assert_int_equal(n.status, STATUS_PARTIAL);
	assert_int_equal(n.nparts, PARTS_MAX);

	snprintf(field + strlen(field), 12, "999-");
	request.param[PARAM_RANGE] = str_of(field);
	negotiate(&n, &request, &found, NOW);
	assert_int_equal(n.status, STATUS_OK);
}

/* A member without a byte has no part, but an end. */
static void
test_empty(void **state)
{
	static const struct {
		const char *range;
		enum status want;
	} table[] = {
		{"bytes=0-", STATUS_RANGE},
		{"bytes=0-0", STATUS_RANGE},
		{"bytes=-0", STATUS_RANGE},
		{"bytes=-1", STATUS_OK},
		{"bytes=a", STATUS_OK},
	};
	struct representations found = member;
	unsigned failed = 0;

	(void)state;
	found.available = I;
	found.of[CODING_IDENTITY].size = 0;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct request request = {.method = METHOD_GET};
		struct negotiation n;

		request.param[PARAM_RANGE] = str_of(table[i].range);
		negotiate(&n, &request, &found, NOW);
		failed += differ_number(table[i].range, "status", (int)n.status,
			(int)table[i].want);
	}
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codings),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_ranges_of_head),
		cmocka_unit_test(test_many_ranges),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests_name("negotiate", tests, NULL, NULL);
}
