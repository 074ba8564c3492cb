/* verify: a member's data are looked through once, by all who send them. */

#include <stddef.h>
#include <stdlib.h>

#include "archive/guard.h"
#include "archive/verify.h"
#include "http/body.h"
#include "unit.h"
#include "zipmake.h"

enum { ROOM = 64 << 20, SIZE = 4 << 20, PIECE = BODY_SPAN_SIZE };

static struct str text;
static struct membercache *membercache;
static struct archive *archive;

static int
make(void **state)
{
	struct zipmake z = {0};
	struct zipmake_member m = {.name = "right", .method = 8};
	char path[128];

	if (place_make(state) < 0 || guard_install() < 0)
		return -1;
	log_catch();
	text = m.content = zipmake_noise(SIZE, 5);
	zipmake_add(&z, &m);
	m.name = "wrong";
	zipmake_add(&z, &m);
	m.name = "small";
	m.content = STR("hello");
	zipmake_add(&z, &m);
	m.name = "odd";
	m.packed = STR("\0\5\0\xfa\xffhello");
	zipmake_add(&z, &m);
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_set(&z, zipmake_entry(&z, 1) + AT_ENTRY_CRC, 4, 1);
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

static struct member
locate(const char *name, uint64_t *start)
{
	struct member member;

	assert_true(zipdir_find(archive->zipdir, str_of(name), &member));
	assert_int_equal(archive_locate(archive, &member, start), STATUS_GO);
	return member;
}

static struct verifier *
get(const char *name)
{
	uint64_t start;
	struct member member = locate(name, &start);

	return verify_get(archive, &member, start, PACKING_NONE);
}

static enum verdict
verdict(const char *name)
{
	uint64_t start;
	struct member member = locate(name, &start);

	return verify_verdict(archive, &member, PACKING_NONE);
}

/* Steps until part of four is seen; the last result in *result. */
static unsigned
steps(struct verifier *v, uint64_t part, int *result)
{
	static char buffer[PIECE];
	unsigned n = 0;

	while ((*result = verify_step(v, part, 4, buffer, PIECE)) ==
		SOURCE_LATER)
		n++;
	return n;
}

/* Two requests: what the one has looked through the other has not to. */
static void
test_shared(void **state)
{
	struct verifier *one = get("right"), *other = get("right");
	const unsigned quarter = SIZE / PIECE / 4;
	int result;

	(void)state;
	assert_ptr_equal(one, other);
	assert_int_equal(steps(one, 0, &result), 0);
	assert_int_equal(result, 0);
	assert_int_equal(steps(one, 1, &result), quarter);
	assert_int_equal(steps(other, 1, &result), 0);
	assert_int_equal(steps(other, 2, &result), quarter);
	verify_drop(other);
	assert_int_equal(verdict("right"), VERDICT_NONE);
	assert_int_equal(steps(one, 4, &result), 2 * quarter);
	assert_int_equal(result, 1);
	assert_int_equal(verdict("right"), VERDICT_RIGHT);
	verify_drop(one);
	/* Nothing of it is left in memory. */
	assert_int_equal(membercache_room(membercache), ROOM / 2);
}

/* A failure is one for all who have a share, and for those who come later. */
static void
test_failure(void **state)
{
	struct verifier *one = get("wrong"), *other = get("wrong");
	const unsigned all = SIZE / PIECE;
	int result;

	(void)state;
	log_take();
	/* The step that fails is not counted. */
	assert_int_equal(steps(one, 4, &result), all - 1);
	assert_int_equal(result, -1);
	assert_non_null(strstr(log_take(), "CRC-32 does not match"));
	assert_int_equal(steps(other, 0, &result), 0);
	assert_int_equal(result, -1);
	assert_string_equal(log_take(), "");
	verify_drop(one);
	one = get("wrong");
	assert_int_equal(steps(one, 4, &result), 0);
	assert_int_equal(result, -1);
	assert_string_equal(log_take(), "");
	verify_drop(one);
	verify_drop(other);
	assert_int_equal(verdict("wrong"), VERDICT_DAMAGED);
}

static void
test_at_once(void **state)
{
	uint64_t start;
	struct member member = locate("small", &start);

	(void)state;
	assert_true(verify_is_quick(&member));
	assert_int_equal(verify_at_once(archive, &member, start, PACKING_NONE,
				 UINT64_MAX),
		STATUS_GO);
	assert_int_equal(verdict("small"), VERDICT_RIGHT);
	member = locate("odd", &start);
	assert_int_equal(verify_at_once(archive, &member, start, PACKING_NONE,
				 UINT64_MAX),
		STATUS_GO);
	assert_int_equal(verdict("odd"), VERDICT_ODD);
	member.crc++;
	member.slot = ZIPDIR_NO_SLOT;
	assert_int_equal(verify_at_once(archive, &member, start, PACKING_NONE,
				 UINT64_MAX),
		STATUS_ERROR);
	member = locate("wrong", &start);
	assert_false(verify_is_quick(&member));
	log_take();
}

/* The first span of a slice comes without any look; before each other one there
 * is as much seen as was given out, and before the last bytes all. */
static void
test_body_keeps_pace(void **state)
{
	uint64_t start, looked = 0, given = 0;
	struct member member = locate("wrong", &start);
	struct arena arena = {0};
	struct body body;
	struct str span;
	enum body_result result;

	(void)state;
	member.slot = ZIPDIR_NO_SLOT; /* nothing is known of it */
	body_init(&body, &arena, archive_keep(archive));
	body_add_verified(&body, start, member.packed,
		verify_get(archive, &member, start, PACKING_NONE));
	assert_true(body_is_work(&body));
	while ((result = body_next(&body, &span)) != BODY_CUT) {
		assert_int_not_equal(result, BODY_END);
		if (result == BODY_LATER) {
			looked += VERIFY_STEP_SIZE;
			continue;
		}
		assert_true(looked + VERIFY_STEP_SIZE >
			given * SIZE / member.packed);
		assert_true(looked <=
			given * SIZE / member.packed + VERIFY_STEP_SIZE);
		given += span.n;
	}
	assert_true(given > 0 && given < member.packed);
	body_free(&body);
	arena_free(&arena);
	log_take();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_body_keeps_pace),
	};

	return cmocka_run_group_tests(tests, make, end);
}
