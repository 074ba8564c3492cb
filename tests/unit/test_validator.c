/* validator: entity tags and dates. */

#include "http/validator.h"
#include "unit.h"

/* Against the tag "x". */
static void
test_matches(void **state)
{
	static const struct {
		const char *field;
		bool weak, strong;
	} table[] = {
		{"\"x\"", true, true},
		{" \"x\"\t", true, true},
		{"W/\"x\"", true, false},
		{"*", true, true},
		{" * ", true, true},
		{"\"y\"", false, false},
		{"\"X\"", false, false},
		{"\"xx\"", false, false},
		{"\"\"", false, false},
		{"W/\"\"", false, false},
		/* As front ends write it that compress. */
		{"\"x-gzip\"", true, false},
		{"W/\"x-gzip\"", true, false},
		{"\"x-br\"", true, false},
		{"\"y\", \"x-zstd\"", true, false},
		{"\"x-\"", false, false},
		{"\"x-gzi\"", false, false},
		{"\"x-gzipp\"", false, false},
		{"\"x-gzip-gzip\"", false, false},
		{"\"y-gzip\"", false, false},
		{"\"xgzip\"", false, false},
		{"\"-gzip\"", false, false},
		/* Lists. */
		{"\"y\", \"x\"", true, true},
		{"\"y\",\"x\"", true, true},
		{"\"y\"\t,\t \"x\" , \"z\"", true, true},
		{"\"x\", \"y\"", true, true},
		{"W/\"y\", W/\"x\"", true, false},
		{"W/\"x\", \"x\"", true, true},
		{"\"x\", W/\"x\"", true, true},
		{"\"y\", \"z\"", false, false},
		/* Empty elements. */
		{",\"x\"", true, true},
		{"\"x\",", true, true},
		{" , ,\"y\",, \"x\" ,", true, true},
		{",", false, false},
		{",,,", false, false},
		/* All that is inside of a tag is part of it. */
		{"\"y,x\"", false, false},
		{"\"a, \", \"x\"", true, true},
		{"\"a,W/\",\"x\"", true, true},
		{"\"*\"", false, false},
		{"\" x\"", false, false},
		{"\"x \"", false, false},
		{"\"a b\", \"x\"", true, true},
		{"\"\\\", \"x\"", true, true},
		{"\"\xe4\", \"x\"", true, true},
		/* No tags. */
		{NULL, false, false},
		{"", false, false},
		{" ", false, false},
		{"x", false, false},
		{"'x'", false, false},
		{"\"x", false, false},
		{"x\"", false, false},
		{"\"", false, false},
		{"W/", false, false},
		{"W", false, false},
		{"W/x", false, false},
		{"W/\"x", false, false},
		{"W/\"", false, false},
		{"w/\"x\"", false, false},
		{"W \"x\"", false, false},
		{"W/ \"x\"", false, false},
		{"W\\\"x\"", false, false},
		{"W/W/\"x\"", false, false},
		{"**", false, false},
		/* They end the list. */
		{"y, \"x\"", false, false},
		{"\"y\", z, \"x\"", false, false},
		{"\"x\", z", true, true},
		{"\"y\" \"x\"", false, false},
		{"\"y\"\"x\"", false, false},
		{"\"y\"; \"x\"", false, false},
		{"\"y\", \"x", false, false},
		{"*, \"x\"", false, false},
		{"\"y\", *", false, false},
		{"\"y\nz\" \"x\"", false, false},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *asked = table[i].field ? table[i].field : "NULL";
		struct str field = copy_exactly(str_of(table[i].field));

		failed += differ_number(asked, "weak comparison",
			validator_matches(field, STR("\"x\""), true),
			table[i].weak);
		failed += differ_number(asked, "strong comparison",
			validator_matches(field, STR("\"x\""), false),
			table[i].strong);
		free((char *)field.p);
	}
	assert_int_equal(failed, 0);
}

/* A tag that holds what separates tags. */
static void
test_matches_odd_tag(void **state)
{
	static const struct {
		const char *field, *etag;
		bool want;
	} table[] = {
		{"\"a, b\"", "\"a, b\"", true},
		{"\"a\", \"b\"", "\"a, b\"", false},
		{"\"a,b\",\"c,d\"", "\"c,d\"", true},
		{"\"W/\"", "\"W/\"", true},
		{"\"*\"", "\"*\"", true},
		{"*", "\"*\"", true},
		{"\"\"", "\"\"", true},
		{"\"\",\"a\"", "\"\"", true},
		{"\"a\",\"\"", "\"\"", true},
		{"\"\"", "\"a\"", false},
		/* Strong comparison never matches a weak tag. */
		{"W/\"a\"", "W/\"a\"", false},
		{"\"a\"", "W/\"a\"", false},
		{"*", "W/\"a\"", true},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		failed += differ_number(table[i].field, "match",
			validator_matches(str_of(table[i].field),
				str_of(table[i].etag), false),
			table[i].want);
	assert_int_equal(failed, 0);
}

enum {
	NOVEMBER_1994 = 784111777, /* the example of RFC 9110 */
	JULY_2026 = 1782864000,    /* the first of it */
};

static void
test_read_date(void **state)
{
	static const struct {
		const char *field;
		bool fine;
		int64_t want;
	} table[] = {
		/* The three formats. */
		{"Sun, 06 Nov 1994 08:49:37 GMT", true, NOVEMBER_1994},
		{"Sunday, 06-Nov-94 08:49:37 GMT", true, NOVEMBER_1994},
		{"Sun Nov  6 08:49:37 1994", true, NOVEMBER_1994},
		{" Sun, 06 Nov 1994 08:49:37 GMT\t", true, NOVEMBER_1994},
		{"Sun Nov 06 08:49:37 1994", true, NOVEMBER_1994},
		{"Wed Nov 16 08:49:37 1994", true, 784975777},
		{"Wednesday, 16-Nov-94 08:49:37 GMT", true, 784975777},
		/* Far away. */
		{"Thu, 01 Jan 1970 00:00:00 GMT", true, 0},
		{"Wed, 31 Dec 1969 23:59:59 GMT", true, -1},
		{"Tue, 19 Jan 2038 03:14:08 GMT", true, 2147483648},
		{"Sun, 07 Feb 2106 06:28:16 GMT", true, 4294967296},
		{"Mon, 01 Jan 0001 00:00:00 GMT", true, -62135596800},
		{"Fri, 31 Dec 9999 23:59:59 GMT", true, 253402300799},
		{"Fri Dec 31 23:59:59 9999", true, 253402300799},
		/* Leap days, and none. */
		{"Tue, 29 Feb 2000 00:00:00 GMT", true, 951782400},
		{"Thu, 29 Feb 2024 12:00:00 GMT", true, 1709208000},
		{"Thursday, 29-Feb-24 12:00:00 GMT", true, 1709208000},
		{"Thu Feb 29 12:00:00 2024", true, 1709208000},
		{"Wed, 28 Feb 1900 00:00:00 GMT", true, -2203977600},
		{"Thu, 29 Feb 1900 00:00:00 GMT", false, 0},
		{"Wed, 29 Feb 2023 00:00:00 GMT", false, 0},
		{"Mon, 29 Feb 2100 00:00:00 GMT", false, 0},
		{"Wednesday, 29-Feb-23 12:00:00 GMT", false, 0},
		{"Wed Feb 29 12:00:00 2023", false, 0},
		/* Days and times that are none. */
		{"Tue, 00 Nov 1994 08:49:37 GMT", false, 0},
		{"Tue Nov  0 08:49:37 1994", false, 0},
		{"Tue, 32 Jan 1994 08:49:37 GMT", false, 0},
		{"Sat, 31 Apr 1994 08:49:37 GMT", false, 0},
		{"Wed, 30 Feb 1994 08:49:37 GMT", false, 0},
		{"Tue, 99 Nov 1994 08:49:37 GMT", false, 0},
		{"Sun, 06 Nov 1994 24:00:00 GMT", false, 0},
		{"Sun, 06 Nov 1994 08:60:00 GMT", false, 0},
		{"Sun, 06 Nov 1994 08:49:61 GMT", false, 0},
		{"Sun, 06 Nov 1994 99:99:99 GMT", false, 0},
		/* A leap second, and one on a day that is none. */
		{"Sat, 31 Dec 2016 23:59:60 GMT", true, 1483228800},
		{"Sat, 31 Apr 1994 23:59:60 GMT", false, 0},
		{"Wed, 29 Feb 2023 08:49:60 GMT", false, 0},
		/* The day of the week is not needed, only its form. */
		{"Mon, 06 Nov 1994 08:49:37 GMT", true, NOVEMBER_1994},
		{"Xyz, 06 Nov 1994 08:49:37 GMT", false, 0},
		{"unM, 06 Nov 1994 08:49:37 GMT", false, 0},
		{"Sunday, 06 Nov 1994 08:49:37 GMT", false, 0},
		{"Sun, 06-Nov-94 08:49:37 GMT", false, 0},
		{"Sundays, 06-Nov-94 08:49:37 GMT", false, 0},
		{"sunday, 06-Nov-94 08:49:37 GMT", false, 0},
		{", 06-Nov-94 08:49:37 GMT", false, 0},
		/* Names have their case. */
		{"sun, 06 Nov 1994 08:49:37 GMT", false, 0},
		{"SUN, 06 NOV 1994 08:49:37 GMT", false, 0},
		{"Sun, 06 nov 1994 08:49:37 GMT", false, 0},
		{"Sun, 06 ovD 1994 08:49:37 GMT", false, 0},
		{"Sun, 06 Nov 1994 08:49:37 gmt", false, 0},
		/* Other zones. */
		{"Sun, 06 Nov 1994 08:49:37 UTC", false, 0},
		{"Sun, 06 Nov 1994 08:49:37 EST", false, 0},
		{"Sun, 06 Nov 1994 08:49:37 +0000", false, 0},
		{"Sun, 06 Nov 1994 08:49:37 Z", false, 0},
		{"Sun, 06 Nov 1994 08:49:37", false, 0},
		{"Sun Nov  6 08:49:37 1994 GMT", false, 0},
		/* Nearly. */
		{NULL, false, 0},
		{"", false, 0},
		{"0", false, 0},
		{"784111777", false, 0},
		{"Sun", false, 0},
		{"Sunday,", false, 0},
		{"\"Sun, 06 Nov 1994 08:49:37 GMT\"", false, 0},
		{"Sun, 6 Nov 1994 08:49:37 GMT", false, 0},
		{"Sun,  6 Nov 1994 08:49:37 GMT", false, 0},
		{"Sun, 06 Nov 94 08:49:37 GMT", false, 0},
		{"Sun, 06 Nov 1994 8:49:37 GMT", false, 0},
		{"Sun, 06 Nov 1994 08:49 GMT", false, 0},
		{"Sun, 06 Nov 1994 08-49-37 GMT", false, 0},
		{"Sun, 06 Nov 1994 08:49:37 GMTx", false, 0},
		{"Sun, 06 Nov 1994 08:49:37 GMT; length=7", false, 0},
		{"Sun, 06 Nov 1994  08:49:37 GMT", false, 0},
		{"Sun 06 Nov 1994 08:49:37 GMT", false, 0},
		{"Sun, 06 Nov -994 08:49:37 GMT", false, 0},
		{"Sun, 06 Nov 19 4 08:49:37 GMT", false, 0},
		{"Sun, \xb0\xb6 Nov 1994 08:49:37 GMT", false, 0},
		{"Sun, 0/ Nov 1994 08:49:37 GMT", false, 0},
		{"Sun, 0: Nov 1994 08:49:37 GMT", false, 0},
		{"Sun Nov 6  08:49:37 1994", false, 0},
		{"Sun Nov   08:49:37 1994", false, 0},
		{"Sun Nov    08:49:37 1994", false, 0},
		{"Sunday, 06-Nov-1994 08:49:37 GMT", false, 0},
		{"1994-11-06T08:49:37Z", false, 0},
		/* The field twice, as it is joined. */
		{"Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
			false, 0},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *asked = table[i].field ? table[i].field : "NULL";
		struct str field = copy_exactly(str_of(table[i].field));
		int64_t seconds = 0;
		bool fine = validator_read_date(field, JULY_2026, &seconds);

		free((char *)field.p);
		failed +=
			differ_number(asked, "is a date", fine, table[i].fine);
		if (fine && table[i].fine)
			failed += differ_number(
				asked, "seconds", seconds, table[i].want);
	}
	failed += validator_read_date(STR("Sun, 06 Nov 1994 08:49:37 GMT\0"),
		JULY_2026, &(int64_t){0});
	assert_int_equal(failed, 0);
}

/* What would be more than 50 years ahead is 100 years before that. */
static void
test_two_digits(void **state)
{
	static const struct {
		const char *field;
		int64_t now, want;
	} table[] = {
		{"Sunday, 06-Nov-94 08:49:37 GMT", JULY_2026, NOVEMBER_1994},
		{"Saturday, 01-Jan-77 00:00:00 GMT", JULY_2026, 220924800},
		{"Wednesday, 01-Jan-76 00:00:00 GMT", JULY_2026, 3345062400},
		{"Tuesday, 31-Dec-75 00:00:00 GMT", JULY_2026, 3344976000},
		{"Tuesday, 30-Jun-76 23:59:59 GMT", JULY_2026, 3360787199},
		{"Friday, 02-Jul-76 00:00:00 GMT", JULY_2026, 205113600},
		{"Friday, 31-Dec-76 23:59:59 GMT", JULY_2026, 220924799},
		{"Saturday, 01-Jan-00 00:00:00 GMT", JULY_2026, 946684800},
		{"Friday, 01-Jan-99 00:00:00 GMT", JULY_2026, 915148800},
		/* Asked in 1994 and 1970. */
		{"Sunday, 06-Nov-94 08:49:37 GMT", NOVEMBER_1994,
			NOVEMBER_1994},
		{"Monday, 01-Jan-00 00:00:00 GMT", NOVEMBER_1994, -2208988800},
		{"Thursday, 01-Jan-70 00:00:00 GMT", 0, 0},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		int64_t seconds = 0;

		failed += !validator_read_date(
			str_of(table[i].field), table[i].now, &seconds);
		failed += differ_number(
			table[i].field, "seconds", seconds, table[i].want);
	}
	assert_int_equal(failed, 0);
}

static void
test_date(void **state)
{
	static const struct {
		int64_t seconds;
		const char *want;
	} table[] = {
		{NOVEMBER_1994, "Sun, 06 Nov 1994 08:49:37 GMT"},
		{0, "Thu, 01 Jan 1970 00:00:00 GMT"},
		{-1, "Wed, 31 Dec 1969 23:59:59 GMT"},
		{951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
		{2147483648, "Tue, 19 Jan 2038 03:14:08 GMT"},
		{4294967296, "Sun, 07 Feb 2106 06:28:16 GMT"},
		{253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"},
		{-62135596800, "Mon, 01 Jan 0001 00:00:00 GMT"},
		{-62167219200, "Sat, 01 Jan 0000 00:00:00 GMT"},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char date[DATE_SIZE];

		validator_date(table[i].seconds, date);
		failed += differ("date", str_of(date), str_of(table[i].want));
	}
	assert_int_equal(failed, 0);
}

/* What is written is read as the same, over all of the years: every 35 days or
 * so, at all times of a day. */
static void
test_date_and_back(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (int64_t t = -62167219200; t <= 253402300799; t += 3023117) {
		char date[DATE_SIZE];
		int64_t back = t + 1;

		validator_date(t, date);
		if (!validator_read_date(str_of(date), JULY_2026, &back))
			failed++;
		failed += differ_number(date, "seconds", back, t);
		assert_in_range(failed, 0, 20);
	}
	assert_int_equal(failed, 0);
}

/* The other two formats say the same, for every day of 1977 to 2075. */
static void
test_formats_agree(void **state)
{
	static const char *const names[] = {"Sunday", "Monday", "Tuesday",
		"Wednesday", "Thursday", "Friday", "Saturday"};
	unsigned failed = 0;

	(void)state;
	for (int64_t t = 220924800; t < 3345062400; t += 86400 + 61) {
		char date[DATE_SIZE], old[64], c[64];
		int64_t from_old = 0, from_c = 0;
		int day = 0;

		validator_date(t, date);
		while (memcmp(names[day], date, 3) != 0)
			day++;
		snprintf(old, sizeof(old), "%s, %.2s-%.3s-%.2s %.8s GMT",
			names[day], date + 5, date + 8, date + 14, date + 17);
		snprintf(c, sizeof(c), "%.3s %.3s %2d %.8s %.4s", date,
			date + 8, atoi(date + 5), date + 17, date + 12);
		failed +=
			!validator_read_date(str_of(old), JULY_2026, &from_old);
		failed += differ_number(old, "seconds", from_old, t);
		failed += !validator_read_date(str_of(c), JULY_2026, &from_c);
		failed += differ_number(c, "seconds", from_c, t);
		assert_in_range(failed, 0, 20);
	}
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_matches_odd_tag),
		cmocka_unit_test(test_read_date),
		cmocka_unit_test(test_two_digits),
		cmocka_unit_test(test_date),
		cmocka_unit_test(test_date_and_back),
		cmocka_unit_test(test_formats_agree),
	};

	return cmocka_run_group_tests_name("validator", tests, NULL, NULL);
}
