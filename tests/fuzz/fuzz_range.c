/* Range: a byte for the body's size, one for the number of parts that there is
 * room for, and the field.
 *
 * Parts lie inside of the body, hold something, and do not touch each other.  A
 * field of plain grammar is read a second time, slowly: each byte of the body
 * is marked with the first range that asks for it, and the parts must be the
 * runs of marked bytes, in the order of their earliest ranges. */

#include "fuzz.h"
#include "http/range.h"

enum { SMALL = 300, ROOM = 32, SPECS = 100, DIGITS = 18 };

/* One range of the field. */
struct spec {
	bool suffix, open;
	uint64_t first, last; /* a suffix's length is in last */
};

/* The field of plain grammar: "bytes=" and ranges with commas between, blanks
 * around them, no number of more than DIGITS. */
struct field {
	struct spec spec[SPECS];
	int n;
};

/* Digits at *p, up to end, as a number: how many. */
static int
read_digits(const char **p, const char *end, uint64_t *number)
{
	int n = 0;

	for (*number = 0; *p < end && **p >= '0' && **p <= '9'; ++*p, n++)
		*number = n < DIGITS ? *number * 10 + (uint64_t)(**p - '0') : 0;
	return n;
}

static void
skip_blanks(const char **p, const char *end)
{
	while (*p < end && (**p == ' ' || **p == '\t'))
		++*p;
}

static bool
read_spec(const char **p, const char *end, struct spec *spec)
{
	int before = read_digits(p, end, &spec->first), behind;

	if (*p == end || *(*p)++ != '-')
		return false;
	behind = read_digits(p, end, &spec->last);
	spec->suffix = before == 0;
	spec->open = behind == 0;
	return before + behind > 0 && before <= DIGITS && behind <= DIGITS;
}

static bool
read_plain(struct str text, struct field *field)
{
	const char *p = text.p, *end = text.p + text.n;

	if (text.n < 6 || memcmp(p, "bytes=", 6) != 0)
		return false;
	field->n = 0;
	for (p += 6; p < end && field->n < SPECS; p++) {
		skip_blanks(&p, end);
		if (!read_spec(&p, end, &field->spec[field->n++]))
			return false;
		skip_blanks(&p, end);
		if (p < end && *p != ',')
			return false;
		if (p + 1 == end)
			return false;
	}
	return p >= end && field->n > 0;
}

/* The first byte that spec asks for, and the one behind the last: equal when
 * there is none. */
static struct span
bytes_of(const struct spec *spec, uint64_t size)
{
	struct span span = {spec->first, spec->open ? size : spec->last + 1};

	if (spec->suffix)
		span = (struct span){
			spec->last < size ? size - spec->last : 0, size};
	if (span.end > size)
		span.end = size;
	if (span.first > span.end)
		span.first = span.end;
	return span;
}

/* The runs of marks, in the order of the smallest mark in each; ROOM + 1 when
 * there are more than max. */
static int
find_runs(const int *mark, uint64_t size, struct span runs[], int max)
{
	int least[ROOM + 1], n = 0;

	for (uint64_t at = 0, from; at < size; at++) {
		int low = SPECS, place;

		for (from = at; at < size && mark[at] < SPECS; at++)
			low = mark[at] < low ? mark[at] : low;
		if (from == at)
			continue;
		if (n == max)
			return ROOM + 1;
		for (place = n++; place > 0 && least[place - 1] > low;
			place--) {
			least[place] = least[place - 1];
			runs[place] = runs[place - 1];
		}
		least[place] = low;
		runs[place] = (struct span){from, at};
	}
	return n;
}

/* What range_read should give. */
static int
read_slowly(
	const struct field *field, uint64_t size, struct span runs[], int max)
{
	int mark[SMALL], n = 0;
	bool empty_suffix = false;

	for (int i = 0; i < SMALL; i++)
		mark[i] = SPECS;
	for (int i = 0; i < field->n; i++) {
		const struct spec *spec = &field->spec[i];

		if (!spec->suffix && !spec->open && spec->last < spec->first)
			return 0;
	}
	for (int i = 0; i < field->n && n <= max; i++) {
		struct span span = bytes_of(&field->spec[i], size);

		empty_suffix |=
			field->spec[i].suffix && field->spec[i].last > 0;
		for (uint64_t at = span.first; at < span.end; at++) {
			if (mark[at] > i)
				mark[at] = i;
		}
		n = find_runs(mark, size, runs, max);
	}
	if (n > max || (size == 0 && empty_suffix))
		return 0;
	return n > 0 ? n : RANGE_NONE;
}

static void
check_parts(const struct span *parts, int n, uint64_t size, struct str field)
{
	for (int i = 0; i < n; i++) {
		fuzz_law(parts[i].first < parts[i].end, "a part holds bytes",
			field);
		fuzz_law(
			parts[i].end <= size, "a part ends in the body", field);
		for (int j = 0; j < i; j++)
			fuzz_law(parts[i].first > parts[j].end ||
					parts[j].first > parts[i].end,
				"parts do not touch", field);
	}
}

static void
check_slowly(const struct span *parts, int n, uint64_t size, int max,
	struct str text)
{
	struct span runs[ROOM];
	struct field field;

	if (!read_plain(text, &field))
		return;
	fuzz_law(read_slowly(&field, size, runs, max) == n,
		"as many parts as the slow reading has", text);
	for (int i = 0; i < n; i++)
		fuzz_law(parts[i].first == runs[i].first &&
				parts[i].end == runs[i].end,
			"the parts of the slow reading", text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t sizes[] = {
		0, 1, 2, 10, 99, SMALL, 1u << 31, UINT64_MAX - 1, UINT64_MAX};
	struct str field = {(const char *)data, size};
	uint64_t body = sizes[fuzz_byte(&field) % 9];
	int max = 1 + fuzz_byte(&field) % ROOM, n;
	struct span parts[ROOM];

	n = range_read(field, body, parts, max);
	fuzz_law(n == RANGE_NONE || (n >= 0 && n <= max),
		"the number of parts is one", field);
	check_parts(parts, n, body, field);
	if (body <= SMALL)
		check_slowly(parts, n, body, max, field);
	return 0;
}
