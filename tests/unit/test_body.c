/* body, inflate, unpack: a body's bytes, and what becomes of wrong ones. */

#include <errno.h>
#include <inttypes.h>

#include <zip.h>

#include "archive/guard.h"
#include "base/bytes.h"
#include "http/body.h"
#include "unit.h"
#include "zipmake.h"

/* All that a body gave. */
struct pulled {
	char *p;
	size_t n;
	enum body_result result;
};

static struct archive *
open_archive(const char *name)
{
	char path[128];
	struct archive *archive;

	/* cmocka takes SIGBUS for itself at the beginning of each test. */
	assert_int_equal(guard_install(), 0);
	snprintf(path, sizeof(path), "%s//%s", place, name);
	archive = archive_open(str_of(path), NULL, NULL, false);
	assert_non_null(archive);
	assert_int_equal(archive->status, STATUS_GO);
	return archive;
}

/* Write z, which is not finished yet, to "a.wwz", open and release it. */
static struct archive *
open_made(struct zipmake *z)
{
	zipmake_finish(z, ZIP64_NONE, STR(""));
	zipmake_save(z, "a.wwz");
	zipmake_free(z);
	return open_archive("a.wwz");
}

static struct member
find(const struct archive *archive, const char *name)
{
	struct member member;

	assert_true(zipdir_find(archive->zipdir, str_of(name), &member));
	return member;
}

static struct str
slice_of(struct str content, struct span part)
{
	return str_slice(content, (size_t)part.first, (size_t)part.end);
}

/* Add a part of the member called name, as it is sent: stored ones as a slice.
 */
static void
add_member(struct body *body, const char *name, struct span part)
{
	struct member member = find(body->archive, name);
	uint64_t start;

	assert_int_equal(
		archive_locate(body->archive, &member, &start), STATUS_GO);
	if (member.method == ZIP_STORED)
		body_add_slice(body, start + part.first, part.end - part.first);
	else
		body_add_content(body, &member, start, part);
}

/* A span may lie in a mapping whose file has become shorter: then a socket
 * would not take it, which is a cut, too. */
static enum body_result
take_span(struct pulled *pulled, struct str span)
{
	assert_true(span.n > 0 && span.n <= BODY_SLICE_SIZE);
	pulled->p = realloc(pulled->p, pulled->n + span.n);
	assert_non_null(pulled->p);
	if (guard_copy(pulled->p + pulled->n, span.p, span.n) < 0)
		return BODY_CUT;
	pulled->n += span.n;
	return BODY_SPAN;
}

static enum body_result
pull_one(struct body *body, struct pulled *pulled)
{
	struct str span;

	do
		pulled->result = body_next(body, &span);
	while (pulled->result == BODY_LATER);
	if (pulled->result == BODY_SPAN)
		pulled->result = take_span(pulled, span);
	return pulled->result;
}

static void
pull_all(struct body *body, struct pulled *pulled)
{
	struct str span;

	while (pull_one(body, pulled) == BODY_SPAN)
		;
	/* That is how it stays. */
	if (pulled->result == BODY_END) {
		assert_true(body_is_done(body));
		assert_int_equal(body_next(body, &span), BODY_END);
	}
}

/* Pull the whole body, release all, and compare.  1 when it differs. */
static unsigned
check(struct body *body, const char *what, struct str want,
	enum body_result result)
{
	struct pulled pulled = {NULL, 0, BODY_END};
	unsigned failed = 0;

	pull_all(body, &pulled);
	if (!str_eq((struct str){pulled.p, pulled.n}, want) ||
		pulled.result != result) {
		print_error("%s: got %zu bytes%s, want %zu%s\n", what, pulled.n,
			pulled.result == BODY_CUT ? " and a cut" : "", want.n,
			result == BODY_CUT ? " and a cut" : "");
		failed = 1;
	}
	free(pulled.p);
	body_free(body);
	return failed;
}

static const unsigned methods[] = {ZIP_STORED, ZIP_DEFLATED};

static void
test_every_part(void **state)
{
	static const char text[] = "abcabcabcabcabcdabcdabcdabcd-0123456789.";
	const struct str content = {text, sizeof(text) - 1};
	struct arena arena = {0};
	struct zipmake z = {0};
	struct archive *archive;
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(methods); i++)
		zipmake_add(&z,
			&(struct zipmake_member){.name = i ? "8" : "0",
				.content = content,
				.method = methods[i]});
	archive = open_made(&z);
	for (size_t i = 0; i < 2 * content.n * content.n; i++) {
		struct span part = {i / 2 % content.n, i / 2 / content.n + 1};
		struct body body;

		if (part.first >= part.end)
			continue;
		arena_reset(&arena);
		body_init(&body, &arena, archive_keep(archive));
		add_member(&body, i % 2 ? "8" : "0", part);
		assert_int_equal(body.length, part.end - part.first);
		failed += check(&body, i % 2 ? "deflated" : "stored",
			slice_of(content, part), BODY_END);
	}
	assert_int_equal(failed, 0);
	archive_drop(archive);
	arena_free(&arena);
}

/* Around the sizes of spans. */
static void
test_large_parts(void **state)
{
	static const struct span parts[] = {
		{0, 1},
		{0, BODY_TAIL_SIZE},
		{0, BODY_TAIL_SIZE + 1},
		{BODY_SPAN_SIZE, BODY_SPAN_SIZE + BODY_TAIL_SIZE + 1},
		{0, BODY_SPAN_SIZE - 1},
		{0, BODY_SPAN_SIZE},
		{0, BODY_SPAN_SIZE + 1},
		{1, BODY_SPAN_SIZE},
		{1, BODY_SPAN_SIZE + 1},
		{BODY_SPAN_SIZE - 1, BODY_SPAN_SIZE},
		{BODY_SPAN_SIZE - 1, BODY_SPAN_SIZE + 1},
		{BODY_SPAN_SIZE, BODY_SPAN_SIZE + 1},
		{BODY_SPAN_SIZE, 2 * BODY_SPAN_SIZE},
		{0, BODY_SLICE_SIZE},
		{0, BODY_SLICE_SIZE + BODY_SPAN_SIZE - 1},
		{0, BODY_SLICE_SIZE + BODY_SPAN_SIZE},
		{0, BODY_SLICE_SIZE + BODY_SPAN_SIZE + 1},
		{0, 2 * BODY_SLICE_SIZE + BODY_SPAN_SIZE + 1},
		{0, 1500000},
		{1499999, 1500000},
		{700000, 1500000},
	};
	struct str content = zipmake_noise(1500000, 1);
	struct arena arena = {0};
	struct zipmake z = {0};
	struct archive *archive;
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(methods); i++)
		zipmake_add(&z,
			&(struct zipmake_member){.name = i ? "8" : "0",
				.content = content,
				.method = methods[i]});
	archive = open_made(&z);
	for (size_t i = 0; i < 2 * COUNT(parts); i++) {
		struct span part = parts[i / 2];
		char what[64];
		struct body body;

		snprintf(what, sizeof(what), "%s, %" PRIu64 " to %" PRIu64,
			i % 2 ? "deflated" : "stored", part.first, part.end);
		arena_reset(&arena);
		body_init(&body, &arena, archive_keep(archive));
		add_member(&body, i % 2 ? "8" : "0", part);
		failed += check(&body, what, slice_of(content, part), BODY_END);
	}
	assert_int_equal(failed, 0);
	archive_drop(archive);
	arena_free(&arena);
	free((void *)(uintptr_t)content.p);
}

static void
test_without_segments(void **state)
{
	struct arena arena = {0};
	struct body body;

	(void)state;
	body_init(&body, &arena, NULL);
	assert_true(body_is_done(&body));
	assert_int_equal(check(&body, "none", STR(""), BODY_END), 0);
	body_init(&body, &arena, NULL);
	body_add_text(&body, STR(""));
	body_add_slice(&body, 0, 0);
	assert_true(body_is_done(&body));
	assert_int_equal(body.length, 0);
	assert_int_equal(check(&body, "empty ones", STR(""), BODY_END), 0);
	arena_free(&arena);
}

static void
test_empty_members(void **state)
{
	struct arena arena = {0};
	struct zipmake z = {0};
	struct archive *archive;
	unsigned failed = 0;

	(void)state;
	zipmake_add(&z, &(struct zipmake_member){.name = "0"});
	zipmake_add(&z, &(struct zipmake_member){.name = "8", .method = 8});
	archive = open_made(&z);
	for (int i = 0; i < 2; i++) {
		struct body body;

		body_init(&body, &arena, archive_keep(archive));
		add_member(&body, i ? "8" : "0", (struct span){0, 0});
		failed += check(&body, i ? "8" : "0", STR(""), BODY_END);
	}
	assert_int_equal(failed, 0);
	archive_drop(archive);
	arena_free(&arena);
}

/* A source of left times "source;". */
struct counting {
	struct source source;
	int left;
	bool fails;
	bool *closed;
};

static ssize_t
counting_read(struct source *source, void *buffer, size_t n)
{
	struct counting *c = (struct counting *)source;

	assert_true(n >= 7);
	if (c->left == 0)
		return c->fails ? -1 : 0;
	c->left--;
	memcpy(buffer, "source;", 7);
	return 7;
}

static void
counting_close(struct source *source)
{
	struct counting *c = (struct counting *)source;

	assert_false(*c->closed);
	*c->closed = true;
	free(c);
}

static struct source *
count_to(int n, bool fails, bool *closed)
{
	struct counting *c = malloc(sizeof(*c));

	assert_non_null(c);
	*closed = false;
	*c = (struct counting){{.read = counting_read, .close = counting_close},
		n, fails, closed};
	return &c->source;
}

static void
test_all_kinds(void **state)
{
	struct arena arena = {0};
	struct zipmake z = {0};
	struct archive *archive;
	struct body body;
	bool closed;

	(void)state;
	zipmake_add_text(&z, "0", "stored;");
	zipmake_add(&z,
		&(struct zipmake_member){
			.name = "8", .content = STR("deflated;"), .method = 8});
	archive = open_made(&z);
	body_init(&body, &arena, archive);
	body_add_text(&body, STR("text;"));
	add_member(&body, "8", (struct span){0, 9});
	add_member(&body, "0", (struct span){0, 7});
	body_add_source(&body, count_to(3, false, &closed), 0);
	add_member(&body, "8", (struct span){2, 9});
	body_add_text(&body, STR("end"));
	assert_int_equal(body.length, 5 + 9 + 7 + 7 + 3);
	assert_int_equal(check(&body, "all",
				 STR("text;deflated;stored;source;source;"
				     "source;flated;end"),
				 BODY_END),
		0);
	assert_true(closed);
	arena_free(&arena);
}

static void
test_source_that_fails(void **state)
{
	struct arena arena = {0};
	struct body body;
	bool closed, other_closed;

	(void)state;
	body_init(&body, &arena, NULL);
	body_add_source(&body, count_to(2, true, &closed), 0);
	body_add_source(&body, count_to(2, false, &other_closed), 0);
	body_add_text(&body, STR("end"));
	assert_int_equal(
		check(&body, "fails", STR("source;source;"), BODY_CUT), 0);
	assert_true(closed && other_closed);

	body_init(&body, &arena, NULL);
	body_add_source(&body, count_to(2, false, &closed), 0);
	body_free(&body);
	assert_true(closed);

	body_init(&body, &arena, NULL);
	body_add_source(&body, NULL, 0);
	assert_true(arena.failed);
	body_free(&body);
	arena_free(&arena);
}

/* A cut is logged, and stays one. */
static void
test_cut_stays(void **state)
{
	struct arena arena = {0};
	struct body body;
	struct str span;
	bool closed;

	(void)state;
	body_init(&body, &arena, NULL);
	body_add_source(&body, count_to(0, true, &closed), 0);
	assert_int_equal(body_next(&body, &span), BODY_CUT);
	assert_int_equal(body_next(&body, &span), BODY_CUT);
	assert_false(body_is_done(&body));
	body_free(&body);
	arena_free(&arena);
}

/* Members that are not what the directory says. */

enum damage {
	FAULT_CRC,
	FAULT_SIZE,   /* in both headers, by so much */
	FAULT_PACKED, /* likewise; the member is made with bytes behind it */
	FAULT_DATA,   /* a byte of the data that is so far from their end */
};

static const struct fault_case {
	const char *what;
	enum damage fault;
	int64_t by;
	const char *word; /* is logged */
} faults[] =
	{
		{"CRC-32", FAULT_CRC, 0, "CRC-32 does not match"},
		{"size 1 less", FAULT_SIZE, -1,
			"more data than the directory says"},
		{"size 1 more", FAULT_SIZE, 1,
			"less data than the directory says"},
		{"half the size", FAULT_SIZE, -1000,
			"more data than the directory"},
		{"far more", FAULT_SIZE, 1000000,
			"less data than the directory says"},
		{"packed 10 less", FAULT_PACKED, -10, "member-damaged"},
		{"byte in the middle", FAULT_DATA, 600, "member-damaged"},
},
  oddities[] = {
	  /* The content is right, but not the stream. */
	  {"packed 1 less", FAULT_PACKED, -1, "the deflate stream has no end"},
	  {"packed 1 more", FAULT_PACKED, 1, "ends before its data do"},
	  {"packed 100 more", FAULT_PACKED, 100, "ends before its data do"},
};

static void
add_to(struct zipmake *z, size_t at, int64_t by)
{
	zipmake_set(z, at, 4, zipmake_get(z, at, 4) + (uint64_t)by);
}

static void
do_fault(struct zipmake *z, enum damage fault, int64_t by)
{
	size_t entry = zipmake_entry(z, 0), local = zipmake_local(z, 0);
	size_t data = local + AT_LOCAL_NAME + 1;

	switch (fault) {
	case FAULT_CRC:
		add_to(z, entry + AT_ENTRY_CRC, 1);
		add_to(z, local + AT_LOCAL_CRC, 1);
		break;
	case FAULT_SIZE:
		add_to(z, entry + AT_ENTRY_SIZE, by);
		add_to(z, local + AT_LOCAL_SIZE, by);
		break;
	case FAULT_PACKED:
		add_to(z, entry + AT_ENTRY_PACKED, by);
		add_to(z, local + AT_LOCAL_PACKED, by);
		break;
	case FAULT_DATA:
		data += (size_t)zipmake_get(z, entry + AT_ENTRY_PACKED, 4);
		z->file.p[data - (size_t)by] ^= 0x55;
		break;
	}
}

/* content, by one member "m" with this fault, as an archive. */
static struct archive *
open_faulty(struct str content, const struct fault_case *fault)
{
	struct zipmake z = {0};
	char behind[200] = "";

	zipmake_add(&z,
		&(struct zipmake_member){
			.name = "m", .content = content, .method = 8});
	zipmake_bytes(&z, (struct str){behind, sizeof(behind)});
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	do_fault(&z, fault->fault, fault->by);
	zipmake_save(&z, "a.wwz");
	zipmake_free(&z);
	return open_archive("a.wwz");
}

/* Of a faulty member come only right bytes, never all, and then a cut; and a
 * line in the log. */
static unsigned
check_faulty(struct str content, size_t i, bool settled)
{
	struct archive *archive = open_faulty(content, &faults[i]);
	struct member member = find(archive, "m");
	struct pulled pulled = {NULL, 0, BODY_END};
	struct arena arena = {0};
	struct body body;
	const char *log;
	unsigned failed = 0;
	bool damaged = faults[i].fault == FAULT_DATA;

	log_take();
	body_init(&body, &arena, archive);
	add_member(&body, "m", (struct span){0, member.size});
	if (settled)
		body_settle(&body);
	assert_int_equal(body.length, member.size);
	pull_all(&body, &pulled);
	log = log_take();
	if (pulled.result != BODY_CUT || pulled.n >= member.size ||
		(!damaged &&
			memcmp(pulled.p ? pulled.p : "", content.p, pulled.n) !=
				0) ||
		strstr(log, faults[i].word) == NULL) {
		print_error("%s, %zu bytes%s: %s after %zu of %" PRIu64 " bytes"
			    "; "
			    "log: "
			    "%s\n",
			faults[i].what, content.n, settled ? ", settled" : "",
			pulled.result == BODY_CUT ? "cut" : "end", pulled.n,
			member.size, log);
		failed = 1;
	}
	free(pulled.p);
	body_free(&body);
	arena_free(&arena);
	return failed;
}

static void
test_faulty_members(void **state)
{
	static const size_t sizes[] = {2000, 300000};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct str content = zipmake_noise(sizes[i], 2);

		for (size_t j = 0; j < COUNT(faults); j++) {
			failed += check_faulty(content, j, false);
			failed += check_faulty(content, j, true);
		}
		free((void *)(uintptr_t)content.p);
	}
	assert_int_equal(failed, 0);
}

/* All of the content comes, and it is noted that it is no gzip file's. */
static unsigned
check_odd(struct str content, const struct fault_case *odd)
{
	struct archive *archive = open_faulty(content, odd);
	struct member member = find(archive, "m");
	const unsigned wanted = ARCHIVE_CHECKED | ARCHIVE_ODD;
	struct arena arena = {0};
	struct body body;
	unsigned failed, notes;
	const char *log;

	log_take();
	body_init(&body, &arena, archive_keep(archive));
	add_member(&body, "m", (struct span){0, member.size});
	failed = check(&body, odd->what, content, BODY_END);
	notes = archive_notes(archive, &member);
	log = log_take();
	if (notes != wanted || strstr(log, "member-odd") == NULL ||
		strstr(log, odd->word) == NULL) {
		print_error("%s: notes %#x; log: %s\n", odd->what, notes, log);
		failed = 1;
	}
	archive_drop(archive);
	arena_free(&arena);
	return failed;
}

static void
test_odd_members(void **state)
{
	static const size_t sizes[] = {2000, 300000};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct str content = zipmake_noise(sizes[i], 2);

		for (size_t j = 0; j < COUNT(oddities); j++)
			failed += check_odd(content, &oddities[j]);
		free((void *)(uintptr_t)content.p);
	}
	assert_int_equal(failed, 0);
}

/* What is left of a member is held back until all of it was seen to be right:
 * the first spans of a large one come all the same. */
static void
test_faulty_member_begins(void **state)
{
	struct str content = zipmake_noise(300000, 2);
	struct pulled pulled = {NULL, 0, BODY_END};
	struct arena arena = {0};
	struct body body;

	(void)state;
	body_init(&body, &arena, open_faulty(content, &faults[0]));
	add_member(&body, "m", (struct span){0, content.n});
	pull_all(&body, &pulled);
	assert_int_equal(pulled.result, BODY_CUT);
	assert_in_range(pulled.n, content.n - BODY_SPAN_SIZE, content.n - 1);
	assert_memory_equal(pulled.p, content.p, pulled.n);
	free(pulled.p);
	body_free(&body);
	arena_free(&arena);
	free((void *)(uintptr_t)content.p);
}

/* Stored members, as content: their bytes are copied and compared once. */
static void
test_stored_content(void **state)
{
	static const struct {
		const char *what;
		size_t size;
		struct span part;
		size_t wrong; /* this byte is, counted from 1 */
		enum body_result want;
		bool checked; /* from then on */
	} table[] = {
		{"small", 1000, {0, 1000}, 0, BODY_END, true},
		{"large", 300000, {0, 300000}, 0, BODY_END, true},
		{"one byte", 1, {0, 1}, 0, BODY_END, true},
		{"beginning", 300000, {0, 200000}, 0, BODY_END, false},
		{"middle", 300000, {100000, 200000}, 0, BODY_END, false},
		{"small, first byte wrong", 1000, {0, 1000}, 1, BODY_CUT,
			false},
		{"small, last byte wrong", 1000, {0, 1000}, 1000, BODY_CUT,
			false},
		{"large, first byte wrong", 300000, {0, 300000}, 1, BODY_CUT,
			false},
		{"large, last byte wrong", 300000, {0, 300000}, 300000,
			BODY_CUT, false},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str content = zipmake_noise(table[i].size, 10);
		struct pulled pulled = {NULL, 0, BODY_END};
		struct span part = table[i].part;
		struct archive *archive;
		struct arena arena = {0};
		struct zipmake z = {0};
		struct member member;
		struct body body;
		uint64_t start;
		bool checked;

		zipmake_add(&z,
			&(struct zipmake_member){
				.name = "m", .content = content});
		if (table[i].wrong > 0)
			z.file.p[AT_LOCAL_NAME + table[i].wrong] ^= 1;
		archive = open_made(&z);
		member = find(archive, "m");
		assert_int_equal(
			archive_locate(archive, &member, &start), STATUS_GO);
		body_init(&body, &arena, archive_keep(archive));
		body_add_content(&body, &member, start, part);
		pull_all(&body, &pulled);
		checked = (archive_notes(archive, &member) & ARCHIVE_CHECKED) !=
			0;
		if (pulled.result != table[i].want ||
			checked != table[i].checked ||
			(table[i].want == BODY_CUT
					? pulled.n >= part.end - part.first
					: !str_eq((struct str){pulled.p,
							  pulled.n},
						  slice_of(content, part)))) {
			print_error("%s: %s after %zu bytes, checked: %d\n",
				table[i].what,
				pulled.result == BODY_CUT ? "cut" : "end",
				pulled.n, checked);
			failed++;
		}
		free(pulled.p);
		body_free(&body);
		archive_drop(archive);
		arena_free(&arena);
		free((void *)(uintptr_t)content.p);
	}
	log_take();
	assert_int_equal(failed, 0);
}

/* The end of a large member takes a while to come by, and is come by piece by
 * piece. */
static void
test_skipped_in_pieces(void **state)
{
	const size_t size = 5 * READER_SKIP;
	struct str content = zipmake_noise(size, 11);
	struct arena arena = {0};
	struct zipmake z = {0};
	struct body body;
	struct str span;
	int turns = 0;

	(void)state;
	zipmake_add(&z,
		&(struct zipmake_member){
			.name = "m", .content = content, .method = 8});
	body_init(&body, &arena, open_made(&z));
	add_member(&body, "m", (struct span){size - 3, size});
	while (body_next(&body, &span) == BODY_LATER) {
		assert_false(body_is_done(&body));
		turns++;
	}
	assert_int_equal(turns, size / BODY_SPAN_SIZE - 1);
	assert_true(str_eq(span, str_slice(content, size - 3, size)));
	assert_int_equal(body_next(&body, &span), BODY_END);
	body_free(&body);
	arena_free(&arena);
	free((void *)(uintptr_t)content.p);
}

/* Megabytes of blocks without a byte in them: others have their turn, and a
 * body is not settled for as long as that takes. */
static void
test_empty_blocks(void **state)
{
	static const char block[5] = "\0\0\0\xff\xff";
	static const char last[6] = "\1\1\0\xfe\xffx";
	const size_t blocks = READER_SKIP;
	const size_t size = blocks * sizeof(block) + sizeof(last);
	char *packed = malloc(size);
	struct arena arena = {0};
	struct zipmake z = {0};
	struct archive *archive;
	struct body body;
	struct str span;
	int turns = 0;

	(void)state;
	assert_non_null(packed);
	for (size_t i = 0; i < blocks; i++)
		memcpy(packed + i * sizeof(block), block, sizeof(block));
	memcpy(packed + size - sizeof(last), last, sizeof(last));
	zipmake_add(&z,
		&(struct zipmake_member){.name = "m",
			.content = STR("x"),
			.packed = {packed, size},
			.method = 8});
	free(packed);
	archive = open_made(&z);
	body_init(&body, &arena, archive_keep(archive));
	add_member(&body, "m", (struct span){0, 1});
	while (body_next(&body, &span) == BODY_LATER)
		turns++;
	assert_int_equal(turns, size / (2 * BODY_SPAN_SIZE));
	assert_true(str_eq(span, STR("x")));
	assert_int_equal(body_next(&body, &span), BODY_END);
	body_free(&body);

	body_init(&body, &arena, archive);
	add_member(&body, "m", (struct span){0, 1});
	body_settle(&body);
	assert_int_equal(body_next(&body, &span), BODY_LATER);
	body_free(&body);
	arena_free(&arena);
}

/* A deflate stream that is none. */
static void
test_no_deflate_stream(void **state)
{
	static const struct {
		const char *what;
		struct str packed;
	} table[] = {
		{"nothing", {"", 0}},
		{"zeros", {"\0\0\0\0\0\0\0\0", 8}},
		{"wrong block", {"\x07xxxxxxx", 8}},
		{"block that is cut off", {"\1\5\0\xfa\xffhel", 8}},
	};
	struct arena arena = {0};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct zipmake z = {0};
		struct body body;

		zipmake_add(&z,
			&(struct zipmake_member){.name = "m",
				.content = STR("hello"),
				.packed = table[i].packed,
				.method = 8});
		body_init(&body, &arena, open_made(&z));
		add_member(&body, "m", (struct span){0, 5});
		failed += check(&body, table[i].what, STR(""), BODY_CUT);
	}
	assert_int_equal(failed, 0);
	arena_free(&arena);
}

/* Files that change while they are sent. */

enum change {
	CHANGE_NONE,
	CHANGE_TRUNCATE,
	CHANGE_EMPTY,
	CHANGE_SHORTEN, /* by one byte, of the end record */
	CHANGE_APPEND,
	CHANGE_OVERWRITE,
	CHANGE_TOUCH,
	CHANGE_REMOVE,
	CHANGE_REPLACE,
};

static const struct {
	enum change change;
	const char *what;
	enum body_result want;
} changes[] = {
	{CHANGE_NONE, "unchanged", BODY_END},
	{CHANGE_TRUNCATE, "cut off in the middle", BODY_CUT},
	{CHANGE_EMPTY, "emptied", BODY_CUT},
	{CHANGE_SHORTEN, "one byte shorter", BODY_CUT},
	{CHANGE_APPEND, "one byte longer", BODY_CUT},
	{CHANGE_OVERWRITE, "overwritten", BODY_CUT},
	{CHANGE_TOUCH, "touched", BODY_CUT},
	{CHANGE_REMOVE, "removed", BODY_END},
	{CHANGE_REPLACE, "replaced", BODY_END},
};

static void
do_change(enum change change)
{
	int fd = open("a.wwz", O_RDWR | O_CLOEXEC);
	off_t size = lseek(fd, 0, SEEK_END);
	struct timespec times[2] = {{1, 0}, {1, 0}};
	struct zipmake other = {0};

	assert_true(fd >= 0 && size > 0);
	switch (change) {
	case CHANGE_NONE:
		break;
	case CHANGE_TRUNCATE:
		assert_int_equal(ftruncate(fd, size / 2), 0);
		break;
	case CHANGE_EMPTY:
		assert_int_equal(ftruncate(fd, 0), 0);
		break;
	case CHANGE_SHORTEN:
		assert_int_equal(ftruncate(fd, size - 1), 0);
		break;
	case CHANGE_APPEND:
		assert_int_equal(pwrite(fd, "", 1, size), 1);
		break;
	case CHANGE_OVERWRITE:
		assert_int_equal(pwrite(fd, "changed", 7, size / 2), 7);
		break;
	case CHANGE_TOUCH:
		assert_int_equal(futimens(fd, times), 0);
		break;
	case CHANGE_REMOVE:
		assert_int_equal(unlink("a.wwz"), 0);
		break;
	case CHANGE_REPLACE:
		zipmake_finish(&other, ZIP64_NONE, STR(""));
		zipmake_save(&other, "a.wwz");
		zipmake_free(&other);
		break;
	}
	close(fd);
}

/* The file changes after the first span, or before it.  The archive was opened
 * some time after the file was written, for times that count in ticks. */
static unsigned
check_change(struct str content, unsigned method, size_t i, bool early)
{
	struct pulled pulled = {NULL, 0, BODY_END};
	struct timespec times[2] = {{1000, 0}, {1000, 0}};
	struct arena arena = {0};
	struct zipmake z = {0};
	struct body body;
	const char *log;
	unsigned failed = 0;

	zipmake_add(&z,
		&(struct zipmake_member){
			.name = "m", .content = content, .method = method});
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_save(&z, "a.wwz");
	zipmake_free(&z);
	assert_int_equal(utimensat(AT_FDCWD, "a.wwz", times, 0), 0);
	body_init(&body, &arena, open_archive("a.wwz"));
	add_member(&body, "m", (struct span){0, content.n});
	log_take();
	if (!early)
		assert_int_equal(pull_one(&body, &pulled), BODY_SPAN);
	do_change(changes[i].change);
	pull_all(&body, &pulled);
	log = log_take();
	if (pulled.result != changes[i].want ||
		(pulled.result == BODY_END &&
			!str_eq((struct str){pulled.p, pulled.n}, content)) ||
		(pulled.result == BODY_CUT && pulled.n >= content.n)) {
		print_error("%s %s, method %u: %s after %zu of %zu bytes\n",
			changes[i].what, early ? "early" : "late", method,
			pulled.result == BODY_CUT ? "cut" : "end", pulled.n,
			content.n);
		failed = 1;
	}
	if ((log[0] == '\0') != (changes[i].want == BODY_END) &&
		method == ZIP_DEFLATED) {
		print_error("%s: logged \"%s\"\n", changes[i].what, log);
		failed = 1;
	}
	free(pulled.p);
	body_free(&body);
	arena_free(&arena);
	return failed;
}

static void
test_changing_files(void **state)
{
	struct str content = zipmake_noise(2000000, 3);
	struct str small = zipmake_noise(1000, 4);
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		for (size_t m = 0; m < COUNT(methods); m++) {
			failed += check_change(content, methods[m], i, false);
			failed += check_change(content, methods[m], i, true);
			failed += check_change(small, methods[m], i, true);
		}
	}
	assert_int_equal(failed, 0);
	free((void *)(uintptr_t)content.p);
	free((void *)(uintptr_t)small.p);
}

/* Text behind the last bytes of a file does not come after a change. */
static void
test_change_before_the_trailer(void **state)
{
	struct arena arena = {0};
	struct zipmake z = {0};
	struct pulled pulled = {NULL, 0, BODY_END};
	struct body body;

	(void)state;
	zipmake_add_text(&z, "0", "stored;");
	body_init(&body, &arena, open_made(&z));
	body_add_text(&body, STR("front;"));
	add_member(&body, "0", (struct span){0, 7});
	body_add_text(&body, STR("back"));
	assert_int_equal(pull_one(&body, &pulled), BODY_SPAN);
	do_change(CHANGE_APPEND);
	pull_all(&body, &pulled);
	assert_int_equal(pulled.result, BODY_CUT);
	assert_int_equal(pulled.n, 6);
	free(pulled.p);
	body_free(&body);
	arena_free(&arena);
}

/* body_settle */

/* A body of one member with noise: its content, to be freed. */
static struct str
begin_noise(
	struct body *body, struct arena *arena, size_t size, unsigned method)
{
	struct str content = zipmake_noise(size, 5);
	struct zipmake z = {0};

	zipmake_add(&z,
		&(struct zipmake_member){
			.name = "m", .content = content, .method = method});
	arena_reset(arena);
	body_init(body, arena, open_made(&z));
	add_member(body, "m", (struct span){0, content.n});
	return content;
}

static void
test_settled(void **state)
{
	static const size_t sizes[] = {
		1, 1000, BODY_SETTLE_SIZE - 1, BODY_SETTLE_SIZE};
	struct arena arena = {0};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(sizes); i++) {
		struct body body;
		struct str content = begin_noise(
			&body, &arena, sizes[i / 2], methods[i % 2]);

		body_settle(&body);
		assert_int_equal(body.length, content.n);
		do_change(CHANGE_EMPTY);
		failed += check(&body, "settled", content, BODY_END);
		free((void *)(uintptr_t)content.p);
	}
	assert_int_equal(failed, 0);
	arena_free(&arena);
}

/* Whether the file has changed meanwhile is for who settles the body to see. */
static void
test_settled_after_change(void **state)
{
	struct arena arena = {0};
	struct zipmake z = {0};
	struct body body;

	(void)state;
	zipmake_add_text(&z, "m", "content");
	body_init(&body, &arena, open_made(&z));
	add_member(&body, "m", (struct span){0, 7});
	do_change(CHANGE_TOUCH);
	body_settle(&body);
	assert_false(archive_is_intact(body.archive));
	assert_int_equal(check(&body, "touched", STR("content"), BODY_END), 0);
	arena_free(&arena);
}

/* Emptied before it is settled: what is copied is not touched in the mapping,
 * which would be the end of the process. */
static void
test_settled_of_emptied(void **state)
{
	static const size_t sizes[] = {
		1, BODY_TAIL_SIZE + 1, 60000, BODY_SETTLE_SIZE};
	struct arena arena = {0};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(sizes); i++) {
		struct body body;
		struct str content = begin_noise(
			&body, &arena, sizes[i / 2], methods[i % 2]);

		do_change(CHANGE_EMPTY);
		body_settle(&body);
		assert_int_equal(body.length, content.n);
		failed += check(&body, "emptied", STR(""), BODY_CUT);
		free((void *)(uintptr_t)content.p);
	}
	assert_int_equal(failed, 0);
	arena_free(&arena);
}

/* One that is too large stays as it is, and so does one that needs no archive.
 */
static void
test_not_settled(void **state)
{
	struct str content = zipmake_noise(BODY_SETTLE_SIZE + 1, 5);
	struct arena arena = {0};
	struct zipmake z = {0};
	struct pulled pulled = {NULL, 0, BODY_END};
	struct body body;
	bool closed;

	(void)state;
	zipmake_add(
		&z, &(struct zipmake_member){.name = "m", .content = content});
	body_init(&body, &arena, open_made(&z));
	add_member(&body, "m", (struct span){0, content.n});
	body_settle(&body);
	do_change(CHANGE_EMPTY);
	pull_all(&body, &pulled);
	assert_int_equal(pulled.result, BODY_CUT);
	free(pulled.p);
	body_free(&body);

	body_init(&body, &arena, NULL);
	body_add_source(&body, count_to(2, false, &closed), 0);
	body_settle(&body);
	assert_int_equal(
		check(&body, "source", STR("source;source;"), BODY_END), 0);
	arena_free(&arena);
	free((void *)(uintptr_t)content.p);
}

/* A small member that is wrong when it is settled is a cut, later. */
static void
test_settled_cut(void **state)
{
	struct arena arena = {0};
	struct zipmake z = {0};
	struct body body;

	(void)state;
	zipmake_add_text(&z, "0", "stored;");
	zipmake_add(&z,
		&(struct zipmake_member){.name = "8",
			.content = STR("deflated;"),
			.packed = STR("nonsense"),
			.method = 8});
	body_init(&body, &arena, open_made(&z));
	add_member(&body, "0", (struct span){0, 7});
	add_member(&body, "8", (struct span){0, 9});
	body_settle(&body);
	assert_int_equal(body.length, 16);
	assert_false(body_is_done(&body));
	assert_int_equal(check(&body, "cut", STR("stored;"), BODY_CUT), 0);
	arena_free(&arena);
}

/* Memory. */

/* 64 MiB of zeros, deflated; and as many stored in a file with a hole. */
static void
test_constant_memory(void **state)
{
	const size_t size = 64 << 20;
	char *zeros = calloc(1, size);
	struct zipmake z = {0};
	struct archive *archive;

	(void)state;
	assert_non_null(zeros);
	for (size_t i = 0; i < COUNT(methods); i++)
		zipmake_add(&z,
			&(struct zipmake_member){.name = i ? "8" : "0",
				.content = {zeros, size},
				.method = methods[i]});
	free(zeros);
	archive = open_made(&z);
	for (size_t i = 0; i < COUNT(methods); i++) {
		struct arena arena = {0};
		struct body body;
		struct str span;
		size_t n = 0, most = 0, before = allocated();

		body_init(&body, &arena, archive_keep(archive));
		add_member(&body, i ? "8" : "0", (struct span){0, size});
		while (body_next(&body, &span) == BODY_SPAN) {
			size_t used = allocated() - before;

			n += span.n;
			most = used > most ? used : most;
			assert_int_equal(span.p[0] | span.p[span.n - 1], 0);
		}
		assert_int_equal(n, size);
		assert_true(body_is_done(&body));
		if (most < 8192 || most > 256 * 1024)
			fail_msg("%zu bytes in use", most);
		body_free(&body);
		arena_free(&arena);
	}
	archive_drop(archive);
}

/* Methods of libzip. */

/* Write content to "a.wwz" by this method. */
static void
write_by_libzip(struct str content, int method)
{
	zip_t *zip = zip_open("a.wwz", ZIP_CREATE | ZIP_TRUNCATE, NULL);
	zip_source_t *source;

	assert_non_null(zip);
	source = zip_source_buffer(zip, "other", 5, 0);
	assert_int_equal(zip_file_add(zip, "other", source, 0), 0);
	source = zip_source_buffer(zip, content.p, content.n, 0);
	assert_int_equal(zip_file_add(zip, "m", source, 0), 1);
	assert_int_equal(zip_set_file_compression(zip, 1, method, 0), 0);
	assert_int_equal(zip_close(zip), 0);
}

static void
test_supported_methods(void **state)
{
	(void)state;
	assert_true(unpack_supports(ZIP_CM_BZIP2));
	for (int i = 0; i < 100; i++)
		assert_int_equal(
			unpack_supports((unsigned)i), i == ZIP_CM_BZIP2);
	assert_false(unpack_supports(65535));
}

/* Members that libzip has written are read back, whole and in parts. */
static void
test_by_libzip(void **state)
{
	static const int rare[] = {ZIP_CM_BZIP2, ZIP_ZSTD};
	static const size_t sizes[] = {0, 1, 40, BODY_SPAN_SIZE, 300000};
	struct arena arena = {0};
	unsigned failed = 0, methods_read = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rare) * COUNT(sizes); i++) {
		int method = rare[i / COUNT(sizes)];
		struct str content = zipmake_noise(sizes[i % COUNT(sizes)], 6);
		struct span parts[] = {{0, content.n},
			{content.n / 3, content.n},
			{content.n / 4, content.n / 2}};
		struct archive *archive;
		char what[64];

		if (!zip_compression_method_supported(method, 1)) {
			free((void *)(uintptr_t)content.p);
			continue;
		}
		methods_read++;
		write_by_libzip(content, method);
		archive = open_archive("a.wwz");
		assert_true(
			content.n < 40 || find(archive, "m").method == method);
		for (size_t j = 0; j < COUNT(parts); j++) {
			struct body body;

			snprintf(what, sizeof(what), "method %d, %zu bytes",
				method, content.n);
			arena_reset(&arena);
			body_init(&body, &arena, archive_keep(archive));
			add_member(&body, "m", parts[j]);
			failed += check(&body, what,
				slice_of(content, parts[j]), BODY_END);
		}
		archive_drop(archive);
		free((void *)(uintptr_t)content.p);
	}
	assert_int_equal(failed, 0);
	assert_true(methods_read >= COUNT(sizes));
	arena_free(&arena);
}

/* Change n low bytes of a field of member "m" in both headers of "a.wwz", which
 * libzip has written. */
static void
patch_second(unsigned entry_field, unsigned local_field, uint32_t by)
{
	static unsigned char file[1 << 20];
	int fd = open("a.wwz", O_RDWR | O_CLOEXEC);
	ssize_t n = read(fd, file, sizeof(file));
	struct zipmake z = {.file = {.p = file, .n = (size_t)n}};
	size_t entry, local;

	assert_true(n > 22);
	z.end = (size_t)n - 22;
	z.start = (size_t)zipmake_get(&z, z.end + AT_END_START, 4);
	entry = zipmake_entry(&z, 1);
	local = zipmake_local(&z, 1);
	add_to(&z, entry + entry_field, by);
	add_to(&z, local + local_field, by);
	assert_int_equal(pwrite(fd, file, (size_t)n, 0), n);
	close(fd);
}

static void
test_faulty_by_libzip(void **state)
{
	static const struct {
		const char *what;
		unsigned entry_field, local_field;
		uint32_t by;
	} table[] = {
		{"CRC-32", AT_ENTRY_CRC, AT_LOCAL_CRC, 1},
		{"size 1 less", AT_ENTRY_SIZE, AT_LOCAL_SIZE, UINT32_MAX},
		{"size 1 more", AT_ENTRY_SIZE, AT_LOCAL_SIZE, 1},
		{"packed less", AT_ENTRY_PACKED, AT_LOCAL_PACKED,
			(uint32_t)-500},
	};
	struct str content = zipmake_noise(100000, 7);
	struct arena arena = {0};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct pulled pulled = {NULL, 0, BODY_END};
		struct archive *archive;
		struct member member;
		struct body body;
		const char *log;

		write_by_libzip(content, ZIP_CM_BZIP2);
		patch_second(table[i].entry_field, table[i].local_field,
			table[i].by);
		archive = open_archive("a.wwz");
		member = find(archive, "m");
		arena_reset(&arena);
		body_init(&body, &arena, archive);
		add_member(&body, "m", (struct span){0, member.size});
		log_take();
		pull_all(&body, &pulled);
		log = log_take();
		if (pulled.result != BODY_CUT || pulled.n >= member.size ||
			memcmp(pulled.p ? pulled.p : "", content.p, pulled.n) !=
				0 ||
			strstr(log, "member-damaged") == NULL) {
			print_error("%s: %zu of %" PRIu64 " bytes, log: %s\n",
				table[i].what, pulled.n, member.size, log);
			failed++;
		}
		free(pulled.p);
		body_free(&body);
	}
	assert_int_equal(failed, 0);
	arena_free(&arena);
	free((void *)(uintptr_t)content.p);
}

/* Through libzip, from a file that ends in the middle. */
static void
test_change_under_libzip(void **state)
{
	struct str content = zipmake_noise(2000000, 8);
	struct pulled pulled = {NULL, 0, BODY_END};
	struct arena arena = {0};
	struct body body;

	(void)state;
	write_by_libzip(content, ZIP_CM_BZIP2);
	body_init(&body, &arena, open_archive("a.wwz"));
	add_member(&body, "m", (struct span){0, content.n});
	assert_int_equal(pull_one(&body, &pulled), BODY_SPAN);
	do_change(CHANGE_TRUNCATE);
	pull_all(&body, &pulled);
	assert_int_equal(pulled.result, BODY_CUT);
	assert_true(pulled.n < content.n);
	assert_memory_equal(pulled.p, content.p, pulled.n);
	free(pulled.p);
	body_free(&body);
	arena_free(&arena);
	free((void *)(uintptr_t)content.p);
}

static int
begin(void **state)
{
	log_catch();
	return place_make(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_part),
		cmocka_unit_test(test_large_parts),
		cmocka_unit_test(test_without_segments),
		cmocka_unit_test(test_empty_members),
		cmocka_unit_test(test_all_kinds),
		cmocka_unit_test(test_source_that_fails),
		cmocka_unit_test(test_cut_stays),
		cmocka_unit_test(test_faulty_members),
		cmocka_unit_test(test_odd_members),
		cmocka_unit_test(test_faulty_member_begins),
		cmocka_unit_test(test_stored_content),
		cmocka_unit_test(test_skipped_in_pieces),
		cmocka_unit_test(test_empty_blocks),
		cmocka_unit_test(test_no_deflate_stream),
		cmocka_unit_test(test_changing_files),
		cmocka_unit_test(test_change_before_the_trailer),
		cmocka_unit_test(test_settled),
		cmocka_unit_test(test_settled_after_change),
		cmocka_unit_test(test_settled_of_emptied),
		cmocka_unit_test(test_not_settled),
		cmocka_unit_test(test_settled_cut),
		cmocka_unit_test(test_constant_memory),
		cmocka_unit_test(test_supported_methods),
		cmocka_unit_test(test_by_libzip),
		cmocka_unit_test(test_faulty_by_libzip),
		cmocka_unit_test(test_change_under_libzip),
	};

	return cmocka_run_group_tests_name("body", tests, begin, place_remove);
}
