/* gunzip: the content of members that are gzip files, from any position on. */

#include <zlib.h>

#include "archive/guard.h"
#include "archive/gunzip.h"
#include "unit.h"
#include "zipmake.h"

struct fixture {
	struct membercache *membercache;
	struct archive *archive;
	struct member member;
	uint64_t start;
};

/* Append content to buffer as a member of a gzip file. */
static void
put_gzip(struct zipmake_buffer *buffer, struct str content)
{
	static const unsigned char head[10] = {0x1f, 0x8b, 8};
	struct str deflated = zipmake_deflate(content);

	zipmake_put(buffer, head, sizeof(head));
	zipmake_put(buffer, deflated.p, deflated.n);
	zipmake_number(buffer, zipmake_crc(content), 4);
	zipmake_number(buffer, content.n, 4);
	free((char *)(uintptr_t)deflated.p);
}

/* The archive of a file as the member "m.gz", of method 0 or 8. */
static void
open_fixture(struct fixture *f, const struct zipmake_buffer *file, int method)
{
	struct zipmake z = {0};
	char path[128];

	/* cmocka takes SIGBUS for itself at the beginning of each test. */
	assert_int_equal(guard_install(), 0);
	zipmake_add(&z,
		&(struct zipmake_member){.name = "m.gz",
			.content = {(char *)file->p, file->n},
			.method = (unsigned)method});
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_save(&z, "a.wwz");
	zipmake_free(&z);
	snprintf(path, sizeof(path), "%s//a.wwz", place);
	f->membercache = membercache_new(64 << 20);
	f->archive = archive_open(str_of(path), f->membercache, NULL, false);
	assert_int_equal(f->archive->status, STATUS_GO);
	assert_true(zipdir_find(f->archive->zipdir, STR("m.gz"), &f->member));
	assert_int_equal(
		archive_locate(f->archive, &f->member, &f->start), STATUS_GO);
}

static void
close_fixture(struct fixture *f)
{
	archive_drop(f->archive);
	membercache_drop(f->membercache);
}

/* Gunzip the member from position on, n bytes at a time, into got.  Returns the
 * last result of read: 0 or -1. */
static ssize_t
gunzip(struct fixture *f, struct position *position, size_t n,
	struct zipmake_buffer *got)
{
	struct source *source =
		gunzip_open(f->archive, &f->member, f->start, position);
	unsigned calls = 0;
	char *buffer = malloc(n); /* a sanitizer sees who writes beyond */
	ssize_t result;

	assert_true(source != NULL && buffer != NULL);
	while ((result = source->read(source, buffer, n)) > 0 ||
		result == SOURCE_LATER) {
		if (result > 0)
			zipmake_put(got, buffer, (size_t)result);
		assert_true(++calls < 10000000);
	}
	free(buffer);
	source->close(source);
	return result;
}

/* Files: how they are made of "one", "two", "" and some bytes, and what is
 * wrong with them. */
static const struct {
	const char *what, *members[3], *after;
	size_t cut;  /* bytes taken off the end */
	size_t flip; /* a byte that is wrong, from the end; 0: none */
	const char *out;
	const char *why; /* what is logged; NULL: all is well */
} files[] = {
	{"one member", {"one"}, "", 0, 0, "one", NULL},
	{"empty content", {""}, "", 0, 0, "", NULL},
	{"two members", {"one", "two"}, "", 0, 0, "onetwo", NULL},
	{"an empty one in between", {"one", "", "two"}, "", 0, 0, "onetwo",
		NULL},
	{"other bytes behind", {"one"}, "xx", 0, 0, "one", NULL},
	/* It could be half of the two that a member begins with; gzip fails. */
	{"one byte behind", {"one"}, "x", 0, 0, "one",
		"the gzip data end early"},
	{"binary bytes behind", {"one", "two"}, "\x01\x01\x01", 0, 0, "onetwo",
		NULL},
	{"no gzip", {NULL}, "plain text", 0, 0, "", "incorrect header check"},
	{"zlib's own format", {NULL}, "x\x9cK\x04", 0, 0, "",
		"incorrect header check"},
	{"nothing", {NULL}, "", 0, 0, "", "the gzip data end early"},
	{"a cut trailer", {"one"}, "", 1, 0, "one", "the gzip data end early"},
	{"a cut second member", {"one", "two"}, "", 9, 0, "onetwo",
		"the gzip data end early"},
	{"a wrong size", {"one"}, "", 0, 1, "one", "incorrect length check"},
	{"a wrong CRC-32", {"one"}, "", 0, 5, "one", "incorrect data check"},
	{"a second with a wrong CRC-32", {"one", "two"}, "", 0, 5, "onetwo",
		"incorrect data check"},
	{"a second of another method", {"one", "two"}, "", 0, 21, "one",
		"unknown compression method"},
};

static unsigned
check_file(size_t i, int method, size_t n)
{
	struct zipmake_buffer file = {0}, got = {0};
	struct position position = {0};
	struct fixture f;
	struct str out, whole;
	unsigned failed = 0;
	ssize_t result;
	const char *log;

	for (int j = 0; j < 3 && files[i].members[j] != NULL; j++)
		put_gzip(&file, str_of(files[i].members[j]));
	zipmake_put(&file, files[i].after, strlen(files[i].after));
	file.n -= files[i].cut;
	if (files[i].flip > 0)
		file.p[file.n - files[i].flip] ^= 0x55;
	open_fixture(&f, &file, method);
	result = gunzip(&f, &position, n, &got);
	out = (struct str){(char *)got.p, got.n};
	log = log_take();
	failed += differ_number(
		files[i].what, "result", result, files[i].why == NULL ? 0 : -1);
	/* Bytes given out before the fault is found are its beginning. */
	whole = str_of(files[i].out);
	if (files[i].why == NULL || !str_starts(whole, out))
		failed += differ(files[i].what, out, whole);
	if (files[i].why == NULL ? *log != '\0'
				 : strstr(log, files[i].why) == NULL ||
				strstr(log, "member=m.gz") == NULL) {
		print_error("%s: logged %s", files[i].what, log);
		failed++;
	}
	close_fixture(&f);
	free(file.p);
	free(got.p);
	return failed;
}

static void
test_files(void **state)
{
	static const size_t sizes[] = {1, 3, 17, 65536, 100000};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		for (size_t j = 0; j < COUNT(sizes); j++)
			failed += check_file(i, 0, sizes[j]) +
				check_file(i, 8, sizes[j]);
	}
	assert_int_equal(failed, 0);
}

/* Lines of noise, of different lengths, as a gzip file of three members. */
static struct str
put_lines(struct zipmake_buffer *file)
{
	struct str lines = zipmake_noise(6000000, 1);
	size_t third = lines.n / 3;

	for (size_t at = 0; at < lines.n; at += 50 + at % 31)
		((char *)(uintptr_t)lines.p)[at] = '\n';
	for (size_t at = 0; at < lines.n; at += third)
		put_gzip(file, str_slice(lines, at, at + third));
	return lines;
}

static uint64_t
count_lines(struct str s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\n';
	return n;
}

/* From any position on it gives what is there, with the number of lines before.
 * The first pass leaves points, and then it begins near. */
static void
test_positions(void **state)
{
	static const uint64_t wanted[] = {
		0, 0, 1, 1999999, 2000000, 2000001, 3500000, 5999999, 9999999};
	struct zipmake_buffer file = {0};
	struct str lines = put_lines(&file);
	struct fixture f;
	unsigned failed = 0;

	(void)state;
	open_fixture(&f, &file, 0);
	for (size_t i = 0; i < COUNT(wanted); i++) {
		struct zipmake_buffer got = {0};
		struct position position = {.offset = wanted[i]};
		char what[32];
		uint64_t near = wanted[i] < lines.n ? wanted[i] : lines.n;

		snprintf(what, sizeof(what), "from %d", (int)wanted[i]);
		failed += differ_number(
			what, "result", gunzip(&f, &position, 65536, &got), 0);
		failed += differ_number(
			what, "not before it", position.offset <= near, true);
		failed += differ_number(
			what, "near", near - position.offset <= 2000000, true);
		failed += differ_number(what, "lines", (int)position.lines,
			(int)count_lines(
				str_slice(lines, 0, (size_t)position.offset)));
		failed += differ_number(what, "bytes", (int)got.n,
			(int)(lines.n - position.offset));
		if (got.n == lines.n - position.offset)
			failed += memcmp(got.p, lines.p + position.offset,
					  got.n) != 0;
		free(got.p);
	}
	assert_string_equal(log_take(), "");
	close_fixture(&f);
	free(file.p);
	free((char *)(uintptr_t)lines.p);
	assert_int_equal(failed, 0);
}

/* A failure of what is read is logged there, and is passed on. */
static void
test_failure(void **state)
{
	struct zipmake_buffer file = {0}, got = {0};
	struct str lines = put_lines(&file);
	struct position position = {0};
	struct fixture f;
	const char *log;

	(void)state;
	open_fixture(&f, &file, 0);
	assert_int_equal(truncate("a.wwz", 1000000), 0);
	assert_int_equal(gunzip(&f, &position, 65536, &got), -1);
	log = log_take();
	assert_non_null(strstr(log, "why=\"the file has become shorter\""));
	close_fixture(&f);
	free(file.p);
	free(got.p);
	free((char *)(uintptr_t)lines.p);
}

/* zlib's own sizes are within what is said. */
static void
test_memory(void **state)
{
	(void)state;
	assert_true(gunzip_memory() > 64 * 1024 + 32 * 1024);
	assert_true(gunzip_memory() < 256 * 1024);
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
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_positions),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, begin, place_remove);
}
