/* For tests of what is found in the lines of a log. */

#ifndef LOGLINE_H
#define LOGLINE_H

#include "serve/ansi.h"
#include "unit.h"

#define TIME "2026-11-22T19:04:01.1234567Z "

/* The characters of text, which is one line. */
static inline struct ansi
line_of(const char *text)
{
	struct ansi ansi = {0};
	struct str rest = str_of(text);

	while (ansi_take(&ansi, &rest) != ANSI_MORE)
		;
	return ansi;
}

#endif
