/* content: which contents are kept, and that they are right. */

#include <stddef.h>

#include "archive/content.h"
#include "archive/guard.h"
#include "archive/made.h"
#include "http/body.h"
#include "unit.h"
#include "zipmake.h"

enum { ROOM = 64 << 20, LARGE = 1024 * 1024 + 1 };

struct fixture {
	struct membercache *membercache;
	struct archive *archive;
};

static struct str
text_of(size_t n)
{
	char *p = malloc(n);

	assert_non_null(p);
	for (size_t i = 0; i < n; i++)
		p[i] = (char)('a' + i * i / 7 % 26);
	return (struct str){p, n};
}

/* The archive that z has made, which is freed. */
static void
open_made(struct fixture *f, struct zipmake *z, size_t room)
{
	char path[128];

	assert_int_equal(guard_install(), 0);
	zipmake_save(z, "a.wwz");
	zipmake_free(z);
	snprintf(path, sizeof(path), "%s//a.wwz", place);
	f->membercache = membercache_new(room);
	f->archive = archive_open(str_of(path), f->membercache, NULL, false);
	assert_int_equal(f->archive->status, STATUS_GO);
}

/* An archive of one deflated member "m"; with a wrong CRC-32 if damaged. */
static void
open_fixture(struct fixture *f, struct str text, size_t room, bool damaged)
{
	struct zipmake z = {0};

	zipmake_add(&z,
		&(struct zipmake_member){
			.name = "m", .content = text, .method = 8});
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	if (damaged)
		zipmake_set(&z, z.start + AT_ENTRY_CRC, 4, 1);
	open_made(f, &z, room);
}

static void
close_fixture(struct fixture *f)
{
	archive_drop(f->archive);
	membercache_drop(f->membercache);
}

static struct content *
get_from(struct fixture *f, uint64_t at)
{
	struct member member;
	uint64_t start;

	assert_true(zipdir_find(f->archive->zipdir, STR("m"), &member));
	assert_int_equal(
		archive_locate(f->archive, &member, &start), STATUS_GO);
	return content_get(f->archive, &member, start, at);
}

static struct content *
get(struct fixture *f)
{
	return get_from(f, 0);
}

/* Pull the whole member through a body, in vain if it is damaged. */
static void
pull(struct fixture *f)
{
	struct arena arena = {0};
	struct body body;
	struct member member;
	uint64_t start;
	struct str span;

	assert_true(zipdir_find(f->archive->zipdir, STR("m"), &member));
	assert_int_equal(
		archive_locate(f->archive, &member, &start), STATUS_GO);
	body_init(&body, &arena, archive_keep(f->archive));
	body_add_content(&body, &member, start, (struct span){0, member.size});
	while (body_next(&body, &span) == BODY_SPAN)
		;
	body_free(&body);
	arena_free(&arena);
}

enum { NEVER, LATER, FOR_RANGE, AT_ONCE };

static const struct {
	const char *what;
	size_t size, room;
	bool damaged;
	int kept; /* when content_get gives it first */
} cases[] = {
	{"small", 4096, ROOM, false, AT_ONCE},
	{"as large as is inflated at once", 128 << 10, ROOM, false, AT_ONCE},
	{"larger than that", (128 << 10) + 1, ROOM, false, FOR_RANGE},
	{"as large as may be", LARGE - 1, ROOM, false, FOR_RANGE},
	{"too large", LARGE, ROOM, false, NEVER},
	{"damaged", 4096, ROOM, true, NEVER},
	{"little room", 4096, 16 * 4096, false, AT_ONCE},
	{"too little room", 4096, 16 * 4096 - 1, false, NEVER},
	{"nothing", 0, ROOM, false, AT_ONCE},
};

static void
check_again(struct fixture *f, struct content *content, struct str text)
{
	struct content *again = get(f);

	assert_ptr_equal(content, again);
	assert_true(str_eq((struct str){content->bytes, content->n}, text));
	cached_drop(&again->cached);
	cached_drop(&content->cached);
}

/* A request that begins at offset `at` of what nobody has asked for. */
static void
check_first(size_t i, struct str text, uint64_t at)
{
	const int kept = cases[i].kept;
	struct fixture f;
	struct content *content;

	open_fixture(&f, text, cases[i].room, cases[i].damaged);
	content = get_from(&f, at);
	assert_int_equal(content != NULL,
		kept == AT_ONCE || (at > 0 && kept == FOR_RANGE));
	if (content != NULL) {
		assert_true(content->cached.once);
	} else {
		pull(&f);
		content = get(&f);
		assert_true(content == NULL || !content->cached.once);
	}
	assert_int_equal(content != NULL, kept != NEVER);
	if (content != NULL)
		check_again(&f, content, text);
	close_fixture(&f);
}

static void
test_what_is_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct str text = text_of(cases[i].size);

		print_message("%s\n", cases[i].what);
		check_first(i, text, 0);
		check_first(i, text, 1);
		free((void *)(uintptr_t)text.p);
	}
}

/* The bytes stay while a response has a share, whatever else goes. */
static void
test_in_use(void **state)
{
	struct str text = text_of(LARGE - 1), span;
	struct arena arena = {0};
	struct body body;
	struct fixture f;
	struct content *content;
	size_t done = 0;

	(void)state;
	open_fixture(&f, text, ROOM, false);
	pull(&f);
	content = get(&f);
	assert_non_null(content);
	body_init(&body, &arena, NULL);
	body_add_cached(&body, (struct str){content->bytes, content->n},
		&content->cached);
	body_add_text(&body, STR("."));
	close_fixture(&f);
	while (done < text.n) {
		assert_int_equal(body_next(&body, &span), BODY_SPAN);
		assert_in_range(span.n, 1, BODY_SLICE_SIZE);
		assert_int_equal(memcmp(span.p, text.p + done, span.n), 0);
		done += span.n;
	}
	assert_int_equal(body_next(&body, &span), BODY_SPAN);
	assert_true(str_eq(span, STR(".")));
	assert_int_equal(body_next(&body, &span), BODY_END);
	body_free(&body);
	arena_free(&arena);
	free((void *)(uintptr_t)text.p);
}

/* A byte here and there among megabytes of blocks without any. */
static void
test_empty_blocks(void **state)
{
	enum { BYTES = 8, BLOCKS = 100000, BLOCK = 5 };
	static const char block[] = "\0\0\0\xff\xff",
			  byte[] = "\0\1\0\xfe\xffx";
	static const char last[] = "\1\0\0\xff\xff";
	char *packed = malloc(BYTES * (BLOCKS + 2) * BLOCK), *p = packed;
	struct zipmake_member member = {
		.name = "m", .content = STR("xxxxxxxx"), .method = 8};
	struct zipmake z = {0};
	struct fixture f;

	(void)state;
	assert_non_null(packed);
	for (int i = 0; i < BYTES; i++) {
		p = (char *)memcpy(p, byte, sizeof(byte) - 1) + sizeof(byte) -
			1;
		for (int k = 0; k < BLOCKS; k++)
			p = (char *)memcpy(p, block, BLOCK) + BLOCK;
	}
	p = (char *)memcpy(p, last, BLOCK) + BLOCK;
	member.packed = (struct str){packed, (size_t)(p - packed)};
	zipmake_add(&z, &member);
	free(packed);
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	open_made(&f, &z, ROOM);
	pull(&f);
	assert_null(get(&f));
	close_fixture(&f);
}

static void
free_made(struct cached *cached)
{
	free(cached);
}

static struct cached *
make(void)
{
	struct cached *cached = calloc(1, sizeof(*cached));

	assert_non_null(cached);
	cached->free = free_made;
	cached->users = 1;
	return cached;
}

/* Of two that were made at once the first is shared.  What cannot be shared
 * stays with who made it. */
static void
test_first_made_is_shared(void **state)
{
	const enum membercache_kind kind = MEMBERCACHE_SEARCH;
	struct cached *first = make(), *alone = make();
	struct fixture f;
	struct member member;

	(void)state;
	open_fixture(&f, STR("text"), ROOM, false);
	assert_true(zipdir_find(f.archive->zipdir, STR("m"), &member));
	assert_null(made_find(f.archive, &member, kind));
	assert_null(made_share(f.archive, &member, kind, alone, ROOM));
	assert_ptr_equal(
		made_share(f.archive, &member, kind, first, 100), first);
	assert_ptr_equal(
		made_share(f.archive, &member, kind, make(), 100), first);
	assert_ptr_equal(made_find(f.archive, &member, kind), first);
	assert_int_equal(first->users, 4);
	for (int i = 0; i < 3; i++)
		cached_drop(first);
	member.slot = ZIPDIR_NO_SLOT;
	assert_null(made_find(f.archive, &member, kind));
	assert_null(made_share(f.archive, &member, kind, alone, 100));
	assert_int_equal(alone->users, 1);
	cached_drop(alone);
	close_fixture(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_kept),
		cmocka_unit_test(test_in_use),
		cmocka_unit_test(test_empty_blocks),
		cmocka_unit_test(test_first_made_is_shared),
	};

	log_catch();
	return cmocka_run_group_tests_name(
		"content", tests, place_make, place_remove);
}
