#include "serve/logtime.h"

#include <inttypes.h>

/* What is left of the cells of a line. */
struct rest {
	const struct ansi_cell *cell;
	size_t n;
};

static bool
pass_point(struct rest *rest, uint32_t point)
{
	if (rest->n == 0 || rest->cell->point != point)
		return false;
	rest->cell++;
	rest->n--;
	return true;
}

/* Take a number of `digits` digits, from least to most. */
static bool
take_number(struct rest *rest, int digits, int least, int most, int *number)
{
	*number = 0;
	for (int i = 0; i < digits; i++) {
		if (rest->n == 0 || !ansi_is_digit(rest->cell->point))
			return false;
		*number = *number * 10 + (int)(rest->cell->point - '0');
		rest->cell++;
		rest->n--;
	}
	return *number >= least && *number <= most;
}

/* Days from 1970 to a day, which is in the proleptic Gregorian calendar. */
static int64_t
days_until(int year, int month, int day)
{
	/* Years that begin in March, so that the leap day is their last. */
	int64_t y = year - (month <= 2), m = (month + 9) % 12;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day -
		1 - 719468;
}

/* Take a fraction of a second. */
static int
take_fraction(struct rest *rest)
{
	int ms = 0, scale = 100;

	if (!(pass_point(rest, '.') || pass_point(rest, ',')))
		return 0;
	while (rest->n > 0 && ansi_is_digit(rest->cell->point)) {
		ms += scale * (int)(rest->cell->point - '0');
		scale /= 10;
		rest->cell++;
		rest->n--;
	}
	return ms;
}

/* Take a zone, if there is one.  *minutes that it is before UTC. */
static bool
take_zone(struct rest *rest, int *minutes)
{
	int hour, minute = 0, sign;

	*minutes = 0;
	if (pass_point(rest, 'Z'))
		return true;
	sign = pass_point(rest, '+') ? 1 : pass_point(rest, '-') ? -1 : 0;
	if (sign == 0)
		return true;
	if (!take_number(rest, 2, 0, 23, &hour))
		return false;
	if ((pass_point(rest, ':') ||
		    (rest->n > 0 && ansi_is_digit(rest->cell->point))) &&
		!take_number(rest, 2, 0, 59, &minute))
		return false;
	*minutes = sign * (60 * hour + minute);
	return true;
}

size_t
logtime_find(const struct ansi_cell *cell, size_t n, int64_t *ms)
{
	struct rest rest = {cell, n};
	bool bracket = pass_point(&rest, '[');
	int year, month, day, hour, minute, second, fraction, zone;

	if (!take_number(&rest, 4, 1970, 9999, &year) ||
		!pass_point(&rest, '-') ||
		!take_number(&rest, 2, 1, 12, &month) ||
		!pass_point(&rest, '-') ||
		!take_number(&rest, 2, 1, 31, &day) ||
		!(pass_point(&rest, 'T') || pass_point(&rest, ' ')) ||
		!take_number(&rest, 2, 0, 23, &hour) ||
		!pass_point(&rest, ':') ||
		!take_number(&rest, 2, 0, 59, &minute) ||
		!pass_point(&rest, ':') ||
		!take_number(&rest, 2, 0, 60, &second))
		return 0;
	fraction = take_fraction(&rest);
	if (!take_zone(&rest, &zone) || (bracket && !pass_point(&rest, ']')))
		return 0;
	if (rest.n > 0 && !pass_point(&rest, ' '))
		return 0;
	if (ms != NULL)
		*ms = ((days_until(year, month, day) * 1440 + hour * 60 +
			       minute - zone) *
				      60 +
			      second) *
				1000 +
			fraction;
	return n - rest.n;
}

void
logtime_add_duration(struct text *text, int64_t ms)
{
	int64_t s = ms / 1000;

	if (s < 60)
		text_printf(text, "%" PRId64 " s", s);
	else if (s < 3600)
		text_printf(
			text, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
	else
		text_printf(text, "%" PRId64 " h %" PRId64 " min", s / 3600,
			s / 60 % 60);
}
