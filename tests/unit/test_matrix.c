/* Whole requests in memory, each combination of member, method,
 * Accept-Encoding, condition and range, against what RFC 9110 asks.
 *
 * The rows say what a field means beside what it says; the oracle works on
 * meanings alone, so that it reads no field.  Status, the set of header fields
 * with their values, and the body's bytes are compared. */

#include "http/encoding.h"
#include "serve/serve.h"
#include "unit.h"
#include "zipmake.h"

#define DATE "Thu, 04 Mar 2021 05:06:08 GMT"
enum { SAVED = 1614834368 };
#define DATE_EARLY "Thu, 04 Mar 2021 05:06:07 GMT"
#define DATE_LATE  "Thu, 04 Mar 2021 05:06:09 GMT"
#define DATE_OLD   "Thursday, 04-Mar-21 05:06:08 GMT"
#define DATE_C     "Thu Mar  4 05:06:08 2021"

enum { FIELDS_MAX = 24, SHOWN_MAX = 20 };

/* A member, and its representations as they should come out. */
static struct resource {
	const char *name, *type;
	bool there, active;
	struct str content[CODINGS]; /* p NULL: there is no such form */
	char etag[CODINGS][100];
} resources[] = {
	{.name = "stored.png", .type = "image/png", .there = true},
	{.name = "deflated.html",
		.type = "text/html; charset=utf-8",
		.there = true,
		.active = true},
	{.name = "sibling.css",
		.type = "text/css; charset=utf-8",
		.there = true},
	{.name = "missing.html"},
};
enum { STORED, DEFLATED, SIBLING, MISSING };

/* Accept-Encoding, and the weights that it gives in thousandths. */
static const struct accept_row {
	const char *field;
	int weight[CODINGS];
} accepts[] = {
	{NULL, {[CODING_IDENTITY] = 1000}},
	{"gzip", {[CODING_IDENTITY] = 1, [CODING_GZIP] = 1000}},
	{"gzip, deflate, br",
		{[CODING_IDENTITY] = 1,
			[CODING_GZIP] = 1000,
			[CODING_BR] = 1000}},
	{"br;q=0.4, GZIP;q=0.5, identity;q=0.1",
		{[CODING_IDENTITY] = 100,
			[CODING_GZIP] = 500,
			[CODING_BR] = 400}},
	{"identity;q=0, *", {[CODING_GZIP] = 1000, [CODING_BR] = 1000}},
	{"x-gzip;q=0, br;q=0, identity;q=0.5", {[CODING_IDENTITY] = 500}},
	{"*;q=0", {0}},
};

/* What the value of a condition's field is. */
enum value {
	ABSENT,
	ANY,
	STRONG_IDENTITY, /* the tag of that form of the member, if it has it */
	STRONG_GZIP,
	STRONG_BR,
	WEAK_IDENTITY,
	LIST_IDENTITY, /* in a list with others */
	LIST_GZIP,
	OTHER, /* a tag of something else */
	SAME,  /* dates, against Last-Modified */
	SAME_OLD,
	SAME_C,
	EARLIER,
	LATER,
	GARBAGE,
};

enum condition {
	IF_MATCH,
	IF_UNMODIFIED_SINCE,
	IF_NONE_MATCH,
	IF_MODIFIED_SINCE,
	IF_RANGE,
	CONDITIONS
};

static const char *const condition_names[CONDITIONS] = {
	[IF_MATCH] = "IF_MATCH",
	[IF_UNMODIFIED_SINCE] = "IF_UNMODIFIED_SINCE",
	[IF_NONE_MATCH] = "IF_NONE_MATCH",
	[IF_MODIFIED_SINCE] = "IF_MODIFIED_SINCE",
	[IF_RANGE] = "IF_RANGE",
};

static const struct condition_row {
	enum value of[CONDITIONS];
} conditions[] = {
	{{ABSENT}},
	{{[IF_MATCH] = ANY}},
	{{[IF_MATCH] = STRONG_IDENTITY}},
	{{[IF_MATCH] = STRONG_GZIP}},
	{{[IF_MATCH] = WEAK_IDENTITY}},
	{{[IF_MATCH] = LIST_IDENTITY}},
	{{[IF_MATCH] = OTHER}},
	{{[IF_MATCH] = GARBAGE}},
	{{[IF_UNMODIFIED_SINCE] = SAME}},
	{{[IF_UNMODIFIED_SINCE] = LATER}},
	{{[IF_UNMODIFIED_SINCE] = EARLIER}},
	{{[IF_UNMODIFIED_SINCE] = GARBAGE}},
	{{[IF_NONE_MATCH] = ANY}},
	{{[IF_NONE_MATCH] = STRONG_IDENTITY}},
	{{[IF_NONE_MATCH] = STRONG_BR}},
	{{[IF_NONE_MATCH] = WEAK_IDENTITY}},
	{{[IF_NONE_MATCH] = LIST_GZIP}},
	{{[IF_NONE_MATCH] = OTHER}},
	{{[IF_NONE_MATCH] = GARBAGE}},
	{{[IF_MODIFIED_SINCE] = SAME}},
	{{[IF_MODIFIED_SINCE] = SAME_OLD}},
	{{[IF_MODIFIED_SINCE] = SAME_C}},
	{{[IF_MODIFIED_SINCE] = LATER}},
	{{[IF_MODIFIED_SINCE] = EARLIER}},
	{{[IF_MODIFIED_SINCE] = GARBAGE}},
	{{[IF_RANGE] = STRONG_IDENTITY}},
	{{[IF_RANGE] = STRONG_GZIP}},
	{{[IF_RANGE] = STRONG_BR}},
	{{[IF_RANGE] = WEAK_IDENTITY}},
	{{[IF_RANGE] = LIST_IDENTITY}},
	{{[IF_RANGE] = OTHER}},
	{{[IF_RANGE] = SAME}},
	{{[IF_RANGE] = SAME_C}},
	{{[IF_RANGE] = EARLIER}},
	{{[IF_RANGE] = LATER}},
	{{[IF_RANGE] = GARBAGE}},
	/* Which one is asked first, and which ones not at all. */
	{{[IF_MATCH] = ANY, [IF_UNMODIFIED_SINCE] = EARLIER}},
	{{[IF_MATCH] = OTHER, [IF_UNMODIFIED_SINCE] = SAME}},
	{{[IF_MATCH] = OTHER, [IF_NONE_MATCH] = ANY}},
	{{[IF_MATCH] = ANY, [IF_NONE_MATCH] = ANY}},
	{{[IF_UNMODIFIED_SINCE] = EARLIER, [IF_NONE_MATCH] = ANY}},
	{{[IF_NONE_MATCH] = OTHER, [IF_MODIFIED_SINCE] = LATER}},
	{{[IF_NONE_MATCH] = ANY, [IF_MODIFIED_SINCE] = EARLIER}},
	{{[IF_MATCH] = ANY, [IF_RANGE] = OTHER}},
	{{[IF_MATCH] = STRONG_GZIP, [IF_RANGE] = STRONG_GZIP}},
	{{[IF_MATCH] = STRONG_GZIP, [IF_RANGE] = STRONG_IDENTITY}},
	{{[IF_MATCH] = STRONG_BR, [IF_RANGE] = SAME}},
	{{[IF_NONE_MATCH] = STRONG_IDENTITY, [IF_RANGE] = STRONG_GZIP}},
	{{[IF_UNMODIFIED_SINCE] = EARLIER, [IF_RANGE] = STRONG_IDENTITY}},
};

/* Parts of a body: first and end of each, from its end when negative; an end of
 * 0 is the body's end.  All bodies have more than 99 bytes. */
enum meaning { IGNORED, UNSATISFIABLE, PARTS };

static const struct range_row {
	const char *field;
	enum meaning meaning;
	int n;
	int part[3][2];
} ranges[] = {
	{NULL, IGNORED, 0, {{0}}},
	/* Single, open, suffix. */
	{"bytes=0-0", PARTS, 1, {{0, 1}}},
	{"bytes=5-14", PARTS, 1, {{5, 15}}},
	{"Bytes=5-14", PARTS, 1, {{5, 15}}},
	{"bytes=10-", PARTS, 1, {{10, 0}}},
	{"bytes=0-", PARTS, 1, {{0, 0}}},
	{"bytes=-1", PARTS, 1, {{-1, 0}}},
	{"bytes=-9", PARTS, 1, {{-9, 0}}},
	/* Beyond the end. */
	{"bytes=7-999999", PARTS, 1, {{7, 0}}},
	{"bytes=7-99999999999999999999999", PARTS, 1, {{7, 0}}},
	{"bytes=-999999", PARTS, 1, {{0, 0}}},
	/* Unsatisfiable. */
	{"bytes=999999-", UNSATISFIABLE, 0, {{0}}},
	{"bytes=999999-9999999", UNSATISFIABLE, 0, {{0}}},
	{"bytes=99999999999999999999999-", UNSATISFIABLE, 0, {{0}}},
	{"bytes=-0", UNSATISFIABLE, 0, {{0}}},
	{"bytes=-0,999999-", UNSATISFIABLE, 0, {{0}}},
	/* Nonsense, or another unit. */
	{"bytes", IGNORED, 0, {{0}}},
	{"bytes=", IGNORED, 0, {{0}}},
	{"bytes=-", IGNORED, 0, {{0}}},
	{"bytes=9-5", IGNORED, 0, {{0}}},
	{"bytes=a-b", IGNORED, 0, {{0}}},
	{"bytes=0-4,x", IGNORED, 0, {{0}}},
	{"bytes=0x0-4", IGNORED, 0, {{0}}},
	{"bytes=+0-4", IGNORED, 0, {{0}}},
	{"bytes=0--4", IGNORED, 0, {{0}}},
	{"pages=0-4", IGNORED, 0, {{0}}},
	/* Several, in the order asked. */
	{"bytes=0-9,20-29", PARTS, 2, {{0, 10}, {20, 30}}},
	{"bytes=20-29, 0-9", PARTS, 2, {{20, 30}, {0, 10}}},
	{"bytes=0-0,-1", PARTS, 2, {{0, 1}, {-1, 0}}},
	{"bytes= 0-0 ,\t9-9,, 99-99", PARTS, 3, {{0, 1}, {9, 10}, {99, 100}}},
	{"bytes=0-9,999999-,-0", PARTS, 1, {{0, 10}}},
	/* Overlapping or adjacent. */
	{"bytes=0-19,10-29", PARTS, 1, {{0, 30}}},
	{"bytes=0-9,10-19", PARTS, 1, {{0, 20}}},
	{"bytes=5-9,7-7,-5,0-4", PARTS, 2, {{0, 10}, {-5, 0}}},
	{"bytes=0-9,20-29,5-24", PARTS, 1, {{0, 30}}},
	{"bytes=0-,-5", PARTS, 1, {{0, 0}}},
	/* 33 that do not touch: the whole body. */
	{"bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,"
	 "22-22,24-24,26-26,28-28,30-30,32-32,34-34,36-36,38-38,40-40,42-42,"
	 "44-44,46-46,48-48,50-50,52-52,54-54,56-56,58-58,60-60,62-62,64-64",
		IGNORED, 0, {{0}}},
};

/* Options that bear on each answer. */
static struct site sites[] = {
	{.listing = true, .max_age = SITE_NO_CACHE},
	{.listing = true, .max_age = 60, .untrusted = true},
};

struct asked {
	const struct resource *resource;
	const struct site *site;
	enum method method;
	const struct accept_row *accept;
	const struct condition_row *condition;
	const struct range_row *range;
};

struct part {
	size_t first, end;
};

struct wanted {
	int status;
	enum coding coding;
	const struct range_row *range; /* with 206 */
};

/* The oracle. */

static bool
has(const struct resource *r, enum coding coding)
{
	return r->content[coding].p != NULL;
}

/* The form that a value names by its strong tag; CODING_NONE for others. */
static enum coding
names(const struct resource *r, enum value value)
{
	enum coding coding = value == STRONG_IDENTITY ? CODING_IDENTITY
		: value == STRONG_GZIP                ? CODING_GZIP
		: value == STRONG_BR                  ? CODING_BR
						      : CODING_NONE;

	return coding != CODING_NONE && has(r, coding) ? coding : CODING_NONE;
}

static bool
matches(const struct resource *r, enum value value, enum coding selected,
	bool weak)
{
	switch (value) {
	case ANY:
		return true;
	case WEAK_IDENTITY:
		return weak && selected == CODING_IDENTITY;
	case LIST_IDENTITY:
		return selected == CODING_IDENTITY;
	case LIST_GZIP:
		return selected == CODING_GZIP;
	default:
		return names(r, value) == selected;
	}
}

/* Before, at or after Last-Modified. */
static bool
is_date(enum value value, int *order)
{
	*order = value == EARLIER ? -1 : value == LATER ? 1 : 0;
	return value == SAME || value == SAME_OLD || value == SAME_C ||
		value == EARLIER || value == LATER;
}

/* With a range, If-Match leaves those that it names, if it names one that is
 * acceptable. */
static bool
may_be_chosen(const struct asked *a, enum coding coding)
{
	enum value value = a->condition->of[IF_MATCH];
	bool some = false;

	if (!has(a->resource, coding))
		return false;
	if (a->method != METHOD_GET || a->range->field == NULL ||
		value == ABSENT)
		return true;
	for (enum coding c = 0; c < CODINGS; c++)
		some |= has(a->resource, c) && a->accept->weight[c] > 0 &&
			matches(a->resource, value, c, false);
	return !some || matches(a->resource, value, coding, false);
}

/* Section 12.5.3, and what spec and section 13.1.5 make of a range. */
static enum coding
oracle_coding(const struct asked *a)
{
	/* The ones preferred among equals come last. */
	static const enum coding order[] = {
		CODING_IDENTITY, CODING_GZIP, CODING_BR};
	const int *weight = a->accept->weight;
	enum coding best = CODING_NONE;

	if (a->method == METHOD_GET && a->range->field != NULL) {
		enum value value = a->condition->of[IF_RANGE];
		int when;
		bool tag = value != ABSENT && value != GARBAGE &&
			!is_date(value, &when);
		enum coding named =
			tag ? names(a->resource, value) : CODING_IDENTITY;

		if (named != CODING_NONE && weight[named] > 0 &&
			may_be_chosen(a, named))
			return named;
	}
	for (size_t i = 0; i < COUNT(order); i++) {
		enum coding c = order[i];

		if (may_be_chosen(a, c) && weight[c] > 0 &&
			(best == CODING_NONE || weight[c] >= weight[best]))
			best = c;
	}
	return best;
}

/* Section 13.2.2, steps 1 to 4. */
static int
oracle_condition(const struct asked *a, enum coding selected)
{
	const enum value *of = a->condition->of;
	int order;

	if (of[IF_MATCH] != ABSENT) {
		if (!matches(a->resource, of[IF_MATCH], selected, false))
			return 412;
	} else if (is_date(of[IF_UNMODIFIED_SINCE], &order) && order < 0) {
		return 412;
	}
	if (of[IF_NONE_MATCH] != ABSENT) {
		if (matches(a->resource, of[IF_NONE_MATCH], selected, true))
			return 304;
	} else if (is_date(of[IF_MODIFIED_SINCE], &order) && order == 0) {
		return 304;
	}
	return 200;
}

/* Step 5. */
static bool
oracle_range_counts(const struct asked *a, enum coding selected)
{
	enum value value = a->condition->of[IF_RANGE];
	int order;

	if (a->method != METHOD_GET || a->range->meaning == IGNORED)
		return false;
	if (value == ABSENT)
		return true;
	if (is_date(value, &order))
		return order == 0;
	return names(a->resource, value) == selected;
}

static struct wanted
oracle(const struct asked *a)
{
	struct wanted want = {404, CODING_NONE, NULL};

	if (!a->resource->there)
		return want;
	want.coding = oracle_coding(a);
	want.status = 406;
	if (want.coding == CODING_NONE)
		return want;
	want.status = oracle_condition(a, want.coding);
	if (want.status == 200 && oracle_range_counts(a, want.coding)) {
		want.range = a->range;
		want.status = a->range->meaning == PARTS ? 206 : 416;
	}
	return want;
}

/* The fields of an answer, "Name: value" each. */

struct fields {
	struct str of[FIELDS_MAX];
	size_t n;
};

static void
add_field(struct fields *fields, struct arena *arena, const char *name,
	const char *value)
{
	assert_true(fields->n < FIELDS_MAX);
	fields->of[fields->n++] = arena_printf(arena, "%s: %s", name, value);
}

static struct part
part_of(const int limits[2], size_t size)
{
	struct part part = {(size_t)limits[0], (size_t)limits[1]};

	if (limits[0] < 0)
		part.first = size - (size_t)-limits[0];
	if (limits[1] <= 0)
		part.end = size - (size_t)-limits[1];
	return part;
}

static struct str
content_range(struct arena *arena, struct part part, size_t size)
{
	return arena_printf(
		arena, "bytes %zu-%zu/%zu", part.first, part.end - 1, size);
}

static const char *
reason(int status)
{
	switch (status) {
	case 206:
		return "206 Partial Content";
	case 304:
		return "304 Not Modified";
	case 404:
		return "404 Not Found";
	case 406:
		return "406 Not Acceptable";
	case 412:
		return "412 Precondition Failed";
	default:
		return "416 Range Not Satisfiable";
	}
}

/* What 200, 206 and 304 share. */
static void
want_validators(struct fields *fields, const struct asked *a,
	enum coding coding, struct arena *arena)
{
	const struct resource *r = a->resource;

	add_field(fields, arena, "ETag", r->etag[coding]);
	if (has(r, CODING_GZIP) || has(r, CODING_BR))
		add_field(fields, arena, "Vary", "Accept-Encoding");
	add_field(fields, arena, "Cache-Control",
		a->site->max_age >= 0 ? "max-age=60" : "no-cache");
}

static void
want_description(struct fields *fields, const struct asked *a,
	enum coding coding, struct arena *arena)
{
	add_field(fields, arena, "Last-Modified", DATE);
	add_field(fields, arena, "Accept-Ranges", "bytes");
	if (coding != CODING_IDENTITY)
		add_field(fields, arena, "Content-Encoding",
			coding == CODING_BR ? "br" : "gzip");
	if (a->site->untrusted && a->resource->active)
		add_field(fields, arena, "Content-Security-Policy", "sandbox");
}

/* A multipart body, with the boundary that the answer chose.  A line end in
 * front of the first delimiter is not needed, nor is it wrong: see
 * without_preamble. */
static struct str
multipart(const struct resource *r, struct str content,
	const struct range_row *range, const char *boundary,
	struct arena *arena)
{
	struct text text = {.arena = arena};

	for (int i = 0; i < range->n; i++) {
		struct part part = part_of(range->part[i], content.n);
		struct str cr = content_range(arena, part, content.n);

		text_printf(&text,
			"%s--%s\r\nContent-Type: %s\r\n"
			"Content-Range: %.*s\r\n\r\n",
			i > 0 ? "\r\n" : "", boundary, r->type, STR_ARG(cr));
		text_add(&text, str_slice(content, part.first, part.end));
	}
	text_printf(&text, "\r\n--%s--\r\n", boundary);
	return text_str(&text);
}

/* Body and fields of a 206; boundary is the answer's own. */
static struct str
want_parts(struct fields *fields, const struct asked *a,
	const struct wanted *want, const char *boundary, struct arena *arena)
{
	const struct resource *r = a->resource;
	struct str content = r->content[want->coding];
	struct part part = part_of(want->range->part[0], content.n);

	if (want->range->n > 1) {
		add_field(fields, arena, "Content-Type",
			arena_printf(arena, "multipart/byteranges; boundary=%s",
				boundary)
				.p);
		return multipart(r, content, want->range, boundary, arena);
	}
	add_field(fields, arena, "Content-Type", r->type);
	add_field(fields, arena, "Content-Range",
		content_range(arena, part, content.n).p);
	return str_slice(content, part.first, part.end);
}

static void
want_error(struct fields *fields, const struct asked *a,
	const struct wanted *want, struct arena *arena)
{
	add_field(fields, arena, "Content-Type", "text/html; charset=utf-8");
	if (want->status == 416)
		add_field(fields, arena, "Content-Range",
			arena_printf(arena, "bytes */%zu",
				a->resource->content[want->coding].n)
				.p);
}

/* The fields that are wanted, but for Content-Length, and the body; p is NULL
 * for a page, which may be any. */
static struct str
want_fields(struct fields *fields, const struct asked *a,
	const struct wanted *want, const char *boundary, struct arena *arena)
{
	struct str body = STR("");

	if (want->status != 200)
		add_field(fields, arena, "Status", reason(want->status));
	if (want->status < 400)
		want_validators(fields, a, want->coding, arena);
	if (want->status == 304)
		return body;
	add_field(fields, arena, "X-Content-Type-Options", "nosniff");
	if (want->status >= 400) {
		want_error(fields, a, want, arena);
		return (struct str){NULL, 0};
	}
	want_description(fields, a, want->coding, arena);
	if (want->status == 206)
		return want_parts(fields, a, want, boundary, arena);
	add_field(fields, arena, "Content-Type", a->resource->type);
	return a->resource->content[want->coding];
}

/* Asking. */

struct answer {
	struct fields fields;
	struct str head, body;
	const char *boundary; /* empty without one */
	bool cut;
};

static const char *
value_text(const struct resource *r, enum value value, struct arena *arena)
{
	static const char *const plain[] = {
		[ANY] = "*",
		[OTHER] = "\"other\"",
		[SAME] = DATE,
		[SAME_OLD] = DATE_OLD,
		[SAME_C] = DATE_C,
		[EARLIER] = DATE_EARLY,
		[LATER] = DATE_LATE,
		[GARBAGE] = "yesterday",
	};
	static const char *const pattern[] = {
		[STRONG_IDENTITY] = "%s",
		[STRONG_GZIP] = "%s",
		[STRONG_BR] = "%s",
		[WEAK_IDENTITY] = "W/%s",
		[LIST_IDENTITY] = "\"a,b\", W/\"x\" ,,%s, \"y\"",
		[LIST_GZIP] = "W/\"x\",%s",
	};
	enum coding coding = value == STRONG_GZIP || value == LIST_GZIP
		? CODING_GZIP
		: value == STRONG_BR ? CODING_BR
				     : CODING_IDENTITY;
	const char *tag = has(r, coding) ? r->etag[coding] : "\"none\"";

	if (value >= OTHER || value == ANY)
		return plain[value];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	return arena_printf(arena, pattern[value], tag).p;
#pragma GCC diagnostic pop
}

static void
make_request(
	struct request *request, const struct asked *a, struct arena *arena)
{
	const char *environment[16];
	size_t n = 0;

	environment[n++] = a->method == METHOD_GET ? "REQUEST_METHOD=GET"
						   : "REQUEST_METHOD=HEAD";
	environment[n++] = arena_printf(arena, "DOCUMENT_ROOT=%s", place).p;
	environment[n++] =
		arena_printf(arena, "SCRIPT_FILENAME=%s/m.wwz", place).p;
	environment[n++] =
		arena_printf(arena, "PATH_INFO=/%s", a->resource->name).p;
	if (a->accept->field != NULL)
		environment[n++] = arena_printf(
			arena, "HTTP_ACCEPT_ENCODING=%s", a->accept->field)
					   .p;
	if (a->range->field != NULL)
		environment[n++] =
			arena_printf(arena, "HTTP_RANGE=%s", a->range->field).p;
	for (int i = 0; i < CONDITIONS; i++) {
		enum value value = a->condition->of[i];

		if (value != ABSENT)
			environment[n++] = arena_printf(arena, "HTTP_%s=%s",
				condition_names[i],
				value_text(a->resource, value, arena))
						   .p;
	}
	environment[n] = NULL;
	request_read(request, (char *const *)environment, arena);
}

static void
read_fields(struct answer *got, struct arena *arena)
{
	const struct str type = STR("Content-Type: multipart/byteranges; "
				    "boundary=");
	struct str rest = got->head;

	got->boundary = "";
	while (rest.n > 0) {
		struct str line = str_cut(&rest, '\n');

		assert_true(line.n > 0 && line.p[line.n - 1] == '\r');
		line.n--;
		if (line.n == 0)
			break;
		assert_true(got->fields.n < FIELDS_MAX);
		got->fields.of[got->fields.n++] = line;
		if (str_starts(line, type))
			got->boundary = arena_copy(
				arena, str_slice(line, type.n, line.n))
						.p;
	}
	assert_int_equal(rest.n, 0);
}

static void
ask(struct answer *got, const struct asked *a, struct cache *cache,
	struct arena *arena)
{
	struct service service = {.site = a->site, .cache = cache};
	struct text body = {.arena = arena};
	struct request request;
	struct response response;
	enum body_result result;
	struct str span;

	*got = (struct answer){.boundary = ""};
	make_request(&request, a, arena);
	(void)serve(&service, &request, arena, &response, false);
	got->head = response_head(&response);
	/* What a HEAD has of a body stays where it is. */
	while (!response.head &&
		(result = body_next(&response.body, &span)) != BODY_END) {
		got->cut = result == BODY_CUT;
		if (got->cut)
			break;
		text_add(&body, span);
	}
	got->body = text_str(&body);
	response_free(&response);
	read_fields(got, arena);
	assert_false(arena->failed);
}

/* Comparing. */

static bool
holds(const struct fields *fields, struct str field)
{
	for (size_t i = 0; i < fields->n; i++) {
		if (str_eq(fields->of[i], field))
			return true;
	}
	return false;
}

static unsigned
differ_fields(const struct fields *got, const struct fields *want)
{
	unsigned failed = 0;

	for (size_t i = 0; i < got->n; i++) {
		if (!holds(want, got->of[i])) {
			print_error("not wanted: %.*s\n", STR_ARG(got->of[i]));
			failed++;
		}
	}
	for (size_t i = 0; i < want->n; i++) {
		if (!holds(got, want->of[i])) {
			print_error("missing: %.*s\n", STR_ARG(want->of[i]));
			failed++;
		}
	}
	if (failed == 0 && got->n != want->n) {
		print_error("a field is there twice\n");
		failed++;
	}
	return failed;
}

static unsigned
differ_body(struct str got, struct str want)
{
	size_t i = 0;

	if (str_eq(got, want))
		return 0;
	while (i < got.n && i < want.n && got.p[i] == want.p[i])
		i++;
	print_error("body of %zu bytes, not %zu; they differ from byte %zu\n",
		got.n, want.n, i);
	return 1;
}

static struct str
without_preamble(const struct answer *answer)
{
	struct str body = answer->body;

	if (*answer->boundary != '\0' && str_starts(body, STR("\r\n--")))
		return str_slice(body, 2, body.n);
	return body;
}

static void
describe(const struct asked *a, const struct answer *got, struct arena *arena)
{
	print_error("  of: %s %s, Accept-Encoding: %s",
		a->method == METHOD_GET ? "GET" : "HEAD", a->resource->name,
		a->accept->field ? a->accept->field : "(none)");
	for (int i = 0; i < CONDITIONS; i++) {
		enum value value = a->condition->of[i];

		if (value != ABSENT)
			print_error(", %s: %s", condition_names[i],
				value_text(a->resource, value, arena));
	}
	if (a->range->field != NULL)
		print_error(", Range: %s", a->range->field);
	print_error("%s\n%.*s",
		a->site->max_age == SITE_NO_CACHE ? "" : ", with options",
		STR_ARG(got->head));
}

/* The answer to HEAD is that to GET with the same fields but Range, which HEAD
 * does not know, and without a body. */
static struct str
head_of_get(const struct asked *a, struct cache *cache, struct arena *arena)
{
	struct asked get = *a;
	struct answer answer;

	get.method = METHOD_GET;
	get.range = &ranges[0];
	ask(&answer, &get, cache, arena);
	return answer.head;
}

static unsigned
check(const struct asked *a, struct cache *cache, struct arena *arena)
{
	struct fields fields = {.n = 0};
	struct wanted want = oracle(a);
	struct answer got;
	struct str body;
	unsigned failed = 0;

	arena_reset(arena);
	ask(&got, a, cache, arena);
	body = want_fields(&fields, a, &want, got.boundary, arena);
	if (a->method == METHOD_HEAD) {
		failed += differ("HEAD's fields", got.head,
			head_of_get(a, cache, arena));
		failed += differ_body(got.body, STR(""));
	} else {
		if (want.status != 304)
			add_field(&fields, arena, "Content-Length",
				arena_printf(arena, "%zu", got.body.n).p);
		failed += differ_fields(&got.fields, &fields);
		if (body.p != NULL)
			failed += differ_body(without_preamble(&got), body);
		else
			failed += differ_number("page", "has its status",
				memmem(got.body.p, got.body.n,
					reason(want.status),
					strlen(reason(want.status))) != NULL,
				true);
	}
	failed += differ_number("body", "cut", got.cut, false);
	if (failed > 0)
		describe(a, &got, arena);
	return failed > 0;
}

/* The archive. */

static struct str noise[4];
static struct cache *cache;

static void
add(struct zipmake *z, const char *name, unsigned method, struct str content)
{
	zipmake_add(z,
		&(struct zipmake_member){
			.name = name,
			.content = content,
			.method = method,
			.date = 41 << 9 | 3 << 5 | 4,
			.time = 5 << 11 | 6 << 5 | 8 / 2,
		});
}

static void
save_archive(void)
{
	struct zipmake z = {.count = 0};

	add(&z, "stored.png", 0, noise[0]);
	add(&z, "deflated.html", 8, noise[1]);
	add(&z, "sibling.css", 8, noise[2]);
	add(&z, "sibling.css.br", 0, noise[3]);
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_save(&z, "m.wwz");
	zipmake_date("m.wwz", SAVED);
	zipmake_free(&z);
}

/* The gzip form: some header of ten bytes, then all is known. */
static struct str
gzip_form(struct str header, struct str content)
{
	struct str deflated = zipmake_deflate(content);
	struct zipmake_buffer form = {.n = 0};

	assert_true(header.n >= 10);
	assert_memory_equal(header.p, "\x1f\x8b\x08\x00", 4);
	zipmake_put(&form, header.p, 10);
	zipmake_put(&form, deflated.p, deflated.n);
	zipmake_number(&form, zipmake_crc(content), 4);
	zipmake_number(&form, content.n, 4);
	free((char *)(uintptr_t)deflated.p);
	return (struct str){(char *)form.p, form.n};
}

/* Take a representation's tag from a plain answer: the only thing that the
 * oracle cannot know. */
static void
learn_tag(struct resource *r, enum coding coding)
{
	static const struct accept_row only[] = {
		[CODING_IDENTITY] = {"identity", {0}},
		[CODING_GZIP] = {"gzip, identity;q=0", {0}},
		[CODING_BR] = {"br, identity;q=0", {0}},
	};
	struct arena arena = {0};
	struct asked asked = {r, &sites[0], METHOD_GET, &only[coding],
		&conditions[0], &ranges[0]};
	struct answer got;

	ask(&got, &asked, cache, &arena);
	for (size_t i = 0; i < got.fields.n; i++) {
		struct str field = got.fields.of[i];

		if (str_starts(field, STR("ETag: ")))
			snprintf(r->etag[coding], sizeof(r->etag[coding]),
				"%.*s", (int)field.n - 6, field.p + 6);
	}
	if (coding == CODING_GZIP)
		r->content[coding] =
			gzip_form(got.body, r->content[CODING_IDENTITY]);
	arena_free(&arena);
}

static void
init_sites(void)
{
	static const struct str index = {"index.html", 10};

	for (size_t i = 0; i < COUNT(sites); i++) {
		sites[i].root = str_of(place);
		sites[i].suffix = STR(".wwz");
		sites[i].index = &index;
		sites[i].nindex = 1;
	}
}

/* Make s a stream of Brotli: a block that is not compressed, and an empty last
 * one (RFC 7932, section 9). */
static void
make_brotli(struct str s)
{
	unsigned char *p = (unsigned char *)(uintptr_t)s.p;
	uint32_t header = (uint32_t)(s.n - 4 - 1) << 4 | 1u << 20;

	for (int i = 0; i < 3; i++)
		p[i] = (unsigned char)(header >> 8 * i);
	p[s.n - 1] = 3;
}

static int
set_up(void **state)
{
	const size_t size[] = {1500, 3000, 2000, 500};

	if (place_make(state) < 0)
		return -1;
	for (unsigned i = 0; i < COUNT(noise); i++)
		noise[i] = zipmake_noise(size[i], i);
	make_brotli(noise[3]);
	save_archive();
	init_sites();
	cache = cache_new(4, 1 << 20, NULL);
	resources[STORED].content[CODING_IDENTITY] = noise[0];
	resources[DEFLATED].content[CODING_IDENTITY] = noise[1];
	resources[DEFLATED].content[CODING_GZIP] = STR("?");
	resources[SIBLING].content[CODING_IDENTITY] = noise[2];
	resources[SIBLING].content[CODING_GZIP] = STR("?");
	resources[SIBLING].content[CODING_BR] = noise[3];
	for (size_t i = 0; i < MISSING; i++) {
		for (int c = 0; c < CODINGS; c++) {
			if (has(&resources[i], (enum coding)c))
				learn_tag(&resources[i], (enum coding)c);
		}
	}
	return 0;
}

static int
tear_down(void **state)
{
	for (size_t i = 0; i < COUNT(noise); i++)
		free((char *)(uintptr_t)noise[i].p);
	for (size_t i = 0; i < COUNT(resources); i++)
		free((char *)(uintptr_t)resources[i].content[CODING_GZIP].p);
	cache_free(cache);
	return place_remove(state);
}

/* Strong, quoted, and one for each. */
static void
test_tags(void **state)
{
	const char *seen[8];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(resources); i++) {
		for (int c = 0; c < CODINGS; c++) {
			const char *tag = resources[i].etag[c];
			size_t length = strlen(tag);

			if (!has(&resources[i], (enum coding)c))
				continue;
			assert_true(length > 2);
			assert_true(strspn(tag + 1,
					    "0123456789abcdefghijklmnopqrstuvwx"
					    "yz-") == length - 2);
			assert_true(tag[0] == '"' && tag[length - 1] == '"');
			for (size_t j = 0; j < n; j++)
				assert_string_not_equal(tag, seen[j]);
			seen[n++] = tag;
		}
	}
	assert_int_equal(n, 6);
}

static unsigned
check_ranges(struct asked *a, struct arena *arena, unsigned failed)
{
	for (size_t i = 0; i < COUNT(ranges) && failed < SHOWN_MAX; i++) {
		a->range = &ranges[i];
		failed += check(a, cache, arena);
	}
	return failed;
}

/* All combinations for one member; after a few failures the rest would only be
 * more of the same. */
static void
check_resource(const struct resource *resource)
{
	struct arena arena = {0};
	struct asked a = {.resource = resource};
	unsigned failed = 0;

	for (size_t s = 0; s < COUNT(sites); s++) {
		a.site = &sites[s];
		for (size_t i = 0; i < COUNT(accepts); i++) {
			a.accept = &accepts[i];
			for (size_t c = 0; c < COUNT(conditions); c++) {
				a.condition = &conditions[c];
				a.method = METHOD_GET;
				failed = check_ranges(&a, &arena, failed);
				a.method = METHOD_HEAD;
				failed = check_ranges(&a, &arena, failed);
			}
		}
	}
	arena_free(&arena);
	assert_int_equal(failed, 0);
}

static void
test_stored(void **state)
{
	(void)state;
	check_resource(&resources[STORED]);
}

static void
test_deflated(void **state)
{
	(void)state;
	check_resource(&resources[DEFLATED]);
}

static void
test_sibling(void **state)
{
	(void)state;
	check_resource(&resources[SIBLING]);
}

static void
test_missing(void **state)
{
	(void)state;
	check_resource(&resources[MISSING]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_stored),
		cmocka_unit_test(test_deflated),
		cmocka_unit_test(test_sibling),
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
