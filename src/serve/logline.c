#include "serve/logline.h"

#include "http/page.h"
#include "serve/logtime.h"

/* The first cell to show. */
static size_t
first_shown(const struct logline *l, const struct screen_row *row)
{
	return l->no_time ? logmark_time(row->cell, row->n) : 0;
}

/* Add a line without its mark. */
static void
add_marked(const struct logline *l, struct text *text,
	const struct loglinks *links, const struct screen_row *row,
	const struct logmark *mark)
{
	size_t first = first_shown(l, row);
	bool word = mark->kind == LOGMARK_WORD;

	ansi_add_html(text, links, row->cell + first, mark->at - first);
	if (word)
		text_printf(text, "<span class=\"%s\">%s", mark->class,
			mark->label ? mark->label : "");
	ansi_add_html(
		text, links, row->cell + mark->end, mark->stop - mark->end);
	if (word)
		text_add(text, STR("</span>"));
	if (word && mark->nname > 0) {
		text_add(text, STR(" <i>("));
		ansi_add_html(text, NULL, row->cell + mark->name, mark->nname);
		text_add(text, STR(")</i>"));
	}
}

/* Add a line of JSON as people read it; false when it is none. */
static bool
add_json(struct logline *l, struct text *text, const struct screen_row *row)
{
	size_t first = first_shown(l, row);

	if (l->json_raw || !logjson_read(&l->json, row->cell, row->n))
		return false;
	loglinks_resume(&l->links, row->links);
	loglinks_find(&l->links, l->json.cell, l->json.n);
	ansi_add_html(text, &l->links, l->json.cell + first, l->json.n - first);
	l->any_json = true;
	return true;
}

void
logline_add(struct logline *l, struct text *text, const struct screen_row *row,
	const struct logmark *mark)
{
	size_t first;

	if (row->n == 0 ||
		(mark->kind == LOGMARK_NONE && add_json(l, text, row)))
		return;
	loglinks_resume(&l->links, row->links);
	loglinks_find(&l->links, row->cell, row->n);
	first = first_shown(l, row);
	if (mark->kind == LOGMARK_START)
		ansi_add_html(
			text, &l->links, row->cell + first, row->n - first);
	else
		add_marked(l, text, &l->links, row, mark);
}

void
logline_add_heading(struct logline *l, struct text *text,
	const struct screen_row *row, const struct logmark *mark)
{
	add_marked(l, text, NULL, row, mark);
}

static void
add_noted_time(struct text *text, int64_t ms)
{
	char seconds[PAGE_TIME_SIZE];

	if (ms == 0)
		return;
	page_time(ms / 1000, seconds);
	text_printf(text, "title=\"%.19s.%03dZ\" ", seconds, (int)(ms % 1000));
}

void
logline_add_time(
	struct logline *l, struct text *text, const struct screen_row *row)
{
	size_t time = l->no_time ? logtime_find(row->cell, row->n, NULL) : 0;

	if (time == 0) {
		add_noted_time(text, row->time);
		return;
	}
	/* A time is digits and the like, which need no escape. */
	text_add(text, STR("title=\""));
	for (size_t i = 0; i < time; i++)
		text_byte(text, (char)row->cell[i].point);
	text_add(text, STR("\" "));
}

void
logline_free(struct logline *l)
{
	logjson_free(&l->json);
}
