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
#include "serve/logmark.h"
#include "serve/lognav.h"
#include "serve/rows.h"

enum {
	BUFFER = 16384,
	DEPTH = 16,
	TITLE = 80,
	TURN_SIZE = 64 * 1024, /* bytes read in one turn */
};

enum stage { STAGE_HEAD, STAGE_LINES, STAGE_FOOT, STAGE_END };

/* An open group. */
struct group {
	enum logmark_system system;
	uint32_t name; /* a hash; groups with equal hashes are equal */
};

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

	/* The current line. */
	struct ansi ansi;
	bool begun;  /* part of it has been read */
	bool starts; /* it starts the last group of group */
	size_t ends; /* number of groups that end before it */
	struct ansi_cell title[TITLE];
	size_t ntitle;

	/* Open groups, the innermost last. */
	struct group group[DEPTH];
	size_t ngroups;

	/* The position. */
	enum stage stage;
	uint64_t made; /* lines */
	uint64_t errors, first_error, last_error;
};

/* Groups. */

static uint32_t
hash_group_name(const struct ansi_cell *cell, size_t n)
{
	uint32_t hash = 2166136261;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ cell[i].point) * 16777619;
	return hash;
}

/* Close the innermost group equal to this one, and all groups inside. */
static void
end_group(struct logpage *p, struct group group)
{
	size_t i = p->ngroups;

	while (i > 0 &&
		(p->group[i - 1].system != group.system ||
			p->group[i - 1].name != group.name))
		i--;
	if (i == 0)
		return;
	p->ends += p->ngroups - (i - 1) - p->starts;
	p->starts = false;
	p->ngroups = i - 1;
}

/* Start a group.  If a line has several marks, the last one counts. */
static void
start_group(struct logpage *p, struct group group)
{
	p->ngroups -= p->starts;
	p->starts = p->ngroups < DEPTH;
	if (p->starts)
		p->group[p->ngroups++] = group;
}

/* Look for a mark in what was written up to a stop, because marks are often
 * erased afterwards. */
static void
note_mark(struct logpage *p)
{
	const struct ansi *a = &p->ansi;
	struct logmark mark =
		logmark_find(a->cell, a->stop < a->n ? a->stop : a->n);
	struct group group = {mark.system, 0};

	if (mark.kind == LOGMARK_NONE)
		return;
	group.name = hash_group_name(a->cell + mark.end, mark.name);
	/* Groups of GitHub do not nest. */
	if (mark.kind == LOGMARK_END || mark.system == LOGMARK_GITHUB)
		end_group(p, group);
	if (mark.kind == LOGMARK_END)
		return;
	start_group(p, group);
	p->ntitle = mark.name < TITLE ? mark.name : TITLE;
	for (size_t i = 0; i < p->ntitle; i++)
		p->title[i] = a->cell[mark.end + i];
}

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
	ansi_clear(&p->ansi);
	p->begun = p->starts = false;
	p->ends = p->ntitle = 0;
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
			p->ansi.cut |= !p->over;
			p->rest = STR("\n");
		}
		p->begun = true;
		stop = ansi_take(&p->ansi, &p->rest);
		if (p->ansi.failed)
			return -1;
		if (stop != ANSI_MORE)
			note_mark(p);
		if (stop == ANSI_LINE)
			return 1;
	}
}

/* Writing. */

static void
add_ends(struct logpage *p, size_t n)
{
	while (n-- > 0)
		text_add(&p->out.row, STR("</details>\n"));
}

/* Add what the line says.  Nothing in a heading, which can be clicked, may do
 * something else. */
static void
add_line_content(struct logpage *p, const struct logmark *mark)
{
	struct ansi *a = &p->ansi;
	struct text *row = &p->out.row;

	if (p->starts && a->n == 0) {
		ansi_add_html(row, NULL, p->title, p->ntitle);
	} else if (p->starts && mark->kind == LOGMARK_START) {
		ansi_add_html(row, NULL, a->cell, mark->at);
		ansi_add_html(row, NULL, a->cell + mark->end, a->n - mark->end);
	} else if (p->starts) {
		ansi_add_html(row, NULL, a->cell, a->n);
	} else {
		loglinks_find(&a->links, a->cell, a->n);
		ansi_add_html(row, &a->links, a->cell, a->n);
	}
	if (!a->cut)
		return;
	text_add(row, STR(" <i>\xe2\x80\xa6 The line goes on in the "));
	if (!p->starts) {
		text_add(row, STR("<a href=\""));
		page_add(row, p->view.link);
		text_add(row, STR("\">"));
	}
	text_add(row,
		p->starts ? STR("raw file.</i>") : STR("raw file</a>.</i>"));
}

/* Add the number of a line as a link to it.  An error's link is the place to
 * which the error before it links, as that does not know the line. */
static void
add_line_number(struct logpage *p, uint64_t number, bool error)
{
	text_add(&p->out.row, p->starts ? STR("<a class=\"n\" ") : STR("<a "));
	if (error)
		text_printf(&p->out.row, "id=\"x%" PRIu64 "\" ", p->errors);
	text_printf(&p->out.row, "href=\"#L%" PRIu64 "\">%" PRIu64 "</a>",
		number, number);
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

static void
add_log_line(struct logpage *p)
{
	const struct ansi *a = &p->ansi;
	struct logmark mark = logmark_find(a->cell, a->n);
	bool ended = mark.kind == LOGMARK_END;
	bool error =
		!ended && logerrors_is_error(p->view.errors, a->cell, a->n);
	/* A line that only ends groups is the last line of them. */
	bool last = !p->starts && (ended || a->n == 0);
	uint64_t number = p->view.first + p->made++;

	if (error && p->errors++ == 0)
		p->first_error = number;
	if (!last)
		add_ends(p, p->ends);
	if (p->starts) {
		add_line_number(p, number, error);
		text_add(&p->out.row, STR("<details open>"));
	}
	text_printf(&p->out.row, "<%s id=\"L%" PRIu64 "\"%s>",
		p->starts ? "summary" : "div", number,
		error           ? " class=\"x\""
			: ended ? " class=\"di\""
				: "");
	if (!p->starts)
		add_line_number(p, number, error);
	if (error && !p->starts)
		add_neighbours(p);
	if (error)
		p->last_error = number;
	add_line_content(p, &mark);
	text_add(
		&p->out.row, p->starts ? STR("</summary>\n") : STR("</div>\n"));
	if (last)
		add_ends(p, p->ends);
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
	page_begin(row, view->name, "log", page_log_style, true);
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
		"<div class=\"lines w%d\">\n",
		width <= 4            ? 4
			: width <= 10 ? (width + 1) / 2 * 2
				      : 20);
}

/* Whether there are more lines: more than 0 or 0; or as fill_text. */
static ssize_t
has_more(struct logpage *p)
{
	if (is_known(p))
		return p->view.first + p->made <= p->view.total;
	return p->left > 0 ? fill_text(p) : !p->over;
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
	add_ends(p, p->ngroups);
	text_add(&p->out.row, STR("</div>\n"));
	if (p->made == 0)
		text_add(&p->out.row, STR("<p>There are no lines here.</p>\n"));
	if (more == 0 && p->view.damaged)
		text_add(&p->out.row,
			STR("<p><strong>The file ends here: it is damaged, or cannot be unpacked any further.</strong></p>\n"));
	if (p->errors > 0)
		text_printf(&p->out.row,
			"<p class=\"first\" id=\"x%" PRIu64
			"\">Errors on this page: %" PRIu64
			", first in <a href=\"#L%" PRIu64 "\">line %" PRIu64
			"</a>, last in <a href=\"#L%" PRIu64 "\">line %" PRIu64
			"</a> \xc2\xb7 <a href=\"?error=previous&amp;from=%" PRIu64
			"\">Error before these</a> \xc2\xb7 <a href=\"?error=next&amp;from=%" PRIu64
			"\">Error after these</a></p>\n",
			p->errors + 1, p->errors, p->first_error,
			p->first_error, p->last_error, p->last_error,
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
			add_log_line(p);
			begin_line(p);
		} else {
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
	ansi_free(&p->ansi);
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
	p->ansi.windows = view->windows;
	if (p->arena.failed) {
		logpage_close(&p->out.source);
		errno = ENOMEM;
		return NULL;
	}
	return &p->out.source;
}
