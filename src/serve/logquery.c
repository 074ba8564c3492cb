#include "serve/logquery.h"

#include "http/page.h"
#include "serve/logfind.h"

enum { CONTEXT = 3 }; /* lines around a match, by default */

static uint64_t
number_of(struct str query, struct str key, uint64_t max)
{
	uint64_t number = 0;

	if (!str_number(page_query(query, key), UINT64_MAX, &number))
		return 0;
	return number < max ? number : max;
}

static enum logpage_jump
jump_of(struct str query)
{
	static const char *const keys[] = {"from", "lines", "tail", "refresh"};
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
	};

	if (page_query(query, STR("context")).p == NULL)
		view.context = CONTEXT;

	if (view.from == 0 && tail > 0)
		view.lines = tail;
	if (view.lines == 0)
		view.lines = LOGPAGE_LINES;
	return view;
}
