/* Pages of logs: a byte of how it is asked for, one for the sizes of reads, and
 * the log.
 *
 * The page is the same whatever the sizes of reads, and how often the log lets
 * wait.  It is UTF-8 without
 * control characters.  Its tags are ours, and balanced; nothing else in it
 * looks like one.  Its lines are numbered one after another, and are as many as
 * newlines begin or end.  Its links lead to its own pages, to the log, and
 * through http and https elsewhere; those have a rel, are nowhere in a heading,
 * and lead where the URLs that they show lead. */

#include "base/arena.h"
#include "fuzz.h"
#include "serve/logpage.h"
#include "serve/logquery.h"

enum { LOG_MAX = 1 << 17, NEST = 64 };

/* A source of a text, in parts of up to size bytes. */
struct part {
	struct source source;
	struct str rest;
	size_t size;
	bool later; /* the next one, not this time */
	bool *closed;
};

static ssize_t
part_read(struct source *source, void *buffer, size_t n)
{
	struct part *part = (struct part *)source;

	part->later = !part->later && part->size < SIZE_MAX;
	if (part->later)
		return SOURCE_LATER;
	if (n > part->size)
		n = part->size;
	if (n > part->rest.n)
		n = part->rest.n;
	if (n > 0)
		memcpy(buffer, part->rest.p, n);
	part->rest = str_slice(part->rest, n, part->rest.n);
	return (ssize_t)n;
}

static void
part_close(struct source *source)
{
	*((struct part *)source)->closed = true;
}

/* The page of log, read and asked for in parts of up to size bytes. */
static struct str
render(struct str log, const struct logpage_view *view, size_t size,
	struct arena *arena)
{
	bool closed = false;
	struct part part = {{.read = part_read, .close = part_close}, log, size,
		false, &closed};
	struct source *page = logpage_open(&part.source, view);
	struct text text = {.arena = arena};
	char buffer[4096];
	ssize_t n;

	if (size > sizeof(buffer))
		size = sizeof(buffer);
	fuzz_law(page != NULL, "memory does not run out", log);
	while ((n = page->read(page, buffer, size)) > 0 || n == SOURCE_LATER)
		text_add(&text, (struct str){buffer, n > 0 ? (size_t)n : 0});
	fuzz_law(n == 0, "a page has an end", log);
	page->close(page);
	fuzz_law(closed, "the log is closed", log);
	return text_str(&text);
}

/* What a tag may hold behind its name. */
static bool
are_ours(struct str attributes)
{
	static const char *const ours[] = {" lang=\"", " charset=\"",
		" name=\"", " content=\"", " class=\"", " id=\"", " href=\"",
		" aria-label=\"", " role=\"", " type=\"", " maxlength=\"",
		" value=\"", " rel=\"", " title=\"", " required", " open"};
	const size_t most = sizeof(ours) / sizeof(ours[0]);

	while (attributes.n > 0) {
		const char *quote;
		size_t i = 0, n;

		while (i < most && !str_starts(attributes, str_of(ours[i])))
			i++;
		if (i == most)
			return false;
		n = strlen(ours[i]);
		attributes = str_slice(attributes, n, attributes.n);
		if (i >= most - 2)
			continue;
		quote = memchr(attributes.p, '"', attributes.n);
		if (quote == NULL)
			return false;
		n = (size_t)(quote - attributes.p) + 1;
		attributes = str_slice(attributes, n, attributes.n);
	}
	return true;
}

static bool
is_ours(struct str name)
{
	static const char *const ours[] = {"html", "head", "title", "style",
		"body", "main", "h1", "nav", "p", "div", "a", "span", "i",
		"details", "summary", "form", "button", "label"};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (str_eq(name, str_of(ours[i])))
			return true;
	}
	return false;
}

struct nest {
	struct str open[NEST];
	size_t n;
	uint64_t line; /* the number of the next one */
};

static void
check_line(struct nest *nest, struct str tag)
{
	static const struct str id = {"id=\"L", 5};
	uint64_t number;

	str_cut(&tag, ' ');
	if (!str_starts(tag, id))
		return;
	tag = str_slice(tag, id.n, tag.n);
	fuzz_law(str_number(str_cut(&tag, '"'), UINT64_MAX, &number) &&
			number == nest->line,
		"lines are numbered one after another", tag);
	nest->line++;
}

/* Whether text has "http://" or "https://". */
static bool
has_url(struct str text)
{
	return memmem(text.p, text.n, "http://", 7) != NULL ||
		memmem(text.p, text.n, "https://", 8) != NULL;
}

/* rest is what follows an <a> with these attributes, to which no text adds an
 * attribute. */
static void
check_link(const struct nest *nest, struct str attributes, struct str rest)
{
	static const char *const own[] = {"?", "#", "../"};
	static const struct str rel = {
		" rel=\"nofollow noopener noreferrer\"", 35};
	const char *href = memmem(attributes.p, attributes.n, "href=\"", 6);
	const char *end = memmem(rest.p, rest.n, "</a>", 4);
	struct str left, url;

	fuzz_law(href != NULL && end != NULL, "a link leads", attributes);
	left = str_slice(
		attributes, (size_t)(href + 6 - attributes.p), attributes.n);
	url = str_cut(&left, '"');
	rest = str_slice(rest, 0, (size_t)(end - rest.p));
	for (size_t i = 0; i < nest->n; i++)
		fuzz_law(!str_eq(nest->open[i], STR("summary")) &&
				!str_eq(nest->open[i], STR("a")),
			"a heading has no link", attributes);
	for (size_t i = 0; i < 3; i++) {
		if (str_starts(url, str_of(own[i])))
			return;
	}
	fuzz_law(str_starts(url, STR("http://")) ||
			str_starts(url, STR("https://")),
		"no link but http, https and ours", url);
	fuzz_law(str_starts(left, rel), "a link has a rel", attributes);
	/* Colours within it would be tags. */
	if (memchr(rest.p, '<', rest.n) == NULL && has_url(rest))
		fuzz_law(memmem(rest.p, rest.n, url.p, url.n) != NULL,
			"a URL leads where it says", attributes);
}

/* tag is what stands between "<" and ">"; rest follows. */
static void
check_tag(struct nest *nest, struct str tag, struct str rest)
{
	struct str whole = tag, name = str_cut(&tag, ' ');

	if (str_eq(name, STR("!DOCTYPE")) || str_eq(name, STR("meta")) ||
		str_eq(name, STR("input")))
		return;
	if (name.n > 0 && name.p[0] == '/') {
		fuzz_law(nest->n > 0 &&
				str_eq(nest->open[nest->n - 1],
					str_slice(name, 1, name.n)) &&
				tag.p == NULL,
			"a tag ends the innermost element", whole);
		nest->n--;
		return;
	}
	fuzz_law(is_ours(name), "an element is ours", whole);
	fuzz_law(are_ours(str_slice(whole, name.n, whole.n)),
		"attributes are ours", whole);
	fuzz_law(nest->n < NEST, "nesting is bounded", whole);
	if (str_eq(name, STR("a")))
		check_link(nest, tag, rest);
	nest->open[nest->n++] = name;
	check_line(nest, whole);
}

static void
check_text(struct str text)
{
	static const char *const escapes[] = {
		"&lt;", "&gt;", "&amp;", "&quot;"};

	for (size_t i = 0; i < text.n; i++) {
		struct str rest = str_slice(text, i, text.n);
		size_t k = 0;

		if (text.p[i] != '&')
			continue;
		while (k < 4 && !str_starts(rest, str_of(escapes[k])))
			k++;
		fuzz_law(k < 4, "an ampersand begins an escape", text);
	}
}

/* The style sheets hold what looks like tags; they are not the log's. */
static struct str
without_styles(struct str page)
{
	const char *end = memmem(page.p, page.n, "</style>\n</head>", 16);

	fuzz_law(end != NULL, "a page has a head", page);
	return str_slice(page, (size_t)(end - page.p) + 16, page.n);
}

static void
check_html(struct str page, uint64_t first, uint64_t lines)
{
	struct str rest = without_styles(page);
	struct nest nest = {{{"html", 4}}, 1, first};

	fuzz_law(str_is_utf8(page), "a page is UTF-8", page);
	for (size_t i = 0; i < page.n; i++) {
		unsigned char c = (unsigned char)page.p[i];

		fuzz_law(c >= ' ' ? c != 0x7f : c == '\n' || c == '\t',
			"a page has no control characters", page);
	}
	while (rest.n > 0) {
		struct str text = str_cut(&rest, '<');

		fuzz_law(memchr(text.p, '>', text.n) == NULL,
			"a tag has a beginning", text);
		check_text(text);
		if (rest.p == NULL)
			break;
		fuzz_law(memchr(rest.p, '>', rest.n) != NULL,
			"a tag has an end", rest);
		text = str_cut(&rest, '>');
		check_tag(&nest, text, rest);
	}
	fuzz_law(nest.n == 0, "all elements are closed", page);
	fuzz_law(nest.line == first + lines, "all lines are there", page);
}

/* Lines of log that a window shows. */
static uint64_t
count_lines(struct str log, uint64_t most)
{
	uint64_t lines = 0;

	for (; log.n > 0 && lines < most; lines++)
		str_cut(&log, '\n');
	return lines;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const queries[8] = {"", "from=3",
		"from=1&lines=3&mark=2-9", "tail=2&time=off",
		"tail=5&refresh=7&wrap=off",
		"lines=0&from=x&refresh=-1&json=raw&time=off",
		"from=99999999999999999999&lines=20000",
		"lines=99999&refresh=99999"};
	struct str log = {(const char *)data, size};
	unsigned how = fuzz_byte(&log), part = fuzz_byte(&log);
	struct logpage_view view = logquery_view(str_of(queries[how % 8]));
	struct arena arena = {0};
	struct str whole, parts;

	if (log.n > LOG_MAX)
		return 0;
	fuzz_law(view.lines > 0 && view.lines <= LOGPAGE_LINES_MAX &&
			view.refresh <= LOGPAGE_REFRESH_MAX,
		"a view is bounded", str_of(queries[how % 8]));
	view.name = STR("<&\">.log");
	view.link = STR("../%3C%26.log");
	view.first = view.from > 0 ? view.from : 1;
	view.total = (how & 8) != 0 ? LOGPAGE_UNKNOWN : view.first + 5;
	view.size = log.n;
	whole = render(log, &view, SIZE_MAX, &arena);
	parts = render(log, &view, part + 1, &arena);
	fuzz_law(str_eq(whole, parts),
		"the sizes of reads do not change a page", log);
	check_html(whole, view.first, count_lines(log, view.lines));
	arena_free(&arena);
	return 0;
}
