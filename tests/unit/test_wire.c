/* wire: records of FastCGI. */

#include "fcgi/wire.h"
#include "unit.h"

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
struct wire_bytes {
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
add(struct wire_bytes *wire, const struct record *r)
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
add_all(struct wire_bytes *wire, const struct record *records, size_t most)
{
	for (size_t i = 0; i < most && records[i].type != 0; i++)
		add(wire, &records[i]);
}

/* The result of wire_look, and the bytes that it leaves. */
struct seen {
	enum wire_state state;
	struct wire wire;
	unsigned char *p;
	size_t n;
};

/* wire_look at the first n bytes at once, in memory that ends there. */
static struct seen
look(const struct wire_bytes *bytes, size_t n)
{
	struct str copy = copy_exactly((struct str){(const char *)bytes->p, n});
	struct seen seen = {.p = (unsigned char *)(uintptr_t)copy.p, .n = n};

	seen.state = wire_look(&seen.wire, seen.p, &seen.n);
	return seen;
}

static enum wire_state
state_at(const struct wire_bytes *bytes, size_t n)
{
	struct seen seen = look(bytes, n);

	free(seen.p);
	return seen.state;
}

static const char *
state_name(enum wire_state state)
{
	static const char *const names[] = {
		[WIRE_PART] = "part",
		[WIRE_WHOLE] = "whole",
		[WIRE_QUESTION] = "question",
		[WIRE_PARAMS_TOO_LONG] = "params too long",
		[WIRE_BODY_TOO_LONG] = "body too long",
		[WIRE_WRONG_ROLE] = "wrong role",
		[WIRE_ABORTED] = "aborted",
		[WIRE_FOREIGN] = "foreign",
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
	{"padding behind the beginning", WIRE_WHOLE,
		{{BEGIN, 1, KEPT, 8}, {PARAMS, 1, NOTHING, 0},
			{STDIN, 1, NOTHING, 0}}},
	{"behind others' records", WIRE_WHOLE,
		{{ABORT, 1, NOTHING, 8}, {STDIN, 2, BODY(9), 3},
			{PARAMS, 1, PAIR, 1}, {BEGIN, 1, CLOSED, 0},
			{PARAMS, 1, NOTHING, 0}, {STDIN, 1, NOTHING, 0}}},
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
	{"nothing begun", WIRE_PART,
		{{PARAMS, 1, NOTHING, 0}, {STDIN, 1, NOTHING, 0}}},
	/* Requests are not multiplexed. */
	{"another begun", WIRE_BAD,
		{{BEGIN, 1, CLOSED, 0}, {BEGIN, 2, CLOSED, 0},
			{PARAMS, 1, NOTHING, 0}, {PARAMS, 2, NOTHING, 0},
			{STDIN, 1, NOTHING, 0}}},
	{"the same begun again", WIRE_BAD,
		{{BEGIN, 1, CLOSED, 0}, {BEGIN, 1, CLOSED, 0}}},
	/* A record that comes first and belongs to no request is answered
	   first. */
	{"a question", WIRE_QUESTION, {{GET_VALUES, 0, NOTHING, 0}}},
	{"questions", WIRE_QUESTION,
		{{GET_VALUES, 0, BYTES("\17\0FCGI_MPXS_CONNS"), 7},
			{UNKNOWN + 1, 0, BODY(3), 0}, {255, 0, NOTHING, 0}}},
	{"a question, and a request", WIRE_QUESTION,
		{{GET_VALUES, 0, NOTHING, 0}, {BEGIN, 1, CLOSED, 0},
			{PARAMS, 1, NOTHING, 0}, {STDIN, 1, NOTHING, 0}}},
	{"a beginning of no request", WIRE_QUESTION, {{BEGIN, 0, CLOSED, 0}}},
	{"a large question", WIRE_QUESTION,
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
	{"aborted", WIRE_ABORTED,
		{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, PAIR, 0},
			{ABORT, 1, NOTHING, 0}}},
	{"aborted at its end", WIRE_ABORTED,
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

static struct wire_bytes wire;

static void
test_records(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		wire.n = 0;
		add_all(&wire, table[i].records, MOST_RECORDS);
		failed += differ_state(table[i].asked, wire.n,
			state_at(&wire, wire.n), table[i].want);
	}
	assert_int_equal(failed, 0);
}

/* The first byte behind what is looked at piece by piece. */
struct pieces {
	struct seen seen;
	size_t fed;
};

/* Look at bytes up to to, of which those before fed have been looked at. */
static void
feed(struct pieces *pieces, const struct wire_bytes *bytes, size_t to)
{
	struct seen *seen = &pieces->seen;

	if (to > pieces->fed)
		memcpy(seen->p + seen->n, bytes->p + pieces->fed,
			to - pieces->fed);
	seen->n += to - pieces->fed;
	pieces->fed = to;
	seen->state = wire_look(&seen->wire, seen->p, &seen->n);
}

static unsigned
differ_seen(const char *asked, size_t at, const struct seen *got,
	const struct seen *want)
{
	unsigned failed = differ_state(asked, at, got->state, want->state);

	failed += differ_number(asked, "kept", (long long)got->wire.held,
		(long long)want->wire.held);
	failed += differ_number(
		asked, "stage", got->wire.stage, want->wire.stage);
	if (got->n != want->n ||
		(got->n > 0 && memcmp(got->p, want->p, got->n) != 0)) {
		print_error("%s: %zu: other bytes are left\n", asked, at);
		failed++;
	}
	return failed;
}

/* Pieces of size bytes, up to what settles it, say the same as all bytes up to
 * there at once, leave the same, and need room for no more than what is kept
 * and a piece. */
static unsigned
check_pieces(const char *asked, size_t size)
{
	struct pieces pieces = {.seen.p = malloc(ROOM)};
	unsigned failed = 0;

	while (pieces.fed < wire.n && pieces.seen.state == WIRE_PART &&
		failed == 0) {
		size_t to = pieces.fed + size;
		struct seen at_once;

		feed(&pieces, &wire, to < wire.n ? to : wire.n);
		if (pieces.fed % 997 != 0 && pieces.fed + 100 < wire.n &&
			pieces.seen.state == WIRE_PART && pieces.fed > 400)
			continue;
		at_once = look(&wire, pieces.fed);
		failed +=
			differ_seen(asked, pieces.fed, &pieces.seen, &at_once);
		failed += pieces.seen.state == WIRE_PART &&
			pieces.seen.n >=
				pieces.seen.wire.held + WIRE_HEADER_SIZE;
		free(at_once.p);
	}
	free(pieces.seen.p);
	return failed;
}

/* However it comes, it is the same. */
static void
test_pieces(void **state)
{
	static const size_t sizes[] = {1, 2, 3, 7, 8, 9, 16, 1000, 4096};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		wire.n = 0;
		add_all(&wire, table[i].records, MOST_RECORDS);
		for (size_t k = 0; k < COUNT(sizes); k++)
			failed += check_pieces(table[i].asked, sizes[k]);
	}
	assert_int_equal(failed, 0);
}

/* A request is whole at its end and not before. */
static void
test_not_before_its_end(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		if (table[i].want != WIRE_WHOLE)
			continue;
		wire.n = 0;
		add_all(&wire, table[i].records, MOST_RECORDS);
		for (size_t n = 1; n < 300 && n <= wire.n; n++)
			failed += differ_state(table[i].asked, wire.n - n,
				state_at(&wire, wire.n - n), WIRE_PART);
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
		/* Another one's is not. */
		{{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, BODY(65535), 0},
			 {PARAMS, 2, BODY(65535), 0}},
			WIRE_BAD},
		{{{BEGIN, 1, CLOSED, 0}, {PARAMS, 1, BODY(65535), 0},
			 {GET_VALUES, 0, BODY(65535), 0}},
			WIRE_BAD},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
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
			state_at(&wire, header - 1), WIRE_PART);
		failed += differ_state(
			asked, header, state_at(&wire, header), rows[i].want);
	}
	assert_int_equal(failed, 0);
}

/* A request is read the same with another one behind it. */
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
		char asked[32];
		size_t size;

		wire.n = 0;
		add_all(&wire, records, COUNT(records));
		size = wire.n;
		add_all(&wire, records, COUNT(records));
		snprintf(asked, sizeof(asked), "id %d", id);
		for (size_t n = size; n <= wire.n; n++) {
			struct seen seen = look(&wire, n);

			failed +=
				differ_state(asked, n, seen.state, WIRE_WHOLE);
			failed += differ_number(asked, "id", seen.wire.id, id);
			failed += differ_number(
				asked, "keep", seen.wire.keep, rows[i].keep);
			failed += differ_number(asked, "params",
				(long long)seen.wire.held, 1234);
			wire_next(&seen.wire, seen.p, &seen.n);
			failed += differ_number(asked, "behind",
				(long long)seen.n, (long long)(n - size));
			if (seen.n > 0)
				assert_memory_equal(
					seen.p, wire.p + size, seen.n);
			failed += wire_has_begun(&seen.wire);
			free(seen.p);
			assert_in_range(failed, 0, 20);
		}
	}
	assert_int_equal(failed, 0);
}

/* Parameters in several records are moved together. */
static void
test_kept(void **state)
{
	static const struct record records[] = {
		{BEGIN, 1, KEPT, 7},
		{PARAMS, 1, BYTES("\1\2a"), 5},
		{PARAMS, 1, BYTES("bc"), 0},
		{PARAMS, 1, BYTES("\0\0"), 255},
		{PARAMS, 1, NOTHING, 3},
		{STDIN, 1, BODY(77), 2},
		{STDIN, 1, NOTHING, 1},
	};
	struct seen seen;
	unsigned failed;

	(void)state;
	wire.n = 0;
	add_all(&wire, records, COUNT(records));
	seen = look(&wire, wire.n);
	failed = differ("kept", (struct str){(char *)seen.p, seen.n},
		STR("\1\2abc\0\0"));
	free(seen.p);
	assert_int_equal(failed, 0);
}

/* What no record begins with is known from its first byte on, and is left. */
static void
test_no_fastcgi(void **state)
{
	static const struct {
		struct str bytes;
		enum wire_state want;
		struct str left;
	} rows[] = {
		{{NULL, 0}, WIRE_PART, {NULL, 0}},
		{BYTES("\n"), WIRE_FOREIGN, BYTES("\n")},
		{BYTES("GET / HTTP/1.1\r\n\r\n"), WIRE_FOREIGN,
			BYTES("GET / HTTP/1.1\r\n\r\n")},
		{BYTES("\0\0\0\0\0\0\0\0"), WIRE_FOREIGN,
			BYTES("\0\0\0\0\0\0\0\0")},
		{BYTES("\2\1\0\1\0\0\0\0"), WIRE_FOREIGN,
			BYTES("\2\1\0\1\0\0\0\0")},
		{BYTES("\377\1"), WIRE_FOREIGN, BYTES("\377\1")},
		/* Version 0 of an otherwise good beginning, and a bad record
		 * behind one that is passed over. */
		{BYTES("\0\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0"), WIRE_FOREIGN,
			BYTES("\0\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0")},
		{BYTES("\1\5\0\1\0\0\0\0\2\11\0\0\0\0\0\0"), WIRE_FOREIGN,
			BYTES("\2\11\0\0\0\0\0\0")},
		{BYTES("\1\5\0\1\0\0\0\0GET / HT"), WIRE_FOREIGN,
			BYTES("GET / HT")},
		/* A record of another one's of the largest size, not there. */
		{BYTES("\1\4\0\1\377\377\377\0"), WIRE_PART, {NULL, 0}},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct seen seen;
		char asked[32];

		wire.n = rows[i].bytes.n;
		if (wire.n > 0)
			memcpy(wire.p, rows[i].bytes.p, wire.n);
		snprintf(asked, sizeof(asked), "row %zu", i);
		seen = look(&wire, wire.n);
		failed += differ_state(asked, wire.n, seen.state, rows[i].want);
		failed += differ(asked,
			(struct str){(const char *)seen.p, seen.n},
			rows[i].left);
		free(seen.p);
	}
	assert_int_equal(failed, 0);
}

/* A good request with any one byte changed is the same however it comes. */
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
			wire.p[at] = (unsigned char)byte;
			failed += check_pieces("changed", 1);
			failed += check_pieces("changed", 5);
			if (failed > 0)
				fail_msg("byte %zu as %u", at, byte);
		}
		wire.p[at] = good;
	}
}

/* Pairs, one after another; what is none has no end. */
static void
test_pairs(void **state)
{
	static const struct {
		struct str content;
		int pairs; /* before its end, or before what is none */
		bool whole;
		struct str name, value; /* of the last one */
	} rows[] = {
		{BYTES("\0\0"), 1, true, BYTES(""), BYTES("")},
		{BYTES("\1\1ab"), 1, true, BYTES("a"), BYTES("b")},
		{BYTES("\1\1ab\1\0c\0\2de"), 3, true, BYTES(""), BYTES("de")},
		{BYTES("\200\0\0\1\200\0\0\2abc"), 1, true, BYTES("a"),
			BYTES("bc")},
		{BYTES("\3\3a\0b\0c\0"), 1, true, BYTES("a\0b"),
			BYTES("\0c\0")},
		{BYTES("\1"), 0, false, BYTES(""), BYTES("")},
		{BYTES("\200\0\0"), 0, false, BYTES(""), BYTES("")},
		{BYTES("\0\200\0\0"), 0, false, BYTES(""), BYTES("")},
		{BYTES("\1\1ab\1\2ab"), 1, false, BYTES("a"), BYTES("b")},
		{BYTES("\1\1ab\3\0ab"), 1, false, BYTES("a"), BYTES("b")},
		{BYTES("\1\377\377\377\377ab"), 0, false, BYTES(""), BYTES("")},
		{BYTES("\377\377\377\377\1ab"), 0, false, BYTES(""), BYTES("")},
		/* Sums that are 0, or little, in 31 or 32 bits. */
		{BYTES("\377\377\377\377\200\0\0\1ab"), 0, false, BYTES(""),
			BYTES("")},
		{BYTES("\377\377\377\377\377\377\377\377ab"), 0, false,
			BYTES(""), BYTES("")},
		{BYTES("\300\0\0\0\300\0\0\2ab"), 0, false, BYTES(""),
			BYTES("")},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct str copy = copy_exactly(rows[i].content), rest = copy;
		struct str name, value, last[2] = {{NULL, 0}, {NULL, 0}};
		char asked[32];
		bool whole = true;
		int pairs = 0;

		snprintf(asked, sizeof(asked), "row %zu", i);
		while (rest.n > 0 &&
			(whole = wire_pair(&rest, &name, &value))) {
			last[0] = name;
			last[1] = value;
			pairs++;
		}
		failed += differ_number(asked, "pairs", pairs, rows[i].pairs);
		failed += differ_number(asked, "whole", whole, rows[i].whole);
		failed += differ(asked, last[0], rows[i].name);
		failed += differ(asked, last[1], rows[i].value);
		free((char *)(uintptr_t)copy.p);
	}
	assert_int_equal(failed, 0);
}

/* Each of the four bytes of a length counts. */
static void
test_lengths(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 32; bit += 8) {
		size_t n = (size_t)1 << bit, size = 1 + 4 + n;
		unsigned char *p = calloc(1, size);
		struct str rest = {(char *)p, size},
			   cut = {(char *)p, size - 1};
		struct str name, value;

		assert_non_null(p);
		p[1] = (unsigned char)(128 | n >> 24);
		p[2] = (unsigned char)(n >> 16);
		p[3] = (unsigned char)(n >> 8);
		p[4] = (unsigned char)n;
		assert_true(wire_pair(&rest, &name, &value));
		assert_int_equal(value.n, n);
		assert_int_equal(rest.n, 0);
		assert_false(wire_pair(&cut, &name, &value));
		free(p);
	}
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
		{{GET_VALUES, 0,
			 BYTES("\17\3FCGI_MPXS_CONNS123\17\0FCGI_MPXS_CONNS"),
			 0},
			BYTES("\1\12\0\0\0\x12\0\0" MPXS)},
		/* Names that hold one. */
		{{GET_VALUES, 0,
			 BYTES("\20\0XFCGI_MPXS_CONNS\20\0FCGI_MPXS_CONNSX"
			       "\16\0FCGI_MPXS_CONN\16\0%n%s%n%s%n%s%n"),
			 0},
			BYTES("\1\12\0\0\0\0\0\0")},
		/* No pairs. */
		{{GET_VALUES, 0, BYTES("\17\1FCGI_MPXS_CONNS"), 0}, BYTES("")},
		{{GET_VALUES, 0, BYTES("\377\377\377\377\377\377\377\377"), 0},
			BYTES("")},
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
	unsigned failed = 0;
	struct seen seen;
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char asked[32];

		wire.n = 0;
		add(&wire, &rows[i].question);
		seen = look(&wire, wire.n);
		snprintf(asked, sizeof(asked), "row %zu", i);
		failed +=
			differ_state(asked, wire.n, seen.state, WIRE_QUESTION);
		n = wire_manage(&seen.wire, seen.p, reply);
		failed += differ(
			asked, (struct str){(char *)reply, n}, rows[i].want);
		free(seen.p);
	}
	wire.n = 0;
	add(&wire, &all);
	seen = look(&wire, wire.n);
	n = wire_manage(&seen.wire, seen.p, reply);
	free(seen.p);
	failed += differ_number(
		"all", "size", (long long)n, 8 + reply[4] * 256 + reply[5]);
	failed += memmem(reply, n, "FCGI_MAX_CONNS", 14) == NULL;
	failed += memmem(reply, n, "FCGI_MAX_REQS", 13) == NULL;
	failed += memmem(reply, n, MPXS, sizeof(MPXS) - 1) == NULL;
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
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_not_before_its_end),
		cmocka_unit_test(test_too_long_early),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_no_fastcgi),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_manage),
		cmocka_unit_test(test_written),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
