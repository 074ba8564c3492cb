#include "serve/logsign.h"

#include <strings.h>

#include "serve/logmark.h"

/* What must surround a sign. */
enum around {
	ANYTHING,
	NO_WORD, /* no letter or digit on either side */
	COUNT,   /* a number before it, no letter or digit behind it */
	START,   /* at the start of the line, after the time */
	INDENTED /* there, or after blanks */
};

struct sign {
	struct str text; /* lower case matches upper case, too */
	bool exact;      /* case matters */
	enum around around;
	size_t key; /* index in text of the character to search for */
};

static const struct sign signs[] = {
	{{"error:", 6}, false, ANYTHING, 5},
	{{"fatal:", 6}, false, ANYTHING, 5},
	{{"panic:", 6}, true, ANYTHING, 5},
	{{": *** [", 7}, true, ANYTHING, 0},
	{{"***Failed", 9}, true, ANYTHING, 3},
	{{"***Exception", 12}, true, ANYTHING, 3},
	{{"***Timeout", 10}, true, ANYTHING, 3},
	{{"***Not Run", 10}, true, ANYTHING, 3},
	{{"ERROR", 5}, true, NO_WORD, 0},
	{{"FAIL", 4}, true, NO_WORD, 0},
	{{"FAILED", 6}, true, NO_WORD, 0},
	{{" failed", 7}, true, COUNT, 1},
	{{" failing", 8}, true, COUNT, 1},
	{{" failure", 8}, true, COUNT, 1},
	{{" failures", 9}, true, COUNT, 1},
	{{" errors:", 8}, true, COUNT, 7},
	{{"\"level\":\"error\"", 15}, true, ANYTHING, 7},
	{{"\"level\": \"error\"", 16}, true, ANYTHING, 7},
	{{"level=error", 11}, true, NO_WORD, 5},
	/* bunyan and pino: error and fatal. */
	{{"\"level\":50", 10}, true, NO_WORD, 7},
	{{"\"level\":60", 10}, true, NO_WORD, 7},
	{{"Traceback (most recent call last):", 34}, true, ANYTHING, 0},
	{{"panicked at", 11}, true, NO_WORD, 5},
	{{"Segmentation fault", 18}, true, NO_WORD, 0},
	{{"error[E", 7}, true, START, 0},
	{{"ERRO[", 5}, true, START, 0},
	{{"FATA[", 5}, true, START, 0},
	{{"npm error", 9}, false, START, 0},
	{{"npm ERR!", 8}, true, START, 0},
	{{"##[error]", 9}, true, START, 0},
	{{"::error", 7}, true, START, 0},
	{{"not ok", 6}, true, INDENTED, 0},
};

enum { SIGNS = sizeof(signs) / sizeof(signs[0]) };

static bool
is_word(uint32_t point)
{
	return ansi_is_digit(point) || point == '_' || point >= 0x80 ||
		((point | 0x20) >= 'a' && (point | 0x20) <= 'z');
}

static bool
is_gap(uint32_t point)
{
	return point == ' ' || point == '\t';
}

/* Whether a number ends before cell `at`.  *none: it is 0. */
static bool
follows_number(const struct ansi_cell *cell, size_t at, bool *none)
{
	size_t first = at;

	while (first > 0 && ansi_is_digit(cell[first - 1].point))
		first--;
	*none = at - first == 1 && cell[first].point == '0';
	return first < at && (first == 0 || !is_word(cell[first - 1].point));
}

/* Whether the sign from `at` to end counts none: there is a 0 before it, or
 * behind it, where nothing else follows. */
static bool
counts_none(const struct ansi_cell *cell, size_t n, size_t at, size_t end)
{
	bool none;

	while (at > 0 && is_gap(cell[at - 1].point))
		at--;
	if (follows_number(cell, at, &none) && none)
		return true;
	while (end < n &&
		(is_gap(cell[end].point) || cell[end].point == ':' ||
			cell[end].point == '='))
		end++;
	if (end == n || cell[end].point != '0')
		return false;
	for (end++; end < n && is_gap(cell[end].point);)
		end++;
	return end == n || cell[end].point == ',' || cell[end].point == ')';
}

static bool
is_surrounded(const struct ansi_cell *cell, size_t n, size_t at, size_t end,
	enum around around)
{
	bool none;

	if (around == NO_WORD && at > 0 && is_word(cell[at - 1].point))
		return false;
	if (around == COUNT && !follows_number(cell, at, &none))
		return false;
	if ((around == NO_WORD || around == COUNT) && end < n &&
		is_word(cell[end].point))
		return false;
	return !counts_none(cell, n, at, end);
}

static bool
has_sign(const struct ansi_cell *cell, size_t n, size_t at,
	const struct sign *sign)
{
	size_t length = sign->text.n, end = at + length;

	if (n < end)
		return false;
	for (size_t i = 0; i < length; i++) {
		uint32_t point = cell[at + i].point;

		if (!sign->exact && point >= 'A' && point <= 'Z')
			point |= 0x20;
		if (point != (uint32_t)sign->text.p[i])
			return false;
	}
	return is_surrounded(cell, n, at, end, sign->around);
}

/* Whether point is a key of a sign that can be anywhere in a line. */
static bool
is_key(uint32_t point)
{
#define BIT(c) (UINT64_C(1) << ((c)&63))
	static const uint64_t keys[2] = {BIT(':') | BIT('='),
		BIT('E') | BIT('F') | BIT('N') | BIT('S') | BIT('T') |
			BIT('f') | BIT('k')};
#undef BIT

	return point < 128 && (keys[point / 64] >> point % 64 & 1) != 0;
}

/* Whether a failure is expected, or was not tried (TAP). */
static bool
is_excused(const struct ansi_cell *cell, size_t n)
{
	static const char *const words[] = {"# TODO", "# SKIP"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const struct sign sign = {str_of(words[i]), true, ANYTHING, 0};

		for (size_t at = 0; at < n; at++) {
			if (has_sign(cell, n, at, &sign))
				return true;
		}
	}
	return false;
}

/* Look for signs that count only where a line starts. */
static bool
starts_with_sign(const struct ansi_cell *cell, size_t n)
{
	size_t first = logmark_time(cell, n), text = first;

	while (text < n && is_gap(cell[text].point))
		text++;
	/* The crosses of test runners. */
	if (text + 1 < n && cell[text].point >= 0x2715 &&
		cell[text].point <= 0x2718 && is_gap(cell[text + 1].point))
		return !is_excused(cell, n);
	for (size_t i = 0; i < SIGNS; i++) {
		if (signs[i].around == START &&
			has_sign(cell, n, first, &signs[i]))
			return true;
		if (signs[i].around == INDENTED &&
			has_sign(cell, n, text, &signs[i]))
			return !is_excused(cell, n);
	}
	return false;
}

bool
logsign_is_error(const struct ansi_cell *cell, size_t n)
{
	if (starts_with_sign(cell, n))
		return true;
	for (size_t i = 0; i < n; i++) {
		if (!is_key(cell[i].point))
			continue;
		for (const struct sign *s = signs; s < signs + SIGNS; s++) {
			if (s->around != START && s->around != INDENTED &&
				i >= s->key &&
				cell[i].point == (uint32_t)s->text.p[s->key] &&
				has_sign(cell, n, i - s->key, s))
				return true;
		}
	}
	return false;
}

/* Each sign but the crosses holds one of these, in any case, however it is
 * coloured; none is shorter than SHORTEST.  They are searched for together, as
 * Wu and Manber do
 * ("A fast algorithm for multi-pattern searching", 1994), with pairs of
 * bytes. */
enum { SHORTEST = 4 };

static const char *const parts[] = {"erro", "err!", "fail", "fatal", "fata[",
	"panic", "*** [", "***exc", "***time", "***not", "traceback",
	"segmentation", "not ok", "l\":50", "l\":60"};

enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

/* A number for two bytes, which does not depend on their case. */
static size_t
pair_at(const char *p)
{
	return ((size_t)p[0] & 31) << 5 | ((size_t)p[1] & 31);
}

void
logsign_prepare(struct logsign_seeker *seeker)
{
	memset(seeker->skip, SHORTEST - 1, sizeof(seeker->skip));
	for (size_t i = 0; i < PARTS; i++) {
		for (unsigned at = 0; at < SHORTEST - 1; at++) {
			unsigned char *skip =
				&seeker->skip[pair_at(parts[i] + at)];

			if (*skip > SHORTEST - 2 - at)
				*skip = (unsigned char)(SHORTEST - 2 - at);
		}
	}
}

/* Whether one of the parts begins at p. */
static bool
begins_part(const char *p, size_t n)
{
	for (size_t i = 0; i < PARTS; i++) {
		size_t length = strlen(parts[i]);

		if (length <= n && strncasecmp(p, parts[i], length) == 0)
			return true;
	}
	return false;
}

static const char *
seek_part(const struct logsign_seeker *seeker, const char *p, size_t n)
{
	const char *end = p + n;

	/* p is where the last pair of the shortest part would be. */
	for (p += SHORTEST - 2; p + 1 < end;) {
		const char *first = p - (SHORTEST - 2);
		size_t skip = seeker->skip[pair_at(p)];

		if (skip == 0 && begins_part(first, (size_t)(end - first)))
			return first;
		p += skip > 0 ? skip : 1;
	}
	return NULL;
}

const char *
logsign_seek(const struct logsign_seeker *seeker, const char *p, size_t n)
{
	const char *part = n < SHORTEST ? NULL : seek_part(seeker, p, n);
	const char *cross =
		memmem(p, part ? (size_t)(part - p) : n, "\xe2\x9c", 2);

	return cross ? cross : part;
}
