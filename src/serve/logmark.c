#include "serve/logmark.h"

static bool
is_digit(uint32_t point)
{
	return point >= '0' && point <= '9';
}

static bool
is_word(uint32_t point)
{
	return is_digit(point) || point == '_' || point >= 0x80 ||
		((point | 0x20) >= 'a' && (point | 0x20) <= 'z');
}

/* Whether the cells begin with text, in which "0" stands for any digit. */
static bool
cells_start(const struct ansi_cell *cell, size_t n, struct str text)
{
	if (n < text.n)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '0' ? !is_digit(cell[i].point)
				     : cell[i].point != (uint32_t)text.p[i])
			return false;
	}
	return true;
}

/* The number of cells of a leading "2026-11-22T19:00:00.0000000Z ", with
 * GitLab's "00O " or "00O+" after it. */
static size_t
skip_time(const struct ansi_cell *cell, size_t n)
{
	static const struct str time = {"0000-00-00T00:00:00.", 20};
	size_t i = time.n;

	if (!cells_start(cell, n, time))
		return 0;
	while (i < n && is_digit(cell[i].point))
		i++;
	if (!cells_start(cell + i, n - i, STR("Z ")))
		return 0;
	i += 2;
	if (cells_start(cell + i, n - i, STR("00O ")) ||
		cells_start(cell + i, n - i, STR("00O+")) ||
		cells_start(cell + i, n - i, STR("00E ")) ||
		cells_start(cell + i, n - i, STR("00E+")))
		i += 4;
	return i;
}

/* The number of cells of a name, which ends at a blank or at options in
 * brackets. */
static size_t
name_length(const struct ansi_cell *cell, size_t n)
{
	size_t i = 0;

	while (i < n && cell[i].point > ' ' && cell[i].point != '[')
		i++;
	return i;
}

struct logmark
logmark_find(const struct ansi_cell *cell, size_t n)
{
	static const struct {
		struct str text;
		enum logmark_kind kind;
		enum logmark_system system;
	} table[] = {
		{{"::group::", 9}, LOGMARK_START, LOGMARK_GITHUB},
		{{"##[group]", 9}, LOGMARK_START, LOGMARK_GITHUB},
		{{"::endgroup::", 12}, LOGMARK_END, LOGMARK_GITHUB},
		{{"##[endgroup]", 12}, LOGMARK_END, LOGMARK_GITHUB},
		{{"travis_fold:start:", 18}, LOGMARK_START, LOGMARK_TRAVIS},
		{{"travis_fold:end:", 16}, LOGMARK_END, LOGMARK_TRAVIS},
		{{"section_start:", 14}, LOGMARK_START, LOGMARK_GITLAB},
		{{"section_end:", 12}, LOGMARK_END, LOGMARK_GITLAB},
	};
	struct logmark mark;

	/* This is called for each carriage return of a line, so only its
	 * beginning is searched. */
	if (n > LOGMARK_CELLS)
		n = LOGMARK_CELLS;
	mark = (struct logmark){.at = skip_time(cell, n)};
	for (size_t i = 0; n > 0 && i < sizeof(table) / sizeof(table[0]); i++) {
		size_t end = mark.at + table[i].text.n;

		if (!cells_start(cell + mark.at, n - mark.at, table[i].text))
			continue;
		if (table[i].system == LOGMARK_GITLAB) {
			while (end < n && is_digit(cell[end].point))
				end++;
			if (end == n || cell[end++].point != ':')
				continue;
		}
		mark.kind = table[i].kind;
		mark.system = table[i].system;
		mark.end = end;
		if (mark.system != LOGMARK_GITHUB)
			mark.name = name_length(cell + end, n - end);
		break;
	}
	return mark;
}

/* What must surround a sign of an error. */
enum around {
	ANYTHING,
	NO_WORD, /* no letter or digit on either side */
	NOTHING  /* at the start of the line, after the time */
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
	{{"--- FAIL:", 9}, true, ANYTHING, 8},
	{{": *** [", 7}, true, ANYTHING, 0},
	{{"ERROR", 5}, true, NO_WORD, 0},
	{{"FAILED", 6}, true, NO_WORD, 0},
	{{"Traceback (most recent call last):", 34}, true, ANYTHING, 0},
	{{"panicked at", 11}, true, NO_WORD, 5},
	{{"Segmentation fault", 18}, true, NO_WORD, 0},
	{{"error[E", 7}, true, NOTHING, 0},
	{{"npm error", 9}, false, NOTHING, 0},
	{{"npm ERR!", 8}, true, NOTHING, 0},
	{{"##[error]", 9}, true, NOTHING, 0},
	{{"::error", 7}, true, NOTHING, 0},
};

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
	return sign->around != NO_WORD ||
		((at == 0 || !is_word(cell[at - 1].point)) &&
			(end == n || !is_word(cell[end].point)));
}

/* Whether point is a key of a sign that can be anywhere in a line. */
static bool
is_key(uint32_t point)
{
	return point == ':' || point == 'E' || point == 'F' || point == 'T' ||
		point == 'k' || point == 'S';
}

bool
logmark_is_error(const struct ansi_cell *cell, size_t n)
{
	const struct sign *end = signs + sizeof(signs) / sizeof(signs[0]);
	size_t first = skip_time(cell, n);

	for (const struct sign *sign = signs; sign < end; sign++) {
		if (sign->around == NOTHING && has_sign(cell, n, first, sign))
			return true;
	}
	for (size_t i = 0; i < n; i++) {
		if (!is_key(cell[i].point))
			continue;
		for (const struct sign *sign = signs; sign < end; sign++) {
			if (sign->around != NOTHING && i >= sign->key &&
				has_sign(cell, n, i - sign->key, sign))
				return true;
		}
	}
	return false;
}
