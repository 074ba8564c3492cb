/* Dates: the input is taken for a date, and its first eight bytes for a time.
 *
 * A time that is written in any of the three formats reads the same.  A date
 * that can be read is the time that an own calendar makes of its numbers, and
 * names a day that there is. */

#include "fuzz.h"
#include "http/validator.h"

/* 2026-11-22, the year 0, and the end of 9999. */
static const int64_t now = 1795305600, year_0 = -62167219200,
		     year_10000 = 253402300800;

/* 2076-11-22: a year of two digits is at most 50 years ahead of now; and a
 * hundred years before that. */
static const int64_t limit = 3373228800, limit_before = 217468800;

static const char *const days[] = {"Sunday", "Monday", "Tuesday", "Wednesday",
	"Thursday", "Friday", "Saturday"};
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

struct calendar {
	int year, month, day, weekday, hour, minute, second;
};

static int
days_of(int year, int month)
{
	static const int n[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return n[month] + (month == 1 && leap);
}

/* Days from the year 0 on, counted year by year and month by month. */
static int64_t
day_number(int year, int month, int day)
{
	int64_t n = day - 1;

	for (int y = 0; y < year; y++)
		n += 337 + days_of(y, 1);
	for (int m = 0; m < month; m++)
		n += days_of(year, m);
	return n;
}

/* The year 0 begins with a Saturday. */
static struct calendar
calendar_of(int64_t seconds)
{
	int64_t day = (seconds - year_0) / 86400, rest;
	struct calendar c = {.weekday = (int)((day + 6) % 7)};

	rest = (seconds - year_0) % 86400;
	c.hour = (int)(rest / 3600);
	c.minute = (int)(rest / 60 % 60);
	c.second = (int)(rest % 60);
	for (; day >= 337 + days_of(c.year, 1); c.year++)
		day -= 337 + days_of(c.year, 1);
	for (; day >= days_of(c.year, c.month); c.month++)
		day -= days_of(c.year, c.month);
	c.day = (int)day + 1;
	return c;
}

static void
check_reads(const char *date, int64_t seconds)
{
	int64_t got = ~seconds;

	fuzz_law(validator_read_date(str_of(date), now, &got) && got == seconds,
		"a date that was written reads the same", str_of(date));
}

static void
check_time(int64_t seconds)
{
	struct calendar c = calendar_of(seconds);
	const char *day = days[c.weekday], *month = months + 3 * c.month;
	char date[DATE_SIZE], own[64];

	snprintf(own, sizeof(own), "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
		day, c.day, month, c.year, c.hour, c.minute, c.second);
	validator_date(seconds, date);
	fuzz_law(strcmp(own, date) == 0, "the calendar's date is written",
		str_of(date));
	check_reads(date, seconds);
	snprintf(own, sizeof(own), "%.3s %.3s %2d %02d:%02d:%02d %04d", day,
		month, c.day, c.hour, c.minute, c.second, c.year);
	check_reads(own, seconds);
	if (seconds > limit || seconds <= limit_before)
		return;
	snprintf(own, sizeof(own), "%s, %02d-%.3s-%02d %02d:%02d:%02d GMT", day,
		c.day, month, c.year % 100, c.hour, c.minute, c.second);
	check_reads(own, seconds);
}

static int
month_named(const char *name)
{
	for (int i = 0; i < 12; i++) {
		if (strncmp(months + 3 * i, name, 3) == 0)
			return i;
	}
	return -1;
}

/* The numbers of a date; those of one format do not fit another.  century is 0
 * but for years of two digits. */
static bool
scan(const char *date, struct calendar *c, int *century)
{
	char month[4];

	*century = 0;
	if (sscanf(date, "%*3[A-Za-z], %d %3[A-Za-z] %d %d:%d:%d GMT", &c->day,
		    month, &c->year, &c->hour, &c->minute, &c->second) != 6 &&
		sscanf(date, "%*3[A-Za-z] %3[A-Za-z] %d %d:%d:%d %d", month,
			&c->day, &c->hour, &c->minute, &c->second,
			&c->year) != 6) {
		if (sscanf(date, "%*[A-Za-z], %d-%3[A-Za-z]-%d %d:%d:%d GMT",
			    &c->day, month, &c->year, &c->hour, &c->minute,
			    &c->second) != 6)
			return false;
		*century = 2000;
	}
	c->month = month_named(month);
	return c->month >= 0;
}

static int64_t
seconds_of(const struct calendar *c, int century)
{
	return year_0 +
		86400 * day_number(century + c->year, c->month, c->day) +
		3600 * c->hour + 60 * c->minute + c->second;
}

static void
check_text(struct str text)
{
	char date[64];
	struct calendar c;
	int64_t seconds;
	int century;

	if (!validator_read_date(text, now, &seconds))
		return;
	text = str_trim(text);
	fuzz_law(text.n < sizeof(date), "a date is short", text);
	memcpy(date, text.p, text.n);
	date[text.n] = '\0';
	fuzz_law(scan(date, &c, &century), "a date is in one of the formats",
		text);
	if (century > 0 && seconds_of(&c, century) > limit)
		century -= 100;
	fuzz_law(c.day >= 1 && c.day <= days_of(century + c.year, c.month) &&
			c.hour <= 23 && c.minute <= 59 && c.second <= 60,
		"a date is one that there is", text);
	fuzz_law(seconds == seconds_of(&c, century),
		"a date is the calendar's time", text);
	if (c.second < 60)
		check_time(seconds);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	uint64_t seconds = 0;

	check_text(text);
	for (int i = 0; i < 8; i++)
		seconds = seconds << 8 | fuzz_byte(&text);
	check_time(
		year_0 + (int64_t)(seconds % (uint64_t)(year_10000 - year_0)));
	return 0;
}
