#include "http/validator.h"

#include <string.h>
#include <time.h>

#include "http/encoding.h"

static const char days[] = "SunMonTueWedThuFriSat";
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* Cut an entity tag off *list, quotes included; false when there is none. */
static bool
cut_tag(struct str *list, struct str *tag, bool *weak)
{
	const char *end;

	*weak = str_starts(*list, STR("W/"));
	if (*weak)
		*list = str_slice(*list, 2, list->n);
	if (list->n < 2 || list->p[0] != '"')
		return false;
	end = memchr(list->p + 1, '"', list->n - 1);
	if (end == NULL)
		return false;
	*tag = str_slice(*list, 0, (size_t)(end - list->p) + 1);
	*list = str_trim(str_slice(*list, tag->n, list->n));
	return true;
}

/* Whether tag is etag with "-" and a coding behind it, as a front end writes
 * it. */
static bool
is_recoded(struct str tag, struct str etag)
{
	struct str opaque = str_slice(etag, 0, etag.n - (etag.n > 0)), suffix;

	if (etag.n == 0 || !str_starts(tag, opaque) || tag.n < opaque.n + 2 ||
		tag.p[opaque.n] != '-')
		return false;
	suffix = str_slice(tag, opaque.n + 1, tag.n - 1);
	for (int i = CODING_GZIP; i < CODINGS; i++) {
		if (str_eq(suffix, encoding_names[i]))
			return true;
	}
	return false;
}

bool
validator_matches(struct str field, struct str etag, bool weak)
{
	struct str list = str_trim(field), tag;
	bool tag_weak;

	if (str_eq(list, STR("*")))
		return true;
	if (weak && str_starts(etag, STR("W/")))
		etag = str_slice(etag, 2, etag.n);
	while (list.n > 0) {
		if (list.p[0] == ',') {
			list = str_trim(str_slice(list, 1, list.n));
			continue;
		}
		if (!cut_tag(&list, &tag, &tag_weak))
			return false;
		if (list.n > 0 && list.p[0] != ',')
			return false;
		if (weak ? str_eq(tag, etag) || is_recoded(tag, etag)
			 : str_eq(tag, etag) && !tag_weak)
			return true;
	}
	return false;
}

/* The last two digits of n. */
static void
put_digits(char *p, int n)
{
	p[0] = (char)('0' + (unsigned)n / 10 % 10);
	p[1] = (char)('0' + (unsigned)n % 10);
}

struct str
validator_tag(struct arena *arena, const uint64_t numbers[], size_t n,
	struct str word)
{
	struct text text = {.arena = arena};

	text_byte(&text, '"');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			text_byte(&text, '-');
		text_hex(&text, numbers[i], i == 0 ? 8 : 1);
	}
	if (word.n > 0)
		text_byte(&text, '-');
	text_add(&text, word);
	text_byte(&text, '"');
	return text_str(&text);
}

void
validator_date(int64_t seconds, char date[DATE_SIZE])
{
	time_t time = (time_t)seconds;
	struct tm tm;

	gmtime_r(&time, &tm);
	memcpy(date, "Day, 00 Mon 0000 00:00:00 GMT", DATE_SIZE);
	memcpy(date, days + 3 * tm.tm_wday, 3);
	put_digits(date + 5, tm.tm_mday);
	memcpy(date + 8, months + 3 * tm.tm_mon, 3);
	put_digits(date + 12, (tm.tm_year + 1900) / 100);
	put_digits(date + 14, tm.tm_year + 1900);
	put_digits(date + 17, tm.tm_hour);
	put_digits(date + 20, tm.tm_min);
	put_digits(date + 23, tm.tm_sec);
}

struct fields {
	int day, month, year, hour, minute, second;
};

/* The index of a three-letter name in names, -1 when it is none. */
static int
index_of(const char *names, const char *name)
{
	for (int i = 0; names[3 * i] != '\0'; i++) {
		if (memcmp(names + 3 * i, name, 3) == 0)
			return i;
	}
	return -1;
}

/* Read field by pattern.  d, y, h, m, s stand for a digit of day, year, hour,
 * minute, second; e for a blank or a digit of the day; NNN for a month's name;
 * WWW for a day's name; anything else for itself. */
static bool
scan(struct str field, const char *pattern, struct fields *fields)
{
	*fields = (struct fields){0};
	if (field.n != strlen(pattern))
		return false;
	for (size_t i = 0; i < field.n; i++) {
		int *number = NULL;
		int digit = field.p[i] - '0';

		switch (pattern[i]) {
		case 'N':
			fields->month = index_of(months, field.p + i);
			if (fields->month < 0)
				return false;
			i += 2;
			continue;
		case 'W':
			if (index_of(days, field.p + i) < 0)
				return false;
			i += 2;
			continue;
		case 'e':
			if (field.p[i] == ' ')
				continue;
			number = &fields->day;
			break;
		case 'd':
			number = &fields->day;
			break;
		case 'y':
			number = &fields->year;
			break;
		case 'h':
			number = &fields->hour;
			break;
		case 'm':
			number = &fields->minute;
			break;
		case 's':
			number = &fields->second;
			break;
		default:
			if (field.p[i] != pattern[i])
				return false;
			continue;
		}
		if (digit < 0 || digit > 9)
			return false;
		*number = *number * 10 + digit;
	}
	return true;
}

/* Cut the day's full name and the comma off *field.  false when there is none.
 */
static bool
cut_long_day(struct str *field)
{
	static const char *const names[] = {"Sunday", "Monday", "Tuesday",
		"Wednesday", "Thursday", "Friday", "Saturday"};
	struct str name = str_cut(field, ',');

	for (int i = 0; i < 7; i++) {
		if (str_eq(name, str_of(names[i])))
			return true;
	}
	return false;
}

/* Convert fields to seconds since 1970; false when there is no such time. */
static bool
to_seconds(const struct fields *fields, int64_t *seconds)
{
	struct tm tm = {
		.tm_mday = fields->day,
		.tm_mon = fields->month,
		.tm_year = fields->year - 1900,
	};
	time_t midnight = timegm(&tm);

	/* timegm has turned 31 April into 1 May. */
	if (tm.tm_mday != fields->day || fields->hour > 23 ||
		fields->minute > 59 || fields->second > 60)
		return false;
	*seconds = (int64_t)midnight + fields->hour * 3600 +
		fields->minute * 60 + fields->second;
	return true;
}

/* The same for a year of two digits, of now's century or the one before. */
static bool
to_seconds_near(struct fields *fields, int64_t now, int64_t *seconds)
{
	time_t time = (time_t)now;
	struct tm limit;

	gmtime_r(&time, &limit);
	fields->year += (limit.tm_year + 1900) / 100 * 100;
	limit.tm_year += 50;
	if (to_seconds(fields, seconds) && *seconds <= (int64_t)timegm(&limit))
		return true;
	fields->year -= 100;
	return to_seconds(fields, seconds);
}

bool
validator_read_date(struct str field, int64_t now, int64_t *seconds)
{
	struct str date = str_trim(field);
	struct fields fields;

	if (scan(date, "WWW, dd NNN yyyy hh:mm:ss GMT", &fields) ||
		scan(date, "WWW NNN ed hh:mm:ss yyyy", &fields))
		return to_seconds(&fields, seconds);
	return cut_long_day(&date) &&
		scan(date, " dd-NNN-yy hh:mm:ss GMT", &fields) &&
		to_seconds_near(&fields, now, seconds);
}
