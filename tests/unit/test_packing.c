/* packing: compressed files, by their signatures and by their content. */

#include <inttypes.h>
#include <stdlib.h>

#include "archive/guard.h"
#include "archive/packing.h"
#include "given.h"
#include "unit.h"
#include "zipmake.h"

#ifndef BYTES
#endif

static void
test_signatures(void **state)
{
	static const struct {
		enum packing packing;
		struct str bytes;
		bool want;
	} table[] = {
		{PACKING_NONE, BYTES(""), true},
		{PACKING_GZIP, BYTES("\x1f\x8b\x08"), true},
		{PACKING_GZIP, BYTES("\x1f\x8b"), true},
		{PACKING_GZIP, BYTES("\x1f"), false},
		{PACKING_GZIP, BYTES(""), false},
		{PACKING_GZIP, BYTES("text"), false},
		{PACKING_ZSTD, BYTES("\x28\xb5\x2f\xfd"), true},
		{PACKING_ZSTD, BYTES("\x28\xb5\x2f"), false},
		{PACKING_ZSTD, BYTES("\x50\x2a\x4d\x18"), true},
		{PACKING_ZSTD, BYTES("\x5f\x2a\x4d\x18"), true},
		{PACKING_ZSTD, BYTES("\x60\x2a\x4d\x18"), false},
		{PACKING_ZSTD, BYTES("\x5f\x2a\x4d"), false},
		{PACKING_XZ, BYTES("\xfd\x37zXZ\0"), true},
		{PACKING_XZ, BYTES("\xfd\x37zXZ"), false},
		{PACKING_BZIP2, BYTES("BZh9"), true},
		{PACKING_BZIP2, BYTES("BZ"), false},
		{PACKING_BR, BYTES("anything"), true},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str s = table[i].bytes;

		if (packing_begins(table[i].packing, (const unsigned char *)s.p,
			    s.n) == table[i].want)
			continue;
		print_error("row %zu: want %d\n", i, table[i].want);
		failed++;
	}
	assert_int_equal(failed, 0);
}

static struct archive *
open_made(struct zipmake *z)
{
	char path[128];
	struct archive *archive;

	zipmake_finish(z, ZIP64_NONE, STR(""));
	zipmake_save(z, "a.wwz");
	zipmake_free(z);
	snprintf(path, sizeof(path), "%s//a.wwz", place);
	archive = archive_open(str_of(path), NULL, NULL, false);
	assert_non_null(archive);
	assert_int_equal(archive->status, STATUS_GO);
	return archive;
}

/* "a\n" in each form. */
#define ZSTD "\x28\xb5\x2f\xfd\x20\x02\x11\0\0a\n"
#define XZ                                                                 \
	"\375\067\172\130\132\000\000\004\346\326\264\106\002\000\041\001" \
	"\026\000\000\000\164\057\345\243\001\000\001\141\012\000\000\000" \
	"\023\107\077\270\223\235\105\324\000\001\032\002\334\056\245\176" \
	"\037\266\363\175\001\000\000\000\000\004\131\132"
#define BZIP2                                                              \
	"\102\132\150\071\061\101\131\046\123\131\143\076\326\342\000\000" \
	"\000\301\000\000\020\040\000\040\000\041\000\202\261\167\044\123" \
	"\205\011\006\063\355\156\040"

static void
test_contents(void **state)
{
	static const struct {
		enum packing packing;
		struct str bytes;
		ssize_t want; /* bytes in all; -1 for a fault */
		const char *says;
	} table[] = {
		{PACKING_ZSTD, BYTES(ZSTD), 2, NULL},
		{PACKING_ZSTD, BYTES(ZSTD ZSTD), 4, NULL},
		{PACKING_ZSTD, BYTES(ZSTD "\0\0\0" ZSTD), 4, NULL},
		{PACKING_ZSTD, BYTES(ZSTD "more"), 2, NULL},
		{PACKING_ZSTD, BYTES(""), -1, "ends early"},
		{PACKING_ZSTD, BYTES("\x28\xb5\x2f\xfd\x20\x02\x11"), -1,
			"ends early"},
		{PACKING_ZSTD, BYTES("text"), -1, "damaged"},
		{PACKING_ZSTD, BYTES(ZSTD "\x28text"), -1, "damaged"},
		/* A window of 16 MiB. */
		{PACKING_ZSTD, BYTES("\x28\xb5\x2f\xfd\0\x70\x11\0\0a\n"), -1,
			"more memory"},
		{PACKING_XZ, BYTES(XZ), 2, NULL},
		{PACKING_XZ, BYTES(XZ XZ), 4, NULL},
		{PACKING_XZ, BYTES(XZ "\0\0\0\0" XZ), 4, NULL},
		{PACKING_XZ, BYTES(XZ "more"), 2, NULL},
		{PACKING_XZ, BYTES("\xfd\x37\x7a\x58\x5a"), -1, "ends early"},
		{PACKING_XZ, BYTES("text"), -1, "damaged"},
		{PACKING_BZIP2, BYTES(BZIP2), 2, NULL},
		{PACKING_BZIP2, BYTES(BZIP2 BZIP2), 4, NULL},
		{PACKING_BZIP2, BYTES(BZIP2 "\0" BZIP2), 4, NULL},
		{PACKING_BZIP2, BYTES(BZIP2 "more"), 2, NULL},
		{PACKING_BZIP2, BYTES("BZh9"), -1, "ends early"},
		{PACKING_BZIP2, BYTES("text"), -1, "damaged"},
	};
	static const size_t pieces[] = {1, 7, 1000};
	struct zipmake z = {0};
	struct archive *archive;
	struct member member;
	unsigned failed = 0;

	(void)state;
	assert_int_equal(guard_install(), 0);
	zipmake_add_text(&z, "m", "a");
	archive = open_made(&z);
	assert_true(zipdir_find(archive->zipdir, STR("m"), &member));
	for (size_t i = 0; i < 3 * COUNT(table); i++) {
		struct source *source;
		const char *log;
		ssize_t got, done = 0;
		char buffer[16];
		int closed = 0;

		if (!packing_supports(table[i / 3].packing))
			continue;
		source = decompress_open(table[i / 3].packing,
			given_open(table[i / 3].bytes, pieces[i % 3], &closed),
			archive, &member);
		assert_non_null(source);
		log_take();
		do {
			got = source->read(
				source, buffer + done % 8, 1 + i % 3);
			done += got > 0 ? got : 0;
		} while (got > 0 || got == SOURCE_LATER);
		source->close(source);
		log = log_take();
		if (got < 0)
			done = -1;
		if (closed == 1 && done == table[i / 3].want &&
			(table[i / 3].says == NULL
					? *log == '\0'
					: strstr(log, table[i / 3].says) !=
						NULL))
			continue;
		print_error("row %zu, pieces of %zu: got %zd, want %zd; %s\n",
			i / 3, pieces[i % 3], done, table[i / 3].want, log);
		failed++;
	}
	assert_int_equal(failed, 0);
	archive_drop(archive);
}

static void
test_support(void **state)
{
	(void)state;
	assert_true(packing_supports(PACKING_NONE));
	assert_true(packing_supports(PACKING_GZIP));
	assert_false(packing_supports(PACKING_UNITYWEB));
	assert_true(decompress_memory(PACKING_ZSTD) < PACKING_MEMORY);
	assert_true(decompress_memory(PACKING_XZ) < 2 * PACKING_MEMORY);
	assert_true(decompress_memory(PACKING_BR) < 2 * PACKING_MEMORY);
	assert_true(decompress_memory(PACKING_BZIP2) < PACKING_MEMORY);
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
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_support),
	};

	return cmocka_run_group_tests_name(
		"packing", tests, begin, place_remove);
}
