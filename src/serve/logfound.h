/* A line that a search has found, on a page or in JSON. */

#ifndef LOGFOUND_H
#define LOGFOUND_H

#include "serve/logfind.h"

/* Add line, which find has given last, as a row of a page.  Its number leads to
 * the log's page, whose URL is link, followed by a query, with a window of
 * `lines` lines around it.  gap: lines are missing before it.  link is safe in
 * an attribute. */
void logfound_html(struct text *text, struct logfind *find,
	const struct logfind_line *line, bool gap, struct str link,
	uint64_t lines);

/* Add the members of a JSON object that tell of line, without its braces. */
void logfound_json(struct text *text, struct logfind *find,
	const struct logfind_line *line);

#endif
