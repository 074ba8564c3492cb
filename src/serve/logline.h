/* What a line of a log says, as HTML. */

#ifndef LOGLINE_H
#define LOGLINE_H

#include "serve/logjson.h"
#include "serve/logmark.h"
#include "serve/screenrows.h"

/* All zero at first, except what is set once. */
struct logline {
	bool json_raw; /* set once: lines of JSON are shown as they are */
	bool no_time;  /* set once: without the time that begins the line */
	bool any_json; /* a line of JSON was shown for people */

	/* Used by logline.c only, for one line at a time. */
	struct loglinks links;
	struct logjson json;
};

/* Add a line, whose mark has been found, with its links.  What starts a group
 * without being one's heading is shown whole. */
void logline_add(struct logline *line, struct text *text,
	const struct screen_row *row, const struct logmark *mark);

/* Add the heading of a group, without links. */
void logline_add_heading(struct logline *line, struct text *text,
	const struct screen_row *row, const struct logmark *mark);

/* If the line has a time that is not shown, add it as an attribute: title. */
void logline_add_time(
	struct logline *line, struct text *text, const struct screen_row *row);

/* Release the memory. */
void logline_free(struct logline *line);

#endif
