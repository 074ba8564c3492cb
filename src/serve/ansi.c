#include "serve/ansi.h"

#include <stdlib.h>

#include "http/page.h"
#include "serve/ansimove.h"
#include "serve/sgr.h"

enum {
	REPLACEMENT = 0xfffd,
	/* The most cells that may be blanked: a fixed number, and a few more
	 * for each byte of input.  Otherwise a few bytes that move the cursor
	 * and erase could blank whole lines again and again. */
	BLANKS = 8 * ANSI_CELLS,
	BLANKS_EACH = 16,
};

static const struct ansi_cell blank = {' ', 0};

/* n more cells are to be blanked; false when that exceeds the bound. */
static bool
may_blank(struct ansi *a, size_t n)
{
	if (a->blanked + n > BLANKS + a->taken * BLANKS_EACH) {
		a->cut = true;
		return false;
	}
	a->blanked += n;
	return true;
}

bool
ansi_reserve(struct ansi *a, size_t n)
{
	size_t room = a->room ? a->room : 128;
	struct ansi_cell *cell;

	if (n <= a->room)
		return true;
	while (room < n)
		room *= 2;
	cell = realloc(a->cell, room * sizeof(*cell));
	if (cell == NULL) {
		a->failed = true;
		return false;
	}
	a->cell = cell;
	a->room = room;
	return true;
}

/* Extend the line to n cells; the new ones are blank. */
static bool
reach(struct ansi *a, size_t n)
{
	if (a->at > a->n && !may_blank(a, a->at - a->n))
		return false;
	if (n > a->room && !ansi_reserve(a, n))
		return false;
	while (a->n < n)
		a->cell[a->n++] = blank;
	return true;
}

/* The style in which cells are written. */
static uint32_t
style_now(const struct ansi *a)
{
	return a->style | (uint32_t)a->links.now << LOGLINK_SHIFT;
}

/* Something is about to be written or erased. */
static void
get_ready(struct ansi *a)
{
	void (*ready)(struct ansi *) = a->ready;

	a->ready = NULL;
	if (ready != NULL)
		ready(a);
}

/* Whether what is written does not show. */
static bool
is_hidden(const struct ansi *a)
{
	return (a->style & SGR_CONCEALED) != 0 || a->away;
}

static void
write_cell(struct ansi *a, uint32_t point)
{
	if (is_hidden(a))
		return;
	get_ready(a);
	a->wrote = true;
	if (a->at >= ANSI_CELLS)
		a->cut = true;
	else if (reach(a, a->at + 1))
		a->cell[a->at++] = (struct ansi_cell){point, style_now(a)};
}

static void
erase(struct ansi *a, unsigned what)
{
	get_ready(a);
	a->wrote |= a->n > 0;
	if (what == 2 || (what == 0 && a->at < ANSI_CELLS))
		a->cut = false;
	if (what == 0 && a->at < a->n)
		a->n = a->at;
	if (what == 1 && may_blank(a, a->at < a->n ? a->at : a->n)) {
		for (size_t i = 0; i <= a->at && i < a->n; i++)
			a->cell[i] = blank;
	}
	if (what == 2)
		a->n = 0;
}

static void
move(struct ansi *a, size_t to)
{
	a->at = to < ANSI_CELLS ? to : ANSI_CELLS;
}

/* Carry out a complete escape sequence. */
static void
perform(struct ansi *a, uint32_t final)
{
	unsigned n = a->parameter[0];
	unsigned count = n > 0 ? n : 1;

	if (final == 'm') {
		a->style = sgr_change(
			a->style, a->parameter, a->nparameters, a->colons);
		return;
	}
	ansimove_perform(a, final);
	if (a->away)
		return;
	switch (final) {
	case 'J':
		if (n == 0)
			erase(a, 0);
		break;
	case 'K':
		erase(a, n);
		break;
	case 'G':
		move(a, count - 1);
		break;
	case 'C':
		move(a, a->at + count);
		break;
	case 'D':
		move(a, a->at > count ? a->at - count : 0);
		break;
	default:
		break;
	}
}

static void
take_text(struct ansi *a, uint32_t point)
{
	if (point == 0x1b)
		a->state = ANSI_ESCAPE;
	else if (point == '\n' || (point == '\r' && !a->away)) {
		a->stop = a->at;
		a->at = 0;
	} else if (point == '\b')
		a->at -= a->at > 0 && !a->away;
	else if (ansi_is_no_character(point))
		write_cell(a, REPLACEMENT);
	else if (point == '\t' ||
		(point >= ' ' && (point < 0x7f || point > 0x9f) &&
			point != 0xfeff))
		write_cell(a, point);
}

static void
take_escape(struct ansi *a, uint32_t point)
{
	a->state = ANSI_TEXT;
	switch (point) {
	case '[':
		a->state = ANSI_CSI;
		a->foreign = false;
		a->nparameters = 1;
		a->parameter[0] = 0;
		a->colons = 0;
		break;
	case ']':
		a->state = ANSI_COMMAND;
		loglinks_begin(&a->links);
		break;
	case '_':
		a->state = ANSI_APPLICATION;
		linetime_begin(&a->time);
		break;
	case 'P':
	case 'X':
	case '^':
		a->state = ANSI_STRING;
		break;
	case '7':
	case '8':
	case 'M':
		ansimove_escape(a, point);
		break;
	default:
		if (point >= ' ' && point < '0')
			a->state = ANSI_CHARSET;
		else if (point < ' ' || point > '~')
			take_text(a, point);
	}
}

static void
take_parameter(struct ansi *a, uint32_t point)
{
	uint16_t *last = &a->parameter[a->nparameters - 1];

	if (point >= '0' && point <= '9') {
		unsigned n = *last * 10u + (point - '0');

		*last = n < UINT16_MAX ? (uint16_t)n : UINT16_MAX;
	} else if (point > ';' || a->nparameters == ANSI_PARAMETERS) {
		a->foreign = true;
	} else {
		a->parameter[a->nparameters] = 0;
		if (point == ':')
			a->colons |= 1u << a->nparameters;
		a->nparameters++;
	}
}

/* BEL, CAN and SUB end a string; ESC \ is a sequence of its own. */
static void
take_of_string(struct ansi *a, uint32_t point)
{
	if (a->state == ANSI_APPLICATION)
		linetime_take(&a->time, point);
	else if (a->state == ANSI_COMMAND && (point == 0x07 || point == 0x1b))
		loglinks_end(&a->links);
	else if (a->state == ANSI_COMMAND)
		loglinks_take(&a->links, point);
	if (point == 0x07 || point == 0x18 || point == 0x1a)
		a->state = ANSI_TEXT;
	else if (point == 0x1b)
		a->state = ANSI_ESCAPE;
}

/* Any character that cannot be part of a sequence ends it. */
static void
take_point(struct ansi *a, uint32_t point)
{
	if (point == '\n')
		a->state = ANSI_TEXT;
	switch (a->state) {
	case ANSI_TEXT:
		take_text(a, point);
		break;
	case ANSI_ESCAPE:
		take_escape(a, point);
		break;
	case ANSI_CHARSET:
		if (point >= ' ' && point < '0')
			break;
		a->state = ANSI_TEXT;
		if (point < ' ' || point > '~')
			take_text(a, point);
		break;
	case ANSI_CSI:
		if (point >= '0' && point <= '?') {
			take_parameter(a, point);
		} else if (point >= ' ' && point < '0') {
			a->foreign = true;
		} else {
			a->state = ANSI_TEXT;
			if (point < ' ' || point > '~')
				take_text(a, point);
			else if (!a->foreign)
				perform(a, point);
		}
		break;
	case ANSI_COMMAND:
	case ANSI_APPLICATION:
	case ANSI_STRING:
		take_of_string(a, point);
		break;
	}
}

/* Take bytes that are no character in UTF-8. */
static void
take_invalid(struct ansi *a, const unsigned char *bytes, unsigned n)
{
	/* From 0x80; the rest is as in Unicode (WHATWG Encoding, section 9). */
	static const uint16_t windows[32] = {0x20ac, 0x81, 0x201a, 0x192,
		0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039,
		0x152, 0x8d, 0x17d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d,
		0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153,
		0x9d, 0x17e, 0x178};

	if (!a->windows) {
		take_point(a, REPLACEMENT);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		take_point(a,
			bytes[i] < 0xa0 ? windows[bytes[i] - 0x80] : bytes[i]);
}

/* Take a byte that begins a character. */
static void
take_first(struct ansi *a, unsigned char c)
{
	if (c < 0x80) {
		take_point(a, c);
	} else if (c < 0xc2 || c > 0xf4) {
		take_invalid(a, &c, 1);
	} else {
		a->begun[0] = c;
		a->nbegun = 1;
		a->need = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
		a->point = c & (0x3fu >> a->need);
		a->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
		a->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	}
}

static void
take_byte(struct ansi *a, unsigned char c)
{
	if (a->need == 0) {
		take_first(a, c);
	} else if (c >= a->low && c <= a->high) {
		a->point = a->point << 6 | (c & 0x3fu);
		a->low = 0x80;
		a->high = 0xbf;
		if (--a->need == 0)
			take_point(a, a->point);
		else
			a->begun[a->nbegun++] = c;
	} else {
		a->need = 0;
		take_invalid(a, a->begun, a->nbegun);
		take_first(a, c);
	}
}

static bool
is_plain(unsigned char c)
{
	return c >= ' ' && c < 0x7f;
}

/* Write the plain text at p.  Returns where it ends. */
static const char *
write_plain(struct ansi *a, const char *p, const char *end)
{
	const char *stop = p;
	size_t n, room = ANSI_CELLS - a->at;
	uint32_t style;

	while (stop < end && is_plain((unsigned char)*stop))
		stop++;
	if (is_hidden(a))
		return stop;
	get_ready(a);
	a->wrote = true;
	style = style_now(a);
	n = (size_t)(stop - p);
	a->cut |= n > room;
	if (n > room)
		n = room;
	if (n == 0 || !reach(a, a->at + n))
		return stop;
	for (size_t i = 0; i < n; i++)
		a->cell[a->at + i] =
			(struct ansi_cell){(unsigned char)p[i], style};
	a->at += n;
	return stop;
}

enum ansi_stop
ansi_take(struct ansi *ansi, struct str *bytes)
{
	const char *p = bytes->p, *end = p + bytes->n;
	enum ansi_stop stop = ANSI_MORE;

	while (p < end && stop == ANSI_MORE) {
		unsigned char c = (unsigned char)*p;

		if (is_plain(c) && ansi->state == ANSI_TEXT &&
			ansi->need == 0) {
			p = write_plain(ansi, p, end);
			continue;
		}
		p++;
		ansi->moves = false;
		take_byte(ansi, c);
		if (ansi->moves)
			stop = ANSI_MOVE;
		else if (c == '\n')
			stop = ANSI_LINE;
		else if (c == '\r' && ansi->state == ANSI_TEXT)
			stop = ANSI_RETURN;
	}
	ansi->taken += (size_t)(p - bytes->p);
	*bytes = (struct str){p, (size_t)(end - p)};
	return stop;
}

void
ansi_clear(struct ansi *ansi)
{
	ansi->n = ansi->at = 0;
	ansi->cut = ansi->wrote = ansi->saved = ansi->away = false;
	ansi->style &= ~SGR_CONCEALED;
	ansi->time.ms = 0;
	loglinks_clear(&ansi->links);
}

void
ansi_restart(struct ansi *ansi)
{
	ansi_clear(ansi);
	ansi->style = 0;
	ansi->state = ANSI_TEXT;
	ansi->need = 0;
}

void
ansi_copy(struct ansi *to, const struct ansi *from)
{
	struct ansi copy = *from;

	copy.cell = to->cell;
	copy.room = to->room;
	*to = copy;
	to->n = 0;
	if (!ansi_reserve(to, from->n))
		return;
	to->n = from->n;
	if (from->n > 0)
		memcpy(to->cell, from->cell, from->n * sizeof(*to->cell));
}

void
ansi_free(struct ansi *ansi)
{
	free(ansi->cell);
}

/* End a style with its link, and begin another, that of the first of n cells.
 */
static void
switch_style(struct text *text, const struct loglinks *links, uint32_t from,
	uint32_t to, const struct ansi_cell *cell, size_t n)
{
	bool other = links != NULL && (from ^ to) >> LOGLINK_SHIFT != 0;

	if ((from & SGR_ALL) != 0)
		text_add(text, STR("</span>"));
	if (other && from >> LOGLINK_SHIFT != 0)
		text_add(text, STR("</a>"));
	if (other && to >> LOGLINK_SHIFT != 0)
		loglinks_open(text, links, cell, n);
	if ((to & SGR_ALL) != 0)
		sgr_add_span(text, to & SGR_ALL);
}

void
ansi_add_html(struct text *text, const struct loglinks *links,
	const struct ansi_cell *cell, size_t n)
{
	uint32_t style = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t point = cell[i].point;

		if (cell[i].style != style) {
			switch_style(text, links, style, cell[i].style,
				cell + i, n - i);
			style = cell[i].style;
		}
		if (point == '\t' ||
			(point < 0x7f && point != '<' && point != '>' &&
				point != '&'))
			text_byte(text, (char)point);
		else
			page_add_point(text, point);
	}
	switch_style(text, links, style, 0, NULL, 0);
}
