/* One line of a log, short enough for an atomic write to a pipe (PIPE_BUF).
 * Text from outside is escaped, so that it cannot forge anything. */

#ifndef LINE_H
#define LINE_H

#include "base/str.h"

enum { LINE_SIZE = 4096 };

struct line {
	char p[LINE_SIZE];
	size_t n;
};

/* Add text unchanged.  Text that does not fit is cut off; there is always room
 * for the newline. */
void line_add(struct line *line, struct str text);
void line_printf(struct line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Add s in a form that can stand between double quotes: quotes and backslashes
 * get a backslash, and bytes outside printable ASCII become \xHH.  After max
 * bytes the rest is replaced by "...". */
void line_escape(struct line *line, struct str s, size_t max);

/* The same, including the quotes. */
void line_quote(struct line *line, struct str s, size_t max);

/* End the line. */
void line_end(struct line *line);

#endif
