#include "serve/lognav.h"

#include <inttypes.h>

#include "http/page.h"
#include "serve/logregex.h"

enum { FOLLOWED = 200 }; /* lines */

const char *
lognav_kept(const struct logpage_view *view, const char *amp)
{
	return !view->json_raw    ? ""
		: strlen(amp) > 1 ? "json=raw&amp;"
				  : "json=raw&";
}

void
lognav_add(struct text *row, const char *label, const struct logpage_view *view,
	uint64_t next, bool more)
{
	uint64_t end =
		view->first > view->total ? view->total + 1 : view->first;
	uint64_t previous = end > view->lines ? end - view->lines : 1;
	const char *kept = lognav_kept(view, "&amp;");

#define DOT  " \xc2\xb7 "
#define FROM "<a href=\"?%sfrom=%" PRIu64 "&amp;lines=%" PRIu64 "\">"
#define TAIL "<a href=\"?%stail=%" PRIu64
	text_printf(row, "<nav aria-label=\"%s\">", label);
	if (view->first > 1)
		text_printf(row, FROM "First</a>" DOT FROM "Previous</a>" DOT,
			kept, UINT64_C(1), view->lines, kept, previous,
			view->lines);
	if (more)
		text_printf(row, FROM "Next</a>" DOT TAIL "\">Last</a>" DOT,
			kept, next, view->lines, kept, view->lines);
	text_printf(row,
		"<a href=\"?%serror=first\">First error</a>" DOT
		"<a href=\"?%serror=last\">Last error</a>" DOT,
		kept, kept);
	if (view->refresh > 0)
		text_printf(row, TAIL "\">Stop following</a>" DOT, kept,
			view->lines);
	else
		text_printf(row, TAIL "&amp;refresh=5\">Follow</a>" DOT, kept,
			(uint64_t)FOLLOWED);
	if (view->from == 0)
		text_printf(row, FROM "Link to these lines</a>" DOT, kept,
			view->first, view->lines);
	text_add(row, STR("<a href=\""));
	page_add(row, view->link);
	text_add(row, STR("\">Raw file</a></nav>\n"));
#undef DOT
#undef FROM
#undef TAIL
}

struct str
lognav_refresh(const struct logpage_view *view, struct arena *arena)
{
	struct text text = {.arena = arena};

	text_printf(&text, "%" PRIu64 "; url=?%s", view->refresh,
		lognav_kept(view, "&"));
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
