/* loglink: to what the URLs and hyperlinks in a line of a log lead. */

#include "serve/ansi.h"
#include "unit.h"

/* A line as the page shows it. */
static struct str
shown(struct str line, struct arena *arena)
{
	struct text text = {.arena = arena};
	struct ansi ansi = {0};

	while (ansi_take(&ansi, &line) == ANSI_RETURN)
		;
	loglinks_find(&ansi.links, ansi.cell, ansi.n);
	ansi_add_html(&text, &ansi.links, ansi.cell, ansi.n);
	ansi_free(&ansi);
	assert_false(arena->failed);
	return text_str(&text);
}

#define REL           "\" rel=\"nofollow noopener noreferrer\""
#define A(url)        "<a href=\"" url REL ">" url "</a>"
#define T(url, text)  "<a href=\"" url REL " title=\"" url "\">" text "</a>"
#define OSC(url)      "\33]8;;" url "\33\\"
#define S(name, text) "<span class=\"" name "\">" text "</span>"

static const struct {
	const char *line, *want;
} table[] = {
	{"http://a.example", A("http://a.example")},
	{"see https://a.example/b?c=d#e now",
		"see " A("https://a.example/b?c=d#e") " now"},
	{"git+https://a/b", "git+" A("https://a/b")},
	{"http://localhost:8080/ http://[::1]:80/x",
		A("http://localhost:8080/") " " A("http://[::1]:80/x")},
	/* Where a URL ends. */
	{"Go to http://a/b. Or", "Go to " A("http://a/b") ". Or"},
	{"http://a/b.html, http://a/?",
		A("http://a/b.html") ", " A("http://"
					    "a/") "?"},
	{"http://a/b...", A("http://a/b") "..."},
	{"(http://a/b)", "(" A("http://a/b") ")"},
	{"(see http://a/b.)", "(see " A("http://a/b") ".)"},
	{"http://a/b_(c) d", A("http://a/b_(c)") " d"},
	{"[x](http://a/b_(c)) d", "[x](" A("http://a/b_(c)") ") d"},
	{"[http://a/b]", "[" A("http://a/b") "]"},
	{"http://a/[b](c", A("http://a/[b](c")},
	{"http://a/b(", A("http://a/b") "("},
	{"'http://a/','http://b/'",
		"'" A("http://a/") "','" A("http://b/") "'"},
	{"\"http://a/\"", "\"" A("http://a/") "\""},
	{"<http://a/>", "&lt;" A("http://a/") "&gt;"},
	{"{\"u\":\"http://a/b\"}", "{\"u\":\"" A("http://a/b") "\"}"},
	{"`http://a/`|http://b/\\n",
		"`" A("http://a/") "`|" A("http://b/") "\\"
						       "n"},
	{"**http://a/**", "**" A("http://a/") "**"},
	{"http://a/\xe3\x80\x82", A("http://a/") "\xe3\x80\x82"},
	{"http://a/%22?b&c",
		"<a href=\"http://a/%22?b&amp;c" REL
		">http://a/%22?b&amp;c</a>"},
	/* None. */
	{"http:// https://. http://(a) http:/a https",
		"http:// https://. http://(a) http:/a https"},
	{"ftp://a/ file:///a javascript:http HTTP://a/",
		"ftp://a/ file:///a javascript:http HTTP://a/"},
	{"https://user:secret@a/ http://good.example@a/",
		"https://user:secret@a/ http://good.example@a/"},
	{"http://a/@b", A("http://a/@b")},
	/* Escape sequences in it; what was overwritten. */
	{"http://a:\33[1m80\33[22m/b!",
		"<a href=\"http://a:80/b" REL ">http://a:" S("bo", "80") "/b"
									 "</a>"
									 "!"},
	{"\33[31mhttp://a/\33[0m b",
		"<a href=\"http://a/" REL ">" S("f1", "http://a/") "</a> b"},
	{"http://a/\rhttps:", "https:/a/"},
	/* Hyperlinks. */
	{OSC("http://a/b") "text" OSC("") " more",
		T("http://a/b", "text") " more"},
	{"\33]8;id=1;http://a/\7text\33]8;;\7.", T("http://a/", "text") "."},
	{OSC("http://a/") "http://a/" OSC(""), A("http://a/")},
	{OSC("http://a/") "te\33[1mxt\33[0m" OSC(""),
		T("http://a/", "te" S("bo", "xt"))},
	{OSC("http://a/") "x" OSC("http://b/") "y",
		T("http://a/", "x") T("http://b/", "y")},
	{"a" OSC("http://a/?\"<>&") "x", "ax"},
	{OSC("http://a/?'&") "x", T("http://a/?'&amp;", "x")},
	/* A title is none, and a string that is cut off ends none. */
	{OSC("http://a/") "x\33]0;title\7y", T("http://a/", "xy")},
	{OSC("http://a/") "x\33]8;;\30y", T("http://a/", "xy")},
	{"\33P8;;http://a/\33\\x", "x"},
	/* No URL leads elsewhere. */
	{OSC("http://evil/") "see http://good/ now",
		T("http://evil/", "see ") A("http://good/")
			T("http://evil/", " now")},
	{OSC("http://evil/") "http://user@good/", "http://user@good/"},
	/* No other scheme. */
	{OSC("javascript:alert(1)") "x", "x"},
	{OSC("file:///etc/passwd") "x", "x"},
	{OSC("//a/b") "x", "x"},
	{OSC("data:text/html,http://a/") "x", "x"},
	{OSC("http://good/") "x" OSC("mailto:a") "y",
		T("http://good/", "x") "y"},
	{OSC("https://good\\@evil/") "x", "x"},
	{OSC("https://user@evil/") "x", "x"},
	{OSC("http://a/ b") "x", "x"},
	{OSC("http://a/\xc3\xa9") "x", "x"},
	{OSC("http:///a") "x", "x"},
};

static void
test_table(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct arena arena = {0};

		failed += differ(table[i].line,
			shown(str_of(table[i].line), &arena),
			str_of(table[i].want));
		arena_free(&arena);
	}
	assert_int_equal(failed, 0);
}

/* The links of a line, when it has many, or long ones. */
static unsigned
count_links(const char *begin, size_t length, unsigned times)
{
	struct arena arena = {0};
	struct text line = {.arena = &arena};
	unsigned links = 0;
	struct str rest;

	for (unsigned i = 0; i < times; i++) {
		text_add(&line, str_of(begin));
		text_printf(&line, "http://%08u/", i);
		for (size_t n = 16; n < length; n++)
			text_byte(&line, 'a');
		text_add(&line, *begin ? STR("\33\\x ") : STR(" "));
	}
	rest = shown(text_str(&line), &arena);
	while (rest.n > 0) {
		str_cut(&rest, '<');
		links += str_starts(rest, STR("a href="));
	}
	arena_free(&arena);
	return links;
}

static void
test_bounds(void **state)
{
	static const char *const begins[] = {"", "\33]8;;"};

	(void)state;
	for (size_t i = 0; i < COUNT(begins); i++) {
		assert_int_equal(
			count_links(begins[i], 16, LOGLINK_MOST), LOGLINK_MOST);
		assert_int_equal(count_links(begins[i], 16, 200), LOGLINK_MOST);
		assert_int_equal(count_links(begins[i], LOGLINK_URL, 1), 1);
		assert_int_equal(count_links(begins[i], LOGLINK_URL + 1, 1), 0);
		/* A hyperlink needs room for its whole string. */
		assert_int_equal(count_links(begins[i], LOGLINK_URL, 6),
			LOGLINK_BYTES / LOGLINK_URL - i);
		assert_int_equal(count_links(begins[i], 100000, 1), 0);
	}
}

/* A link ends with its line. */
static void
test_lines(void **state)
{
	struct arena arena = {0};
	struct text text = {.arena = &arena};
	struct ansi ansi = {0};
	struct str log = STR("\33]8;;http://a/\33\\x\ny http://b/\n\33]8;;htt"
			     "p://c/\nz");

	(void)state;
	while (ansi_take(&ansi, &log) == ANSI_LINE) {
		loglinks_find(&ansi.links, ansi.cell, ansi.n);
		ansi_add_html(&text, &ansi.links, ansi.cell, ansi.n);
		ansi_clear(&ansi);
	}
	ansi_add_html(&text, &ansi.links, ansi.cell, ansi.n);
	assert_int_equal(
		differ("lines", text_str(&text),
			STR(T("http://a/", "x") "y " A("http://b/") "z")),
		0);
	ansi_free(&ansi);
	arena_free(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests_name("loglink", tests, NULL, NULL);
}
