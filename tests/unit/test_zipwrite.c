/* zipwrite: headers, read again by those that serve archives. */

#include <fcntl.h>

#include "base/bytes.h"
#include "unit.h"
#include "zip/ziplocal.h"
#include "zip/zipwrite.h"

static const struct {
	const char *what;
	struct zip_entry entry;
	unsigned alignment;
	unsigned flags, needs;
} headers[] = {
	{"stored",
		{.name = {"a", 1}, 1600000000, 5, 5, 0, 0x11223344, ZIP_STORED},
		4, 0, 20},
	{"large",
		{.name = {"a", 1},
			1600000000,
			1 << 20,
			1 << 20,
			77,
			1,
			ZIP_STORED},
		4096, 0, 20},
	{"aligned already",
		{.name = {"ab", 2}, 1600000000, 5, 5, 3, 1, ZIP_STORED}, 4, 0,
		20},
	{"deflated", {.name = {"a/b", 3}, -1, 500, 50, 7, 2, ZIP_DEFLATED}, 1,
		0, 20},
	{"no extended time",
		{.name = {"a", 1}, INT64_C(1) << 31, 9, 9, 1, 2, 0}, 4, 0, 20},
	{"utf-8", {.name = {"\xc3\xa9", 2}, 0, 5, 5, 1, 2, ZIP_STORED}, 4,
		ZIP_UTF8, 20},
	{"not utf-8", {.name = {"\xe9", 1}, 0, 5, 5, 1, 2, ZIP_STORED}, 4, 0,
		20},
	{"just below zip64",
		{.name = {"a", 1}, 0, UINT32_MAX - 1, 9, 0, 3, ZIP_DEFLATED}, 1,
		0, 20},
	{"zip64", {.name = {"a", 1}, 0, UINT32_MAX, 9, 0, 3, ZIP_DEFLATED}, 1,
		0, 45},
	{"zip64, only packed",
		{.name = {"a", 1}, 0, 9, UINT32_MAX, 0, 3, ZIP_DEFLATED}, 1, 0,
		45},
	{"local time",
		{.name = {"a", 1}, 1600000000, 9, 9, 1, 2, 0, .local = true}, 1,
		0, 20},
	{"flags of a method", {.name = {"a", 1}, 0, 9, 9, 1, 2, 14, .flags = 2},
		1, 2, 20},
	{"zip64 offset",
		{.name = {"a", 1}, 0, 9, 9, INT64_C(5) << 32, 3, ZIP_STORED},
		4096, 0, 20},
};

/* A local header agrees with its entry, and its data are aligned. */
static void
test_local(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++) {
		const struct zip_entry *e = &headers[i].entry;
		struct member member = {.recorded = e->name,
			.size = e->size,
			.packed = e->packed,
			.method = e->method};
		unsigned char buffer[ZIPWRITE_LOCAL_MAX];
		size_t n = zipwrite_local(buffer, e, headers[i].alignment);
		const char *why = ziplocal_differs(buffer, &member);

		failed += differ(
			headers[i].what, str_of(why ? why : ""), str_of(""));
		failed += differ_number(headers[i].what, "size",
			ziplocal_size(buffer), (long long)n);
		failed += differ_number(headers[i].what, "aligned",
			(long long)((e->offset + n) % headers[i].alignment), 0);
		failed += differ_number(headers[i].what, "flags",
			get16(buffer + 6), headers[i].flags);
		failed += differ_number(headers[i].what, "needs",
			get16(buffer + 4), headers[i].needs);
		failed += differ_number(headers[i].what, "size alone",
			(long long)zipwrite_local_size(e),
			(long long)zipwrite_local(buffer, e, 1));
		failed += differ_number(headers[i].what, "size in directory",
			(long long)zipwrite_central_size(e),
			(long long)zipwrite_central(buffer, e));
	}
	assert_int_equal(failed, 0);
}

/* What is written for n entries with names of its own. */
static struct zipdir *
write_and_open(struct zip_entry *entries, size_t n, uint64_t offset)
{
	int fd = memfd_create("zip", MFD_CLOEXEC);
	struct zipdir *zipdir;
	struct fault fault = {""};
	uint64_t end;

	assert_int_equal(zipwrite_directory(fd, offset, entries, n,
				 STR("a comment"), &end),
		0);
	if (zipdir_open(&zipdir, fd, end, &fault) != ZIPDIR_OK)
		print_error("%s\n", fault.text);
	close(fd);
	return zipdir;
}

/* The directory gives back what was put in: sizes, offset, time, in zip64
 * where they need it. */
static void
test_directory(void **state)
{
	static const uint64_t starts[] = {
		0, UINT32_MAX - 1, UINT32_MAX, INT64_C(5) << 32};
	unsigned failed = 0;

	(void)state;
	for (size_t s = 0; s < COUNT(starts); s++) {
		for (size_t i = 0; i < COUNT(headers); i++) {
			struct zip_entry e = headers[i].entry;
			struct zipdir *zipdir =
				write_and_open(&e, 1, starts[s]);
			struct member m;

			assert_non_null(zipdir);
			assert_true(zipdir_find(zipdir, e.name, &m));
			failed += differ_number(headers[i].what, "size",
				(long long)m.size, (long long)e.size);
			failed += differ_number(headers[i].what, "packed",
				(long long)m.packed, (long long)e.packed);
			failed += differ_number(headers[i].what, "offset",
				(long long)m.offset, (long long)e.offset);
			failed += differ_number(headers[i].what, "time",
				m.modified, e.modified);
			zipdir_free(zipdir);
		}
	}
	assert_int_equal(failed, 0);
}

/* Modes are kept; and the longest name has room. */
static void
test_modes(void **state)
{
	static const struct {
		const char *name;
		uint16_t mode, want;
	} modes[] = {
		{"a", 0, 0100644},
		{"a/", 0, 040755},
		{"a", 0100600, 0100600},
		{"a/", 040700, 040700},
		{"a", 0120777, 0120777},
	};
	static char longest[ZIPWRITE_LONGEST_NAME];
	unsigned char buffer[ZIPWRITE_HEADER_MAX];
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		struct zip_entry e = {
			.name = str_of(modes[i].name), .mode = modes[i].mode};
		struct member m;

		zipwrite_central(buffer, &e);
		zipentry_read(buffer, 0, &m);
		failed += differ_number(
			modes[i].name, "mode", m.mode, modes[i].want);
		failed += differ_number(modes[i].name, "link", m.link,
			(modes[i].want & 0170000) == 0120000);
	}
	assert_int_equal(failed, 0);
	memset(longest, 'a', sizeof(longest));
	struct zip_entry e = {.name = {longest, sizeof(longest)},
		.size = UINT64_MAX,
		.packed = UINT64_MAX,
		.offset = UINT64_MAX};

	assert_int_equal(zipwrite_central(buffer, &e), sizeof(buffer));
	assert_int_equal(zipwrite_central(buffer, &e), zipentry_size(buffer));
	assert_true(zipwrite_local(buffer, &e, 1) < sizeof(buffer));
}

/* Numbers of members around the one from which on zip64 counts. */
static void
test_count(void **state)
{
	static const size_t counts[] = {0, 1, 65534, 65535, 65536, 70000};
	struct zip_entry *entries = calloc(70000, sizeof(*entries));
	char(*names)[12] = calloc(70000, sizeof(*names));
	unsigned failed = 0;

	(void)state;
	assert_true(entries != NULL && names != NULL);
	for (int i = 0; i < 70000; i++) {
		snprintf(names[i], sizeof(names[i]), "%d", i);
		entries[i].name = str_of(names[i]);
	}
	for (size_t i = 0; i < COUNT(counts); i++) {
		struct zipdir *zipdir = write_and_open(entries, counts[i], 9);

		assert_non_null(zipdir);
		failed += differ_number("members", "count",
			(long long)zipdir_count(zipdir), (long long)counts[i]);
		zipdir_free(zipdir);
	}
	free(entries);
	free(names);
	assert_int_equal(failed, 0);
}

static void
test_time(void **state)
{
	static const struct {
		const char *what;
		int64_t modified, recorded;
	} times[] = {
		{"epoch", 0, 0},
		{"odd second", 1600000001, 1600000001},
		{"before 1970", -1, -1},
		{"first of 32 bits", INT32_MIN, INT32_MIN},
		{"last of 32 bits", INT32_MAX, INT32_MAX},
		{"beyond, odd", INT64_C(2147483649), INT64_C(2147483648)},
		{"long ago", INT64_C(-2147483649), 315532800},
		{"far off", INT64_C(99999999999), INT64_C(4354819198)},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++)
		failed += differ_number(times[i].what, "recorded",
			zipwrite_time(times[i].modified), times[i].recorded);
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_directory),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
