#include "serve/searchrow.h"

#include <inttypes.h>

#include "http/page.h"
#include "http/path.h"
#include "serve/logfound.h"
#include "serve/lognav.h"

static void
add_title(struct text *row, const struct search_view *view)
{
	page_add(row, view->archive);
	if (view->directory.n > 0)
		text_byte(row, '/');
	page_add(row, view->directory);
}

static void
add_page_head(struct text *row, const struct search_view *view)
{
	struct text title = {.arena = row->arena};

	text_add(&title, STR("Search in "));
	text_add(&title, view->archive);
	page_begin(row, text_str(&title), "log", page_log_style, true);
	text_add(row, STR("<h1>"));
	add_title(row, view);
	text_add(row, STR("</h1>\n"));
	lognav_add_search(row, &view->lines, "all texts here");
	text_add(row,
		STR("<nav><a href=\"./-wwz-index?sort=name\">Listing</a></nav>\n"));
}

static void
add_object_head(struct text *row, const struct search_view *view)
{
	text_add(row, STR("{\"archive\":"));
	page_add_json(row, view->archive);
	text_add(row, STR(",\"directory\":"));
	page_add_json(row, view->directory);
	text_add(row, STR(",\"q\":"));
	page_add_json(row, view->lines.q);
	text_add(row, STR(",\"lines\":["));
}

void
searchrow_head(struct text *row, const struct search_view *view)
{
	if (view->lines.json)
		add_object_head(row, view);
	else
		add_page_head(row, view);
}

void
searchrow_begin(struct text *row, const struct search_view *view,
	const struct search_text *text)
{
	if (view->lines.json)
		return;
	text_printf(
		row, "<h2><a href=\"%.*s?view\"><bdi>", STR_ARG(text->link));
	page_add(row, text->name);
	text_add(row, STR("</bdi></a></h2>\n<div class=\"lines w8\">\n"));
}

void
searchrow_end(struct text *row, const struct search_view *view)
{
	if (!view->lines.json)
		text_add(row, STR("</div>\n"));
}

void
searchrow_line(struct text *row, const struct search_view *view,
	const struct search_text *text, const struct search_sums *sums,
	struct logfind *find, const struct logfind_line *line, bool gap)
{
	if (!view->lines.json) {
		logfound_html(
			row, find, line, gap, text->link, view->lines.lines);
		return;
	}
	text_add(row,
		sums->shown > 0 ? STR(",\n{\"member\":")
				: STR("\n{\"member\":"));
	page_add_json(row, text->name);
	text_byte(row, ',');
	logfound_json(row, find, line);
	text_byte(row, '}');
}

/* Add the query by which the search goes on.  amp: how "&" is written there. */
static void
add_next(struct text *row, const struct search_view *view,
	const struct search_place *next, const char *amp)
{
	text_add(row, STR("?q="));
	path_encode_name(row, view->lines.q);
	text_printf(row, "%s%s%scontext=%" PRIu64 "%smember=",
		view->lines.regex ? amp : "", view->lines.regex ? "re=1" : "",
		amp, view->lines.context, amp);
	path_encode_name(row, next->member);
	text_printf(row, "%sfrom=%" PRIu64, amp, next->line);
}

static void
add_some(struct text *row, const char *what, uint64_t n)
{
	if (n > 0)
		text_printf(row, " %s: %" PRIu64 ".", what, n);
}

static void
add_page_foot(struct text *row, const struct search_view *view,
	const struct search_sums *sums, const struct search_place *next)
{
	text_add(row, STR("<p id=\"end\">"));
	if (view->lines.q.n > 0) {
		text_printf(row, "%s%" PRIu64 " %s, %" PRIu64 " %s searched.",
			next->member.n > 0 ? "The first " : "", sums->matches,
			sums->matches == 1 ? "line matches" : "lines match",
			sums->searched, sums->searched == 1 ? "file" : "files");
		if (next->member.n > 0) {
			text_add(row, STR(" <a href=\""));
			add_next(row, view, next, "&amp;");
			text_add(row, STR("\">More</a>"));
		}
		add_some(row, "Files passed over, which are no text",
			sums->passed);
		add_some(row,
			"Files that could not be read, or not to their end",
			sums->unread);
		add_some(row,
			"Lines left out, since the expression takes too long on them",
			sums->left_out);
	}
	text_add(row, STR("</p>\n"));
	page_end(row);
}

static void
add_object_foot(struct text *row, const struct search_view *view,
	const struct search_sums *sums, const struct search_place *next)
{
	text_printf(
		row, "\n],\"matches\":%" PRIu64 ",\"next\":", sums->matches);
	if (next->member.n > 0) {
		text_byte(row, '"');
		add_next(row, view, next, "&");
		text_add(row, STR("&format=json\""));
	} else {
		text_add(row, STR("null"));
	}
	text_printf(row,
		",\"searched\":%" PRIu64 ",\"passed\":%" PRIu64
		",\"unread\":%" PRIu64 ",\"left_out\":%" PRIu64 "}\n",
		sums->searched, sums->passed, sums->unread, sums->left_out);
}

void
searchrow_foot(struct text *row, const struct search_view *view,
	const struct search_sums *sums, const struct search_place *next)
{
	if (view->lines.json)
		add_object_foot(row, view, sums, next);
	else
		add_page_foot(row, view, sums, next);
}
