/* Lines of logs that are JSON objects with a message, as many programs write
 * them, in a form for people: the time, the level and the message, then the
 * other members as KEY=VALUE.  A prefix may stand before the object, such as
 * the name of its container ("web_1  | {...}") or another time; it is shown as
 * it is. */

#ifndef LOGJSON_H
#define LOGJSON_H

#include "serve/ansi.h"

/* What is shown.  All zero at first. */
struct logjson {
	struct ansi_cell *cell;
	size_t n;
	size_t room;
};

enum {
	LOGJSON_MORE = 16,   /* the most cells that a line becomes longer */
	LOGJSON_PREFIX = 200 /* a prefix is shorter */
};

/* Read a line of n cells.  false when it is no such object (RFC 8259), or
 * memory ran out: it is to be shown as it is.  Else json has at most n +
 * LOGJSON_MORE cells, until the next line.  A newline in a string is one there;
 * escapes of other control characters stay. */
bool logjson_read(struct logjson *json, const struct ansi_cell *line, size_t n);

/* Release the memory. */
void logjson_free(struct logjson *json);

#endif
