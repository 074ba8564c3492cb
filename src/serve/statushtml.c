#include <inttypes.h>

#include "http/page.h"
#include "serve/statusview.h"

/* Begin a table; NULL ends the names of its columns. */
static void
begin_rows(struct text *t, const char *const *columns)
{
	text_add(t, STR("<table>\n<thead><tr>"));
	for (; *columns != NULL; columns++)
		text_printf(t, "<th scope=\"col\">%s</th>", *columns);
	text_add(t, STR("</tr></thead>\n<tbody>\n"));
}

static void
end_rows(struct text *t)
{
	text_add(t, STR("</tbody>\n</table>\n"));
}

static void
tell_number(struct text *t, const char *says, uint64_t value)
{
	text_printf(
		t, "<tr><td>%s</td><td>%" PRIu64 "</td></tr>\n", says, value);
}

static void
tell_numbers(struct statusview *v)
{
	static const char *const columns[] = {
		"Since the start, and now", "number", NULL};
	uint64_t values[STATUSVIEW_REST];

	statusview_values(v, values);
	begin_rows(&v->text, columns);
	for (int i = 0; i < COUNTS; i++)
		tell_number(
			&v->text, statusview_counts[i].says, v->sum.count[i]);
	for (int i = 0; i < STATUSVIEW_REST; i++)
		tell_number(&v->text, statusview_rest[i].says, values[i]);
	text_printf(&v->text,
		"<tr><td>" STATUSVIEW_REVALIDATE "</td><td>%g</td></tr>\n",
		v->revalidate);
	end_rows(&v->text);
}

static void
tell_times(struct statusview *v)
{
	static const char *const columns[] = {
		"Requests answered within", "first byte", "last byte", NULL};
	uint64_t first = 0, last = 0;

	begin_rows(&v->text, columns);
	for (int i = 0; i < STATS_BOUNDS; i++) {
		first += v->sum.times[TIME_FIRST].bucket[i];
		last += v->sum.times[TIME_LAST].bucket[i];
		text_printf(&v->text,
			"<tr><td>%g ms</td><td>%" PRIu64 "</td><td>%" PRIu64
			"</td></tr>\n",
			stats_bounds[i] / 1000.0, first, last);
	}
	text_printf(&v->text,
		"<tr><td>all</td><td>%" PRIu64 "</td><td>%" PRIu64
		"</td></tr>\n",
		v->sum.requests, v->sum.requests);
	end_rows(&v->text);
}

static void
tell_slowest(struct statusview *v)
{
	static const char *const columns[] = {
		"Slowest requests", "ms", "ms for the peer", NULL};

	begin_rows(&v->text, columns);
	for (int i = 0; i < v->sum.nslowest; i++) {
		const struct slow_request *r = &v->sum.slowest[i];

		text_add(&v->text, STR("<tr><td><bdi>"));
		page_add(&v->text, (struct str){r->uri, r->n});
		text_printf(&v->text,
			"</bdi> %d</td><td>%.3f</td><td>%.3f</td></tr>\n",
			r->status, (double)r->ns / 1e6,
			(double)r->spent[PHASE_PEER] / 1e6);
	}
	end_rows(&v->text);
}

static void
tell_archives(struct statusview *v)
{
	static const char *const columns[] = {
		"Open archives, the most recently used first", "requests",
		"sent", "members", "memory", NULL};

	begin_rows(&v->text, columns);
	for (size_t i = 0; i < v->nitems; i++) {
		text_add(&v->text, STR("<tr><td><bdi>"));
		page_add(&v->text, statusview_path(v, i));
		text_printf(&v->text, "</bdi></td><td>%" PRIu64 "</td><td>",
			v->items[i].requests);
		page_add_size(&v->text, v->items[i].bytes);
		text_printf(&v->text, "</td><td>%" PRIu64 "</td><td>",
			statusview_members(v, i));
		page_add_size(&v->text, v->items[i].memory);
		text_add(&v->text, STR("</td></tr>\n"));
	}
	end_rows(&v->text);
}

void
statusview_html(struct statusview *v)
{
	page_begin(&v->text, STR("wwz"), "", (struct str){NULL, 0}, true);
	text_printf(&v->text,
		"<h1>wwz <i>%s</i></h1>\n<p>started %" PRId64
		" s ago \xc2\xb7 <a href=\"?format=text\">text</a>"
		" \xc2\xb7 <a href=\"?format=json\">JSON</a>"
		" \xc2\xb7 <a href=\"?format=prometheus\">Prometheus</a></p>\n",
		WWZ_VERSION, v->sum.uptime);
	tell_numbers(v);
	tell_times(v);
	if (v->sum.nslowest > 0)
		tell_slowest(v);
	if (v->nitems > 0)
		tell_archives(v);
	page_end(&v->text);
}
