#include "check/htmllinks.h"

#include <ctype.h>

static void
skip(struct str *s, size_t n)
{
	*s = str_slice(*s, n, s->n);
}

static bool
is_html_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static void
skip_blanks(struct str *s)
{
	while (s->n > 0 && is_html_space(s->p[0]))
		skip(s, 1);
}

/* Cut the bytes before the first space or byte of ends off *s. */
static struct str
cut_part(struct str *s, struct str ends)
{
	size_t n = 0;
	struct str word;

	while (n < s->n && !is_html_space(s->p[n]) &&
		memchr(ends.p, s->p[n], ends.n) == NULL)
		n++;
	word = str_slice(*s, 0, n);
	skip(s, n);
	return word;
}

/* Skip what stands before end, and end itself; all of it when there is none. */
static void
skip_behind(struct str *s, struct str end)
{
	const char *found = s->n > 0 ? memmem(s->p, s->n, end.p, end.n) : NULL;

	skip(s, found ? (size_t)(found - s->p) + end.n : s->n);
}

/* Skip the content of an element in which tags are text, up to its end tag. */
static void
skip_text(struct str *s, struct str tag)
{
	while (s->n > 0) {
		skip_behind(s, STR("</"));
		if (s->n >= tag.n &&
			str_eq_nocase(str_slice(*s, 0, tag.n), tag))
			return;
	}
}

static bool
holds_text(struct str tag)
{
	return str_eq_nocase(tag, STR("script")) ||
		str_eq_nocase(tag, STR("style")) ||
		str_eq_nocase(tag, STR("textarea")) ||
		str_eq_nocase(tag, STR("title"));
}

/* Go into the next tag that has attributes; false at the end. */
static bool
enter_tag(struct htmllinks *scan)
{
	struct str *s = &scan->html;

	while (s->n > 0) {
		skip_behind(s, STR("<"));
		if (str_starts(*s, STR("!--"))) {
			skip(s, 3);
			skip_behind(s, STR("-->"));
		} else if (s->n > 0 && isalpha((unsigned char)s->p[0])) {
			scan->tag = cut_part(s, STR("/>"));
			return true;
		}
	}
	return false;
}

static struct str
cut_value(struct str *s)
{
	struct str value;

	skip_blanks(s);
	if (s->n == 0 || (s->p[0] != '"' && s->p[0] != '\''))
		return cut_part(s, STR(">"));
	value = str_slice(*s, 1, s->n);
	*s = value;
	return str_cut(s, value.p[-1]);
}

/* Cut the next attribute off the tag; false at the tag's end. */
static bool
next_attribute(struct htmllinks *scan, struct str *name, struct str *value)
{
	struct str *s = &scan->html;

	while (s->n > 0 && (is_html_space(s->p[0]) || s->p[0] == '/'))
		skip(s, 1);
	*value = (struct str){NULL, 0};
	if (s->n == 0 || s->p[0] == '>')
		return false;
	*name = cut_part(s, STR("=/>"));
	skip_blanks(s);
	if (s->n > 0 && s->p[0] == '=') {
		skip(s, 1);
		*value = cut_value(s);
	}
	return true;
}

bool
htmllinks_next(struct htmllinks *scan, struct htmllink *link)
{
	struct str name, value;

	while (scan->tag.n > 0 || enter_tag(scan)) {
		while (next_attribute(scan, &name, &value)) {
			if (!str_eq_nocase(name, STR("href")) &&
				!str_eq_nocase(name, STR("src")))
				continue;
			*link = (struct htmllink){scan->tag, value};
			return true;
		}
		if (holds_text(scan->tag))
			skip_text(&scan->html, scan->tag);
		scan->tag = (struct str){NULL, 0};
	}
	return false;
}
