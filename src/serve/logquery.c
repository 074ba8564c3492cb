#include "serve/logquery.h"

#include "http/page.h"
#include "serve/logfind.h"

enum {
	CONTEXT = 3, /* lines around a match, by default */
	BEFORE = 10  /* lines before those that are highlighted */
};

/* The number in text, reduced to max; 0 when it is none. */
static uint64_t
number_in(struct str text, uint64_t max)
{
	uint64_t number = 0;

	if (!str_number(text, UINT64_MAX, &number))
		return 0;
	return number < max ? number : max;
}

static uint64_t
number_of(struct str query, struct str key, uint64_t max)
{
	return number_in(page_query(query, key), max);
}

/* Find the lines to highlight, which are shown from the first line on. */
static void
read_mark(struct logpage_view *view, struct str value)
{
	uint64_t first = number_in(str_cut(&value, '-'), INT64_MAX);
	uint64_t last = value.p != NULL ? number_in(value, INT64_MAX) : first;

	if (first == 0 || last < first)
		return;
	view->mark.first = first;
	view->mark.last = last;
	if (view->from == 0)
		view->from = first > BEFORE ? first - BEFORE : 1;
}

static enum logpage_jump
jump_of(struct str query)
{
	static const char *const keys[] = {
		"from", "lines", "tail", "refresh", "mark"};
	static const char *const errors[] = {[LOGPAGE_FIRST] = "first",
		[LOGPAGE_LAST] = "last",
		[LOGPAGE_NEXT] = "next",
		[LOGPAGE_PREVIOUS] = "previous"};
	struct str error = page_query(query, STR("error"));
	bool plain = page_query(query, STR("q")).n == 0;

	for (int i = LOGPAGE_FIRST; i <= LOGPAGE_PREVIOUS; i++) {
		if (str_eq(error, str_of(errors[i])))
			return (enum logpage_jump)i;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		plain &= page_query(query, str_of(keys[i])).p == NULL;
	return plain ? LOGPAGE_LAST : LOGPAGE_STAY;
}

struct logpage_view
logquery_view(struct str query)
{
	uint64_t tail = number_of(query, STR("tail"), LOGPAGE_LINES_MAX);
	struct logpage_view view = {
		.from = number_of(query, STR("from"), INT64_MAX),
		.lines = number_of(query, STR("lines"), LOGPAGE_LINES_MAX),
		.refresh =
			number_of(query, STR("refresh"), LOGPAGE_REFRESH_MAX),
		.jump = jump_of(query),
		.regex = str_eq(page_query(query, STR("re")), STR("1")),
		.context = number_of(query, STR("context"), LOGFIND_CONTEXT),
		.json = str_eq(page_query(query, STR("format")), STR("json")),
		.json_raw = str_eq(page_query(query, STR("json")), STR("raw")),
		.no_time = str_eq(page_query(query, STR("time")), STR("off")),
		.no_wrap = str_eq(page_query(query, STR("wrap")), STR("off")),
	};

	if (page_query(query, STR("context")).p == NULL)
		view.context = CONTEXT;
	read_mark(&view, page_query(query, STR("mark")));
	if (view.from == 0 && tail > 0)
		view.lines = tail;
	if (view.lines == 0)
		view.lines = LOGPAGE_LINES;
	return view;
}
