#include "serve/logfound.h"

#include <inttypes.h>

#include "http/page.h"
#include "serve/lognav.h"

void
logfound_html(struct text *text, struct logfind *find,
	const struct logfind_line *line, bool gap, struct str link,
	uint64_t lines)
{
	if (gap)
		text_add(text, STR("<div class=\"gap\">\xe2\x80\xa6</div>\n"));
	text_printf(text, "<div%s><a href=\"%.*s?",
		line->matches ? " class=\"m\"" : "", STR_ARG(link));
	lognav_add_place(text, line->number, lines, "&amp;");
	text_printf(text, "\">%" PRIu64 "</a>", line->number);
	logmatch_show(logfind_match(find), line->bytes, text);
	text_add(text, STR("</div>\n"));
}

void
logfound_json(struct text *text, struct logfind *find,
	const struct logfind_line *line)
{
	struct text shown = {.arena = text->arena};

	logmatch_plain(logfind_match(find), line->bytes, &shown);
	text_printf(text,
		"\"line\":%" PRIu64 ",\"match\":%s,\"text\":", line->number,
		line->matches ? "true" : "false");
	page_add_json(text, text_str(&shown));
}
