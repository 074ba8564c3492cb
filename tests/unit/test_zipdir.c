/* zipdir, zipend, ziplocal: the directory of right and wrong zip files. */

#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include <zip.h>

#include "unit.h"
#include "zip/zipdir.h"
#include "zip/ziplocal.h"
#include "zipmake.h"
#include "zipstat.h"

static const char *const result_names[] = {
	[ZIPDIR_OK] = "OK",
	[ZIPDIR_NO_END] = "NO_END",
	[ZIPDIR_DAMAGED] = "DAMAGED",
	[ZIPDIR_FAILED] = "FAILED",
};

static enum zipdir_result
open_made(struct zipdir **dir, const struct zipmake *z, struct fault *fault)
{
	int fd = zipmake_open(z);
	enum zipdir_result result = zipdir_open(dir, fd, z->file.n, fault);

	close(fd);
	return result;
}

/* Open z, which is finished and right, and release it. */
static struct zipdir *
open_right(struct zipmake *z)
{
	struct fault fault = {""};
	struct zipdir *dir;
	enum zipdir_result result = open_made(&dir, z, &fault);

	if (result != ZIPDIR_OK)
		fail_msg("got %s, \"%s\"", result_names[result], fault.text);
	zipmake_free(z);
	return dir;
}

/* Three members and a comment. */
static void
make_three(struct zipmake *z, enum zipmake_zip64 zip64)
{
	*z = (struct zipmake){0};
	zipmake_add_text(z, "a", "first");
	zipmake_add(z,
		&(struct zipmake_member){.name = "dir/b",
			.content = STR("second, second, second, second"),
			.method = 8,
			.comment = STR("a comment")});
	zipmake_add(z,
		&(struct zipmake_member){.name = "c",
			.content = STR("third"),
			.extra = STR("UT\x05\0\x03\x01\x02\x03\x04"),
			.descriptor = true});
	zipmake_finish(z, zip64, STR("the end"));
}

/* The local header at member's offset in z is member's. */
static const char *
local_fault(const struct zipmake *z, const struct member *member)
{
	const unsigned char *header = z->file.p + member->offset;

	if (member->offset > z->start - ZIPLOCAL_SIZE)
		return "offset behind the directory's start";
	if (ziplocal_size(header) == 0)
		return "no local header there";
	return ziplocal_differs(header, member);
}

/* Members against libzip. */

static unsigned
compare_member(const struct zipdir *dir, const zip_stat_t *want)
{
	struct member m;

	if (!zipdir_find(dir, str_of(want->name), &m)) {
		print_error("%s: not found\n", want->name);
		return 1;
	}
	if (str_eq(m.name, str_of(want->name)) && m.size == want->size &&
		m.packed == want->comp_size && m.crc == want->crc &&
		m.method == want->comp_method && m.modified == want->mtime)
		return 0;
	print_error("%s: got %.*s size %" PRIu64 " packed %" PRIu64 " crc %08x "
		    "method %u time %" PRId64 ", want %" PRIu64 " %" PRIu64
		    " %08x %u %" PRId64 "\n",
		want->name, STR_ARG(m.name), m.size, m.packed, m.crc, m.method,
		m.modified, (uint64_t)want->size, (uint64_t)want->comp_size,
		want->crc, want->comp_method, (int64_t)want->mtime);
	return 1;
}

/* The file at path has n members, and they are what libzip says. */
static void
compare_with_libzip(const char *path, zip_int64_t n)
{
	int error = 0, fd = open(path, O_RDONLY | O_CLOEXEC);
	zip_t *zip = zip_open(path, ZIP_RDONLY, &error);
	struct fault fault = {""};
	struct zipdir *dir;
	enum zipdir_result result;
	unsigned failed = 0;

	assert_non_null(zip);
	assert_int_equal(zip_get_num_entries(zip, 0), n);
	result =
		zipdir_open(&dir, fd, (uint64_t)lseek(fd, 0, SEEK_END), &fault);
	if (result != ZIPDIR_OK)
		fail_msg("%" PRId64 " members: %s, \"%s\"", (int64_t)n,
			result_names[result], fault.text);
	assert_int_equal(zipdir_count(dir), n);
	for (zip_int64_t i = 0; i < n && failed < 10; i++) {
		zip_stat_t stat;

		assert_int_equal(
			zipstat_index(zip, (zip_uint64_t)i, 0, &stat), 0);
		failed += compare_member(dir, &stat);
	}
	assert_int_equal(failed, 0);
	zipdir_free(dir);
	zip_discard(zip);
	close(fd);
}

static const zip_int64_t counts[] = {0, 1, 65534, 65535, 65536, 70000};

/* A name, and content of some bytes, for member i. */
static struct str
member_text(zip_int64_t i, char text[64])
{
	int n = snprintf(
		text, 64, "d%d/m%" PRId64 ".txt", (int)(i % 100), (int64_t)i);

	return (struct str){text, (size_t)n};
}

static void
test_as_libzip_reads(void **state)
{
	(void)state;
	for (size_t c = 0; c < COUNT(counts); c++) {
		struct zipmake z = {0};
		char text[64];

		for (zip_int64_t i = 0; i < counts[c]; i++)
			zipmake_add(&z,
				&(struct zipmake_member){.name = text,
					.content = member_text(i, text),
					.method = i % 20 ? 0 : 8,
					.time = (unsigned)(i % 24) << 11,
					.date = 40 << 9 | 2 << 5 |
						(unsigned)(i % 28 + 1)});
		zipmake_finish(&z, counts[c] < 65535 ? ZIP64_NONE : ZIP64_ONLY,
			STR(""));
		zipmake_save(&z, "made.zip");
		zipmake_free(&z);
		compare_with_libzip("made.zip", counts[c]);
	}
}

static void
test_as_libzip_writes(void **state)
{
	/* libzip copies no content before zip_close. */
	static char text[70000][64];

	(void)state;
	for (size_t c = 0; c < COUNT(counts); c++) {
		zip_t *zip =
			zip_open("libzip.zip", ZIP_CREATE | ZIP_TRUNCATE, NULL);

		assert_non_null(zip);
		for (zip_int64_t i = 0; i < counts[c]; i++) {
			struct str name = member_text(i, text[i]);
			zip_source_t *source =
				zip_source_buffer(zip, name.p, name.n, 0);

			assert_int_equal(
				zip_file_add(zip, name.p, source, 0), i);
			if (i % 20 != 0)
				zip_set_file_compression(
					zip, (zip_uint64_t)i, ZIP_CM_STORE, 0);
		}
		assert_int_equal(zip_close(zip), 0);
		/* libzip writes no file without members: an end record alone
		 * is what zipmake has written above. */
		if (counts[c] > 0)
			compare_with_libzip("libzip.zip", counts[c]);
	}
}

/* Where the directory is. */

static void
test_data_in_front(void **state)
{
	static const struct {
		size_t n;
		bool adjusted; /* offsets count from the file's start */
		enum zipmake_zip64 zip64;
	} table[] = {
		{0, true, ZIP64_NONE},
		{1, false, ZIP64_NONE},
		{1, true, ZIP64_NONE},
		{70000, false, ZIP64_NONE},
		{70000, true, ZIP64_NONE},
		{1, false, ZIP64_ONLY},
		{1, true, ZIP64_ONLY},
		{70000, false, ZIP64_ONLY},
		{70000, true, ZIP64_BESIDE},
		{70000, false, ZIP64_BESIDE},
	};
	static const char *const names[] = {"a", "b"};
	char *front = calloc(1, 70000);

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct zipmake z = {.base = table[i].adjusted ? 0 : table[i].n};
		struct fault fault = {""};
		struct zipdir *dir;
		enum zipdir_result result;

		zipmake_bytes(&z, (struct str){front, table[i].n});
		zipmake_add_text(&z, "a", "one");
		zipmake_add(&z,
			&(struct zipmake_member){.name = "b",
				.content = STR("two"),
				.zip64 = table[i].zip64 != ZIP64_NONE});
		zipmake_finish(&z, table[i].zip64, STR(""));
		result = open_made(&dir, &z, &fault);
		if (result != ZIPDIR_OK)
			fail_msg("case %zu: %s, \"%s\"", i,
				result_names[result], fault.text);
		assert_int_equal(zipdir_start(dir), z.start);
		for (size_t j = 0; j < COUNT(names); j++) {
			struct member m;
			const char *wrong;

			assert_true(zipdir_find(dir, str_of(names[j]), &m));
			wrong = local_fault(&z, &m);
			if (wrong != NULL)
				fail_msg("case %zu, member %s: %s", i, names[j],
					wrong);
		}
		zipdir_free(dir);
		zipmake_free(&z);
	}
	free(front);
}

static void
test_comments(void **state)
{
	static const size_t sizes[] = {0, 1, 21, 22, 65534, 65535};
	char *comment = calloc(1, 65535);

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(sizes); i++) {
		struct zipmake z = {0};
		struct zipdir *dir;

		zipmake_add_text(&z, "a", "one");
		zipmake_finish(&z, i % 2 ? ZIP64_ONLY : ZIP64_NONE,
			(struct str){comment, sizes[i / 2]});
		dir = open_right(&z);
		assert_int_equal(zipdir_count(dir), 1);
		zipdir_free(dir);
	}
	free(comment);
}

/* Of end records whose comment ends where the file ends the last one counts:
 * here one of an archive without members, in the comment of one with one. */
static void
test_end_record_in_comment(void **state)
{
	static const struct {
		const char *what;
		unsigned char comment_n;
		size_t surplus, want;
	} table[] = {
		{"fits", 0, 0, 0},
		{"fits, with a comment", 3, 3, 0},
		{"ends before the file", 0, 1, 1},
		{"ends behind the file", 1, 0, 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char comment[32] = "PK\5\6";
		struct zipmake z = {0};
		struct zipdir *dir;

		comment[20] = (char)table[i].comment_n;
		zipmake_add_text(&z, "a", "one");
		zipmake_finish(&z, ZIP64_NONE,
			(struct str){comment, 22 + table[i].surplus});
		dir = open_right(&z);
		if (zipdir_count(dir) != table[i].want)
			fail_msg("%s: got %zu members, want %zu", table[i].what,
				zipdir_count(dir), table[i].want);
		zipdir_free(dir);
	}
}

static void
test_bytes_behind_the_end(void **state)
{
	static const struct {
		struct str front;
		size_t behind;
		enum zipdir_result want;
		const char *why;
	} table[] = {
		{{"", 0}, 1, ZIPDIR_OK, NULL},
		{{"", 0}, 65536, ZIPDIR_OK, NULL},
		{{"", 0}, 65537, ZIPDIR_NO_END, "no end record"},
		/* A program that unpacks itself. */
		{{"#!/bin/sh", 9}, 1, ZIPDIR_OK, NULL},
		/* It may lie in an archive that was cut off. */
		{{"PK\3\4", 4}, 1, ZIPDIR_NO_END,
			"begins at 4, as a member of another one, which has no end; 1 bytes stand behind"},
	};
	static const char zeros[65537];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct zipmake z = {0};
		struct fault fault;
		struct zipdir *dir;

		zipmake_bytes(&z, table[i].front);
		z.base = table[i].front.n;
		zipmake_add_text(&z, "a", "one");
		zipmake_finish(&z, ZIP64_BESIDE, STR("comment"));
		zipmake_bytes(&z, (struct str){zeros, table[i].behind});
		assert_int_equal(open_made(&dir, &z, &fault), table[i].want);
		if (table[i].want == ZIPDIR_OK)
			assert_int_equal(zipdir_behind(dir), table[i].behind);
		else
			assert_non_null(strstr(fault.text, table[i].why));
		zipdir_free(dir);
		zipmake_free(&z);
	}
}

/* Writers without zip64 count modulo 65,536, and have no other way to say
 * 65,535. */
static void
test_counts_without_zip64(void **state)
{
	static const size_t sizes[] = {65534, 65535, 65536, 70000, 131072};

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct zipmake z = {0};
		struct zipdir *dir;
		char name[64];

		for (size_t j = 0; j < sizes[i]; j++) {
			member_text((zip_int64_t)j, name);
			zipmake_add_text(&z, name, "");
		}
		zipmake_finish(&z, ZIP64_NONE, STR(""));
		dir = open_right(&z);
		assert_int_equal(zipdir_count(dir), sizes[i]);
		zipdir_free(dir);
	}
}

enum record { NOWHERE, ENTRY0, ENTRY1, ENTRY2, START, END64, LOCATOR, END };

static size_t
record_at(const struct zipmake *z, enum record record)
{
	switch (record) {
	case ENTRY0:
	case ENTRY1:
	case ENTRY2:
		return zipmake_entry(z, record - ENTRY0);
	case START:
		return z->start;
	case END64:
		return z->end64;
	case LOCATOR:
		return z->locator;
	case END:
		return z->end;
	case NOWHERE:
		break;
	}
	return 0;
}

/* A field that is given another value, or one that is so much higher. */
struct change {
	enum record record;
	unsigned field;
	int n;
	uint64_t value;
	bool add;
};

struct damage {
	const char *what;
	enum zipmake_zip64 zip64;
	struct change changes[3];
	enum zipdir_result want;
	/* What the fault says, with the offset of a record, and then some, for
	 * the only "%". */
	const char *text;
	enum record record;
	size_t behind;
};

#define NO_HEADER "no central directory header at offset %zu"
#define REACHES                                   \
	"central directory header at offset %zu " \
	"reaches beyond the central directory"
#define DISKS     "end record at offset %zu: archives of several disks"
#define ELSEWHERE "zip64 end record at offset %zu: its locator points elsewhere"
#define DISKS64   "zip64 " DISKS
#define CONTRADICTS                           \
	"zip64 end record at offset %zu and " \
	"end record contradict each other"
#define NO_END64 "zip64 locator at offset %zu points to no zip64 end record"

static const struct damage damages[] = {
	{"nothing", ZIP64_NONE, {{0}}, ZIPDIR_OK, "", 0, 0},
	{"nothing, zip64", ZIP64_BESIDE, {{0}}, ZIPDIR_OK, "", 0, 0},
	{"nothing, zip64 alone", ZIP64_ONLY, {{0}}, ZIPDIR_OK, "", 0, 0},

	{"first signature", ZIP64_NONE, {{ENTRY0, 0, 1, 'Q', false}},
		ZIPDIR_DAMAGED, NO_HEADER, ENTRY0, 0},
	{"second signature", ZIP64_NONE, {{ENTRY1, 3, 1, 3, false}},
		ZIPDIR_DAMAGED, NO_HEADER, ENTRY1, 0},
	{"last signature", ZIP64_ONLY, {{ENTRY2, 2, 1, 0, false}},
		ZIPDIR_DAMAGED, NO_HEADER, ENTRY2, 0},
	{"longest name", ZIP64_NONE,
		{{ENTRY1, AT_ENTRY_NAME_N, 2, 65535, false}}, ZIPDIR_DAMAGED,
		REACHES, ENTRY1, 0},
	{"name longer", ZIP64_NONE, {{ENTRY0, AT_ENTRY_NAME_N, 2, 1, true}},
		ZIPDIR_DAMAGED, NO_HEADER, ENTRY1, 1},
	{"name shorter", ZIP64_NONE, {{ENTRY1, AT_ENTRY_NAME_N, 2, 4, false}},
		ZIPDIR_DAMAGED, NO_HEADER, ENTRY2, (size_t)-1},
	{"last extra longer", ZIP64_NONE,
		{{ENTRY2, AT_ENTRY_EXTRA_N, 2, 1, true}}, ZIPDIR_DAMAGED,
		REACHES, ENTRY2, 0},
	{"last comment longer", ZIP64_NONE,
		{{ENTRY2, AT_ENTRY_COMMENT_N, 2, 1, true}}, ZIPDIR_DAMAGED,
		REACHES, ENTRY2, 0},
	{"last extra shorter", ZIP64_NONE,
		{{ENTRY2, AT_ENTRY_EXTRA_N, 2, 0, false}}, ZIPDIR_DAMAGED,
		NO_HEADER, END, (size_t)-9},

	{"disk", ZIP64_NONE, {{END, AT_END_DISK, 2, 1, false}}, ZIPDIR_DAMAGED,
		DISKS, END, 0},
	{"directory's disk", ZIP64_NONE,
		{{END, AT_END_START_DISK, 2, 1, false}}, ZIPDIR_DAMAGED, DISKS,
		END, 0},
	{"members on this disk", ZIP64_NONE,
		{{END, AT_END_DISK_COUNT, 2, 2, false}}, ZIPDIR_DAMAGED, DISKS,
		END, 0},
	{"one member more", ZIP64_NONE,
		{{END, AT_END_DISK_COUNT, 2, 4, false},
			{END, AT_END_COUNT, 2, 4, false}},
		ZIPDIR_DAMAGED,
		"end record at offset %zu counts 4 members, the central "
		"directory holds 3",
		END, 0},
	{"no members", ZIP64_NONE,
		{{END, AT_END_DISK_COUNT, 2, 0, false},
			{END, AT_END_COUNT, 2, 0, false}},
		ZIPDIR_DAMAGED, "end record at offset %zu counts 0 members",
		END, 0},
	{"saturated count", ZIP64_NONE,
		{{END, AT_END_DISK_COUNT, 2, 65535, false},
			{END, AT_END_COUNT, 2, 65535, false}},
		ZIPDIR_DAMAGED, "end record at offset %zu counts 65535 members",
		END, 0},
	{"largest size", ZIP64_NONE, {{END, AT_END_SIZE, 4, UINT32_MAX, false}},
		ZIPDIR_DAMAGED,
		"end record at offset %zu: no room for a central directory of "
		"4294967295 bytes",
		END, 0},
	{"size one more", ZIP64_NONE, {{END, AT_END_SIZE, 4, 1, true}},
		ZIPDIR_DAMAGED,
		"end record at offset %zu: the central directory is at ", END,
		0},
	{"size one less", ZIP64_NONE, {{END, AT_END_SIZE, 4, UINT32_MAX, true}},
		ZIPDIR_DAMAGED, NO_HEADER, START, 1},
	{"start one more", ZIP64_NONE, {{END, AT_END_START, 4, 1, true}},
		ZIPDIR_DAMAGED,
		"end record at offset %zu: the central directory is at ", END,
		0},
	{"largest start", ZIP64_NONE,
		{{END, AT_END_START, 4, UINT32_MAX, false}}, ZIPDIR_DAMAGED,
		"end record at offset %zu: the central directory is at ", END,
		0},
	{"start one less: one byte in front", ZIP64_NONE,
		{{END, AT_END_START, 4, UINT32_MAX, true}}, ZIPDIR_OK, "", 0,
		0},
	{"comment longer", ZIP64_NONE, {{END, AT_END_COMMENT_N, 2, 1, true}},
		ZIPDIR_NO_END, "no end record in the last %zu bytes of ", END,
		29},
	{"end's signature", ZIP64_BESIDE, {{END, 3, 1, 7, false}},
		ZIPDIR_NO_END, "no end record in the last %zu bytes of ", END,
		29},

	{"signature, zip64", ZIP64_BESIDE, {{END64, 0, 1, 'Q', false}},
		ZIPDIR_DAMAGED, NO_END64, LOCATOR, 0},
	{"record's size, zip64", ZIP64_ONLY,
		{{END64, AT_END64_RECORD_SIZE, 8, 1, true}}, ZIPDIR_DAMAGED,
		NO_END64, LOCATOR, 0},
	{"largest record's size, zip64", ZIP64_ONLY,
		{{END64, AT_END64_RECORD_SIZE, 8, UINT64_MAX, false}},
		ZIPDIR_DAMAGED, NO_END64, LOCATOR, 0},
	{"both, locator too low", ZIP64_ONLY,
		{{END64, 0, 1, 'Q', false},
			{LOCATOR, AT_LOCATOR_OFFSET, 8, 0, false}},
		ZIPDIR_DAMAGED, NO_END64, LOCATOR, 0},
	{"locator too low, nothing in front", ZIP64_ONLY,
		{{LOCATOR, AT_LOCATOR_OFFSET, 8, 0, false}}, ZIPDIR_DAMAGED,
		ELSEWHERE, END64, 0},
	{"locator beyond all, record where it should be", ZIP64_ONLY,
		{{LOCATOR, AT_LOCATOR_OFFSET, 8, UINT64_MAX, false}},
		ZIPDIR_DAMAGED, ELSEWHERE, END64, 0},
	{"locator one too low", ZIP64_ONLY,
		{{LOCATOR, AT_LOCATOR_OFFSET, 8, UINT64_MAX, true}},
		ZIPDIR_DAMAGED, ELSEWHERE, END64, 0},
	{"locator and directory one too low: one byte in front", ZIP64_ONLY,
		{{LOCATOR, AT_LOCATOR_OFFSET, 8, UINT64_MAX, true},
			{END64, AT_END64_START, 8, UINT64_MAX, true}},
		ZIPDIR_OK, "", 0, 0},
	{"directory alone one too low", ZIP64_ONLY,
		{{END64, AT_END64_START, 8, UINT64_MAX, true}}, ZIPDIR_DAMAGED,
		ELSEWHERE, END64, 0},
	{"no locator, not needed", ZIP64_BESIDE, {{LOCATOR, 0, 1, 0, false}},
		ZIPDIR_DAMAGED, NO_HEADER, START, 76},
	{"no locator, needed", ZIP64_ONLY, {{LOCATOR, 0, 1, 0, false}},
		ZIPDIR_DAMAGED,
		"end record at offset %zu: no room for a central directory",
		END, 0},
	{"disk, zip64", ZIP64_ONLY, {{END64, AT_END64_DISK, 4, 1, false}},
		ZIPDIR_DAMAGED, DISKS64, END64, 0},
	{"directory's disk, zip64", ZIP64_ONLY,
		{{END64, AT_END64_START_DISK, 4, 1, false}}, ZIPDIR_DAMAGED,
		DISKS64, END64, 0},
	{"members on this disk, zip64", ZIP64_ONLY,
		{{END64, AT_END64_DISK_COUNT, 8, 2, false}}, ZIPDIR_DAMAGED,
		DISKS64, END64, 0},
	{"65,536 members more, zip64", ZIP64_ONLY,
		{{END64, AT_END64_DISK_COUNT, 8, 65539, false},
			{END64, AT_END64_COUNT, 8, 65539, false}},
		ZIPDIR_DAMAGED, "end record at offset %zu counts 65539 members",
		END64, 0},
	{"counts differ", ZIP64_BESIDE,
		{{END, AT_END_DISK_COUNT, 2, 2, false},
			{END, AT_END_COUNT, 2, 2, false}},
		ZIPDIR_DAMAGED, CONTRADICTS, END64, 0},
	{"sizes differ", ZIP64_BESIDE, {{END, AT_END_SIZE, 4, 1, true}},
		ZIPDIR_DAMAGED, CONTRADICTS, END64, 0},
	{"starts differ", ZIP64_BESIDE, {{END, AT_END_START, 4, 1, true}},
		ZIPDIR_DAMAGED, CONTRADICTS, END64, 0},
	{"one field saturated", ZIP64_BESIDE,
		{{END, AT_END_START, 4, UINT32_MAX, false}}, ZIPDIR_OK, "", 0,
		0},
	{"largest size, zip64", ZIP64_ONLY,
		{{END64, AT_END64_SIZE, 8, UINT64_MAX, false}}, ZIPDIR_DAMAGED,
		"end record at offset %zu: no room for a central directory of "
		"18446744073709551615 bytes",
		END64, 0},
	{"largest start, zip64", ZIP64_ONLY,
		{{END64, AT_END64_START, 8, UINT64_MAX, false}}, ZIPDIR_DAMAGED,
		"end record at offset %zu: the central directory is at ", END64,
		0},
};

static void
do_damage(struct zipmake *z, const struct damage *damage)
{
	for (size_t i = 0; i < COUNT(damage->changes); i++) {
		const struct change *c = &damage->changes[i];
		size_t at = record_at(z, c->record) + c->field;

		if (c->record != NOWHERE)
			zipmake_set(z, at, c->n,
				c->value +
					(c->add ? zipmake_get(z, at, c->n)
						: 0));
	}
}

static void
test_damages(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(damages); i++) {
		const struct damage *d = &damages[i];
		struct fault fault = {""};
		struct zipdir *dir;
		struct zipmake z;
		enum zipdir_result result;
		char want[200];
		size_t at;

		make_three(&z, d->zip64);
		at = record_at(&z, d->record) + d->behind;
		do_damage(&z, d);
		result = open_made(&dir, &z, &fault);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(want, sizeof(want), d->text, at);
#pragma GCC diagnostic pop
		if (result != d->want ||
			strncmp(fault.text, want, strlen(want)) != 0) {
			print_error("%s: got %s \"%s\", want %s \"%s\"\n",
				d->what, result_names[result], fault.text,
				result_names[d->want], want);
			failed++;
		}
		if (result != ZIPDIR_OK)
			assert_null(dir);
		zipdir_free(dir);
		zipmake_free(&z);
	}
	assert_int_equal(failed, 0);
}

/* A directory that would fill the memory is refused: here one of a sparse file.
 */
static void
test_enormous_directory(void **state)
{
	const uint64_t size = (UINT64_C(1) << 30) + 1;
	struct fault fault = {""};
	struct zipmake z = {0};
	struct zipdir *dir;
	int fd;

	(void)state;
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_set(&z, z.end + AT_END_SIZE, 4, size);
	fd = memfd_create("zip", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	lseek(fd, 0, SEEK_END);
	zipmake_write(&z, fd);
	assert_int_equal(
		zipdir_open(&dir, fd, size + z.file.n, &fault), ZIPDIR_DAMAGED);
	assert_non_null(strstr(fault.text, "over the limit of 1073741824"));
	assert_null(dir);
	close(fd);
	zipmake_free(&z);
}

/* Cut off anywhere it is no archive; what is cut off later is noticed. */
static void
test_truncated(void **state)
{
	(void)state;
	for (int zip64 = ZIP64_NONE; zip64 <= ZIP64_ONLY; zip64++) {
		struct fault fault;
		struct zipdir *dir;
		struct zipmake z;
		size_t whole;

		make_three(&z, (enum zipmake_zip64)zip64);
		whole = z.file.n;
		for (z.file.n = 0; z.file.n < whole; z.file.n++) {
			int fd = zipmake_open(&z);

			if (open_made(&dir, &z, &fault) == ZIPDIR_OK)
				fail_msg("%zu of %zu bytes are OK", z.file.n,
					whole);
			assert_int_not_equal(
				zipdir_open(&dir, fd, whole, &fault),
				ZIPDIR_OK);
			assert_null(dir);
			close(fd);
		}
		assert_int_equal(open_made(&dir, &z, &fault), ZIPDIR_OK);
		zipdir_free(dir);
		zipmake_free(&z);
	}
}

static void
test_unreadable(void **state)
{
	struct fault fault = {""};
	struct zipdir *dir;

	(void)state;
	errno = 0;
	assert_int_equal(zipdir_open(&dir, -1, 100, &fault), ZIPDIR_FAILED);
	assert_int_equal(errno, EBADF);
	assert_string_equal(fault.text, "reading at offset 0 failed");
}

/* Ask for all that there is. */
static size_t
use(struct zipdir *dir, struct str name)
{
	struct zipdir_walk walk;
	struct child child;
	struct member member;
	size_t n = 0;

	assert_int_equal(zipdir_sort(dir), 0);
	if (!zipdir_walk(dir, name, &walk))
		return 0;
	for (; zipdir_next(&walk, &child); n++) {
		char path[70000];
		size_t length = name.n + child.name.n + 1;

		assert_true(child.name.n > 0 && length < sizeof(path));
		memcpy(path, name.p, name.n);
		path[name.n] = '/';
		memcpy(path + name.n + 1, child.name.p, child.name.n);
		if (child.directory)
			n += use(dir,
				(struct str){path + (name.n == 0),
					length - (name.n == 0)});
		else
			assert_true(
				zipdir_find(dir, child.member.name, &member));
	}
	return n;
}

static void
test_every_bit_flipped(void **state)
{
	unsigned right = 0, wrong = 0;

	(void)state;
	for (int zip64 = ZIP64_NONE; zip64 <= ZIP64_ONLY; zip64++) {
		struct fault fault;
		struct zipdir *dir;
		struct zipmake z;

		make_three(&z, (enum zipmake_zip64)zip64);
		for (size_t bit = z.start * 8; bit < z.file.n * 8; bit++) {
			enum zipdir_result result;

			z.file.p[bit / 8] ^= (unsigned char)(1 << bit % 8);
			result = open_made(&dir, &z, &fault);
			if (result == ZIPDIR_OK) {
				use(dir, STR(""));
				right++;
			} else {
				assert_int_not_equal(result, ZIPDIR_FAILED);
				assert_null(dir);
				wrong++;
			}
			zipdir_free(dir);
			z.file.p[bit / 8] ^= (unsigned char)(1 << bit % 8);
		}
		zipmake_free(&z);
	}
	/* A bit of a name, a time, a CRC-32 or a comment does not show; one of
	 * a signature or a length does. */
	assert_true(right > 1000 && wrong > 1000);
}

/* Members. */

#define ONES UINT32_MAX

/* A field with NTFS's times: its beginning, a time of modification, and what
 * follows that. */
#define NTFS      "\12\0\x20\0....\1\0\x18\0"
#define NTFS_2009 "\0\xf5\x96\x32\x33\x8e\xc9\1"
#define NTFS_REST "accessedcreation"

static void
test_extra_fields(void **state)
{
	static const struct {
		const char *what;
		uint64_t size, packed, offset;
		struct str extra;
		uint64_t want_size, want_packed, want_offset;
		int64_t want_modified;
	} table[] = {
		{"none", 1, 2, 3, {"", 0}, 1, 2, 3, 7},
		{"none where one is needed", ONES, 2, ONES, {"", 0}, ONES, 2,
			ONES, 7},
		{"all", ONES, ONES, ONES,
			{"\1\0\x18\0"
			 "\1\0\0\0\1\0\0\0\2\0\0\0\2\0\0\0\3\0\0\0\3\0\0\0",
				28},
			0x100000001, 0x200000002, 0x300000003, 7},
		{"size alone", ONES, 2, 3, {"\1\0\x08\0\1\0\0\0\1\0\0\0", 12},
			0x100000001, 2, 3, 7},
		{"packed alone", 1, ONES, 3, {"\1\0\x08\0\1\0\0\0\1\0\0\0", 12},
			1, 0x100000001, 3, 7},
		{"offset alone", 1, 2, ONES, {"\1\0\x08\0\1\0\0\0\1\0\0\0", 12},
			1, 2, 0x100000001, 7},
		{"size and offset", ONES, 2, ONES,
			{"\1\0\x10\0\1\0\0\0\1\0\0\0\2\0\0\0\2\0\0\0", 20},
			0x100000001, 2, 0x200000002, 7},
		{"not needed", 1, 2, 3, {"\1\0\x08\0\1\0\0\0\1\0\0\0", 12}, 1,
			2, 3, 7},
		{"too short", ONES, ONES, 3,
			{"\1\0\x0c\0\1\0\0\0\1\0\0\0\2\0\0\0", 16}, 0x100000001,
			ONES, 3, 7},
		{"cut off", ONES, 2, 3, {"\1\0\x08\0\1\0\0\0\1\0\0", 11}, ONES,
			2, 3, 7},
		{"behind another", ONES, 2, 3,
			{"zz\2\0..\1\0\x08\0\1\0\0\0\1\0\0\0", 18}, 0x100000001,
			2, 3, 7},
		{"behind one that is cut off", ONES, 2, 3,
			{"zz\x20\0..\1\0\x08\0\1\0\0\0\1\0\0\0", 18}, ONES, 2,
			3, 7},
		{"three bytes", ONES, 2, 3, {"\1\0\x08", 3}, ONES, 2, 3, 7},
		{"time", 1, 2, 3, {"UT\5\0\1\x78\x56\x34\x12", 9}, 1, 2, 3,
			0x12345678},
		{"time before 1970", 1, 2, 3, {"UT\5\0\1\xff\xff\xff\xff", 9},
			1, 2, 3, -1},
		{"three times", 1, 2, 3,
			{"UT\xd\0\7\x78\x56\x34\x12\1\1\1\1\2\2\2\2", 17}, 1, 2,
			3, 0x12345678},
		{"time of access alone", 1, 2, 3, {"UT\5\0\2\1\1\1\1", 9}, 1, 2,
			3, 7},
		{"time too short", 1, 2, 3, {"UT\4\0\1\1\1\1", 8}, 1, 2, 3, 7},
		{"flags alone", 1, 2, 3, {"UT\1\0\3", 5}, 1, 2, 3, 7},
		{"time of NTFS", 1, 2, 3, {NTFS NTFS_2009 NTFS_REST, 36}, 1, 2,
			3, 1234567890},
		{"time of NTFS before 1970", 1, 2, 3,
			{NTFS "\0\0\0\0\0\0\x9d\1" NTFS_REST, 36}, 1, 2, 3,
			-19557062},
		{"no time of NTFS", 1, 2, 3,
			{NTFS "\0\0\0\0\0\0\0\0" NTFS_REST, 36}, 1, 2, 3, 7},
		{"time of NTFS beyond 9999", 1, 2, 3,
			{NTFS "\xff\xff\xff\xff\xff\xff\xff\x7f" NTFS_REST, 36},
			1, 2, 3, 7},
		{"NTFS, another attribute", 1, 2, 3,
			{"\12\0\x0c\0....\2\0\x04\0....", 16}, 1, 2, 3, 7},
		{"time of NTFS behind another attribute", 1, 2, 3,
			{"\12\0\x14\0....\2\0\0\0\1\0\x08\0" NTFS_2009, 24}, 1,
			2, 3, 1234567890},
		{"NTFS, empty", 1, 2, 3, {"\12\0\0\0", 4}, 1, 2, 3, 7},
		{"NTFS, reserved only", 1, 2, 3, {"\12\0\4\0....", 8}, 1, 2, 3,
			7},
		{"NTFS, cut off", 1, 2, 3,
			{"\12\0\x0c\0....\1\0\x18\0\1\1\1\1", 16}, 1, 2, 3, 7},
		{"NTFS, too short", 1, 2, 3,
			{"\12\0\x0c\0....\1\0\x04\0\1\1\1\1", 16}, 1, 2, 3, 7},
		{"both times", 1, 2, 3,
			{"UT\5\0\1\4\3\2\1" NTFS NTFS_2009 NTFS_REST, 45}, 1, 2,
			3, 0x01020304},
		{"both times, NTFS first", 1, 2, 3,
			{NTFS NTFS_2009 NTFS_REST "UT\5\0\1\4\3\2\1", 45}, 1, 2,
			3, 0x01020304},
		{"time behind zip64", ONES, 2, 3,
			{"\1\0\x08\0\1\0\0\0\1\0\0\0UT\5\0\1\4\3\2\1", 21},
			0x100000001, 2, 3, 0x01020304},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		/* A copy of its own size, for AddressSanitizer. */
		char *extra = malloc(table[i].extra.n + 1);
		struct str copy = {extra + 1, table[i].extra.n};
		struct member m = {.size = table[i].size,
			.packed = table[i].packed,
			.offset = table[i].offset,
			.modified = 7,
			.local = true};

		memcpy(extra + 1, table[i].extra.p, table[i].extra.n);
		zipentry_read_extra(&m, copy);
		free(extra);
		if (m.size == table[i].want_size &&
			m.packed == table[i].want_packed &&
			m.offset == table[i].want_offset &&
			m.modified == table[i].want_modified)
			continue;
		print_error("%s: got %" PRIx64 " %" PRIx64 " %" PRIx64
			    " %" PRId64 ", want %" PRIx64 " %" PRIx64
			    " %" PRIx64 " %" PRId64 "\n",
			table[i].what, m.size, m.packed, m.offset, m.modified,
			table[i].want_size, table[i].want_packed,
			table[i].want_offset, table[i].want_modified);
		failed++;
	}
	assert_int_equal(failed, 0);
}

/* An offset of zip64 that overflows when the prefix is added is beyond any
 * file. */
static void
test_largest_offset(void **state)
{
	struct zipmake z = {.base = 5};
	struct zipdir *dir;
	struct member m;
	size_t at;

	(void)state;
	zipmake_bytes(&z, STR("front"));
	zipmake_add(&z, &(struct zipmake_member){.name = "a", .zip64 = true});
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	at = zipmake_entry(&z, 0) + 46 + 1 + 4 + 16;
	zipmake_set(&z, at, 8, UINT64_MAX - 4);
	dir = open_right(&z);
	assert_true(zipdir_find(dir, STR("a"), &m));
	assert_true(m.offset == UINT64_MAX);
	zipdir_free(dir);
}

/* Every day that MS-DOS knows, against the C library. */
static void
test_every_day(void **state)
{
	/* 1980-01-01 and the day behind 2107-12-31. */
	const time_t first = 315532800, end = 4354819200;
	unsigned failed = 0;
	struct zipmake z = {0};
	struct zipdir *dir;

	(void)state;
	for (time_t t = first; t < end; t += 86400) {
		time_t moment = t + t / 86400 % 86400 / 2 * 2;
		char name[32];
		struct tm tm;

		gmtime_r(&moment, &tm);
		snprintf(name, sizeof(name), "%" PRId64, (int64_t)moment);
		zipmake_add(&z,
			&(struct zipmake_member){.name = name,
				.time = (unsigned)(tm.tm_hour << 11 |
					tm.tm_min << 5 | tm.tm_sec / 2),
				.date = (unsigned)((tm.tm_year - 80) << 9 |
					(tm.tm_mon + 1) << 5 | tm.tm_mday)});
	}
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	dir = open_right(&z);
	assert_int_equal(zipdir_count(dir), (end - first) / 86400);
	for (time_t t = first; t < end && failed < 10; t += 86400) {
		time_t moment = t + t / 86400 % 86400 / 2 * 2;
		char name[32];
		struct member m;

		snprintf(name, sizeof(name), "%" PRId64, (int64_t)moment);
		assert_true(zipdir_find(dir, str_of(name), &m));
		if (m.modified != moment) {
			print_error(
				"got %" PRId64 ", want %s\n", m.modified, name);
			failed++;
		}
	}
	zipdir_free(dir);
	assert_int_equal(failed, 0);
}

static void
test_odd_times(void **state)
{
	static const struct {
		const char *what;
		int year;
		unsigned month, day, hour, minute, second;
		int64_t want;
	} table[] = {
		{"first", 1980, 1, 1, 0, 0, 0, 315532800},
		{"last", 2107, 12, 31, 23, 59, 58, 4354819198},
		{"all bits 0", 1980, 0, 0, 0, 0, 0, 315532800},
		{"month 0", 2000, 0, 5, 0, 0, 0, 947030400},
		{"day 0", 2000, 3, 0, 0, 0, 0, 951868800},
		{"month 13", 2000, 13, 1, 0, 0, 0, 975628800},
		{"leap day", 2000, 2, 29, 12, 0, 2, 951825602},
		{"leap day", 2004, 2, 29, 0, 0, 0, 1078012800},
		{"behind a leap day", 2004, 3, 1, 0, 0, 0, 1078099200},
		{"2100 has no leap day", 2100, 3, 1, 0, 0, 0, 4107542400},
		{"nor has its February 28", 2100, 2, 28, 0, 0, 0, 4107456000},
		{"after 2100", 2101, 1, 1, 0, 0, 0, 4133980800},
		{"leap day after 2100", 2104, 2, 29, 0, 0, 0, 4233686400},
	};
	unsigned failed = 0;
	struct zipmake z = {0};
	struct zipdir *dir;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		zipmake_add(&z,
			&(struct zipmake_member){.name = &"abcdefghijklmnopqrst"
							  "uvwxyz"[i],
				.name_n = 1,
				.time = table[i].hour << 11 |
					table[i].minute << 5 |
					table[i].second / 2,
				.date = (unsigned)(table[i].year - 1980) << 9 |
					table[i].month << 5 | table[i].day});
	}
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	dir = open_right(&z);
	for (size_t i = 0; i < COUNT(table); i++) {
		char name[] = {(char)('a' + i)};
		struct member m;

		assert_true(zipdir_find(dir, (struct str){name, 1}, &m));
		if (m.modified != table[i].want) {
			print_error("%s: got %" PRId64 ", want %" PRId64 "\n",
				table[i].what, m.modified, table[i].want);
			failed++;
		}
	}
	zipdir_free(dir);
	assert_int_equal(failed, 0);
}

/* Names. */

static void
test_duplicates(void **state)
{
	static const char *const names[] = {
		"a", "b", "a", "./a", "dir/", "dir/", "./b", "c", "a"};
	static const struct {
		const char *name;
		uint64_t want;
	} table[] = {{"a", 8}, {"b", 6}, {"c", 7}, {"dir/", 5}};
	struct zipmake z = {0};
	struct zipdir *dir;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		zipmake_add(&z,
			&(struct zipmake_member){
				.name = names[i], .content = {"........", i}});
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	dir = open_right(&z);
	assert_int_equal(zipdir_count(dir), COUNT(table));
	for (size_t i = 0; i < COUNT(table); i++) {
		struct member m;

		assert_true(zipdir_find(dir, str_of(table[i].name), &m));
		assert_int_equal(m.size, table[i].want);
	}
	assert_int_equal(use(dir, STR("")), 4);
	zipdir_free(dir);
}

static void
test_which_names_count(void **state)
{
	static const struct {
		struct str recorded;
		const char *want; /* the name of requests; NULL: none */
	} table[] = {
		{{"a", 1}, "a"},
		{{"a/", 2}, "a/"},
		{{"a/b", 3}, "a/b"},
		{{"./a", 3}, "a"},
		{{"././a", 5}, "a"},
		{{"./a/", 4}, "a/"},
		{{"a\\b", 3}, "a\\b"},
		{{"..\\a", 4}, "..\\a"},
		{{"...", 3}, "..."},
		{{"..a", 3}, "..a"},
		{{"a..", 3}, "a.."},
		{{".a", 2}, ".a"},
		{{"a.", 2}, "a."},
		{{" ", 1}, " "},
		{{"a b", 3}, "a b"},
		{{"C:a", 3}, "C:a"},
		{{"\xff\xfe", 2}, "\xff\xfe"},
		{{"\x80", 1}, "\x80"},
		{{"%00", 3}, "%00"},
		{{"/", 1}, NULL},
		{{"//", 2}, NULL},
		{{"/a", 2}, "a"},
		{{"/./a", 4}, "a"},
		{{"//a", 3}, NULL},
		{{"/../a", 5}, NULL},
		{{"a//", 3}, NULL},
		{{"a//b", 4}, NULL},
		{{".", 1}, NULL},
		{{"./", 2}, NULL},
		{{".//a", 4}, NULL},
		{{"..", 2}, NULL},
		{{"../", 3}, NULL},
		{{"../a", 4}, NULL},
		{{"./../a", 6}, NULL},
		{{"a/..", 4}, NULL},
		{{"a/../", 5}, NULL},
		{{"a/../b", 6}, NULL},
		{{"a/.", 3}, NULL},
		{{"a/./b", 5}, NULL},
		{{"a\0b", 3}, NULL},
		{{"\0", 1}, NULL},
		{{"a\n", 2}, NULL},
		{{"\x1f", 1}, NULL},
		{{"a\x7f", 2}, NULL},
		{{"a/b\t/c", 6}, NULL},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str recorded = table[i].recorded;
		const char *want = table[i].want;
		struct zipmake z = {0};
		struct zipdir *dir;
		struct member m;

		zipmake_add(&z,
			&(struct zipmake_member){
				.name = recorded.p, .name_n = recorded.n});
		zipmake_add_text(&z, "other", "");
		zipmake_finish(&z, ZIP64_NONE, STR(""));
		dir = open_right(&z);
		assert_true(zipdir_find(dir, STR("other"), &m));
		if (zipdir_count(dir) != (want ? 2 : 1) ||
			(want && !zipdir_find(dir, str_of(want), &m)) ||
			(!want && zipdir_find(dir, recorded, &m)) ||
			use(dir, STR("")) < zipdir_count(dir) ||
			(!want && use(dir, STR("")) != 1)) {
			print_error("name %zu, \"%.*s\": count %zu, "
				    "entries %zu, want %s\n",
				i, STR_ARG(recorded), zipdir_count(dir),
				use(dir, STR("")), want ? want : "none");
			failed++;
		}
		zipdir_free(dir);
	}
	assert_int_equal(failed, 0);
}

static void
test_empty_name(void **state)
{
	struct zipmake z = {0};
	struct zipdir *dir;
	struct member m;

	(void)state;
	zipmake_add_text(&z, "", "nameless");
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	dir = open_right(&z);
	assert_int_equal(zipdir_count(dir), 0);
	assert_false(zipdir_find(dir, STR(""), &m));
	assert_int_equal(use(dir, STR("")), 0);
	zipdir_free(dir);
}

static void
test_cp437(void **state)
{
	static const struct {
		const char *name;
		unsigned flags;
	} members[] = {
		{"caf\x82.html", 0},
		{"\x9c\xe3\xed", 0},
		{"d\x8er/x", 0},
		{"flagged \x82", ZIP_UTF8},
		{"utf8 \xc3\xa9", 0},
		{"both \x82", 0},
		{"both \xc3\xa9", ZIP_UTF8},
	};
	static const struct {
		const char *asked, *want; /* NULL: not found */
	} table[] = {
		{"caf\x82.html", "caf\x82.html"},
		{"caf\xc3\xa9.html", "caf\x82.html"},
		{"caf\xe9.html", NULL},
		{"cafe.html", NULL},
		{"\x9c\xe3\xed", "\x9c\xe3\xed"},
		{"\xc2\xa3\xcf\x80\xcf\x86", "\x9c\xe3\xed"},
		{"d\x8er/x", "d\x8er/x"},
		{"d\xc3\x84r/x", "d\x8er/x"},
		{"flagged \x82", "flagged \x82"},
		{"flagged \xc3\xa9", NULL},
		{"utf8 \xc3\xa9", "utf8 \xc3\xa9"},
		{"utf8 \x82", NULL},
		{"utf8 \xe2\x94\x9c\xe2\x8c\x90", NULL},
		{"both \x82", "both \x82"},
		{"both \xc3\xa9", "both \xc3\xa9"},
		{"\xf0\x9f\x98\x80", NULL},
	};
	unsigned failed = 0;
	struct zipmake z = {0};
	struct zipdir *dir;

	(void)state;
	for (size_t i = 0; i < COUNT(members); i++)
		zipmake_add(&z,
			&(struct zipmake_member){.name = members[i].name,
				.flags = members[i].flags});
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	dir = open_right(&z);
	for (size_t i = 0; i < COUNT(table); i++) {
		struct member m = {.name = {NULL, 0}};
		bool found = zipdir_find(dir, str_of(table[i].asked), &m);

		if (found == (table[i].want != NULL) &&
			(!found || str_eq(m.name, str_of(table[i].want))))
			continue;
		print_error("\"%s\": got \"%.*s\", want \"%s\"\n",
			table[i].asked, STR_ARG(m.name),
			table[i].want ? table[i].want : "(none)");
		failed++;
	}
	assert_int_equal(failed, 0);
	zipdir_free(dir);
}

/* Without a name in CP437 no name is taken for one. */
static void
test_no_cp437(void **state)
{
	struct zipmake z = {0};
	struct zipdir *dir;
	struct member m;

	(void)state;
	zipmake_add(&z,
		&(struct zipmake_member){.name = "\x82", .flags = ZIP_UTF8});
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	dir = open_right(&z);
	assert_false(zipdir_find(dir, STR("\xc3\xa9"), &m));
	assert_true(zipdir_find(dir, STR("\x82"), &m));
	zipdir_free(dir);
}

/* Names that are long, and names that share long beginnings. */
static void
test_long_names(void **state)
{
	static char name[65535];
	struct zipmake z = {0};
	struct zipdir *dir;
	struct member m;

	(void)state;
	memset(name, 'n', sizeof(name));
	for (size_t n = 65535; n > 65500; n--)
		zipmake_add(&z,
			&(struct zipmake_member){.name = name,
				.name_n = n,
				.content = {name, n - 65500}});
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	dir = open_right(&z);
	for (size_t n = 65535; n > 65500; n--) {
		assert_true(zipdir_find(dir, (struct str){name, n}, &m));
		assert_int_equal(m.size, n - 65500);
	}
	assert_false(zipdir_find(dir, (struct str){name, 65500}, &m));
	assert_int_equal(use(dir, STR("")), 35);
	zipdir_free(dir);
}

/* Memory. */

static void
test_memory(void **state)
{
	static const size_t sizes[] = {100, 101, 107, 1000, 70000};

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct fault fault;
		struct zipmake z = {0};
		struct zipdir *dir;
		char name[64];
		size_t before, used, law, slack;

		for (size_t j = 0; j < sizes[i]; j++) {
			member_text((zip_int64_t)j, name);
			zipmake_add_text(&z, name, "");
		}
		zipmake_finish(&z, ZIP64_NONE, STR(""));
		before = allocated();
		assert_int_equal(open_made(&dir, &z, &fault), ZIPDIR_OK);
		assert_int_equal(zipdir_sort(dir), 0);
		used = allocated() - before;
		law = 16 * sizes[i];
		assert_int_equal(zipdir_copied(dir), z.directory.n);
		if (zipdir_indexed(dir) > law)
			fail_msg("%zu members: index of %zu bytes", sizes[i],
				zipdir_indexed(dir));
		/* Beyond that, the struct itself, and what malloc rounds up to:
		 * pages, for large blocks; the sanitizers' more. */
		slack = 512 + (sizes[i] > 1000 ? 3 * 4096 : 0);
		if (__sanitizer_get_current_allocated_bytes != NULL)
			slack += zipdir_copied(dir) / 4;
		if (used > zipdir_copied(dir) + law + slack)
			fail_msg("%zu members: %zu bytes in use, a copy of %zu",
				sizes[i], used, zipdir_copied(dir));
		zipdir_free(dir);
		zipmake_free(&z);
	}
}

static void
test_notes(void **state)
{
	struct zipmake z;
	struct zipdir *dir;
	struct member a, c;

	(void)state;
	make_three(&z, ZIP64_NONE);
	dir = open_right(&z);
	assert_true(zipdir_find(dir, STR("a"), &a));
	assert_true(zipdir_find(dir, STR("c"), &c));
	assert_int_not_equal(a.slot, c.slot);
	assert_int_equal(zipdir_notes(dir, a.slot), 0);
	zipdir_add_notes(dir, a.slot, 5);
	zipdir_add_notes(dir, a.slot, 0x80000000u);
	assert_int_equal(zipdir_notes(dir, a.slot), 0x80000005u);
	assert_int_equal(zipdir_notes(dir, c.slot), 0);
	zipdir_free(dir);
}

static void
test_free_takes_null(void **state)
{
	(void)state;
	errno = EXDEV;
	zipdir_free(NULL);
	assert_int_equal(errno, EXDEV);
}

/* Walks. */

static struct zipdir *
open_names(const char *const *names)
{
	struct zipmake z = {0};
	struct zipdir *dir;

	for (; *names != NULL; names++)
		zipmake_add_text(&z, *names, "");
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	dir = open_right(&z);
	assert_int_equal(zipdir_sort(dir), 0);
	assert_int_equal(zipdir_sort(dir), 0);
	return dir;
}

/* The children of name with a blank behind each; "-" when there is no such
 * directory. */
static const char *
children(const struct zipdir *dir, const char *name)
{
	static char text[4096];
	struct zipdir_walk walk;
	struct child child;
	size_t n = 0;

	if (!zipdir_walk(dir, str_of(name), &walk))
		return "-";
	text[0] = '\0';
	while (zipdir_next(&walk, &child))
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%.*s%s ",
			STR_ARG(child.name), child.directory ? "/" : "");
	/* It stays at its end. */
	assert_false(zipdir_next(&walk, &child));
	return text;
}

static void
test_walks(void **state)
{
	static const struct {
		const char *names[12], *name, *want;
	} table[] = {
		{{NULL}, "", ""},
		{{NULL}, "a", "-"},
		{{"a"}, "", "a "},
		{{"a"}, "a", "-"},
		{{"a/"}, "", "a/ "},
		{{"a/"}, "a", ""},
		{{"a/"}, "b", "-"},
		{{"a/b"}, "", "a/ "},
		{{"a/b"}, "a", "b "},
		{{"a/b"}, "a/b", "-"},
		{{"a/b/c/d"}, "", "a/ "},
		{{"a/b/c/d"}, "a/b", "c/ "},
		{{"a/b/c/d"}, "a/b/c", "d "},
		{{"a/", "a/b/", "a/b/c"}, "", "a/ "},
		{{"a/", "a/b/", "a/b/c"}, "a", "b/ "},
		{{"a/", "a/b/", "a/b/c"}, "a/b", "c "},
		{{"b", "a", "c/", "B"}, "", "B a b c/ "},
		{{"a", "a/b"}, "", "a a/ "},
		{{"a", "a/"}, "", "a a/ "},
		{{"a", "a/"}, "a", ""},
		{{"a", "a-b", "a/", "a/b", "a.b"}, "", "a a-b a.b a/ "},
		{{"a", "a-b", "a/", "a/b", "a.b"}, "a", "b "},
		{{"a0", "a/b", "a!b", "a"}, "", "a a!b a/ a0 "},
		{{"x/a0", "x/a/b", "x/a!b", "x/a"}, "x", "a a!b a/ a0 "},
		{{"a/b", "ab/c", "abc"}, "", "a/ ab/ abc "},
		{{"a/b", "ab/c", "abc"}, "ab", "c "},
		{{"a/b/1", "a/b/2", "a/c/1", "a/c/2", "d"}, "", "a/ d "},
		{{"a/b/1", "a/b/2", "a/c/1", "a/c/2", "d"}, "a", "b/ c/ "},
		{{"a/\xff", "a/\x01", "a/b"}, "a", "b \xff "},
		{{"\xff/a", "b"}, "", "b \xff/ "},
		{{"\xff/a", "b"}, "\xff", "a "},
		{{"./a/b", "a/c"}, "a", "b c "},
		{{"./", "a"}, "", "a "},
		{{"../x", "//y", "a//b", "ok"}, "", "ok "},
		{{"/a/b", "a/c"}, "a", "b c "},
		{{"a/b", "a/../c"}, "a", "b "},
		{{"caf\x82/x"}, "caf\x82", "x "},
		{{"caf\x82/x"}, "caf\xc3\xa9", "x "},
		{{"caf\x82/x"}, "", "caf\x82/ "},
		{{"caf\x82/x", "caf\xc3\xa9/y"}, "caf\xc3\xa9", "y "},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct zipdir *dir = open_names(table[i].names);
		const char *got = children(dir, table[i].name);

		if (strcmp(got, table[i].want) != 0) {
			print_error("case %zu, walk of \"%s\": got \"%s\", "
				    "want \"%s\"\n",
				i, table[i].name, got, table[i].want);
			failed++;
		}
		zipdir_free(dir);
	}
	assert_int_equal(failed, 0);
}

/* All members below name, from the path `from` on, as children(). */
static const char *
below(const struct zipdir *dir, const char *name, const char *from, bool hides)
{
	static char text[4096];
	struct zipdir_walk walk;
	struct child child;
	size_t n = 0;

	if (!zipdir_walk(dir, str_of(name), &walk))
		return "-";
	walk.hides = hides;
	zipdir_seek_below(&walk, str_of(from));
	text[0] = '\0';
	while (zipdir_next_below(&walk, &child)) {
		assert_true(str_ends(child.member.name, child.name));
		assert_int_equal(
			child.directory, str_ends(child.name, STR("/")));
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%.*s ",
			STR_ARG(child.name));
	}
	assert_false(zipdir_next_below(&walk, &child));
	return text;
}

static void
test_walks_below(void **state)
{
	static const struct {
		const char *names[12], *name, *from;
		bool hides;
		const char *want;
	} table[] = {
		{{NULL}, "", "", false, ""},
		{{"a"}, "", "", false, "a "},
		{{"a/"}, "a", "", false, ""},
		{{"a/", "a/b/", "a/b/c", "b"}, "", "", false,
			"a/ a/b/ a/b/c b "},
		{{"a/", "a/b/", "a/b/c", "b"}, "a", "", false, "b/ b/c "},
		{{"a/", "a/b/", "a/b/c", "b"}, "a/b", "", false, "c "},
		{{"a-b", "a/x", "a.b", "a0"}, "a", "", false, "x "},
		{{"a/x", "a/.git/y", "a/z/.w", "a/__MACOSX/v"}, "a", "", true,
			"x "},
		{{"a/x", "a/.git/y"}, "a", "", false, ".git/y x "},
		{{"a/1", "a/2", "a/3", "b/9"}, "a", "2", false, "2 3 "},
		{{"a/1", "a/2", "a/3", "b/9"}, "a", "20", false, "3 "},
		{{"a/1", "a/2", "a/3", "b/9"}, "a", "9", false, ""},
		{{"a/1", "a/2", "a/3", "b/9"}, "", "a/3", false, "a/3 b/9 "},
		{{"a/", "a/1"}, "a", "1", false, "1 "},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct zipdir *dir = open_names(table[i].names);

		failed += differ("below",
			str_of(below(dir, table[i].name, table[i].from,
				table[i].hides)),
			str_of(table[i].want));
		zipdir_free(dir);
	}
	assert_int_equal(failed, 0);
}

static void
test_child_knows_its_member(void **state)
{
	struct zipmake z;
	struct zipdir *dir;
	struct zipdir_walk walk;
	struct child child;

	(void)state;
	make_three(&z, ZIP64_NONE);
	dir = open_right(&z);
	assert_int_equal(zipdir_sort(dir), 0);
	assert_true(zipdir_walk(dir, STR("dir"), &walk));
	assert_true(zipdir_next(&walk, &child));
	assert_true(str_eq(child.name, STR("b")));
	assert_true(str_eq(child.member.name, STR("dir/b")));
	assert_int_equal(child.member.size, 30);
	assert_int_equal(child.member.method, ZIP_DEFLATED);
	assert_false(child.directory);
	assert_false(child.legacy);
	zipdir_free(dir);
}

static void
test_child_in_cp437(void **state)
{
	struct zipmake z = {0};
	struct zipdir *dir;
	struct zipdir_walk walk;
	struct child child;

	(void)state;
	zipmake_add_text(&z, "\x82", "");
	zipmake_add(&z,
		&(struct zipmake_member){.name = "\x83", .flags = ZIP_UTF8});
	zipmake_add_text(&z, "\xc3\xa9", "");
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	dir = open_right(&z);
	assert_int_equal(zipdir_sort(dir), 0);
	assert_true(zipdir_walk(dir, STR(""), &walk));
	assert_true(zipdir_next(&walk, &child) && child.legacy);
	assert_true(zipdir_next(&walk, &child) && !child.legacy);
	assert_true(zipdir_next(&walk, &child) && !child.legacy);
	zipdir_free(dir);
}

/* A directory of 100,000 children, half of them directories; in a
 * second one, as many members below one child. */
static struct zipdir *
open_large(void)
{
	struct zipmake z = {0};
	struct zipdir *dir;

	for (int i = 0; i < 100000; i++) {
		char name[64];

		snprintf(name, sizeof(name), "wide/%06d%s", i * 7919 % 100000,
			i % 2 ? "/x" : "");
		zipmake_add_text(&z, name, "");
		snprintf(name, sizeof(name), "deep/big/%d/%d/%d/x", i % 10,
			i % 100, i);
		zipmake_add_text(&z, name, "");
	}
	zipmake_add_text(&z, "deep/a", "");
	zipmake_add_text(&z, "deep/z", "");
	zipmake_add_text(&z, "flat/a", "");
	zipmake_add_text(&z, "flat/big/x", "");
	zipmake_add_text(&z, "flat/z", "");
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	dir = open_right(&z);
	assert_int_equal(zipdir_sort(dir), 0);
	return dir;
}

static void
test_wide_directory(void **state)
{
	struct zipdir *dir = open_large();
	struct zipdir_walk walk;
	struct child child;
	size_t n = 0, directories = 0;

	(void)state;
	assert_true(zipdir_walk(dir, STR("wide"), &walk));
	while (zipdir_next(&walk, &child)) {
		char want[16];

		snprintf(want, sizeof(want), "%06zu", n++);
		assert_true(str_eq(child.name, str_of(want)));
		directories += child.directory;
	}
	assert_int_equal(n, 100000);
	assert_int_equal(directories, 50000);
	zipdir_free(dir);
}

/* The processor time of two thousand walks over a directory of three. */
static clock_t
cost_of_walks(const struct zipdir *dir, struct str name)
{
	clock_t begun = clock();

	for (int i = 0; i < 2000; i++) {
		struct zipdir_walk walk;
		struct child child;
		int n = 0;

		assert_true(zipdir_walk(dir, name, &walk));
		while (zipdir_next(&walk, &child))
			n++;
		assert_int_equal(n, 3);
	}
	return clock() - begun;
}

/* The least of several, since a virtual machine counts the time of others. */
static double
least_cost(const struct zipdir *dir, struct str name)
{
	clock_t least = cost_of_walks(dir, name);

	for (int i = 0; i < 4; i++) {
		clock_t cost = cost_of_walks(dir, name);

		if (cost < least)
			least = cost;
	}
	return (double)(least + 1);
}

/* 100,000 members that lie deeper are passed over: a walk past them costs about
 * what one past a single one does, and not ten thousand times as much. */
static void
test_deep_directory(void **state)
{
	struct zipdir *dir = open_large();
	double times =
		least_cost(dir, STR("deep")) / least_cost(dir, STR("flat"));

	(void)state;
	if (times > 20)
		fail_msg("%.1f times", times);
	zipdir_free(dir);
}

/* Each record of the directory, in its order, with what became of it. */
static void
test_records(void **state)
{
	static const struct {
		const char *name;
		bool found; /* by this record, not by another one */
		const char *unreachable;
	} rows[] = {
		{"a", false, NULL},
		{"./a", true, NULL},
		{"b/", true, NULL},
		{"/c", true, NULL},
		{"//c", false, "empty component"},
		{"/", false, "is empty"},
		{"d//e", false, "empty component"},
		{"d/./e", false, "\".\""},
		{"d/../e", false, "\"..\""},
		{"..", false, "\"..\""},
		{"f\x01", false, "control"},
		{"f\x7f/../", false, "control"},
		{"./", false, "is empty"},
	};
	struct zipmake z = {0};
	struct zipdir_record record;
	struct zipdir *dir;
	size_t at = 0;
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		zipmake_add(&z,
			&(struct zipmake_member){.name = rows[i].name,
				.content = str_of(rows[i].name),
				.extra = STR("UT\x05\0\x03\x01\x02\x03\x04")});
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	dir = open_right(&z);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *why;
		struct member found;
		bool same;

		assert_true(zipdir_record(dir, &at, &record));
		assert_true(str_eq(record.recorded, str_of(rows[i].name)));
		assert_true(str_eq(record.member.name,
			zipentry_plain(str_of(rows[i].name))));
		assert_int_equal(record.member.modified, 0x04030201);
		assert_false(record.member.local);
		why = record.unreachable;
		same = record.member.slot != ZIPDIR_NO_SLOT &&
			zipdir_find(dir, record.member.name, &found) &&
			found.slot == record.member.slot &&
			found.offset == record.member.offset;
		if (same == rows[i].found && !why == !rows[i].unreachable &&
			(!why || strstr(why, rows[i].unreachable)))
			continue;
		print_error("%s: got %d, \"%s\", want %d, \"%s\"\n",
			rows[i].name, same, why ? why : "", rows[i].found,
			rows[i].unreachable ? rows[i].unreachable : "");
		failed++;
	}
	assert_false(zipdir_record(dir, &at, &record));
	assert_int_equal(zipdir_count(dir), 3);
	zipdir_add_notes(dir, ZIPDIR_NO_SLOT, 1);
	assert_int_equal(zipdir_notes(dir, ZIPDIR_NO_SLOT), 0);
	zipdir_free(dir);
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_libzip_reads),
		cmocka_unit_test(test_as_libzip_writes),
		cmocka_unit_test(test_data_in_front),
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_end_record_in_comment),
		cmocka_unit_test(test_bytes_behind_the_end),
		cmocka_unit_test(test_counts_without_zip64),
		cmocka_unit_test(test_damages),
		cmocka_unit_test(test_enormous_directory),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_every_bit_flipped),
		cmocka_unit_test(test_extra_fields),
		cmocka_unit_test(test_largest_offset),
		cmocka_unit_test(test_every_day),
		cmocka_unit_test(test_odd_times),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_which_names_count),
		cmocka_unit_test(test_empty_name),
		cmocka_unit_test(test_cp437),
		cmocka_unit_test(test_no_cp437),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_free_takes_null),
		cmocka_unit_test(test_walks),
		cmocka_unit_test(test_walks_below),
		cmocka_unit_test(test_child_knows_its_member),
		cmocka_unit_test(test_child_in_cp437),
		cmocka_unit_test(test_wide_directory),
		cmocka_unit_test(test_deep_directory),
		cmocka_unit_test(test_records),
	};

	/* libzip reads the times of MS-DOS as local time. */
	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests_name(
		"zipdir", tests, place_make, place_remove);
}
