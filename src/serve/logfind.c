/* The text is read piece by piece into a buffer, and all complete lines in it
 * are searched together.  To be fast, this looks for a word that cannot be
 * missing in a line that matches; only lines that have it are rendered, as
 * the page shows them, and compared.  A word whose colour changes in its middle
 * is not found. */

#include "serve/logfind.h"

#include <errno.h>
#include <stdlib.h>

#include "archive/points.h"
#include "http/page.h"
#include "serve/logmark.h"
#include "serve/logregex.h"
#include "serve/logsign.h"

/* Lines that a regular expression is tried on before others have their turn. */
enum { TRIED = 16 };

enum { ROOM = LOGFIND_HISTORY + LOGFIND_LINE + LOGFIND_PIECE };

struct logfind {
	/* Set once. */
	struct source *text;
	uint32_t want[LOGFIND_TEXT]; /* characters to search for */
	size_t nwant;                /* 0: errors */
	bool exact;                  /* case matters */
	char word[LOGFIND_TEXT];     /* that each match holds */
	size_t nword;                /* 0: none is known */
	struct logsign_seeker seeker;
	struct logregex *regex; /* or NULL */

	struct ansi ansi;   /* renders a line */
	struct arena arena; /* holds... */
	struct str shown;   /* ...its characters in UTF-8, for regex */
	uint64_t left_out;  /* lines */

	/* The position. */
	uint64_t number; /* of the line at `at` */
	size_t at, n;    /* bytes of the buffer: passed, and read */
	size_t whole;    /* where whole lines begin in it */
	bool inside;     /* the rest of the line at `at` is to be skipped */
	bool over;       /* text has ended */
	char buffer[ROOM];
	char folded[ROOM]; /* the same in lower case, unless exact */
};

static bool
is_ascii_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

static char
in_lower_case(char c)
{
	return is_ascii_capital(c) ? (char)(c | 0x20) : c;
}

/* Whether c is a letter or digit, within which colours do not change; of other
 * charsets only if the log has the one of what is searched for. */
static bool
is_of_word(char c, bool windows)
{
	return (c >= '0' && c <= '9') ||
		(in_lower_case(c) >= 'a' && in_lower_case(c) <= 'z') ||
		(!windows && (unsigned char)c >= 0x80);
}

/* Keep the longest word of text, in lower case if case does not matter. */
static void
set_word(struct logfind *f, struct str text, bool windows)
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
	f->nword = length;
	for (size_t i = 0; i < length; i++)
		f->word[i] = f->exact ? text.p[first + i]
				      : in_lower_case(text.p[first + i]);
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
render_line(struct logfind *f, struct str line)
{
	struct str end = STR("\n");

	ansi_restart(&f->ansi);
	while (ansi_take(&f->ansi, &line) != ANSI_MORE)
		;
	ansi_take(&f->ansi, &end);
	if (f->regex != NULL) {
		struct text shown = {.arena = &f->arena};

		arena_reset(&f->arena);
		add_cells(&f->ansi, &shown);
		f->shown = text_str(&shown);
		f->ansi.failed |= f->arena.failed;
	}
	return !f->ansi.failed;
}

static uint32_t
folded_point(const struct logfind *f, uint32_t point)
{
	return !f->exact && point >= 'A' && point <= 'Z' ? point | 0x20 : point;
}

static void
set_what(struct logfind *f, const struct logfind_what *what)
{
	f->exact = what->text.n == 0;
	if (what->text.n == 0)
		logsign_prepare(&f->seeker);
	for (size_t i = 0; i < what->text.n; i++)
		f->exact |= is_ascii_capital(what->text.p[i]);
	set_word(f, what->text, what->windows);
	/* What is searched for becomes cells as the lines do. */
	if (!render_line(f, what->text))
		return;
	for (; f->nwant < f->ansi.n && f->nwant < LOGFIND_TEXT; f->nwant++)
		f->want[f->nwant] =
			folded_point(f, f->ansi.cell[f->nwant].point);
}

bool
logfind_can(struct str text, bool regex)
{
	struct logregex *compiled;
	size_t blanks = 0;

	for (size_t i = 0; i < text.n; i++) {
		if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
			return false;
		blanks += text.p[i] == ' ';
	}
	if (blanks == text.n || text.n > LOGFIND_TEXT || !str_is_utf8(text))
		return false;
	compiled = regex ? logregex_new(text) : NULL;
	logregex_free(compiled);
	return !regex || compiled != NULL;
}

size_t
logfind_memory(void)
{
	return sizeof(struct logfind) + ANSI_CELLS * sizeof(struct ansi_cell);
}

struct logfind *
logfind_new(struct source *text, uint64_t number, bool inside,
	const struct logfind_what *what)
{
	struct logfind *f = malloc(sizeof(*f));

	if (f == NULL) {
		text->close(text);
		errno = ENOMEM;
		return NULL;
	}
	/* Not the buffers, which are large. */
	memset(f, 0, offsetof(struct logfind, buffer));
	f->text = text;
	f->number = number;
	f->inside = inside;
	if (what->regex)
		f->regex = logregex_new(what->text);
	else
		set_what(f, what);
	f->exact |= what->regex;
	f->ansi.windows = what->windows;
	if (f->ansi.failed || (what->regex && f->regex == NULL)) {
		logfind_free(f);
		errno = ENOMEM;
		return NULL;
	}
	return f;
}

void
logfind_free(struct logfind *f)
{
	if (f == NULL)
		return;
	f->text->close(f->text);
	ansi_free(&f->ansi);
	arena_free(&f->arena);
	logregex_free(f->regex);
	free(f);
}

/* Where up to `lines` lines before `at` begin, LOGFIND_HISTORY bytes before it
 * at most. */
static size_t
history(const struct logfind *f, size_t at, int lines)
{
	size_t least = at > f->whole + LOGFIND_HISTORY ? at - LOGFIND_HISTORY
						       : f->whole;
	size_t first = at;

	while (lines-- > 0 && first > least) {
		const char *end =
			memrchr(f->buffer + least, '\n', first - 1 - least);

		if (end == NULL)
			return least == f->whole ? least : first;
		first = (size_t)(end + 1 - f->buffer);
	}
	return first;
}

/* Read another piece.  As read of a source. */
static ssize_t
read_piece(struct logfind *f)
{
	size_t first = history(f, f->at, LOGFIND_CONTEXT);
	ssize_t got;

	if (f->over)
		return 0;
	memmove(f->buffer, f->buffer + first, f->n - first);
	if (!f->exact)
		memmove(f->folded, f->folded + first, f->n - first);
	f->at -= first;
	f->n -= first;
	f->whole -= f->whole < first ? f->whole : first;
	got = f->text->read(f->text, f->buffer + f->n, LOGFIND_PIECE);
	if (got <= 0) {
		f->over = got == 0;
		return got;
	}
	for (size_t i = f->n; !f->exact && i < f->n + (size_t)got; i++)
		f->folded[i] = in_lower_case(f->buffer[i]);
	f->n += (size_t)got;
	return got;
}

/* Skip the rest of a line. */
static void
skip_rest(struct logfind *f)
{
	const char *end = memchr(f->buffer + f->at, '\n', f->n - f->at);

	f->at = end ? (size_t)(end + 1 - f->buffer) : f->n;
	f->inside = end == NULL;
	f->number += end != NULL;
	f->whole = f->at;
}

/* Where the complete lines of the buffer end.  A line that is too long, or the
 * last one, is complete, too. */
static size_t
complete(struct logfind *f)
{
	const char *end;

	if (f->inside)
		skip_rest(f);
	end = memrchr(f->buffer + f->at, '\n', f->n - f->at);
	if (end != NULL)
		return (size_t)(end + 1 - f->buffer);
	return f->over || f->n - f->at >= LOGFIND_LINE ? f->n : f->at;
}

/* Where in the rendered line the next match from cell `at` on begins; its end
 * when there is none. */
static size_t
match_from(const struct logfind *f, size_t at)
{
	const struct ansi *a = &f->ansi;

	for (; f->nwant > 0 && at + f->nwant <= a->n; at++) {
		size_t i = 0;

		while (i < f->nwant &&
			folded_point(f, a->cell[at + i].point) == f->want[i])
			i++;
		if (i == f->nwant)
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
regex_matches(struct logfind *f, struct str line)
{
	size_t at, end;
	int found;

	if (is_plain_line(line))
		f->shown = line;
	else if (!render_line(f, line))
		return false;
	found = logregex_match(f->regex, f->shown, 0, &at, &end);
	f->left_out += found < 0;
	return found > 0;
}

static bool
line_matches(struct logfind *f, struct str line)
{
	const struct ansi *a = &f->ansi;

	if (f->regex != NULL)
		return regex_matches(f, line);
	if (!render_line(f, line))
		return false;
	if (f->nwant > 0)
		return match_from(f, 0) < a->n;
	return logmark_find(a->cell, a->n).kind != LOGMARK_END &&
		logsign_is_error(a->cell, a->n);
}

/* Take the line at the position. */
static void
take_whole_line(struct logfind *f, size_t end, struct logfind_line *line)
{
	const char *p = f->buffer + f->at;
	const char *newline = memchr(p, '\n', end - f->at);
	size_t n = newline ? (size_t)(newline - p) : end - f->at;

	line->number = f->number;
	line->bytes = (struct str){p, n < LOGFIND_LINE ? n : LOGFIND_LINE};
	f->at += n + (newline != NULL);
	if (newline != NULL || f->over)
		f->number++;
	else
		f->inside = true;
	line->matches = line_matches(f, line->bytes);
}

/* Where in the n bytes after the position a line may match; NULL: nowhere. */
static const char *
candidate(const struct logfind *f, size_t n)
{
	const char *p = f->buffer + f->at, *folded = f->folded + f->at, *hit;

	if (f->regex != NULL)
		return p;
	if (f->nwant == 0)
		return logsign_seek(&f->seeker, p, n);
	if (f->nword == 0)
		return p;
	if (f->exact)
		return memmem(p, n, f->word, f->nword);
	hit = memmem(folded, n, f->word, f->nword);
	return hit ? p + (hit - folded) : NULL;
}

/* Go to the next line before end that may match, or to end.  false at end. */
static bool
seek_line(struct logfind *f, size_t end)
{
	const char *p = f->buffer + f->at, *newline;
	const char *hit = candidate(f, end - f->at);
	size_t passed = end - f->at;

	if (hit != NULL) {
		newline = memrchr(p, '\n', (size_t)(hit - p));
		passed = newline ? (size_t)(newline + 1 - p) : 0;
	} else if (f->buffer[end - 1] != '\n') {
		f->inside = !f->over;
		f->number += f->over;
	}
	f->number += points_count_lines(p, passed);
	f->at += passed;
	return hit != NULL;
}

/* Read a piece, at most one each time that the caller is called.  1; 0 at the
 * end, or as read of a source. */
static ssize_t
read_once(struct logfind *f, bool *read, struct logfind_line *line)
{
	ssize_t got;

	line->number = f->number;
	if (*read)
		return SOURCE_LATER;
	if (f->over)
		return 0;
	*read = true;
	got = read_piece(f);
	return got < 0 ? got : 1;
}

ssize_t
logfind_next(struct logfind *f, struct logfind_line *line)
{
	const uint64_t left_out = f->left_out;
	bool read = false;
	int tried = 0;
	ssize_t got;

	do {
		size_t end = complete(f);

		while (f->at < end && seek_line(f, end)) {
			take_whole_line(f, end, line);
			if (line->matches)
				return 1;
			if (f->left_out > left_out ||
				(f->regex != NULL && ++tried == TRIED))
				return SOURCE_LATER;
		}
		if (f->ansi.failed) {
			errno = ENOMEM;
			return -1;
		}
		got = read_once(f, &read, line);
	} while (got > 0);
	return got;
}

ssize_t
logfind_take(struct logfind *f, struct logfind_line *line)
{
	bool read = false;
	ssize_t got;

	do {
		size_t end = complete(f);

		if (f->at < end) {
			take_whole_line(f, end, line);
			return 1;
		}
		got = read_once(f, &read, line);
	} while (got > 0);
	return got;
}

struct str
logfind_before(
	const struct logfind *f, const struct logfind_line *line, int lines)
{
	size_t at = (size_t)(line->bytes.p - f->buffer);
	size_t first = history(f, at, lines);

	return (struct str){f->buffer + first, at - first};
}

uint64_t
logfind_left_out(const struct logfind *f)
{
	return f->left_out;
}

/* The cell at which the next match of the regular expression begins, as
 * match_from, and its length.  The search begins at byte *bytes of what is
 * shown, in cell `at`; *bytes is then the end of the match. */
static size_t
regex_from(struct logfind *f, size_t at, size_t *bytes, size_t *length)
{
	const struct ansi *a = &f->ansi;
	size_t first, end, passed = *bytes;
	char utf8[4];

	*length = 0;
	if (logregex_match(f->regex, f->shown, *bytes, &first, &end) != 1 ||
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
logfind_show(struct logfind *f, struct str bytes, struct text *text)
{
	const struct ansi *a = &f->ansi;
	size_t match, length = f->nwant, passed = 0;

	if (!render_line(f, bytes))
		return;
	for (size_t at = 0, marks = 0; at < a->n; at = match + length) {
		match = a->n;
		if (marks++ < LOGFIND_MARKS)
			match = f->regex ? regex_from(f, at, &passed, &length)
					 : match_from(f, at);
		ansi_add_html(text, a->cell + at, match - at);
		if (match == a->n)
			break;
		text_add(text, STR("<mark>"));
		ansi_add_html(text, a->cell + match, length);
		text_add(text, STR("</mark>"));
	}
	if (a->cut || bytes.n == LOGFIND_LINE)
		text_add(text, STR(" <i>\xe2\x80\xa6</i>"));
}

void
logfind_plain(struct logfind *f, struct str bytes, struct text *text)
{
	if (render_line(f, bytes))
		add_cells(&f->ansi, text);
}
