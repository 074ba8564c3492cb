/* Each function that cuts something off a text leaves nothing of it when the
 * text ends too early, as the standard then gives up. */

#include "http/prescan.h"

struct attribute {
	struct str name, value;
};

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v');
}

static bool
is_tag_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void
drop_front(struct str *s, size_t n)
{
	*s = str_slice(*s, n < s->n ? n : s->n, s->n);
}

static void
skip_spaces(struct str *s)
{
	while (s->n > 0 && is_space(s->p[0]))
		drop_front(s, 1);
}

static bool
is_of(char c, struct str set)
{
	return memchr(set.p, c, set.n) != NULL;
}

/* Cut off what stands before the first byte that is a space or one of stops. */
static struct str
cut_until(struct str *s, struct str stops)
{
	struct str word = {s->p, 0};

	while (word.n < s->n && !is_space(s->p[word.n]) &&
		!is_of(s->p[word.n], stops))
		word.n++;
	drop_front(s, word.n);
	return word;
}

/* Cut off a value, without its quotes.  There is none if one is missing. */
static struct str
cut_quoted(struct str *s, struct str stops)
{
	struct str value;

	skip_spaces(s);
	if (s->n == 0 || !is_of(s->p[0], STR("\"'")))
		return cut_until(s, stops);
	value = str_slice(*s, 1, s->n);
	s->p = value.n ? memchr(value.p, s->p[0], value.n) : NULL;
	if (s->p == NULL) {
		s->n = 0;
		return (struct str){NULL, 0};
	}
	s->n = (size_t)(value.p + value.n - s->p);
	value.n -= s->n;
	drop_front(s, 1);
	return value;
}

/* Cut off the next attribute of an element; false when there is none. */
static bool
cut_attribute(struct str *s, struct attribute *a)
{
	*a = (struct attribute){{NULL, 0}, {NULL, 0}};
	while (s->n > 0 && (is_space(s->p[0]) || s->p[0] == '/'))
		drop_front(s, 1);
	if (s->n == 0 || s->p[0] == '>')
		return false;
	if (s->p[0] == '=') {
		/* It belongs to the name. */
		struct str rest = str_slice(*s, 1, s->n);

		a->name =
			(struct str){s->p, 1 + cut_until(&rest, STR("=/>")).n};
		*s = rest;
	} else {
		a->name = cut_until(s, STR("=/>"));
	}
	skip_spaces(s);
	if (s->n > 0 && s->p[0] == '=') {
		drop_front(s, 1);
		a->value = cut_quoted(s, STR(">"));
	}
	return true;
}

/* The charset in the content of a <meta http-equiv=Content-Type> (section
 * 2.2.4). */
static struct str
charset_in(struct str content)
{
	const struct str word = STR("charset");

	while (content.n >= word.n) {
		if (!str_eq_nocase(str_slice(content, 0, word.n), word)) {
			drop_front(&content, 1);
			continue;
		}
		drop_front(&content, word.n);
		skip_spaces(&content);
		if (content.n == 0 || content.p[0] != '=')
			continue;
		drop_front(&content, 1);
		return cut_quoted(&content, STR(";"));
	}
	return (struct str){NULL, 0};
}

/* Read the attributes of a <meta>, and return the charset that it names. */
static struct str
cut_meta(struct str *s)
{
	struct str charset = {NULL, 0}, content = {NULL, 0};
	bool equivalent = false;
	struct attribute a;

	while (cut_attribute(s, &a)) {
		if (str_eq_nocase(a.name, STR("charset")) && charset.p == NULL)
			charset = a.value;
		else if (str_eq_nocase(a.name, STR("content")) &&
			content.p == NULL)
			content = a.value;
		else if (str_eq_nocase(a.name, STR("http-equiv")))
			equivalent = equivalent ||
				str_eq_nocase(a.value, STR("content-type"));
	}
	if (charset.p == NULL && equivalent)
		charset = charset_in(content);
	return s->n > 0 ? str_trim(charset) : (struct str){NULL, 0};
}

/* Skip past the first `end` at or behind offset from. */
static void
skip_past(struct str *s, size_t from, struct str end)
{
	drop_front(s, from);
	while (s->n > 0 && !str_starts(*s, end))
		drop_front(s, 1);
	drop_front(s, end.n);
}

static bool
begins_meta(struct str s)
{
	return s.n > 5 && (is_space(s.p[5]) || s.p[5] == '/') &&
		str_eq_nocase(str_slice(s, 0, 5), STR("<meta"));
}

/* Whether s begins a start tag or an end tag. */
static bool
begins_tag(struct str s)
{
	size_t at = str_starts(s, STR("</")) ? 2 : 1;

	return str_starts(s, STR("<")) && s.n > at && is_tag_letter(s.p[at]);
}

struct str
prescan_html(struct str page)
{
	struct str charset = {NULL, 0};
	struct attribute a;

	while (charset.n == 0 && page.n > 0) {
		char next = page.p[0] == '<' && page.n > 1 ? page.p[1] : ' ';

		if (str_starts(page, STR("<!--"))) {
			/* Its end may share the hyphens: "<!-->". */
			skip_past(&page, 2, STR("-->"));
		} else if (begins_meta(page)) {
			drop_front(&page, 5);
			charset = cut_meta(&page);
		} else if (begins_tag(page)) {
			(void)cut_until(&page, STR(">"));
			while (cut_attribute(&page, &a))
				continue;
		} else if (is_of(next, STR("!/?"))) {
			skip_past(&page, 1, STR(">"));
		} else {
			drop_front(&page, 1);
		}
	}
	return charset;
}

struct str
prescan_css(struct str sheet)
{
	const struct str rule = STR("@charset \"");
	struct str label;

	if (!str_starts(sheet, rule))
		return (struct str){NULL, 0};
	drop_front(&sheet, rule.n);
	label = str_cut(&sheet, '"');
	return str_starts(sheet, STR(";")) ? label : (struct str){NULL, 0};
}
