/* zstdframe: windows of well made and broken Zstandard data, in any pieces.
 * zstdloan: memory for them, whether libzip unpacks such data here or not. */

#include <inttypes.h>

#include "archive/zstdloan.h"
#include "unit.h"
#include "zipmake.h"

#define MAGIC                "\x28\xb5\x2f\xfd"
#define SKIPPED              "\x5a\x2a\x4d\x18\3\0\0\0" MAGIC
#define RAW_LAST             "\x19\0\0abc" /* three bytes, as they are */
#define RAW                  "\x18\0\0abc" /* the same, and more follows */
#define RLE_LAST             "\x03\0\x10z" /* 128 KiB of one byte */
#define PACKED               "\x34\0\0" MAGIC "\0\xf8" /* six bytes, no frame in them */
#define FRAME(window, block) MAGIC "\0" window block

#define CASE(bytes, window)                        \
	{                                          \
		{bytes, sizeof(bytes) - 1}, window \
	}

static const struct {
	struct str bytes;
	uint64_t window;
} cases[] = {
	CASE("", 0),
	CASE("\x28\xb5\x2f", 0),
	CASE(MAGIC, 0),
	CASE(MAGIC "\0", 0),
	/* Window descriptors. */
	CASE(FRAME("\0", ""), 1024),
	CASE(FRAME("\x07", ""), 1024 + 7 * 128),
	CASE(FRAME("\x88", ""), 128 << 20),
	CASE(FRAME("\xff", ""), (UINT64_C(1) << 41) / 8 * 15),
	/* Behind it come the numbers of a dictionary and the content's size. */
	CASE(MAGIC "\x01\x50\x11", 1 << 20),
	CASE(MAGIC "\x01\x50", 0),
	CASE(MAGIC "\x02\x50\x11\x11", 1 << 20),
	CASE(MAGIC "\x03\x50\x11\x11\x11\x11", 1 << 20),
	CASE(MAGIC "\xc3\x50\x11\x11\x11\x11"
		   "12345678",
		1 << 20),
	CASE(MAGIC "\xc3\x50\x11\x11\x11\x11"
		   "1234567",
		0),
	/* A single segment is its own window. */
	CASE(MAGIC "\x20\x09", 9),
	CASE(MAGIC "\x60\x09\x01", 0x109 + 256),
	CASE(MAGIC "\xa0\x09\0\0\x01", 0x1000009),
	CASE(MAGIC "\xe0\x09\0\0\0\x01\0\0\0", UINT64_C(0x100000009)),
	CASE(MAGIC "\x21\x77\x09", 9),
	/* The largest one of all frames. */
	CASE(FRAME("\x50", RAW_LAST) FRAME("\x58", RAW_LAST), 2 << 20),
	CASE(FRAME("\x58", RAW_LAST) FRAME("\x50", RAW_LAST), 2 << 20),
	CASE(FRAME("\x50", RLE_LAST) FRAME("\x58", ""), 2 << 20),
	CASE(FRAME("\x50", RAW RAW RAW_LAST) FRAME("\x58", ""), 2 << 20),
	CASE(FRAME("\x50", PACKED), 1 << 20),
	CASE(FRAME("\x50", PACKED RAW_LAST) FRAME("\x58", ""), 2 << 20),
	/* A checksum comes in between. */
	CASE(MAGIC "\x04\x50" RAW_LAST "1234" FRAME("\x58", ""), 2 << 20),
	CASE(MAGIC "\x04\x50" RAW_LAST FRAME("\x58", ""), 1 << 20),
	/* Skippable frames, and what is none. */
	CASE(SKIPPED, 0),
	CASE("\x50\x2a\x4d\x18\0\0\0\0" FRAME("\x50", ""), 1 << 20),
	CASE("\x5f\x2a\x4d\x18\3\0\0\0abc" FRAME("\x50", ""), 1 << 20),
	CASE("\x60\x2a\x4d\x18\3\0\0\0abc" FRAME("\x50", ""), 0),
	CASE("\x5f\x2a\x4d\x18\xff\xff\xff\xff" FRAME("\x50", ""), 0),
	CASE(FRAME("\x50", RAW_LAST) "rest" FRAME("\x58", ""), 1 << 20),
	CASE(FRAME("\x50", "\x1f\0\0abc") FRAME("\x58", ""), 1 << 20),
};

static uint64_t
window_in_pieces(struct str bytes, size_t size)
{
	struct zstdframe frame = {0};

	for (size_t at = 0; at < bytes.n; at += size) {
		struct str piece = str_slice(
			bytes, at, at + size < bytes.n ? at + size : bytes.n);

		zstdframe_look(&frame, piece.p, piece.n);
	}
	return frame.window;
}

static void
test_windows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t size = 1; size < 60; size++) {
			uint64_t got = window_in_pieces(cases[i].bytes, size);

			if (got != cases[i].window)
				fail_msg("case %zu in pieces of %zu: %" PRIu64
					 ", not %" PRIu64,
					i, size, got, cases[i].window);
		}
	}
}

enum { MIB = 1 << 20, HALF = 8 * MIB };

/* Frames with windows of 1, 2, 1, 4 and 8 MiB, at these offsets. */
#define FRAMES                  \
	FRAME("\x50", RAW_LAST) \
	FRAME("\x58", RAW_LAST) \
	FRAME("\x50", RAW_LAST) \
	FRAME("\x60", RAW_LAST) \
	FRAME("\x68", RAW_LAST)
enum { FRAME_SIZE = 12 };

/* What has been borrowed once so many bytes were read, in MiB.  The first
 * window is the caller's. */
static const struct {
	int from, to, lent;
	bool room;
} reads[] = {
	{0, 4, 0, true},
	{4, FRAME_SIZE, 0, true},
	{FRAME_SIZE, FRAME_SIZE + 5, 0, true},
	{FRAME_SIZE, FRAME_SIZE + 6, 1, true},
	/* libzip goes back, and reads on from there. */
	{0, FRAME_SIZE + 6, 1, true},
	{FRAME_SIZE, 3 * FRAME_SIZE, 1, true},
	/* What was left out is not looked at. */
	{3 * FRAME_SIZE + 1, 4 * FRAME_SIZE, 1, true},
	{3 * FRAME_SIZE, 4 * FRAME_SIZE, 3, true},
	{4 * FRAME_SIZE, 5 * FRAME_SIZE, 3, false},
};

/* Windows are borrowed as their frames come, and no more than there is room
 * for. */
static void
test_loan(void **state)
{
	static const char frames[] = FRAMES;
	struct membercache *membercache = membercache_new(2 * HALF);
	struct archive *archive = archive_new(STR("//a.wwz"), membercache);
	struct zstdloan loan = {
		.archive = archive, .looked = 100, .window = MIB};

	(void)state;
	/* So much is lent to another one. */
	assert_true(membercache_lend(membercache, HALF - 4 * MIB));
	for (size_t i = 0; i < COUNT(reads); i++) {
		bool room = zstdloan_follow(&loan,
			100 + (uint64_t)reads[i].from, frames + reads[i].from,
			(uint64_t)(reads[i].to - reads[i].from));
		uint64_t lent = membercache_lent(membercache) - HALF + 4 * MIB;

		if (room != reads[i].room ||
			lent != (uint64_t)reads[i].lent * MIB)
			fail_msg("read %zu: %" PRIu64 " bytes are lent", i,
				lent);
	}
	assert_non_null(strstr(log_take(), "memory-in-use"));
	zstdloan_end(&loan);
	zstdloan_end(&loan);
	assert_int_equal(membercache_lent(membercache), HALF - 4 * MIB);
	membercache_return(membercache, HALF - 4 * MIB);
	archive_drop(archive);
	membercache_drop(membercache);
}

/* A window that libzstd refuses is not borrowed. */
static void
test_refused_window(void **state)
{
	static const char frames[] = FRAME("\x90", RAW_LAST);
	struct membercache *membercache = membercache_new(1 << 30);
	struct archive *archive = archive_new(STR("//a.wwz"), membercache);
	struct zstdloan loan = {.archive = archive};

	(void)state;
	assert_true(zstdloan_follow(&loan, 0, frames, sizeof(frames) - 1));
	assert_int_equal(membercache_lent(membercache), 0);
	archive_drop(archive);
	membercache_drop(membercache);
}

static int
begin(void **state)
{
	(void)state;
	log_catch();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_loan),
		cmocka_unit_test(test_refused_window),
	};

	return cmocka_run_group_tests_name("zstdframe", tests, begin, NULL);
}
