/* reader: one searches in a member at a time, and the next one goes on from
 * there. */

#include <stddef.h>
#include <stdlib.h>

#include "archive/guard.h"
#include "archive/reader.h"
#include "unit.h"
#include "zipmake.h"

enum { ROOM = 64 << 20, SIZE = 6 * READER_SKIP, STEPS = SIZE / READER_SIZE };

static struct str text;
static struct membercache *membercache;
static struct archive *archive;

static int
make(void **state)
{
	struct zipmake z = {0};
	char path[128];

	if (place_make(state) < 0 || guard_install() < 0)
		return -1;
	log_catch();
	text = zipmake_noise(SIZE, 5);
	for (int i = 0; i < 2; i++)
		zipmake_add(&z,
			&(struct zipmake_member){
				.name = (char[]){(char)('a' + i), '\0'},
				.content = text,
				.method = 8});
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_save(&z, "a.wwz");
	zipmake_free(&z);
	snprintf(path, sizeof(path), "%s//a.wwz", place);
	membercache = membercache_new(ROOM);
	archive = archive_open(str_of(path), membercache, NULL, false);
	return archive->status == STATUS_GO ? 0 : -1;
}

static int
end(void **state)
{
	archive_drop(archive);
	membercache_drop(membercache);
	free((void *)(uintptr_t)text.p);
	return place_remove(state);
}

/* Somebody who wants one byte. */
struct wish {
	struct reader reader;
	char *buffer;
	const char *name;
	uint64_t at;
};

static struct wish
wish_for(const char *name, uint64_t at)
{
	struct wish wish = {
		.buffer = malloc(READER_SIZE), .name = name, .at = at};

	assert_non_null(wish.buffer);
	return wish;
}

/* A step: true when the byte is there, and is right. */
static bool
step(struct wish *wish)
{
	struct member member;
	uint64_t start;
	ssize_t got;

	assert_true(zipdir_find(archive->zipdir, str_of(wish->name), &member));
	assert_int_equal(archive_locate(archive, &member, &start), STATUS_GO);
	got = reader_begin(
		&wish->reader, archive, &member, start, wish->at, wish->buffer);
	if (got == SOURCE_LATER) {
		assert_true(wish->reader.waits);
		return false;
	}
	assert_int_equal(got, 0);
	assert_false(wish->reader.waits);
	got = reader_fill(&wish->reader, wish->at, 1, wish->buffer);
	if (got == SOURCE_LATER)
		return false;
	assert_int_equal(got, 1);
	assert_int_equal(
		wish->buffer[wish->at - wish->reader.at], text.p[wish->at]);
	return true;
}

static unsigned
steps(struct wish *wish)
{
	unsigned n = 1;

	while (!step(wish)) {
		assert_false(wish->reader.waits);
		assert_true(++n < 10 * STEPS);
	}
	return n;
}

static void
end_wish(struct wish *wish)
{
	reader_close(&wish->reader, wish->buffer);
	free(wish->buffer);
}

static void
test_one_searches(void **state)
{
	struct wish first = wish_for("a", SIZE - 1);
	struct wish second = wish_for("a", SIZE - 2);
	struct wish other = wish_for("b", SIZE - 1);
	struct wish near = wish_for("a", READER_SKIP / 2);

	(void)state;
	for (int i = 0; i < STEPS / 2; i++) {
		assert_false(step(&first));
		assert_false(step(&second));
		assert_true(second.reader.waits);
	}
	/* Neither in another member, nor for what lies near. */
	assert_false(step(&other));
	assert_false(other.reader.waits);
	assert_in_range(steps(&near), 1, STEPS / 6);
	/* It goes away: the next one goes on where it stood. */
	end_wish(&first);
	assert_in_range(steps(&second), STEPS / 2 - 1, STEPS / 2 + 1);
	/* And has left points, near which nobody searches. */
	first = wish_for("a", SIZE - 1);
	assert_in_range(steps(&first), 1, STEPS / 6 + 1);
	end_wish(&first);
	end_wish(&second);
	end_wish(&other);
	end_wish(&near);
}

/* Who wants what lies behind the buffer keeps the source, and searches no
 * more. */
static void
test_found_more(void **state)
{
	struct wish first = wish_for("b", SIZE / 2), second;
	struct member member;
	uint64_t start;

	(void)state;
	membercache_forget(membercache, &archive->made);
	assert_true(zipdir_find(archive->zipdir, STR("b"), &member));
	assert_int_equal(archive_locate(archive, &member, &start), STATUS_GO);
	for (ssize_t got = SOURCE_LATER; got == SOURCE_LATER;) {
		assert_int_equal(reader_begin(&first.reader, archive, &member,
					 start, first.at, first.buffer),
			0);
		got = reader_fill(
			&first.reader, first.at, SIZE - first.at, first.buffer);
		assert_int_not_equal(got, 0);
		assert_int_equal(first.reader.search == NULL, got == 1);
	}
	assert_non_null(first.reader.source);
	second = wish_for("b", SIZE - 1);
	assert_in_range(steps(&second), 2, STEPS / 2 + READER_SKIP);
	end_wish(&first);
	end_wish(&second);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_searches),
		cmocka_unit_test(test_found_more),
	};

	return cmocka_run_group_tests_name("reader", tests, make, end);
}
