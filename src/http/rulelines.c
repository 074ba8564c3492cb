#include "http/rulelines.h"

/* Cut the next line off *rest. */
static struct str
cut_line(struct str *rest)
{
	struct str line = str_cut(rest, '\n');

	if (str_ends(line, STR("\r")))
		line.n--;
	return str_trim(line);
}

static bool
counts(struct str line)
{
	return line.n > 0 && line.p[0] != '#';
}

size_t
rulelines_count(struct str text)
{
	size_t n = 0;

	while (text.n > 0 && n < RULELINES_MAX)
		n += counts(cut_line(&text));
	return n;
}

void
rulelines_begin(struct rulelines *lines, struct str text, struct arena *arena)
{
	const struct str mark = STR("\xef\xbb\xbf"); /* of UTF-8 */

	if (str_starts(text, mark))
		text = str_slice(text, mark.n, text.n);
	*lines = (struct rulelines){.arena = arena, .rest = text};
	/* One more for what cannot be read at all, or is too long. */
	lines->faults = arena_get(
		arena, (rulelines_count(text) + 1) * sizeof(*lines->faults));
}

void
rulelines_refuse(struct rulelines *lines, const char *why)
{
	if (lines->faults != NULL)
		lines->faults[lines->nfaults++] =
			(struct rulefault){lines->line, why};
}

static bool
has_control_byte(struct str line)
{
	for (size_t i = 0; i < line.n; i++) {
		if (((unsigned char)line.p[i] < ' ' && line.p[i] != '\t') ||
			line.p[i] == 0x7f)
			return true;
	}
	return false;
}

bool
rulelines_next(struct rulelines *lines, struct str *line)
{
	while (lines->rest.n > 0) {
		*line = cut_line(&lines->rest);
		lines->line++;
		if (!counts(*line))
			continue;
		if (lines->counted++ == RULELINES_MAX) {
			rulelines_refuse(lines,
				"the file has more than 2,000 lines: this one and those below are not read");
			lines->rest.n = 0;
			return false;
		}
		if (line->n > RULELINES_LINE_MAX)
			rulelines_refuse(lines, "more than 2,000 bytes");
		else if (has_control_byte(*line))
			rulelines_refuse(lines, "a control character");
		else
			return true;
	}
	return false;
}
