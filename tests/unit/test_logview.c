/* logview: requests for pages of one log share the search for their lines. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "archive/guard.h"
#include "serve/logview.h"
#include "unit.h"
#include "zipmake.h"

enum {
	LINES = 400000,
	LINE = 20,
	PIECE = 64 << 10,
	/* How many reads it takes to pass that. */
	NEAR = (1 << 20) / PIECE, /* what each passes, without waiting */
	ALL = LINES * LINE / PIECE,
};

struct fixture {
	struct membercache *membercache;
	struct archive *archive;
	struct member member;
	uint64_t start;
};

static void
save_log(void)
{
	struct zipmake z = {0};
	char *text = malloc(LINES * LINE + 1);

	assert_non_null(text);
	for (unsigned i = 0; i < LINES; i++)
		snprintf(text + (size_t)i * LINE, LINE + 1, "%08u %010u\n",
			i + 1, (i + 1) * 2654435761u);
	zipmake_add(&z,
		&(struct zipmake_member){.name = "m",
			.content = {text, LINES * LINE},
			.method = 8});
	free(text);
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_save(&z, "a.wwz");
	zipmake_free(&z);
}

static void
open_log(struct fixture *f)
{
	char path[128];

	assert_int_equal(guard_install(), 0);
	snprintf(path, sizeof(path), "%s//a.wwz", place);
	f->membercache = membercache_new(64 << 20);
	f->archive = archive_open(str_of(path), f->membercache, NULL, false);
	assert_int_equal(f->archive->status, STATUS_GO);
	assert_true(zipdir_find(f->archive->zipdir, STR("m"), &f->member));
	assert_int_equal(
		archive_locate(f->archive, &f->member, &f->start), STATUS_GO);
}

static void
close_log(struct fixture *f)
{
	archive_drop(f->archive);
	membercache_drop(f->membercache);
}

static struct source *
open_view(const struct fixture *f, uint64_t from)
{
	static const struct wrapping plain = {.packing = PACKING_NONE};
	struct logpage_view view = {.from = from,
		.lines = 3,
		.name = STR("m"),
		.link = STR("../m"),
		.size = f->member.size};
	struct source *source =
		logview_open(f->archive, &f->member, f->start, &plain, &view);

	assert_non_null(source);
	return source;
}

/* Read at most `most` times, up to the first bytes of the page.  Returns how
 * often that was. */
static int
search(struct source *source, int most, char page[PIECE + 1])
{
	ssize_t got = SOURCE_LATER;
	int times = 0;

	for (; times < most && got == SOURCE_LATER; times++)
		got = source->read(source, page, PIECE);
	page[got > 0 ? got : 0] = '\0';
	return times;
}

/* What another request has found is not searched for again, whatever state the
 * search of this one was in. */
static void
test_shared(void **state)
{
	static const struct {
		const char *what;
		uint64_t from;
		int mine;  /* reads before the other's */
		int other; /* its reads */
		bool pauses;
		int most; /* reads behind that */
	} rows[] = {
		{"alone", 0, 0, 0, false, ALL + 2 * NEAR},
		{"not begun", 0, 0, ALL + 99, false, 2 * NEAR},
		{"near the beginning", 0, NEAR - 2, ALL + 99, false, 2 * NEAR},
		{"a line near the beginning", LINES - 5, NEAR - 2, ALL + 99,
			false, 2 * NEAR},
		{"far", 0, 2 * NEAR, ALL + 99, true, 2 * NEAR},
		{"the other has gone", 0, NEAR - 2, ALL - NEAR, false,
			4 * NEAR},
		{"the other is behind", 0, 4 * NEAR, 2 * NEAR, true,
			ALL - 2 * NEAR},
	};
	unsigned failed = 0;

	(void)state;
	save_log();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fixture f;
		struct source *mine, *other;
		char page[PIECE + 1];
		int times;

		open_log(&f);
		mine = open_view(&f, rows[i].from);
		other = open_view(&f, rows[i].from);
		search(mine, rows[i].mine, page);
		if (rows[i].pauses)
			mine->pause(mine);
		search(other, rows[i].other, page);
		other->close(other);
		times = search(mine, 2 * ALL, page);
		if (strstr(page, ">00399998 ") == NULL &&
			strstr(page, ">00399995 ") == NULL)
			failed += differ(rows[i].what, str_of(page), STR(""));
		if (times > rows[i].most)
			failed += differ_number(
				rows[i].what, "reads", times, rows[i].most);
		mine->close(mine);
		close_log(&f);
	}
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared),
	};

	return cmocka_run_group_tests_name(
		"logview", tests, place_make, place_remove);
}
