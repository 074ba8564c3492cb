/* One line of a log, of a size that a pipe takes in one piece (PIPE_BUF), in
 * which nothing that came from outside passes for something else. */

#ifndef LINE_H
#define LINE_H

#include "base/str.h"

enum { LINE_SIZE = 4096 };

struct line {
	char p[LINE_SIZE];
	size_t n;
};

/* Add text as it is.  What does not fit is cut off; there is always room for
 * the newline. */
void line_add(struct line *line, struct str text);
void line_printf(struct line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Add s so that it can stand between double quotes: quotes and backslashes get
 * a backslash, bytes outside of printable ASCII are written as \xHH.  Where
 * that takes more than max bytes, the rest is cut off and "..." stands there.
 */
void line_escape(struct line *line, struct str s, size_t max);

/* The same, with the quotes. */
void line_quote(struct line *line, struct str s, size_t max);

/* End the line. */
void line_end(struct line *line);

#endif
