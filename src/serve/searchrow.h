/* The rows of a search in many texts. */

#ifndef SEARCHROW_H
#define SEARCHROW_H

#include "serve/logfind.h"
#include "serve/search.h"

/* What has been found and passed so far. */
struct search_sums {
	uint64_t matches;
	uint64_t shown;    /* lines */
	uint64_t bytes;    /* of all lines shown */
	uint64_t searched; /* members */
	uint64_t passed;   /* members that are no texts */
	uint64_t unread; /* members that cannot be read, or not to their end */
	uint64_t left_out; /* lines on which the expression took too long */
};

/* A text in which something was found. */
struct search_text {
	struct str name; /* the path below the directory, as it is shown */
	struct str link; /* the URL of its log page, safe in an attribute */
};

/* Where a search goes on that has not come to its end. */
struct search_place {
	struct str member; /* empty: it has */
	uint64_t line;
};

/* The beginning of the page, or of the JSON. */
void searchrow_head(struct text *row, const struct search_view *view);

/* The heading of a text, before its first line; and what comes behind its last
 * one.  Nothing in JSON. */
void searchrow_begin(struct text *row, const struct search_view *view,
	const struct search_text *text);
void searchrow_end(struct text *row, const struct search_view *view);

/* A line that find has given last.  gap: lines are missing before it. */
void searchrow_line(struct text *row, const struct search_view *view,
	const struct search_text *text, const struct search_sums *sums,
	struct logfind *find, const struct logfind_line *line, bool gap);

/* The end of the page, or of the JSON. */
void searchrow_foot(struct text *row, const struct search_view *view,
	const struct search_sums *sums, const struct search_place *next);

#endif
