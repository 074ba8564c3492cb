#include "serve/logmark.h"

/* Whether the cells begin with text, in which "0" stands for any digit. */
static bool
cells_start(const struct ansi_cell *cell, size_t n, struct str text)
{
	if (n < text.n)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '0' ? !ansi_is_digit(cell[i].point)
				     : cell[i].point != (uint32_t)text.p[i])
			return false;
	}
	return true;
}

size_t
logmark_time(const struct ansi_cell *cell, size_t n)
{
	static const struct str time = {"0000-00-00T00:00:00.", 20};
	size_t i = time.n;

	if (!cells_start(cell, n, time))
		return 0;
	while (i < n && ansi_is_digit(cell[i].point))
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
	mark = (struct logmark){.at = logmark_time(cell, n)};
	for (size_t i = 0; n > 0 && i < sizeof(table) / sizeof(table[0]); i++) {
		size_t end = mark.at + table[i].text.n;

		if (!cells_start(cell + mark.at, n - mark.at, table[i].text))
			continue;
		if (table[i].system == LOGMARK_GITLAB) {
			while (end < n && ansi_is_digit(cell[end].point))
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
