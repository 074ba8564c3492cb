/* wire: records of FastCGI. */

#include "unit.h"
#include "wire.h"

enum {
	BEGIN = 1,
	ABORT = 2,
	END = 3,
	PARAMS = 4,
	STDIN = 5,
	DATA = 8,
	GET_VALUES = 9,
	UNKNOWN = 11,

	ROOM = 400 * 1024,
};

/* Records as they are sent. */
struct wire {
	unsigned char p[ROOM];
	size_t n;
};

struct record {
	int type; /* 0: no more */
	int id;
	struct str content; /* p NULL: n zeros, which are empty parameters */
	int padding;
};

static void
add(struct wire *wire, const struct record *r)
{
	unsigned char *p = wire->p + wire->n;
	const size_t n = r->content.n;

	assert_true(wire->n + 8 + n + 255 <= ROOM && n <= 65535);
	p[0] = 1;
	p[1] = (unsigned char)r->type;
	p[2] = (unsigned char)(r->id >> 8);
	p[3] = (unsigned char)r->id;
	p[4] = (unsigned char)(n >> 8);
	p[5] = (unsigned char)n;
	p[6] = (unsigned char)r->padding;
	p[7] = 0xee;
	if (r->content.p != NULL)
		memcpy(p + 8, r->content.p, n);
	else
		memset(p + 8, 0, n);
	memset(p + 8 + n, 0xee, (size_t)r->padding);
	wire->n += 8 + n + (size_t)r->padding;
}

static void
add_all(struct wire *wire, const struct record *records, size_t most)
{
	for (size_t i = 0; i < most && records[i].type != 0; i++)
		add(wire, &records[i]);
}

/* wire_look at the first n bytes, in memory that ends there. */
static enum wire_state
look(const struct wire *wire, size_t n, struct wire_request *request)
{
	struct str copy = copy_exactly((struct str){(const char *)wire->p, n});
	enum wire_state state =
		wire_look((const unsigned char *)copy.p, n, request);

	free((char *)copy.p);
	return state;
}

static const char *
state_name(enum wire_state state)
{
	static const char *const names[] = {
		[WIRE_PART] = "part",
		[WIRE_WHOLE] = "whole",
		[WIRE_MANAGEMENT] = "management",
		[WIRE_STRAY] = "stray",
		[WIRE_PARAMS_TOO_LONG] = "params too long",
		[WIRE_BODY_TOO_LONG] = "body too long",
		[WIRE_WRONG_ROLE] = "wrong role",
		[WIRE_BAD] = "bad",
	};

	return names[state];
}

static unsigned
differ_state(
	const char *asked, size_t at, enum wire_state got, enum wire_state want)
{
	if (got == want)
		return 0;
	print_error("%s: %zu: got %s, want %s\n", asked, at, state_name(got),
		state_name(want));
	return 1;
}

/* clang-format off */
#define BODY(n)      {NULL, (n)}
#define NOTHING      {NULL, 0}
/* clang-format on */
#define CLOSED       BYTES("\0\1\0\0\0\0\0\0") /* a responder */
#define KEPT         BYTES("\0\1\1\0\0\0\0\0")
#define PAIR         BYTES("\1\1ab")
#define MOST_RECORDS 8

static const struct {
	const char *asked;
	enum wire_state want;
	struct record records[MOST_RECORDS];
} table[] = {
	/* Whole. */
	{"no body", WIRE_WHOLE,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, PAIR, 0},
			{PARAMS, 1, NOTHING, 0}, {STDIN, 1, NOTHING, 0}}},
	{"no parameters", WIRE_WHOLE,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, NOTHING, 0},
			{STDIN, 1, NOTHING, 0}}},
	/* libfcgi would take padding of the first record for the next one. */
	{"padding behind the beginning", WIRE_BAD, {{BEGIN, 1, KEPT, 8}}},
	{"padding", WIRE_WHOLE,
		{{BEGIN, 1, KEPT, 0}, {PARAMS, 1, PAIR, 255},
			{PARAMS, 1, NOTHING, 7}, {STDIN, 1, BODY(3), 5},
			{STDIN, 1, NOTHING, 255}}},
	{"several of each", WIRE_WHOLE,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, BYTES("\1"), 0},
			{PARAMS, 1, BYTES("\1a"), 0},
			{PARAMS, 1, BYTES("b"), 7}, {PARAMS, 1, NOTHING, 0},
			{STDIN, 1, BODY(1), 0}, {STDIN, 1, BODY(1), 0},
			{STDIN, 1, NOTHING, 0}}},
	{"the largest id", WIRE_WHOLE,
		{{BEGIN, 65535, KEPT, 0}, {PARAMS, 65535, NOTHING, 0},
			{STDIN, 65535, NOTHING, 0}}},
	{"an id whose low byte is 0", WIRE_WHOLE,
		{{BEGIN, 256, KEPT, 0}, {PARAMS, 256, NOTHING, 0},
			{STDIN, 256, NOTHING, 0}}},
	{"others' records between", WIRE_BAD,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 257, BODY(9), 3},
			{PARAMS, 1, NOTHING, 0}, {ABORT, 2, NOTHING, 0},
			{STDIN, 2, NOTHING, 0}, {STDIN, 1, NOTHING, 0}}},
	/* Not yet. */
	{"nothing", WIRE_PART, {{0, 0, NOTHING, 0}}},
	{"begun", WIRE_PART, {{BEGIN, 1, CLOSED, 0}}},
	{"parameters go on", WIRE_PART,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, PAIR, 0}}},
	{"parameters are there", WIRE_PART,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, NOTHING, 0}}},
	{"the body goes on", WIRE_PART,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, NOTHING, 0},
			{STDIN, 1, BODY(1), 0}}},
	{"the end of another one's body", WIRE_BAD,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, NOTHING, 0},
			{STDIN, 2, NOTHING, 0}}},
	{"nothing begun", WIRE_STRAY,
		{{PARAMS, 1, NOTHING, 0}, {STDIN, 1, NOTHING, 0}}},
	/* Requests are not multiplexed. */
	{"another begun", WIRE_BAD,
		{{BEGIN, 1, CLOSED, 0}, {BEGIN, 2, CLOSED, 0},
			{PARAMS, 1, NOTHING, 0}, {PARAMS, 2, NOTHING, 0},
			{STDIN, 1, NOTHING, 0}}},
	{"the same begun again", WIRE_BAD,
		{{BEGIN, 1, CLOSED, 0}, {BEGIN, 1, CLOSED, 0}}},
	/* What comes first and is about no request is answered first. */
	{"a question", WIRE_MANAGEMENT, {{GET_VALUES, 0, NOTHING, 0}}},
	{"questions", WIRE_MANAGEMENT,
		{{GET_VALUES, 0, BYTES("\17\0FCGI_MPXS_CONNS"), 7},
			{UNKNOWN + 1, 0, BODY(3), 0}, {255, 0, NOTHING, 0}}},
	{"a question, and a request", WIRE_MANAGEMENT,
		{{GET_VALUES, 0, NOTHING, 0}, {BEGIN, 1, CLOSED, 0},
			{PARAMS, 1, NOTHING, 0}, {STDIN, 1, NOTHING, 0}}},
	{"a beginning of no request", WIRE_MANAGEMENT, {{BEGIN, 0, CLOSED, 0}}},
	{"a large question", WIRE_MANAGEMENT,
		{{GET_VALUES, 0, BODY(65535), 255}}},
	{"begun, and a question", WIRE_BAD,
		{{BEGIN, 1, CLOSED, 0}, {GET_VALUES, 0, NOTHING, 0}}},
	{"questions between", WIRE_BAD,
		{{BEGIN, 1, CLOSED, 0}, {GET_VALUES, 0, BODY(9), 1},
			{PARAMS, 1, NOTHING, 0}, {GET_VALUES, 0, NOTHING, 0},
			{STDIN, 1, BODY(2), 0}, {255, 0, BODY(9), 1},
			{STDIN, 1, NOTHING, 0}}},
	/* Roles. */
	{"an authorizer", WIRE_WRONG_ROLE,
		{{BEGIN, 1, BYTES("\0\2\0\0\0\0\0\0"), 0}}},
	{"a filter", WIRE_WRONG_ROLE,
		{{BEGIN, 1, BYTES("\0\3\1\0\0\0\0\0"), 0},
			{PARAMS, 1, NOTHING, 0}}},
	{"role 0", WIRE_WRONG_ROLE, {{BEGIN, 1, BYTES("\0\0\0\0\0\0\0\0"), 0}}},
	{"role 257", WIRE_WRONG_ROLE,
		{{BEGIN, 1, BYTES("\1\1\0\0\0\0\0\0"), 0}}},
	/* Nonsense. */
	{"too short a beginning", WIRE_BAD,
		{{BEGIN, 1, BYTES("\0\1\0\0\0\0\0"), 1}}},
	{"too long a beginning", WIRE_BAD,
		{{BEGIN, 1, BYTES("\0\1\0\0\0\0\0\0\0"), 0}}},
	{"an empty beginning", WIRE_BAD, {{BEGIN, 1, NOTHING, 0}}},
	{"aborted", WIRE_BAD,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, PAIR, 0},
			{ABORT, 1, NOTHING, 0}}},
	{"aborted at its end", WIRE_BAD,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, NOTHING, 0},
			{STDIN, 1, BODY(1), 0}, {ABORT, 1, NOTHING, 0},
			{STDIN, 1, NOTHING, 0}}},
	{"a body without parameters", WIRE_BAD,
		{{BEGIN, 1, CLOSED, 0}, {STDIN, 1, NOTHING, 0}}},
	{"a body among parameters", WIRE_BAD,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, PAIR, 0},
			{STDIN, 1, BODY(1), 0}}},
	{"parameters behind their end", WIRE_BAD,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, NOTHING, 0},
			{PARAMS, 1, PAIR, 0}}},
	{"the end of parameters twice", WIRE_BAD,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, NOTHING, 0},
			{PARAMS, 1, NOTHING, 0}}},
	{"a filter's data", WIRE_BAD,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, NOTHING, 0},
			{DATA, 1, NOTHING, 0}}},
	{"an answer", WIRE_BAD, {{BEGIN, 1, CLOSED, 0}, {END, 1, BODY(8), 0}}},
	{"a question of a request", WIRE_BAD,
		{{BEGIN, 1, CLOSED, 0}, {GET_VALUES, 1, NOTHING, 0}}},
	{"an unknown type", WIRE_BAD,
		{{BEGIN, 1, CLOSED, 0}, {UNKNOWN + 1, 1, NOTHING, 0}}},
	{"type 255", WIRE_BAD, {{BEGIN, 1, CLOSED, 0}, {255, 1, NOTHING, 0}}},
	/* Parameters that are none. */
	{"a length alone", WIRE_BAD,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, BYTES("\1"), 0},
			{PARAMS, 1, NOTHING, 0}}},
	{"half a length", WIRE_BAD,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, BYTES("\200\0\0"), 0},
			{PARAMS, 1, NOTHING, 0}}},
	{"half a value", WIRE_BAD,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, BYTES("\1\2ab"), 0},
			{PARAMS, 1, NOTHING, 0}}},
	{"a length beyond all limits", WIRE_PARAMS_TOO_LONG,
		{{BEGIN, 1, CLOSED, 0},
			{PARAMS, 1, BYTES("\1\377\377\377\377"), 0}}},
	{"lengths whose sum is", WIRE_PARAMS_TOO_LONG,
		{{BEGIN, 1, CLOSED, 0},
			{PARAMS, 1, BYTES("\377\377\377\377\200\0\0\1"), 0}}},
	{"long lengths of little", WIRE_WHOLE,
		{{BEGIN, 1, CLOSED, 0},
			{PARAMS, 1, BYTES("\200\0\0\1\200\0\0\1ab\1\0c"), 0},
			{PARAMS, 1, NOTHING, 0}, {STDIN, 1, NOTHING, 0}}},
	{"lengths in pieces", WIRE_WHOLE,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, BYTES("\200\0"), 0},
			{PARAMS, 1, BYTES("\0\1\200"), 0},
			{PARAMS, 1, BYTES("\0\0"), 0},
			{PARAMS, 1, BYTES("\1ab\0"), 0},
			{PARAMS, 1, BYTES("\0"), 0}, {PARAMS, 1, NOTHING, 0},
			{STDIN, 1, NOTHING, 0}}},
	/* Sizes at their limits. */
	{"parameters of 64 KiB", WIRE_WHOLE,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, BODY(65535), 0},
			{PARAMS, 1, BODY(1), 7}, {PARAMS, 1, NOTHING, 0},
			{STDIN, 1, NOTHING, 0}}},
	{"one byte more", WIRE_PARAMS_TOO_LONG,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, BODY(32768), 255},
			{PARAMS, 1, BODY(32769), 0}}},
	{"a body of 64 KiB", WIRE_WHOLE,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, NOTHING, 0},
			{STDIN, 1, BODY(65535), 0}, {STDIN, 1, BODY(1), 7},
			{STDIN, 1, NOTHING, 0}}},
	{"a body of one byte more", WIRE_BODY_TOO_LONG,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, NOTHING, 0},
			{STDIN, 1, BODY(1), 255}, {STDIN, 1, BODY(65535), 0},
			{STDIN, 1, BODY(1), 0}, {STDIN, 1, NOTHING, 0}}},
	{"both of 64 KiB", WIRE_WHOLE,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, BODY(65535), 0},
			{PARAMS, 1, BODY(1), 0}, {PARAMS, 1, NOTHING, 0},
			{STDIN, 1, BODY(1), 0}, {STDIN, 1, BODY(65535), 0},
			{STDIN, 1, NOTHING, 0}}},
};

static struct wire wire;

static void
test_records(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct wire_request request;

		wire.n = 0;
		add_all(&wire, table[i].records, MOST_RECORDS);
		failed += differ_state(table[i].asked, wire.n,
			look(&wire, wire.n, &request), table[i].want);
	}
	assert_int_equal(failed, 0);
}

/* Where records end: 0, and behind each. */
struct ends {
	size_t at[MOST_RECORDS + 1];
	size_t n;
};

static struct ends
build(const struct record *records, size_t most)
{
	struct ends ends = {.n = 1};

	wire.n = 0;
	for (size_t i = 0; i < most && records[i].type != 0; i++) {
		add(&wire, &records[i]);
		ends.at[ends.n++] = wire.n;
	}
	return ends;
}

/* n is less than 20 bytes from where a record ends. */
static bool
is_near(const struct ends *ends, size_t n)
{
	for (size_t i = 0; i < ends->n; i++) {
		if (n + 20 > ends->at[i] && n < ends->at[i] + 20)
			return true;
	}
	return false;
}

/* Every beginning of what the table has: a part until something else is clear,
 * which is not taken back.  A request is whole at its end and not before, a
 * question likewise. */
static void
test_beginnings(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *asked = table[i].asked;
		const struct ends ends = build(table[i].records, MOST_RECORDS);
		enum wire_state settled = WIRE_PART;

		for (size_t n = 0; n <= wire.n; n++) {
			struct wire_request request;
			enum wire_state got;
			size_t least = 0;

			if (!is_near(&ends, n))
				continue;
			got = look(&wire, n, &request);
			if (settled == WIRE_PART)
				settled = got;
			failed += differ_state(asked, n, got, settled);
			if (got == WIRE_WHOLE)
				least = wire.n;
			if (got == WIRE_MANAGEMENT || got == WIRE_STRAY)
				least = ends.at[1];
			if (n < least)
				failed +=
					differ_state(asked, n, got, WIRE_PART);
			if (least > 0)
				failed += differ_number(asked, "size",
					(long long)request.size,
					(long long)least);
			assert_in_range(failed, 0, 20);
		}
		failed += differ_state(asked, wire.n, settled, table[i].want);
	}
	assert_int_equal(failed, 0);
}

/* Too much is refused when a header says so, before it has come. */
static void
test_too_long_early(void **state)
{
	static const struct {
		struct record records[6];
		enum wire_state want;
	} rows[] = {
		{{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, BODY(65535), 0},
			 {PARAMS, 1, BODY(2), 0}},
			WIRE_PARAMS_TOO_LONG},
		{{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, BODY(65535), 0},
			 {PARAMS, 1, BODY(65535), 255}},
			WIRE_PARAMS_TOO_LONG},
		{{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, NOTHING, 0},
			 {STDIN, 1, BODY(65535), 0}, {STDIN, 1, BODY(2), 0}},
			WIRE_BODY_TOO_LONG},
		/* As much as there may be is waited for. */
		{{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, BODY(65535), 0},
			 {PARAMS, 1, BODY(1), 0}},
			WIRE_PART},
		{{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, NOTHING, 0},
			 {STDIN, 1, BODY(65535), 0}, {STDIN, 1, BODY(1), 0}},
			WIRE_PART},
		/* So is another one's. */
		{{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, BODY(65535), 0},
			 {PARAMS, 2, BODY(65535), 0}},
			WIRE_PART},
		{{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, BODY(65535), 0},
			 {GET_VALUES, 0, BODY(65535), 0}},
			WIRE_PART},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct wire_request request;
		size_t last = 0, header;
		char asked[32];

		wire.n = 0;
		for (size_t k = 0; rows[i].records[k].type != 0; k++) {
			last = wire.n;
			add(&wire, &rows[i].records[k]);
		}
		header = last + WIRE_HEADER_SIZE;
		snprintf(asked, sizeof(asked), "row %zu", i);
		failed += differ_state(asked, header - 1,
			look(&wire, header - 1, &request), WIRE_PART);
		failed += differ_state(asked, header,
			look(&wire, header, &request), rows[i].want);
	}
	assert_int_equal(failed, 0);
}

/* What is told of a request, with another one behind it. */
static void
test_request(void **state)
{
	static const struct {
		struct str begin;
		int id;
		bool keep;
	} rows[] = {
		{CLOSED, 1, false},
		{KEPT, 1, true},
		{KEPT, 0x1234, true},
		{CLOSED, 65535, false},
		{BYTES("\0\1\xfe\xff\xff\xff\xff\xff"), 2, false},
		{BYTES("\0\1\xff\0\0\0\0\0"), 255, true},
		{BYTES("\0\1\0\1\1\1\1\1"), 256, false},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const int id = rows[i].id;
		const struct record records[] = {
			{BEGIN, id, rows[i].begin, 0},
			{PARAMS, id, BODY(1000), 5},
			{PARAMS, id, BODY(234), 0},
			{PARAMS, id, NOTHING, 8},
			{STDIN, id, BODY(77), 2},
			{STDIN, id, NOTHING, 1},
		};
		struct wire_request request;
		char asked[32];
		size_t size;

		wire.n = 0;
		add_all(&wire, records, COUNT(records));
		size = wire.n;
		add_all(&wire, records, COUNT(records));
		snprintf(asked, sizeof(asked), "id %d", id);
		for (size_t n = size; n <= wire.n; n++) {
			failed += differ_state(
				asked, n, look(&wire, n, &request), WIRE_WHOLE);
			failed += differ_number(asked, "id", request.id, id);
			failed += differ_number(
				asked, "keep", request.keep, rows[i].keep);
			failed += differ_number(asked, "params",
				(long long)request.params, 1234);
			failed += differ_number(asked, "size",
				(long long)request.size, (long long)size);
			assert_in_range(failed, 0, 20);
		}
	}
	assert_int_equal(failed, 0);
}

static void
test_no_fastcgi(void **state)
{
	static const struct {
		struct str bytes;
		enum wire_state want;
	} rows[] = {
		{{NULL, 0}, WIRE_PART},
		{BYTES("GET / HTTP/1.1\r\n\r\n"), WIRE_BAD},
		{BYTES("\0\0\0\0\0\0\0\0"), WIRE_BAD},
		{BYTES("\2\1\0\1\0\0\0\0"), WIRE_BAD},
		{BYTES("\377\1\0\1\0\0\0\0"), WIRE_BAD},
		/* Version 0 of an otherwise good beginning, and a bad record
		 * behind one that is passed over. */
		{BYTES("\0\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0"), WIRE_BAD},
		{BYTES("\1\5\0\1\0\0\0\0\2\11\0\0\0\0\0\0"), WIRE_STRAY},
		{BYTES("\1\5\0\1\0\0\0\0GET / HT"), WIRE_STRAY},
		/* A record of another one's of the largest size, not there. */
		{BYTES("\1\4\0\1\377\377\377\0"), WIRE_PART},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct wire_request request;
		char asked[32];

		wire.n = rows[i].bytes.n;
		if (wire.n > 0)
			memcpy(wire.p, rows[i].bytes.p, wire.n);
		snprintf(asked, sizeof(asked), "row %zu", i);
		failed += differ_state(asked, wire.n,
			look(&wire, wire.n, &request), rows[i].want);
	}
	assert_int_equal(failed, 0);
}

/* A good request with any one byte changed: what is said of its beginnings does
 * not change once it is clear, and all of the request lies in what there is. */
static void
test_changed(void **state)
{
	static const struct record records[] = {
		{BEGIN, 1, KEPT, 0},
		{PARAMS, 1, PAIR, 4},
		{PARAMS, 1, NOTHING, 0},
		{STDIN, 1, BODY(3), 0},
		{STDIN, 1, NOTHING, 0},
	};
	unsigned failed = 0;

	(void)state;
	wire.n = 0;
	add_all(&wire, records, COUNT(records));
	for (size_t at = 0; at < wire.n; at++) {
		const unsigned char good = wire.p[at];

		for (unsigned byte = 0; byte < 256; byte += 1 + byte / 24) {
			enum wire_state settled = WIRE_PART;

			wire.p[at] = (unsigned char)byte;
			for (size_t n = 0; n <= wire.n; n++) {
				struct wire_request request;
				enum wire_state got = look(&wire, n, &request);

				if (settled == WIRE_PART)
					settled = got;
				failed += got != settled;
				failed += request.size > n;
			}
			if (failed > 0)
				fail_msg("byte %zu as %u", at, byte);
		}
		wire.p[at] = good;
	}
}

/* What is told of parameters, when all of them are there. */
static void
test_params(void **state)
{
	static const struct {
		struct str content;
		bool holds_nul;
	} rows[] = {
		{BYTES("\0\0"), false},
		{BYTES("\1\1ab"), false},
		{BYTES("\1\1ab\1\0c\0\0"), false},
		{BYTES("\200\0\0\1\200\0\0\1ab"), false},
		{BYTES("\1\1\0b"), true},
		{BYTES("\1\1a\0"), true},
		{BYTES("\1\3ab\0c"), true},
		{BYTES("\3\0a\0b"), true},
		{BYTES("\200\0\0\1\200\0\0\1\0b"), true},
		{BYTES("\1\1ab\1\1a\0"), true},
		{BYTES("\1\1a\0\1\1ab"), true},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		/* Cut in two everywhere. */
		for (size_t cut = 1; cut < rows[i].content.n; cut++) {
			const struct str all = rows[i].content;
			const struct record records[] = {
				{BEGIN, 1, CLOSED, 0},
				{PARAMS, 1, str_slice(all, 0, cut), 1},
				{PARAMS, 1, str_slice(all, cut, all.n), 0},
				{PARAMS, 1, NOTHING, 0},
				{STDIN, 1, NOTHING, 0},
			};
			const struct ends ends = build(records, COUNT(records));
			struct wire_request request;
			char asked[64];

			snprintf(
				asked, sizeof(asked), "row %zu at %zu", i, cut);
			failed += differ_state(asked, ends.at[3],
				look(&wire, ends.at[3], &request), WIRE_PART);
			failed += differ_number(asked, "params_whole",
				request.params_whole, false);
			failed += differ_state(asked, ends.at[4],
				look(&wire, ends.at[4], &request), WIRE_PART);
			failed += differ_number(asked, "params_whole",
				request.params_whole, true);
			failed += differ_number(asked, "holds_nul",
				request.holds_nul, rows[i].holds_nul);
			failed += differ_state(asked, wire.n,
				look(&wire, wire.n, &request), WIRE_WHOLE);
			failed += differ_number(asked, "holds_nul",
				request.holds_nul, rows[i].holds_nul);
		}
	}
	assert_int_equal(failed, 0);
}

/* A question, and what is answered (sections 4.1 and 4.2). */
static void
test_manage(void **state)
{
#define MPXS                   \
	"\17\1FCGI_MPXS_CONNS" \
	"0"
	static const struct {
		struct record question;
		struct str want;
	} rows[] = {
		{{GET_VALUES, 0, BYTES("\17\0FCGI_MPXS_CONNS"), 7},
			BYTES("\1\12\0\0\0\x12\0\0" MPXS)},
		{{GET_VALUES, 0, NOTHING, 0}, BYTES("\1\12\0\0\0\0\0\0")},
		{{GET_VALUES, 0, BYTES("\4\0FCGI"), 0},
			BYTES("\1\12\0\0\0\0\0\0")},
		{{UNKNOWN + 1, 0, NOTHING, 0},
			BYTES("\1\13\0\0\0\10\0\0\14\0\0\0\0\0\0\0")},
		{{255, 0, BODY(9), 255},
			BYTES("\1\13\0\0\0\10\0\0\377\0\0\0\0\0\0\0")},
		{{BEGIN, 0, CLOSED, 0},
			BYTES("\1\13\0\0\0\10\0\0\1\0\0\0\0\0\0\0")},
	};
	static const struct record all = {GET_VALUES, 0,
		BYTES("\16\0FCGI_MAX_CONNS\15\0FCGI_MAX_REQS"
		      "\17\0FCGI_MPXS_CONNS"),
		0};
	unsigned char reply[WIRE_REPLY_SIZE];
	struct str copy;
	unsigned failed = 0;
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char asked[32];

		wire.n = 0;
		add(&wire, &rows[i].question);
		copy = copy_exactly((struct str){(const char *)wire.p, wire.n});
		n = wire_manage((const unsigned char *)copy.p, reply);
		free((char *)copy.p);
		snprintf(asked, sizeof(asked), "row %zu", i);
		failed += differ(
			asked, (struct str){(char *)reply, n}, rows[i].want);
	}
	wire.n = 0;
	add(&wire, &all);
	n = wire_manage(wire.p, reply);
	failed += differ_number(
		"all", "size", (long long)n, 8 + reply[4] * 256 + reply[5]);
	failed += memmem(reply, n, "FCGI_MAX_CONNS", 14) == NULL;
	failed += memmem(reply, n, "FCGI_MAX_REQS", 13) == NULL;
	failed += memmem(reply, n, MPXS, sizeof(MPXS) - 1) == NULL;
	assert_int_equal(failed, 0);
}

/* "It comes first" holds of the record that is answered, too. */
static void
test_manage_behind(void **state)
{
	static const struct record records[] = {
		{STDIN, 2, BODY(5), 0},
		{GET_VALUES, 0, NOTHING, 0},
	};
	struct wire_request request;
	unsigned failed;

	(void)state;
	wire.n = 0;
	add_all(&wire, records, COUNT(records));
	failed = differ_state("behind another one's record", wire.n,
		look(&wire, wire.n, &request), WIRE_STRAY);
	failed += differ_number("behind another one's record", "size",
		(long long)request.size, 13);
	assert_int_equal(failed, 0);
}

/* Byte for byte as in the specification, sections 3.3 and 5.5. */
static void
test_written(void **state)
{
	static const struct {
		uint16_t id;
		size_t n;
		struct str want;
	} rows[] = {
		{1, 0, BYTES("\1\6\0\1\0\0\0\0")},
		{1, 1, BYTES("\1\6\0\1\0\1\0\0")},
		{0x1234, 0xabc, BYTES("\1\6\x12\x34\x0a\xbc\0\0")},
		{65535, WIRE_RECORD_MAX, BYTES("\1\6\xff\xff\xff\xf8\0\0")},
	};
	unsigned char header[WIRE_HEADER_SIZE], end[WIRE_END_SIZE];
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		memset(header, 0xee, sizeof(header));
		wire_stdout(header, rows[i].id, rows[i].n);
		failed += differ("header",
			(struct str){(char *)header, sizeof(header)},
			rows[i].want);
	}
	memset(end, 0xee, sizeof(end));
	wire_end(end, 0x1234);
	failed += differ("end", (struct str){(char *)end, sizeof(end)},
		STR("\1\6\x12\x34\0\0\0\0\1\3\x12\x34\0\10\0\0"
		    "\0\0\0\0\0\0\0\0"));
	memset(end, 0xee, sizeof(end));
	wire_refuse_role(end, 7);
	failed += differ("refusal", (struct str){(char *)end, sizeof(end)},
		STR("\1\6\0\7\0\0\0\0\1\3\0\7\0\10\0\0"
		    "\0\0\0\0\3\0\0\0"));
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_beginnings),
		cmocka_unit_test(test_too_long_early),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_no_fastcgi),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_manage),
		cmocka_unit_test(test_manage_behind),
		cmocka_unit_test(test_written),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
