/* A line is read twice, member by member: the first time to see that it is an
 * object, and to find the members that come first; then to write the others. */

#include "serve/logjson.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/page.h"
#include "serve/sgr.h"

/* Cells of a line, without the quotes if they are a string. */
struct piece {
	const struct ansi_cell *cell;
	size_t n;
	bool string;
};

/* The rest of a line. */
struct scan {
	const struct ansi_cell *cell;
	size_t n, at;
};

struct member {
	struct piece key, value;
};

/* What comes first. */
enum { TIME, LEVEL, MESSAGE, FIRSTS };

static bool
is_at(const struct scan *s, uint32_t point)
{
	return s->at < s->n && s->cell[s->at].point == point;
}

static void
pass_blanks(struct scan *s)
{
	while (is_at(s, ' ') || is_at(s, '\t'))
		s->at++;
}

/* Take a character and the blanks around it. */
static bool
take_sign(struct scan *s, uint32_t point)
{
	bool found;

	pass_blanks(s);
	found = is_at(s, point);
	s->at += found;
	pass_blanks(s);
	return found;
}

static bool
take_string(struct scan *s, struct piece *string)
{
	size_t first = s->at + 1;

	if (!is_at(s, '"'))
		return false;
	for (s->at = first; s->at < s->n && !is_at(s, '"'); s->at++)
		s->at += is_at(s, '\\');
	if (s->at >= s->n)
		return false;
	*string = (struct piece){s->cell + first, s->at - first, true};
	s->at++;
	return true;
}

/* Take an object or an array, of which only the brackets are looked at. */
static bool
take_nested(struct scan *s)
{
	struct piece string;
	size_t depth = 0;

	do {
		depth += is_at(s, '{') || is_at(s, '[');
		depth -= is_at(s, '}') || is_at(s, ']');
		if (!is_at(s, '"'))
			s->at++;
		else if (!take_string(s, &string))
			return false;
	} while (depth > 0 && s->at < s->n);
	return depth == 0;
}

/* Whether a number, true, false or null can have point. */
static bool
is_of_number(uint32_t point)
{
	return point > ' ' && point < 0x7f &&
		strchr("+-.0123456789Eaeflnrstu", (int)point) != NULL;
}

static bool
take_value(struct scan *s, struct piece *value)
{
	size_t first = s->at;

	if (is_at(s, '"'))
		return take_string(s, value);
	if (is_at(s, '{') || is_at(s, '[')) {
		if (!take_nested(s))
			return false;
	} else {
		while (s->at < s->n && is_of_number(s->cell[s->at].point))
			s->at++;
	}
	*value = (struct piece){s->cell + first, s->at - first, false};
	return value->n > 0;
}

/* Take the next member.  *last: none follows.  false when it is none. */
static bool
take_member(struct scan *s, struct member *member, bool *last)
{
	if (!take_string(s, &member->key) || !take_sign(s, ':') ||
		!take_value(s, &member->value))
		return false;
	*last = !take_sign(s, ',');
	return true;
}

/* What the key of a member says that it is; FIRSTS: anything else. */
static int
order_of(const struct piece *key)
{
	static const struct {
		const char *key;
		int kind;
	} table[] = {{"time", TIME}, {"ts", TIME}, {"timestamp", TIME},
		{"@timestamp", TIME}, {"level", LEVEL}, {"severity", LEVEL},
		{"lvl", LEVEL}, {"msg", MESSAGE}, {"message", MESSAGE},
		{"MESSAGE", MESSAGE}, {"event", MESSAGE}, {"log", MESSAGE}};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t n = strlen(table[i].key), k = 0;

		while (n == key->n && k < n &&
			key->cell[k].point == (uint32_t)table[i].key[k])
			k++;
		if (k == key->n)
			return table[i].kind;
	}
	return FIRSTS;
}

/* Read a whole line, and find what comes first. */
static bool
find_firsts(struct scan s, struct piece first[FIRSTS])
{
	struct member member;
	bool last = false;

	if (!take_sign(&s, '{'))
		return false;
	while (!last) {
		int kind;

		if (!take_member(&s, &member, &last))
			return false;
		kind = order_of(&member.key);
		if (kind < FIRSTS && first[kind].cell == NULL)
			first[kind] = member.value;
	}
	return take_sign(&s, '}') && s.at == s.n && first[MESSAGE].string;
}

static void
add_cell(struct logjson *json, uint32_t point, uint32_t style)
{
	assert(json->n < json->room);
	json->cell[json->n++] = (struct ansi_cell){point, style};
}

/* The number in four hexadecimal digits; 0 when they are none. */
static uint32_t
hexadecimal(const struct ansi_cell *cell, size_t n)
{
	uint32_t number = 0;

	for (size_t i = 0; i < 4; i++) {
		uint32_t c = i < n ? cell[i].point : 0;

		if (ansi_is_digit(c))
			c -= '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			c = (c | 0x20) - 'a' + 10;
		else
			return 0;
		number = number << 4 | c;
	}
	return number;
}

static bool
is_shown(uint32_t c)
{
	return c >= ' ' && (c < 0x7f || c > 0x9f) &&
		(c < 0xd800 || c > 0xdfff) && !ansi_is_no_character(c);
}

/* The character that an escape of n cells or more stands for, and the length of
 * the escape; 0 when it is to stay. */
static uint32_t
escaped(const struct ansi_cell *cell, size_t n, size_t *length)
{
	uint32_t c = n > 1 ? cell[1].point : 0, low;

	*length = 2;
	if (c == '"' || c == '\\' || c == '/')
		return c;
	if (c == 'n' || c == 't')
		return c == 'n' ? '\n' : '\t';
	if (c != 'u')
		return 0;
	*length = 6;
	c = hexadecimal(cell + 2, n - 2);
	if (c >= 0xd800 && c < 0xdc00 && n >= 12 && cell[6].point == '\\' &&
		cell[7].point == 'u') {
		low = hexadecimal(cell + 8, n - 8);
		*length = 12;
		if (low < 0xdc00 || low >= 0xe000)
			return 0;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	return is_shown(c) ? c : 0;
}

/* Add a value: a string without its escapes, anything else with all but those
 * of newlines and tabs. */
static void
write_value(struct logjson *json, const struct piece *value, uint32_t style)
{
	for (size_t i = 0; i < value->n; i++) {
		const struct ansi_cell *cell = value->cell + i;
		size_t length = 1;
		uint32_t point = 0;

		if (cell->point == '\\')
			point = escaped(cell, value->n - i, &length);
		if (!value->string && point >= ' ')
			point = 0;
		if (point != 0)
			i += length - 1;
		add_cell(
			json, point ? point : cell->point, cell->style | style);
	}
}

static void
write_text(struct logjson *json, const char *text, uint32_t style)
{
	while (*text != '\0')
		add_cell(json, (unsigned char)*text++, style);
}

/* The whole number that the first digits of value are, and how many these are,
 * 18 at most. */
static uint64_t
number_of_digits(const struct piece *value, size_t *digits)
{
	uint64_t number = 0;

	for (*digits = 0; *digits < value->n && *digits < 18 &&
		ansi_is_digit(value->cell[*digits].point);
		++*digits)
		number = number * 10 + (value->cell[*digits].point - '0');
	return number;
}

/* Add a time; seconds since 1970 with 10 digits, or milliseconds with 13, as
 * RFC 3339 has them. */
static void
write_time(struct logjson *json, const struct piece *value)
{
	size_t digits;
	uint64_t number = number_of_digits(value, &digits);
	bool fine = digits == 13 && value->n == 13;
	char time[PAGE_TIME_SIZE], fraction[8];

	if (value->string || (!fine && digits != 10)) {
		write_value(json, value, SGR_DIM);
		return;
	}
	page_time((int64_t)(fine ? number / 1000 : number), time);
	time[strlen(time) - 1] = '\0'; /* without its "Z" */
	write_text(json, time, SGR_DIM);
	snprintf(
		fraction, sizeof(fraction), ".%03u", (unsigned)(number % 1000));
	if (fine)
		write_text(json, fraction, SGR_DIM);
	else
		write_value(json,
			&(struct piece){
				value->cell + digits, value->n - digits, false},
			SGR_DIM);
	add_cell(json, 'Z', SGR_DIM);
}

/* Add a level; the numbers of bunyan and pino as their names. */
static void
write_level(struct logjson *json, const struct piece *value)
{
	static const char *const names[] = {
		"trace", "debug", "info", "warn", "error", "fatal"};
	size_t digits;
	uint64_t number = number_of_digits(value, &digits);

	if (!value->string && value->n == 2 && number % 10 == 0 &&
		number >= 10 && number <= 60)
		write_text(json, names[number / 10 - 1], 0);
	else
		write_value(json, value, 0);
}

/* Whether a string can stand without quotes. */
static bool
is_bare(const struct piece *value)
{
	bool bare = value->n > 0;

	for (size_t i = 0; i < value->n; i++)
		bare &= value->cell[i].point > ' ' &&
			value->cell[i].point != '\\' &&
			value->cell[i].point != '=';
	return bare || !value->string;
}

static void
add_member(struct logjson *json, const struct member *member)
{
	bool bare = is_bare(&member->value);

	add_cell(json, ' ', 0);
	write_value(json, &member->key, SGR_DIM);
	add_cell(json, '=', SGR_DIM);
	if (!bare)
		add_cell(json, '"', 0);
	write_value(json, &member->value, 0);
	if (!bare)
		add_cell(json, '"', 0);
}

static void
add_firsts(struct logjson *json, const struct piece first[FIRSTS])
{
	if (first[TIME].cell != NULL) {
		write_time(json, &first[TIME]);
		add_cell(json, ' ', 0);
	}
	if (first[LEVEL].cell != NULL) {
		write_level(json, &first[LEVEL]);
		add_cell(json, ' ', 0);
	}
	write_value(json, &first[MESSAGE], 0);
	/* A message may bring its own newline. */
	while (json->n > 0 && json->cell[json->n - 1].point == '\n')
		json->n--;
}

/* Where an object may begin: at the first brace, if what is before it is no
 * longer than a prefix and ends at a blank; n if there is none. */
static size_t
find_object(const struct ansi_cell *line, size_t n)
{
	size_t most = n < LOGJSON_PREFIX ? n : LOGJSON_PREFIX, at = 0;

	while (at < most && line[at].point != '{')
		at++;
	if (at == most || (at > 0 && line[at - 1].point != ' '))
		return n;
	return at;
}

bool
logjson_read(struct logjson *json, const struct ansi_cell *line, size_t n)
{
	struct piece first[FIRSTS] = {{NULL, 0, false}};
	struct scan s = {line, n, find_object(line, n)};
	size_t prefix = s.at;
	struct member member;
	bool last = false;

	if (prefix == n || !find_firsts(s, first))
		return false;
	if (n > json->room) {
		struct ansi_cell *cell = realloc(json->cell, n * sizeof(*cell));

		if (cell == NULL)
			return false;
		json->cell = cell;
		json->room = n;
	}
	memcpy(json->cell, line, prefix * sizeof(*line));
	json->n = prefix;
	add_firsts(json, first);
	for (take_sign(&s, '{'); !last && take_member(&s, &member, &last);) {
		int kind = order_of(&member.key);

		if (kind == FIRSTS || first[kind].cell != member.value.cell)
			add_member(json, &member);
	}
	return true;
}

void
logjson_free(struct logjson *json)
{
	free(json->cell);
}
