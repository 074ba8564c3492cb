#include "base/line.h"

#include <stdarg.h>
#include <stdio.h>

void
line_add(struct line *line, struct str text)
{
	size_t room = LINE_SIZE - 1 - line->n;
	size_t n = text.n < room ? text.n : room;

	if (n > 0)
		memcpy(line->p + line->n, text.p, n);
	line->n += n;
}

void
line_printf(struct line *line, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	line_add(line, str_of(text));
}

/* Write c in a form that can stand between double quotes.  Returns the number
 * of bytes. */
static size_t
escape(char c, char to[4])
{
	static const char digits[] = "0123456789ABCDEF";
	unsigned char byte = (unsigned char)c;

	if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
		to[0] = c;
		return 1;
	}
	to[0] = '\\';
	to[1] = c;
	if (c == '"' || c == '\\')
		return 2;
	to[1] = 'x';
	to[2] = digits[byte >> 4];
	to[3] = digits[byte & 15];
	return 4;
}

void
line_escape(struct line *line, struct str s, size_t max)
{
	char to[4];
	size_t n;

	for (size_t i = 0; i < s.n; i++, max -= n) {
		n = escape(s.p[i], to);
		if (n > max) {
			line_add(line, STR("..."));
			return;
		}
		line_add(line, (struct str){to, n});
	}
}

void
line_quote(struct line *line, struct str s, size_t max)
{
	line_add(line, STR("\""));
	line_escape(line, s, max);
	line_add(line, STR("\""));
}

void
line_end(struct line *line)
{
	line->p[line->n++] = '\n';
}
