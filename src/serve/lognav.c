#include "serve/lognav.h"

#include <inttypes.h>

#include "http/page.h"
#include "serve/logregex.h"

#define DOT " \xc2\xb7 "

enum { FOLLOWED = 200 }; /* lines */

void
lognav_add_kept(
	struct text *text, const struct logpage_view *view, const char *amp)
{
	if (view->json_raw)
		text_printf(text, "json=raw%s", amp);
	if (view->no_time)
		text_printf(text, "time=off%s", amp);
	if (view->no_wrap)
		text_printf(text, "wrap=off%s", amp);
}

/* Begin a link to another page of the log. */
static void
begin_link(struct text *row, const struct logpage_view *view)
{
	text_add(row, STR("<a href=\"?"));
	lognav_add_kept(row, view, "&amp;");
}

/* Add a link to a page of the log, which begins at line from or, if that is 0,
 * is the last one. */
static void
add_lines_link(struct text *row, const struct logpage_view *view, uint64_t from,
	const char *title)
{
	begin_link(row, view);
	if (from > 0)
		text_printf(row, "from=%" PRIu64 "&amp;lines=%" PRIu64, from,
			view->lines);
	else
		text_printf(row, "tail=%" PRIu64, view->lines);
	text_printf(row, "\">%s</a>" DOT, title);
}

static void
add_error_link(struct text *row, const struct logpage_view *view,
	const char *which, const char *title)
{
	begin_link(row, view);
	text_printf(row, "error=%s\">%s</a>" DOT, which, title);
}

/* Add links to the same lines, shown in another manner. */
static void
add_manners(struct text *row, const struct logpage_view *view)
{
	struct logpage_view other = *view;

	other.no_time = !view->no_time;
	add_lines_link(row, &other, view->from,
		view->no_time ? "Show times" : "Hide times");
	other.no_time = view->no_time;
	other.no_wrap = !view->no_wrap;
	add_lines_link(row, &other, view->from,
		view->no_wrap ? "Wrap lines" : "Do not wrap");
}

static void
add_follow_link(struct text *row, const struct logpage_view *view)
{
	if (view->refresh > 0) {
		add_lines_link(row, view, 0, "Stop following");
		return;
	}
	begin_link(row, view);
	text_printf(row, "tail=%d&amp;refresh=5\">Follow</a>" DOT, FOLLOWED);
}

void
lognav_add(struct text *row, const char *label, const struct logpage_view *view,
	uint64_t next, bool more)
{
	uint64_t end =
		view->first > view->total ? view->total + 1 : view->first;
	uint64_t previous = end > view->lines ? end - view->lines : 1;

	text_printf(row, "<nav aria-label=\"%s\">", label);
	if (view->first > 1) {
		add_lines_link(row, view, 1, "First");
		add_lines_link(row, view, previous, "Previous");
	}
	if (more) {
		add_lines_link(row, view, next, "Next");
		add_lines_link(row, view, 0, "Last");
	}
	add_error_link(row, view, "first", "First error");
	add_error_link(row, view, "last", "Last error");
	add_follow_link(row, view);
	if (view->from == 0)
		add_lines_link(row, view, view->first, "Link to these lines");
	add_manners(row, view);
	text_add(row, STR("<a href=\""));
	page_add(row, view->link);
	text_add(row, STR("\">Raw file</a></nav>\n"));
}

struct str
lognav_refresh(const struct logpage_view *view, struct arena *arena)
{
	struct text text = {.arena = arena};

	text_printf(&text, "%" PRIu64 "; url=?", view->refresh);
	lognav_add_kept(&text, view, "&");
	if (view->from > 0)
		text_printf(&text, "from=%" PRIu64 "&lines=%" PRIu64,
			view->from, view->lines);
	else
		text_printf(&text, "tail=%" PRIu64, view->lines);
	text_printf(&text, "&refresh=%" PRIu64, view->refresh);
	return text_str(&text);
}

void
lognav_add_place(
	struct text *text, uint64_t number, uint64_t lines, const char *amp)
{
	uint64_t half = lines / 2;

	text_printf(text, "from=%" PRIu64 "%slines=%" PRIu64 "#L%" PRIu64,
		number > half ? number - half : 1, amp, lines, number);
}

/* Add a link to an error that is on another page. */
static void
add_error_beyond(struct text *text, const struct logpage_view *view,
	const char *which, uint64_t from, const char *title)
{
	text_add(text, STR(DOT));
	begin_link(text, view);
	text_printf(text, "error=%s&amp;from=%" PRIu64 "\">%s</a>", which, from,
		title);
}

void
lognav_add_errors(struct text *text, const struct logpage_view *view,
	uint64_t errors, uint64_t first, uint64_t last)
{
	text_printf(text,
		"<p class=\"first\" id=\"x%" PRIu64
		"\">Errors on this page: %" PRIu64
		", first in <a href=\"#L%" PRIu64 "\">line %" PRIu64
		"</a>, last in <a href=\"#L%" PRIu64 "\">line %" PRIu64 "</a>",
		errors + 1, errors, first, first, last, last);
	add_error_beyond(text, view, "previous", first, "Error before these");
	add_error_beyond(text, view, "next", last, "Error after these");
	text_add(text, STR("</p>\n"));
}

void
lognav_add_search(
	struct text *text, const struct logpage_view *view, const char *where)
{
	text_printf(text,
		"<form role=\"search\"><input type=\"search\" name=\"q\" required maxlength=\"200\" aria-label=\"Text to search for in %s\" value=\"",
		where);
	page_add(text, view->q);
	text_add(text, STR("\"> <button>Search</button>"));
	if (view->beside)
		text_add(text,
			STR(" <button formaction=\"../-wwz-search\">Search in all files here</button>"));
	if (logregex_is_there())
		text_printf(text,
			" <label><input type=\"checkbox\" name=\"re\" value=\"1\"%s> Regular expression</label>",
			view->regex ? " checked" : "");
	text_add(text, STR("</form>\n"));
}
