/* To be fast, a search looks for a word that cannot be missing in a line that
 * matches; only lines that have it are rendered, as the page shows them, and
 * compared.  A word whose colour changes in its middle is not found. */

#include "serve/logmatch.h"

#include <errno.h>

#include "http/page.h"
#include "serve/logmark.h"

static bool
is_ascii_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* Whether c is a letter or digit, within which colours do not change; of other
 * charsets only if the log has the one of what is searched for. */
static bool
is_of_word(char c, bool windows)
{
	return (c >= '0' && c <= '9') ||
		(logmatch_lower(c) >= 'a' && logmatch_lower(c) <= 'z') ||
		(!windows && (unsigned char)c >= 0x80);
}

/* Keep the longest word of text, in lower case if case does not matter. */
static void
set_word(struct logmatch *m, struct str text, bool windows)
{
	size_t first = 0, length = 0;

	for (size_t i = 0, begin = 0; i < text.n; i++) {
		if (!is_of_word(text.p[i], windows))
			begin = i + 1;
		else if (i + 1 - begin > length) {
			first = begin;
			length = i + 1 - begin;
		}
	}
	m->nword = length;
	for (size_t i = 0; i < length; i++)
		m->word[i] = m->exact ? text.p[first + i]
				      : logmatch_lower(text.p[first + i]);
}

/* Write the characters of the rendered line. */
static void
add_cells(const struct ansi *a, struct text *text)
{
	char utf8[4] = "";

	for (size_t i = 0; i < a->n; i++)
		text_add(text,
			(struct str){utf8, page_utf8(a->cell[i].point, utf8)});
}

/* Render the line, as the page does. */
static bool
render_line(struct logmatch *m, struct str line)
{
	struct str end = STR("\n");

	ansi_restart(&m->ansi);
	while (ansi_take(&m->ansi, &line) != ANSI_MORE)
		;
	ansi_take(&m->ansi, &end);
	if (m->regex != NULL) {
		struct text shown = {.arena = &m->arena};

		arena_reset(&m->arena);
		add_cells(&m->ansi, &shown);
		m->shown = text_str(&shown);
		m->ansi.failed |= m->arena.failed;
	}
	return !m->ansi.failed;
}

static uint32_t
folded_point(const struct logmatch *m, uint32_t point)
{
	return !m->exact && point >= 'A' && point <= 'Z' ? point | 0x20 : point;
}

static void
set_what(struct logmatch *m, const struct logmatch_what *what)
{
	if (what->text.n == 0) {
		m->exact = true;
		logsign_prepare(&m->seeker);
		return;
	}
	for (size_t i = 0; i < what->text.n; i++)
		m->exact |= is_ascii_capital(what->text.p[i]);
	set_word(m, what->text, what->windows);
	/* What is searched for becomes cells as the lines do. */
	if (!render_line(m, what->text))
		return;
	for (; m->nwant < m->ansi.n && m->nwant < LOGMATCH_TEXT; m->nwant++)
		m->want[m->nwant] =
			folded_point(m, m->ansi.cell[m->nwant].point);
}

bool
logmatch_can(struct str text, bool regex)
{
	struct logregex *compiled;
	struct fault why;
	size_t blanks = 0;

	for (size_t i = 0; i < text.n; i++)
		blanks += text.p[i] == ' ';
	if (blanks == text.n || text.n > LOGMATCH_TEXT ||
		str_has_control(text) || !str_is_utf8(text))
		return false;
	compiled = regex ? logregex_new(text, &why) : NULL;
	logregex_free(compiled);
	return !regex || compiled != NULL;
}

int
logmatch_open(struct logmatch *m, const struct logmatch_what *what)
{
	struct fault why;

	*m = (struct logmatch){.exact = what->regex};
	if (what->text.n == 0)
		m->errors = what->errors;
	if (what->regex)
		m->regex = logregex_new(what->text, &why);
	else
		set_what(m, what);
	m->ansi.windows = what->windows;
	if (!m->ansi.failed && (m->regex != NULL || !what->regex))
		return 0;
	errno = ENOMEM;
	return -1;
}

void
logmatch_close(struct logmatch *m)
{
	ansi_free(&m->ansi);
	arena_free(&m->arena);
	logregex_free(m->regex);
}

/* Where in the rendered line the next match from cell `at` on begins; its end
 * when there is none. */
static size_t
match_from(const struct logmatch *m, size_t at)
{
	const struct ansi *a = &m->ansi;

	for (; m->nwant > 0 && at + m->nwant <= a->n; at++) {
		size_t i = 0;

		while (i < m->nwant &&
			folded_point(m, a->cell[at + i].point) == m->want[i])
			i++;
		if (i == m->nwant)
			return at;
	}
	return a->n;
}

/* Whether a line is shown as its bytes are. */
static bool
is_plain_line(struct str line)
{
	unsigned char odd = 0;

	for (size_t i = 0; i < line.n; i++)
		odd |= (unsigned char)(line.p[i] - ' ') > '~' - ' ';
	return odd == 0 && line.n <= ANSI_CELLS;
}

static bool
regex_matches(struct logmatch *m, struct str line)
{
	size_t at, end;
	int found;

	if (is_plain_line(line))
		m->shown = line;
	else if (!render_line(m, line))
		return false;
	found = logregex_match(m->regex, m->shown, 0, &at, &end);
	m->left_out += found < 0;
	return found > 0;
}

/* Whether a line is no error, as can be told without rendering it. */
static bool
is_no_error(const struct logmatch *m, struct str line)
{
	return is_plain_line(line) && !logerrors_match(m->errors, line) &&
		logsign_seek(&m->seeker, line.p, line.n) == NULL;
}

bool
logmatch_line(struct logmatch *m, struct str line)
{
	const struct ansi *a = &m->ansi;

	if (m->regex != NULL)
		return regex_matches(m, line);
	if (m->errors != NULL && is_no_error(m, line))
		return false;
	if (!render_line(m, line))
		return false;
	if (m->nwant > 0)
		return match_from(m, 0) < a->n;
	return logmark_find(a->cell, a->n).kind != LOGMARK_END &&
		logerrors_is_error(m->errors, a->cell, a->n);
}

const char *
logmatch_seek(
	const struct logmatch *m, const char *p, const char *folded, size_t n)
{
	const char *hit;

	if (logmatch_is_slow(m))
		return p;
	if (m->nwant == 0)
		return logsign_seek(&m->seeker, p, n);
	if (m->nword == 0)
		return p;
	if (m->exact)
		return memmem(p, n, m->word, m->nword);
	hit = memmem(folded, n, m->word, m->nword);
	return hit ? p + (hit - folded) : NULL;
}

/* The cell at which the next match of the regular expression begins, as
 * match_from, and its length.  The search begins at byte *bytes of what is
 * shown, in cell `at`; *bytes is then the end of the match. */
static size_t
regex_from(struct logmatch *m, size_t at, size_t *bytes, size_t *length)
{
	const struct ansi *a = &m->ansi;
	size_t first, end, passed = *bytes;
	char utf8[4];

	*length = 0;
	if (logregex_match(m->regex, m->shown, *bytes, &first, &end) != 1 ||
		first == end)
		return a->n;
	for (; passed < first; at++)
		passed += page_utf8(a->cell[at].point, utf8);
	for (; passed < end; (*length)++)
		passed += page_utf8(a->cell[at + *length].point, utf8);
	*bytes = end;
	return at;
}

void
logmatch_show(struct logmatch *m, struct str bytes, struct text *text)
{
	struct ansi *a = &m->ansi;
	size_t match, length = m->nwant, passed = 0;

	if (!render_line(m, bytes)) {
		text->arena->failed = true;
		return;
	}
	loglinks_find(&a->links, a->cell, a->n);
	for (size_t at = 0, marks = 0; at < a->n; at = match + length) {
		match = a->n;
		if (marks++ < LOGMATCH_MARKS)
			match = m->regex ? regex_from(m, at, &passed, &length)
					 : match_from(m, at);
		ansi_add_html(text, &a->links, a->cell + at, match - at);
		if (match == a->n)
			break;
		text_add(text, STR("<mark>"));
		ansi_add_html(text, &a->links, a->cell + match, length);
		text_add(text, STR("</mark>"));
	}
	if (a->cut || bytes.n == LOGMATCH_LINE)
		text_add(text, STR(" <i>\xe2\x80\xa6</i>"));
}

void
logmatch_plain(struct logmatch *m, struct str bytes, struct text *text)
{
	if (render_line(m, bytes))
		add_cells(&m->ansi, text);
	else
		text->arena->failed = true;
}
