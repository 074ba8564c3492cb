/* A page is made line by line while it is sent.  The first error is known only
 * at the end, so the link to it is sent there, and the style sheet moves it to
 * the top. */

#include "serve/logpage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/page.h"
#include "serve/logerrors.h"
#include "serve/loggroups.h"
#include "serve/logline.h"
#include "serve/lognav.h"
#include "serve/logtime.h"
#include "serve/rows.h"
#include "serve/screen.h"

enum {
	BUFFER = 16384,
	TURN_SIZE = 64 * 1024, /* bytes read in one turn */
};

enum stage { STAGE_HEAD, STAGE_LINES, STAGE_FOOT, STAGE_END };

struct logpage {
	struct rows out;

	/* Set once. */
	struct source *text;
	struct logpage_view view;
	struct arena arena; /* holds the strings of view */

	/* The input. */
	char buffer[BUFFER];
	struct str rest; /* in buffer, or a missing last newline */
	uint64_t left;   /* bytes that may still be read */
	size_t turn;     /* bytes read in this turn */
	bool over;       /* text has ended */

	/* The current line, and those before it that are not yet shown. */
	struct screen screen;
	bool begun; /* part of it has been read */
	struct loggroups groups;
	struct logline line;

	/* The position. */
	enum stage stage;
	uint64_t made; /* lines that have been read */
	uint64_t errors, first_error, last_error;
};

/* Reading. */

/* Read more text.  Returns the number of bytes, 0 at the end, -1 or
 * SOURCE_LATER. */
static ssize_t
fill_text(struct logpage *p)
{
	size_t n = p->left < BUFFER ? (size_t)p->left : BUFFER;
	ssize_t got;

	if (p->rest.n > 0)
		return (ssize_t)p->rest.n;
	if (n == 0 || p->over)
		return 0;
	if (p->turn > TURN_SIZE) {
		p->turn = 0;
		return SOURCE_LATER;
	}
	got = p->text->read(p->text, p->buffer, n);
	if (got == -1 && errno == EBADMSG) {
		p->view.damaged = true;
		got = 0;
	}
	if (got > 0) {
		p->left -= (uint64_t)got;
		p->turn += (size_t)got;
		p->rest = (struct str){p->buffer, (size_t)got};
	}
	p->over = got == 0;
	return got;
}

static void
begin_line(struct logpage *p)
{
	p->begun = false;
	loggroups_begin_line(&p->groups);
}

/* Read the next line, which begin_line has begun.  Returns 1, 0 when there is
 * none, -1, or SOURCE_LATER: call again. */
static ssize_t
next_line(struct logpage *p)
{
	for (;;) {
		ssize_t got = fill_text(p);
		enum ansi_stop stop;

		if (got < 0 || (got == 0 && !p->begun))
			return got;
		if (got == 0) {
			screen_line(&p->screen)->cut |= !p->over;
			p->rest = STR("\n");
		}
		p->begun = true;
		stop = screen_take(&p->screen, &p->rest);
		if (screen_failed(&p->screen))
			return -1;
		if (stop != ANSI_MORE)
			loggroups_note(&p->groups, screen_line(&p->screen));
		if (stop == ANSI_LINE)
			return 1;
	}
}

/* Writing. */

static void
add_duration(struct logpage *p, int64_t ms)
{
	text_add(&p->out.row, STR("<div class=\"t\">"));
	logtime_add_duration(&p->out.row, ms);
	text_add(&p->out.row, STR("</div>\n"));
}

/* End groups that took so many milliseconds each. */
static void
add_ends(struct logpage *p, const int64_t *took, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		text_add(&p->out.row, STR("</details>\n"));
		if (took != NULL && took[i] != LOGTIME_NONE)
			add_duration(p, took[i]);
	}
}

/* Add what the line says.  Nothing in a heading, which can be clicked, may do
 * something else. */
static void
add_line_content(struct logpage *p, const struct screen_row *line,
	const struct logmark *mark, bool starts)
{
	struct text *row = &p->out.row;

	if (starts && line->n == 0)
		ansi_add_html(row, NULL, p->groups.title, p->groups.ntitle);
	else if (starts)
		logline_add_heading(&p->line, row, line, mark);
	else
		logline_add(&p->line, row, line, mark);
	if (!line->cut)
		return;
	text_add(row, STR(" <i>\xe2\x80\xa6 The line goes on in the "));
	if (!starts) {
		text_add(row, STR("<a href=\""));
		page_add(row, p->view.link);
		text_add(row, STR("\">"));
	}
	text_add(row, starts ? STR("raw file.</i>") : STR("raw file</a>.</i>"));
}

/* Add the number of a line as a link to it.  An error's link is the place to
 * which the error before it links, as that does not know the line. */
static void
add_line_number(struct logpage *p, const struct screen_row *line, bool error,
	bool starts)
{
	struct text *row = &p->out.row;

	text_add(row, starts ? STR("<a class=\"n\" ") : STR("<a "));
	if (error)
		text_printf(row, "id=\"x%" PRIu64 "\" ", p->errors);
	logline_add_time(&p->line, row, line);
	text_add(row, STR("href=\"#L"));
	text_number(row, line->line);
	text_add(row, STR("\">"));
	text_number(row, line->line);
	text_add(row, STR("</a>"));
}

/* Add links to the errors before and after this one. */
static void
add_neighbours(struct logpage *p)
{
	struct text *row = &p->out.row;

	text_add(row, STR("<span class=\"j\">"));
	if (p->errors > 1)
		text_printf(row,
			"<a href=\"#L%" PRIu64
			"\" aria-label=\"Previous error\">\xe2\x86\x91</a> ",
			p->last_error);
	text_printf(row,
		"<a href=\"#x%" PRIu64
		"\" aria-label=\"Next error\">\xe2\x86\x93</a></span>",
		p->errors + 1);
}

/* How the tag of a line goes on behind its number. */
static struct str
line_class(bool error, bool ended, bool marked)
{
	if (error)
		return marked ? STR("\" class=\"x m\">")
			      : STR("\" class=\"x\">");
	if (ended)
		return marked ? STR("\" class=\"di m\">")
			      : STR("\" class=\"di\">");
	return marked ? STR("\" class=\"m\">") : STR("\">");
}

static void
add_log_line(struct logpage *p, const struct screen_row *line)
{
	/* Lines that start or end a group are shown as soon as they are read,
	 * others later. */
	bool current = line->line + 1 == p->view.first + p->made;
	bool starts = current && p->groups.starts;
	size_t ends = current ? p->groups.ends : 0;
	struct logmark mark = logmark_find(line->cell, line->n);
	bool ended = mark.kind == LOGMARK_END;
	bool error = !ended &&
		logerrors_is_error(p->view.errors, line->cell, line->n);
	/* A line that only ends groups is the last line of them. */
	bool last = !starts && (ended || line->n == 0);
	uint64_t number = line->line;

	if (error && p->errors++ == 0)
		p->first_error = number;
	if (!last)
		add_ends(p, p->groups.took, ends);
	if (starts) {
		add_line_number(p, line, error, true);
		text_add(&p->out.row,
			p->groups.collapsed ? STR("<details class=\"c\">")
					    : STR("<details open>"));
	}
	text_add(&p->out.row,
		starts ? STR("<summary id=\"L") : STR("<div id=\"L"));
	text_number(&p->out.row, number);
	text_add(&p->out.row,
		line_class(error, ended,
			number >= p->view.mark.first &&
				number <= p->view.mark.last));
	if (!starts)
		add_line_number(p, line, error, false);
	if (error && !starts)
		add_neighbours(p);
	if (error)
		p->last_error = number;
	add_line_content(p, line, &mark, starts);
	text_add(&p->out.row, starts ? STR("</summary>\n") : STR("</div>\n"));
	if (last)
		add_ends(p, p->groups.took, ends);
	if (current && p->groups.told > 0)
		add_duration(p, p->groups.told);
}

/* Add what a row shows that several lines may have drawn.  Its number leads to
 * the last of them. */
static void
add_drawn_row(struct logpage *p, const struct screen_row *row)
{
	const struct logmark none = {.kind = LOGMARK_NONE,
		.at = row->n,
		.end = row->n,
		.stop = row->n};

	text_add(&p->out.row,
		logerrors_is_error(p->view.errors, row->cell, row->n)
			? STR("<div class=\"x\">")
			: STR("<div>"));
	add_line_number(p, row, false, false);
	add_line_content(p, row, &none, false);
	text_add(&p->out.row, STR("</div>\n"));
}

static void
add_shown(void *to, enum screen_kind kind, const struct screen_row *row)
{
	struct logpage *p = to;

	switch (kind) {
	case SCREEN_LINE:
		add_log_line(p, row);
		break;
	case SCREEN_BEGIN:
		text_printf(&p->out.row,
			"<details class=\"r\"><summary>Redrawn from line %" PRIu64
			" on: what each line wrote</summary>\n",
			row->line);
		break;
	case SCREEN_END:
		text_add(&p->out.row, STR("</details>\n"));
		break;
	case SCREEN_ROW:
		add_drawn_row(p, row);
		break;
	}
}

static bool
is_known(const struct logpage *p)
{
	return p->view.total != LOGPAGE_UNKNOWN;
}

static void
add_log_head(struct logpage *p)
{
	const struct logpage_view *view = &p->view;
	uint64_t last = view->first + view->lines - 1, digits;
	struct text *row = &p->out.row;
	int width = 0;

	if (is_known(p) && last > view->total)
		last = view->total;
	for (digits = last; digits > 0; digits /= 10)
		width++;
	/* The style sheet lets a page that follows stand at its end. */
	page_begin(row, view->name, view->refresh > 0 ? "log follow" : "log",
		page_log_style, true);
	text_add(row, STR("<h1>"));
	page_add(row, view->name);
	text_add(row, STR("</h1>\n"));
	lognav_add_search(row, view, "the whole log");
	lognav_add(row, "Pages", view, last + 1,
		!is_known(p) || last < view->total);
	if (!is_known(p))
		text_printf(row, "<p>From line %" PRIu64, view->first);
	else if (view->first > view->total)
		text_printf(row, "<p>Lines: %" PRIu64, view->total);
	else
		text_printf(row,
			"<p>Lines %" PRIu64 " to %" PRIu64 " of %" PRIu64,
			view->first, last, view->total);
	text_add(row, STR(", "));
	page_add_size(row, view->size);
	if (view->refresh > 0)
		text_printf(
			row, ", reloaded every %" PRIu64 " s", view->refresh);
	text_printf(row,
		" \xc2\xb7 <a href=\"#end\">Bottom</a></p>\n"
		"<div class=\"lines w%d%s\">\n",
		width <= 4            ? 4
			: width <= 10 ? (width + 1) / 2 * 2
				      : 20,
		view->no_wrap ? " nw" : "");
}

/* Whether there are more lines: more than 0 or 0; or as fill_text. */
static ssize_t
has_more(struct logpage *p)
{
	if (is_known(p))
		return p->view.first + p->made <= p->view.total;
	return p->left > 0 ? fill_text(p) : !p->over;
}

static void
add_json_link(struct logpage *p)
{
	bool raw = p->view.json_raw;

	text_printf(&p->out.row,
		"<p>Lines of JSON are shown %s: <a href=\"?%sfrom=%" PRIu64
		"&amp;lines=%" PRIu64 "\">%s</a></p>\n",
		raw ? "as they are" : "for people", raw ? "" : "json=raw&amp;",
		p->view.first, p->view.lines,
		raw ? "for people" : "as they are");
}

/* Returns 0, -1 or SOURCE_LATER. */
static ssize_t
add_log_foot(struct logpage *p)
{
	ssize_t more = has_more(p), got = 0;

	/* Whether the file is damaged shows at its end. */
	if (more == 0)
		got = fill_text(p);
	if (more < 0 || got < 0)
		return more < 0 ? more : got;
	add_ends(p, NULL, p->groups.n);
	text_add(&p->out.row, STR("</div>\n"));
	if (p->made == 0)
		text_add(&p->out.row, STR("<p>There are no lines here.</p>\n"));
	if (p->line.any_json || p->view.json_raw)
		add_json_link(p);
	if (more == 0 && p->view.damaged)
		text_add(&p->out.row,
			STR("<p><strong>The file ends here: it is damaged, or cannot be unpacked any further.</strong></p>\n"));
	if (p->errors > 0)
		lognav_add_errors(&p->out.row, &p->view, p->errors,
			p->first_error, p->last_error);
	text_add(&p->out.row, STR("<div id=\"end\">"));
	lognav_add(&p->out.row, "Pages, below", &p->view,
		p->view.first + p->made, more > 0);
	text_add(&p->out.row, STR("</div>\n"));
	page_end(&p->out.row);
	return 0;
}

static ssize_t
make_log_row(struct rows *out)
{
	struct logpage *p = (struct logpage *)out;
	ssize_t got;

	switch (p->stage) {
	case STAGE_HEAD:
		add_log_head(p);
		begin_line(p);
		p->stage = STAGE_LINES;
		break;
	case STAGE_LINES:
		got = p->made < p->view.lines ? next_line(p) : 0;
		if (got < 0)
			return got;
		if (got > 0) {
			p->made++;
			if (loggroups_are_noted(&p->groups))
				screen_end_apart(&p->screen);
			else
				screen_end(&p->screen);
			begin_line(p);
		} else {
			screen_flush(&p->screen);
			p->stage = STAGE_FOOT;
		}
		break;
	case STAGE_FOOT:
		got = add_log_foot(p);
		if (got < 0)
			return got;
		p->stage = STAGE_END;
		break;
	case STAGE_END:
		return 0;
	}
	return 1;
}

static void
logpage_close(struct source *source)
{
	struct logpage *p = (struct logpage *)source;

	p->text->close(p->text);
	screen_free(&p->screen);
	logline_free(&p->line);
	arena_free(&p->out.arena);
	arena_free(&p->arena);
	free(p);
}

struct source *
logpage_open(struct source *text, const struct logpage_view *view)
{
	struct logpage *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		text->close(text);
		errno = ENOMEM;
		return NULL;
	}
	p->out.source.read = rows_read;
	p->out.source.close = logpage_close;
	p->out.make = make_log_row;
	p->text = text;
	p->view = *view;
	p->view.name = arena_copy(&p->arena, view->name);
	p->view.link = arena_copy(&p->arena, view->link);
	p->left = LOGPAGE_BYTES;
	p->screen.ansi.windows = view->windows;
	p->line.json_raw = view->json_raw;
	p->line.no_time = view->no_time;
	p->screen.rows.show = add_shown;
	p->screen.rows.to = p;
	screen_start(&p->screen, view->first);
	if (p->arena.failed) {
		logpage_close(&p->out.source);
		errno = ENOMEM;
		return NULL;
	}
	return &p->out.source;
}
