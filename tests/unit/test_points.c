/* points: any part of a large deflated content, from points left on the way. */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <zlib.h>

#include "archive/guard.h"
#include "archive/points.h"
#include "http/body.h"
#include "unit.h"
#include "zipmake.h"

enum { ROOM = 64 << 20, THREADS = 4, RANGES = 4 };

#define MIB (1024 * 1024)

struct fixture {
	struct str text;
	struct membercache *membercache;
	struct archive *archive;
	struct member member;
	uint64_t start;
};

/* Numbers that look random and are the same each time. */
static uint32_t
next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Lines of words, of all lengths. */
static struct str
text_of(size_t n)
{
	char *p = malloc(n + 1);
	uint32_t state = 1;

	assert_non_null(p);
	for (size_t i = 0; i < n; i++) {
		uint32_t r = next_random(&state);

		p[i] = r % 61 == 0 ? '\n' : (char)('a' + r % 17);
	}
	return (struct str){p, n};
}

static const struct kind {
	const char *what;
	size_t size;
	int level, strategy;
	size_t every; /* bytes behind which there is a flush; 0: none */
	int flush;
	size_t points; /* at least */
} kinds[] = {
	{"dynamic", 2 * MIB + 300000, 6, Z_DEFAULT_STRATEGY, 0, 0, 2},
	{"fixed", 2 * MIB + 300000, 6, Z_FIXED, 0, 0, 2},
	{"stored", 2 * MIB + 300000, 0, Z_DEFAULT_STRATEGY, 0, 0, 2},
	{"huffman only", 2 * MIB + 300000, 6, Z_HUFFMAN_ONLY, 0, 0, 2},
	{"full flushes", 2 * MIB + 300000, 6, Z_DEFAULT_STRATEGY, 32768,
		Z_FULL_FLUSH, 2},
	{"sync flushes", 2 * MIB + 300000, 1, Z_DEFAULT_STRATEGY, 1000,
		Z_SYNC_FLUSH, 2},
	{"one byte a block", MIB + 70000, 1, Z_DEFAULT_STRATEGY, 1, Z_BLOCK, 1},
	{"partial flushes of a byte", MIB + 70000, 1, Z_DEFAULT_STRATEGY, 1,
		Z_PARTIAL_FLUSH, 1},
	{"as large as has none", MIB, 6, Z_DEFAULT_STRATEGY, 0, 0, 0},
	{"larger by one", MIB + 1, 6, Z_DEFAULT_STRATEGY, 0, 0, 0},
	{"a block that ends at the very end", 2 * MIB, 0, Z_DEFAULT_STRATEGY,
		65536, Z_FULL_FLUSH, 1},
};

/* In pieces of all lengths: no newline, each third byte, all. */
static void
test_count_lines(void **state)
{
	static const size_t every[] = {0, 3, 1};
	char bytes[1000];

	(void)state;
	for (size_t i = 0; i < COUNT(every); i++) {
		for (size_t at = 0; at < sizeof(bytes); at++)
			bytes[at] = every[i] && at % every[i] == 0 ? '\n' : 'n';
		for (size_t n = 0; n <= sizeof(bytes); n++)
			assert_int_equal(points_count_lines(bytes, n),
				every[i] ? (n + every[i] - 1) / every[i] : 0);
	}
}

static struct str
deflate_kind(const struct kind *kind, struct str text)
{
	size_t room = text.n * 12 + 1024, step = kind->every;
	char *p = malloc(room);
	z_stream z = {0};

	assert_non_null(p);
	assert_int_equal(deflateInit2(&z, kind->level, Z_DEFLATED, -15, 8,
				 kind->strategy),
		Z_OK);
	z.next_out = (Bytef *)p;
	z.avail_out = (uInt)room;
	for (size_t at = 0; step > 0 && at < text.n; at += step) {
		z.next_in = (Bytef *)(uintptr_t)text.p + at;
		z.avail_in = (uInt)(text.n - at < step ? text.n - at : step);
		assert_int_equal(deflate(&z, kind->flush), Z_OK);
	}
	if (step == 0) {
		z.next_in = (Bytef *)(uintptr_t)text.p;
		z.avail_in = (uInt)text.n;
	}
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	room -= z.avail_out;
	deflateEnd(&z);
	return (struct str){p, room};
}

static void
open_fixture(struct fixture *f, const struct kind *kind)
{
	struct zipmake z = {0};
	struct str packed;
	char path[128];

	assert_int_equal(guard_install(), 0);
	f->text = text_of(kind->size);
	packed = deflate_kind(kind, f->text);
	zipmake_add(&z,
		&(struct zipmake_member){.name = "m",
			.content = f->text,
			.packed = packed,
			.method = 8});
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_save(&z, "a.wwz");
	zipmake_free(&z);
	free((void *)(uintptr_t)packed.p);
	snprintf(path, sizeof(path), "%s//a.wwz", place);
	f->membercache = membercache_new(ROOM);
	f->archive = archive_open(str_of(path), f->membercache, NULL, false);
	assert_int_equal(f->archive->status, STATUS_GO);
	assert_true(zipdir_find(f->archive->zipdir, STR("m"), &f->member));
	assert_int_equal(
		archive_locate(f->archive, &f->member, &f->start), STATUS_GO);
}

static void
close_fixture(struct fixture *f)
{
	archive_drop(f->archive);
	membercache_drop(f->membercache);
	free((void *)(uintptr_t)f->text.p);
}

/* Bytes first to end as a body gives them are those of the text. */
static bool
part_is_right(const struct fixture *f, uint64_t first, uint64_t end)
{
	struct arena arena = {0};
	struct body body;
	struct str span;
	enum body_result result;
	uint64_t at = first;

	body_init(&body, &arena, archive_keep(f->archive));
	body_add_content(
		&body, &f->member, f->start, (struct span){first, end});
	for (;;) {
		result = body_next(&body, &span);
		if (result == BODY_LATER)
			continue;
		if (result != BODY_SPAN || span.n > end - at ||
			memcmp(span.p, f->text.p + at, span.n) != 0)
			break;
		at += span.n;
	}
	body_free(&body);
	arena_free(&arena);
	return result == BODY_END && at == end;
}

static unsigned
check_ranges(const struct fixture *f, const char *what, uint32_t seed)
{
	unsigned faults = 0;

	for (int i = 0; i < RANGES; i++) {
		uint64_t first = next_random(&seed) % f->text.n;
		uint64_t end = first + 1 +
			next_random(&seed) % (i % 2 ? 100 : f->text.n - first);

		if (end > f->text.n)
			end = f->text.n;
		if (part_is_right(f, first, end))
			continue;
		print_error("%s: %llu to %llu: other bytes\n", what,
			(unsigned long long)first, (unsigned long long)end);
		faults++;
	}
	return faults;
}

/* The points that were left are evenly spread and count newlines rightly. */
static unsigned
check_points(const struct fixture *f, const struct kind *kind)
{
	struct points *points = points_get(f->archive, &f->member);
	unsigned char window[POINTS_WINDOW];
	uint64_t lines = 0, end = f->text.n;
	unsigned faults = 0;
	size_t n, count = 0;

	if (points == NULL)
		return differ_number(
			kind->what, "points", 0, (long long)kind->points);
	assert_true(points_finished(points, &lines));
	faults += differ_number(kind->what, "newlines", (long long)lines,
		(long long)points_count_lines(f->text.p, f->text.n) +
			(f->text.p[f->text.n - 1] != '\n'));
	/* From there on no line could be counted. */
	if (points_nearest_offset(points, UINT64_MAX) >= f->text.n)
		faults += differ_number(kind->what, "point at the end", 1, 0);
	while (end > 0) {
		struct point point =
			points_nearest(points, end - 1, window, &n);

		faults += differ_number(kind->what, "newlines to a point",
			(long long)point.lines,
			(long long)points_count_lines(
				f->text.p, (size_t)point.out));
		if (n > point.out ||
			memcmp(window, f->text.p + point.out - n, n) != 0)
			faults += differ_number(kind->what, "window", 0, 1);
		if (point.lines > 0 &&
			points_before_line(points, point.lines) >= point.out)
			faults += differ_number(kind->what, "line", 0, 1);
		count += point.out > 0;
		end = point.out;
	}
	points_drop(points);
	if (count < kind->points)
		faults += differ_number(kind->what, "points", (long long)count,
			(long long)kind->points);
	return faults;
}

static void
test_all_kinds(void **state)
{
	unsigned faults = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct fixture f;

		open_fixture(&f, &kinds[i]);
		faults += check_ranges(&f, kinds[i].what, 7);
		if (!part_is_right(&f, 0, f.text.n))
			faults += differ_number(kinds[i].what, "whole", 0, 1);
		faults += check_points(&f, &kinds[i]);
		faults += check_ranges(&f, kinds[i].what, 8);
		if (!part_is_right(&f, f.text.n - 1, f.text.n))
			faults += differ_number(kinds[i].what, "end", 0, 1);
		close_fixture(&f);
	}
	assert_int_equal(faults, 0);
}

/* Points that were given up are made from the beginning again. */
static void
test_without_room(void **state)
{
	struct fixture f;

	(void)state;
	open_fixture(&f, &kinds[0]);
	assert_true(part_is_right(&f, 0, f.text.n));
	assert_true(source_nearest(f.archive, &f.member, f.text.n - 1) > 0);
	assert_true(membercache_take(
		f.membercache, ROOM - membercache_taken(f.membercache)));
	assert_int_equal(source_nearest(f.archive, &f.member, f.text.n - 1), 0);
	assert_int_equal(check_ranges(&f, "no room", 9), 0);
	close_fixture(&f);
}

/* However long the content is, its points cost no more than 8 MiB. */
static void
test_many_points(void **state)
{
	struct fixture f;
	struct points *points;
	unsigned char window[POINTS_WINDOW], found[POINTS_WINDOW];
	uint32_t seed = 3;
	uint64_t total = 4096 * (uint64_t)MIB, last = 0;
	size_t n, count = 0;

	(void)state;
	open_fixture(&f, &kinds[0]);
	points = points_get(f.archive, &f.member);
	for (size_t i = 0; i < sizeof(window); i++)
		window[i] = (unsigned char)next_random(&seed);
	for (uint64_t at = 1; at < total; at += MIB / 2) {
		struct point point = {.out = at, .in = at, .lines = at};

		if (at >= points_next(points))
			points_add(points, &point, window, sizeof(window));
	}
	for (uint64_t at = total; at > 0; count++) {
		struct point point = points_nearest(points, at - 1, found, &n);

		if (point.out > 0)
			assert_memory_equal(window, found, sizeof(window));
		assert_true(last == 0 || last - point.out < total / 50);
		at = last = point.out;
	}
	assert_in_range(count, 100, 8 * MIB / POINTS_WINDOW + 1);
	points_drop(points);
	close_fixture(&f);
}

struct ranger {
	const struct fixture *fixture;
	uint32_t seed;
	unsigned faults;
};

static void *
read_ranges(void *data)
{
	struct ranger *reader = data;

	reader->faults = check_ranges(reader->fixture, "threads", reader->seed);
	return NULL;
}

static void
test_threads(void **state)
{
	struct ranger readers[THREADS];
	pthread_t threads[THREADS];
	struct fixture f;

	(void)state;
	open_fixture(&f, &kinds[0]);
	for (uint32_t i = 0; i < THREADS; i++) {
		readers[i] = (struct ranger){&f, i, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, read_ranges,
					 &readers[i]),
			0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(readers[i].faults, 0);
	}
	close_fixture(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_count_lines),
		cmocka_unit_test(test_all_kinds),
		cmocka_unit_test(test_without_room),
		cmocka_unit_test(test_many_points),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests_name(
		"points", tests, place_make, place_remove);
}
