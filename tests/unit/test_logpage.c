/* logpage: a window of a log as a page. */

#include <time.h>

#include "serve/ansi.h"
#include "serve/logpage.h"
#include "serve/logquery.h"
#include "unit.h"

/* A text, again and again, in parts of up to size bytes; then its end, or a
 * failure. */
struct text_source {
	struct source source;
	struct str text;
	uint64_t times;
	size_t size, at;
	bool fails;
	uint64_t given;
	unsigned closed;
};

static ssize_t
text_read(struct source *source, void *buffer, size_t n)
{
	struct text_source *s = (struct text_source *)source;

	if (s->times == 0)
		return s->fails ? -1 : 0;
	if (n > s->size)
		n = s->size;
	if (n > s->text.n - s->at)
		n = s->text.n - s->at;
	memcpy(buffer, s->text.p + s->at, n);
	s->at += n;
	s->given += n;
	if (s->at == s->text.n) {
		s->at = 0;
		s->times--;
	}
	return (ssize_t)n;
}

static void
text_close(struct source *source)
{
	((struct text_source *)source)->closed++;
}

static struct text_source
source_of(const char *text, uint64_t times)
{
	return (struct text_source){
		.source = {.read = text_read, .close = text_close},
		.text = str_of(text),
		.times = *text == '\0' ? 0 : times,
		.size = 65536};
}

/* The page of text from its <h1> on; p is NULL when it failed. */
static struct str
page_of(struct text_source *text, const struct logpage_view *view,
	struct arena *arena)
{
	struct source *page = logpage_open(&text->source, view);
	struct text out = {.arena = arena};
	char buffer[1000];
	const char *begin;
	ssize_t n;

	assert_non_null(page);
	while ((n = page->read(page, buffer, sizeof(buffer))) > 0 ||
		n == SOURCE_LATER) {
		if (n > 0)
			text_add(&out, (struct str){buffer, (size_t)n});
	}
	page->close(page);
	assert_int_equal(text->closed, 1);
	if (n < 0)
		return (struct str){NULL, 0};
	begin = memmem(out.p, out.n, "<h1>", 4);
	assert_non_null(begin);
	return (struct str){begin, out.n - (size_t)(begin - out.p)};
}

static struct logpage_view
view_of(const char *query, uint64_t first, uint64_t total)
{
	struct logpage_view view = logquery_view(str_of(query));

	view.name = STR("a<b>.log");
	view.link = STR("../a%3Cb%3E.log");
	view.first = first;
	view.total = total;
	view.size = 1234;
	return view;
}

/* The text between two strings. */
static struct str
between(struct str page, const char *from, const char *to)
{
	const char *begin = memmem(page.p, page.n, from, strlen(from));
	const char *end;

	if (begin == NULL)
		return (struct str){NULL, 0};
	begin += strlen(from);
	end = memmem(begin, page.n - (size_t)(begin - page.p), to, strlen(to));
	if (end == NULL)
		return (struct str){NULL, 0};
	return (struct str){begin, (size_t)(end - begin)};
}

static void
test_views(void **state)
{
	static const struct {
		const char *query;
		uint64_t from, lines, refresh;
	} table[] = {
		{"", 0, 2000, 0},
		{"from=7", 7, 2000, 0},
		{"from=7&lines=3", 7, 3, 0},
		{"lines=3&from=7", 7, 3, 0},
		{"lines=3", 0, 3, 0},
		{"tail=5", 0, 5, 0},
		{"tail=5&lines=3", 0, 5, 0},
		{"tail=5&from=7", 7, 2000, 0},
		{"tail=5&refresh=2", 0, 5, 2},
		{"lines=99999&refresh=99999", 0, 20000, 3600},
		{"tail=18446744073709551615", 0, 20000, 0},
		{"from=18446744073709551615", INT64_MAX, 2000, 0},
		{"from=99999999999999999999&tail=99999999999999999999", 0, 2000,
			0},
		{"from=0&lines=0&refresh=0", 0, 2000, 0},
		{"from=-1&lines=x&refresh=&tail", 0, 2000, 0},
		{"from=+7&lines=3.5&tail=%35", 0, 2000, 0},
		{"FROM=7&xfrom=7", 0, 2000, 0},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *query = table[i].query;
		struct logpage_view view = logquery_view(str_of(query));

		failed += differ_number(query, "from", (long long)view.from,
			(long long)table[i].from);
		failed += differ_number(query, "lines", (long long)view.lines,
			(long long)table[i].lines);
		failed += differ_number(query, "refresh",
			(long long)view.refresh, (long long)table[i].refresh);
	}
	assert_int_equal(failed, 0);
}

static void
test_highlights(void **state)
{
	static const struct {
		const char *query;
		uint64_t from, first, last;
	} table[] = {
		{"mark=30-40", 20, 30, 40},
		{"mark=10&lines=5", 1, 10, 10},
		{"from=3&mark=2-2", 3, 2, 2},
		{"mark=5-99999999999999999999", 0, 0, 0},
		{"mark=5-18446744073709551615", 1, 5, INT64_MAX},
		{"mark=5-4&tail=7", 0, 0, 0},
		{"mark=-4", 0, 0, 0},
		{"mark=4-", 0, 0, 0},
		{"mark=0-4", 0, 0, 0},
		{"mark=L4-L6", 0, 0, 0},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *query = table[i].query;
		struct logpage_view view = logquery_view(str_of(query));

		failed += differ_number(query, "from", (long long)view.from,
			(long long)table[i].from);
		failed += differ_number(query, "first",
			(long long)view.mark.first, (long long)table[i].first);
		failed += differ_number(query, "last",
			(long long)view.mark.last, (long long)table[i].last);
	}
	assert_int_equal(failed, 0);
}

#define A(n)       "><a href=\"#L" n "\">" n "</a>"
#define D(n, text) "<div id=\"L" n "\"" A(n) text "</div>\n"
#define X(n, text)                                                         \
	"<div id=\"L" n "\" class=\"x\"><a id=\"x1\" href=\"#L" n "\">" n  \
	"</a><span class=\"j\"><a href=\"#x2\" aria-label=\"Next error\">" \
	"\xe2\x86\x93</a></span>" text "</div>\n"
#define M(n, text) "<div id=\"L" n "\" class=\"di\"" A(n) text "</div>\n"
#define S(n, text)                                                         \
	"<a class=\"n\" href=\"#L" n "\">" n "</a><details open><summary " \
	"id=\"L" n "\">" text "</summary>\n"
#define C(n, text)                           \
	"<a class=\"n\" href=\"#L" n "\">" n \
	"</a><details class=\"c\"><summary id=\"L" n "\">" text "</summary>\n"
#define E          "</details>\n"
#define T(text)    "<div class=\"t\">" text "</div>\n"
#define W(c, text) "<span class=\"" c "\">" text "</span>"

static const struct {
	const char *log, *want;
} bodies[] = {
	{"", ""},
	{"\n", D("7", "")},
	{"a", D("7", "a")},
	{"a\n\nb\r\n", D("7", "a") D("8", "") D("9", "b")},
	{"\33[1ma\n<b>",
		D("7", "<span class=\"bo\">a</span>")
			D("8", "<span class=\"bo\">&lt;b&gt;</span>")},
	{"error: x\nb", X("7", "error: x") D("8", "b")},
	/* The last state of a line decides. */
	{"error: x\r\33[Kfine", D("7", "fine")},
	/* Groups: their ends belong to them, when they say nothing else. */
	{"::group::A\na\n::endgroup::\nb",
		S("7", "A") D("8", "a") M("9", "") E D("10", "b")},
	{"##[group]A\r\n##[endgroup]\r\n", S("7", "A") M("8", "") E},
	{"::group::A\n::group::B\n::endgroup::\n::endgroup::",
		S("7", "A") E S("8", "B") M("9", "") E M("10", "")},
	{"::group::error: A",
		"<a class=\"n\" id=\"x1\" href=\"#L7\">7</a><details open>"
		"<summary id=\"L7\" class=\"x\">error: A</summary>\n" E},
	/* A heading has no links. */
	{"::group::http://a/ \33]8;;http://b/\33\\x\nhttp://a/",
		S("7", "http://a/ x") D("8",
			"<a href=\"http://a/\" rel=\""
			"nofollow noopener noreferrer\">http://a/</a>") E},
	{"travis_fold:start:a\ntravis_fold:end:a", S("7", "a") M("8", "") E},
	{"travis_fold:start:a\r\33[Kcmd\ntravis_fold:end:b\n"
	 "travis_fold:end:a\r\33[K\nx",
		S("7", "cmd") M("8", "") D("9", "") E D("10", "x")},
	{"section_start:1:a\r\33[0KA\nsection_start:2:b\r\33[0KB\nx\n"
	 "section_end:3:a\r\33[0K\ny",
		S("7", "A") S("8", "B") D("9", "x") D("10", "") E T("1 s")
			E T("2 s") D("11", "y")},
	{"section_start:1:a\r\33[0KA\n"
	 "section_end:2:a\r\33[0Ksection_start:2:b\r\33[0KB\n"
	 "section_end:3:b\r\33[0Kdone",
		S("7", "A") E T("1 s") S("8", "B") E T("1 s") D("9", "done")},
	{"section_start:1:a[collapsed=true]\r\33[0K\n"
	 "section_end:2:a\r\33[0K\n",
		C("7", "a") D("8", "") E T("1 s")},
	{"section_start:1:a[collapsed=true]\nsection_end:9000:a\n",
		C("7", "a") M("8", "") E T("2 h 29 min")},
	/* In one line: the last start counts, and an end takes it back. */
	{"section_start:1:a\r\33[0Ksection_start:1:b\r\33[0KB\n"
	 "section_end:1:a\r\33[0K\nsection_end:1:b\r\33[0K\n",
		S("7", "B") D("8", "") D("9", "") E},
	{"section_start:1:a\r\33[0Ksection_end:1:a\r\33[0KA\nb",
		D("7", "A") D("8", "b")},
	/* Systems do not mix. */
	{"::group::A\ntravis_fold:end:\nsection_end:1:\nb",
		S("7", "A") M("8", "") M("9", "") D("10", "b") E},
	{"section_start:1:a\r\33[0KA\n::group::B\n::group::C\nx",
		S("7", "A") S("8", "B") E S("9", "C") D("10", "x") E E},
	/* Jenkins: without names. */
	{"[Pipeline] {\n[Pipeline] { (A)\na\n[Pipeline] }\n"
	 "[Pipeline] // stage\n[Pipeline] }\nb",
		S("7", "[Pipeline] {") S("8", "A") D("9", "a")
			M("10", "[Pipeline] }")
				E D("11", W("di", "[Pipeline] // stage"))
					M("12", "[Pipeline] }") E D("13", "b")},
	/* Azure, with times. */
	{"2024-05-01T10:00:00.5Z ##[section]Starting: A\n"
	 "2024-05-01T10:00:01Z ##[group]B\n"
	 "2024-05-01T10:01:40.5Z ##[section]Finishing: A\nb",
		S("7", "2024-05-01T10:00:00.5Z Starting: A")
			S("8", "2024-05-01T10:00:01Z B")
				M("9", "2024-05-01T10:01:40.5Z Finishing: A")
					E T("1 min 39 s") E T("1 min 40 s")
						D("10", "b")},
	{"##[section]Starting: A\n##[section]Finishing: B\n",
		S("7", "Starting: A") M("8", "Finishing: B") E},
	/* TeamCity. */
	{"##teamcity[blockOpened name='A']\na\n"
	 "##teamcity[blockClosed name='A']\nb",
		S("7", "A") D("8", "a") M("9", "") E D("10", "b")},
	/* Buildkite: each ends the one before; a diff has no groups. */
	{"~~~ A\na\n--- B\n+++ C\n^^^ +++\nb",
		S("7", "A") D("8", "a") E C("9", "B") E S("10", "C")
			D("11", W("op", "^^^ +++")) D("12", "b") E},
	{"--- a/x.c\n+++ b/x.c\n", D("7", "--- a/x.c") D("8", "+++ b/x.c")},
	/* With the times that terminals do not show; CAN is no end of them. */
	{"\33_bk;t=1000\7~~~ A\n\33_bk;t=62005\33\\+++ B\n"
	 "\33_bk;t=9\30a\33_bk;x=9\7\33_bk;t=999999999999999\7\n",
		"<a class=\"n\" title=\"1970-01-01T00:00:01.000Z\" "
		"href=\"#L7\">7</a><details open><summary "
		"id=\"L7\">A</summary>\n" E T(
			"1 min 1 s") "<a class=\"n\" title=\"1970-01-01T00:01:02.005Z\" "
				     "href=\"#L8\">8</a><details open><summary "
				     "id=\"L8\">B</summary>\n" D("9", "a") E},
	/* Travis tells how long commands take. */
	{"travis_fold:start:a\r\33[0Ktravis_time:start:1\r\33[0K$ A\n"
	 "travis_time:end:1:start=1,finish=2,duration=60000000000\r\33[0K\n"
	 "travis_time:end:2:start=1,finish=2,duration=1000000000,event=b\r\33[0K"
	 "travis_fold:end:a\r\33[0K\nb",
		S("7", "$ A") D("8", "") D("9", "") E T("1 min 1 s")
			D("10", "b")},
	{"travis_time:end:1:start=1,finish=2,duration=1000000000\n"
	 "travis_time:end:1:start=1,finish=2,duration=999999999\n"
	 "travis_time:end:1\nb",
		D("7", "") T("1 s") D("8", "") D("9", "") D("10", "b")},
	/* Words. */
	{"##[command]a <b>\n##[debug]c\n::notice file=d,line=3::e\n"
	 "::warning::f\n",
		D("7", W("co", "a &lt;b&gt;")) D("8", W("di", "Debug: c"))
			D("9", W("bo", "Notice: e") " <i>(file=d,line=3)</i>")
				D("10", W("wa", "Warning: f"))},
	/* Unbalanced. */
	{"::endgroup::\na", M("7", "") D("8", "a")},
};

static void
test_bodies(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		const char *want = bodies[i].want;
		/* The text that follows the lines. */
		const char *end = *want == '\0' || strstr(want, "\"x\"")
			? "</div>\n<p"
			: "</div>\n<div id=\"end\"";

		for (size_t size = 1; size < 100; size += 40) {
			struct arena arena = {0};
			struct text_source text = source_of(bodies[i].log, 1);
			struct logpage_view view =
				view_of("", 7, LOGPAGE_UNKNOWN);
			char asked[40];

			text.size = size;
			snprintf(asked, sizeof(asked), "row %zu by %zu", i,
				size);
			failed += differ(asked,
				between(page_of(&text, &view, &arena),
					"<div class=\"lines w4\">\n", end),
				str_of(want));
			arena_free(&arena);
		}
	}
	assert_int_equal(failed, 0);
}

#define DOT          " \xc2\xb7 "
#define L(to, title) "<a href=\"" to "\">" title "</a>"
#define FIRST        L("?from=1&amp;lines=5", "First") DOT
#define LAST         L("?tail=5", "Last") DOT
#define ERRORS                           \
	L("?error=first", "First error") \
	DOT L("?error=last", "Last error") DOT
#define FOLLOW ERRORS L("?tail=200&amp;refresh=5", "Follow") DOT
#define RAW    L("../a%3Cb%3E.log", "Raw file")
#define MANNER(to)                           \
	L("?time=off&amp;" to, "Hide times") \
	DOT L("?wrap=off&amp;" to, "Do not wrap") DOT RAW
#define OFF "?time=off&amp;wrap=off&amp;"

/* Of a log of twelve lines: "line\n", from first on. */
static const struct {
	const char *query;
	uint64_t first, total;
	const char *what, *head, *foot;
} links[] = {
	{"from=1&lines=5", 1, 12, "Lines 1 to 5 of 12, 1.2 KiB",
		L("?from=6&amp;lines=5", "Next")
			DOT LAST FOLLOW MANNER("from=1&amp;lines=5"),
		NULL},
	{"from=4&lines=5", 4, 12, "Lines 4 to 8 of 12, 1.2 KiB",
		FIRST L("?from=1&amp;lines=5", "Previous")
			DOT L("?from=9&amp;lines=5", "Next")
				DOT LAST FOLLOW MANNER("from=4&amp;lines=5"),
		NULL},
	{"from=8&lines=5", 8, 12, "Lines 8 to 12 of 12, 1.2 KiB",
		FIRST L("?from=3&amp;lines=5", "Previous")
			DOT FOLLOW MANNER("from=8&amp;lines=5"),
		NULL},
	{"from=11&lines=5", 11, 12, "Lines 11 to 12 of 12, 1.2 KiB",
		FIRST L("?from=6&amp;lines=5", "Previous")
			DOT FOLLOW MANNER("from=11&amp;lines=5"),
		NULL},
	{"from=90&lines=5", 90, 12, "Lines: 12, 1.2 KiB",
		FIRST L("?from=8&amp;lines=5", "Previous")
			DOT FOLLOW MANNER("from=90&amp;lines=5"),
		NULL},
	{"lines=5", 8, 12, "Lines 8 to 12 of 12, 1.2 KiB",
		FIRST L("?from=3&amp;lines=5", "Previous") DOT FOLLOW L(
			"?from=8&amp;lines=5", "Link to these lines")
			DOT MANNER("tail=5"),
		NULL},
	{"tail=5&refresh=3", 8, 12,
		"Lines 8 to 12 of 12, 1.2 KiB, reloaded every 3 s",
		FIRST L("?from=3&amp;lines=5", "Previous") DOT ERRORS L(
			"?tail=5", "Stop following") DOT L("?from=8&amp;"
							   "lines=5",
			"Link to these lines") DOT MANNER("tail=5"),
		NULL},
	{"from=8&lines=5&time=off&wrap=off", 8, 12,
		"Lines 8 to 12 of 12, 1.2 KiB",
		L(OFF "from=1&amp;lines=5", "First") DOT L(
			OFF "from=3&amp;lines=5", "Previous") DOT L(OFF
			"error=first",
			"First error") DOT L(OFF "error=last",
			"Last error") DOT L(OFF "tail=200&amp;refresh=5",
			"Follow") DOT L("?wrap=off&amp;from=8&amp;lines=5",
			"Show times") DOT L("?time=off&amp;from=8&amp;lines=5",
			"Wrap lines") DOT RAW,
		NULL},
	/* The end is not known before it comes. */
	{"from=1&lines=5", 1, LOGPAGE_UNKNOWN, "From line 1, 1.2 KiB",
		L("?from=6&amp;lines=5", "Next")
			DOT LAST FOLLOW MANNER("from=1&amp;lines=5"),
		NULL},
	{"from=8&lines=5", 8, LOGPAGE_UNKNOWN, "From line 8, 1.2 KiB",
		FIRST L("?from=3&amp;lines=5", "Previous")
			DOT L("?from=13&amp;lines=5", "Next")
				DOT LAST FOLLOW MANNER("from=8&amp;lines=5"),
		FIRST L("?from=3&amp;lines=5", "Previous")
			DOT FOLLOW MANNER("from=8&amp;lines=5")},
};

static void
test_links(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(links); i++) {
		struct arena arena = {0};
		struct text_source text = source_of("line\n",
			links[i].first > 12 ? 0 : 13 - links[i].first);
		struct logpage_view view =
			view_of(links[i].query, links[i].first, links[i].total);
		struct str page = page_of(&text, &view, &arena);

		failed += differ(links[i].query, between(page, "<h1>", "</h1>"),
			str_of("a&lt;b&gt;.log"));
		failed += differ(links[i].query,
			between(page, "<nav aria-label=\"Pages\">", "</nav>"),
			str_of(links[i].head));
		failed += differ(links[i].query,
			between(page, "<p>",
				DOT "<a href=\"#end\">Bottom</a></p>"),
			str_of(links[i].what));
		failed += differ(links[i].query,
			between(page,
				"<div id=\"end\"><nav aria-label=\"Pages, below\">",
				"</nav>"),
			str_of(links[i].foot ? links[i].foot : links[i].head));
		arena_free(&arena);
	}
	assert_int_equal(failed, 0);
}

/* Without times: they are titles of the numbers. */
static void
test_times_off(void **state)
{
	struct arena arena = {0};
	struct text_source text =
		source_of("\33[1m2024-05-01T10:00:00.5Z\33[m a\n"
			  "2024-05-01T10:00:01Z ##[group]B\nno time\n"
			  "[2024-05-01 10:00:02,123] c 2024-05-01 10:00:02\n"
			  "2024-05-01T10:00:03Z\n2024-05-01T25:00:00Z d\n",
			1);
	struct logpage_view view = view_of("time=off", 1, 6);

	(void)state;
	assert_int_equal(
		differ("lines",
			between(page_of(&text, &view, &arena),
				"<div class=\"lines w4\">\n",
				"</div>\n<div id=\"end\""),
			STR("<div id=\"L1\"><a title=\"2024-05-01T10:00:00.5Z \" "
			    "href=\"#L1\">1</a>a</div>\n"
			    "<a class=\"n\" title=\"2024-05-01T10:00:01Z \" "
			    "href=\"#L2\">2</a><details open><summary "
			    "id=\"L2\">B</summary>\n" D("3",
				    "no time") "<div id=\"L4\"><a title=\"[2024-05-01 "
					       "10:00:02,123] \" href=\"#L4\">4</a>c 2024-05-01 "
					       "10:00:02</div>\n"
					       "<div id=\"L5\"><a title=\"2024-05-01T10:00:03Z\" "
					       "href=\"#L5\">5</a></div>\n" D(
						       "6",
						       "2024-05-01T25:00:00Z d")
						       E)),
		0);
	arena_free(&arena);
}

/* Groups in groups in groups: some, then no more. */
static void
test_nesting(void **state)
{
	struct arena arena = {0};
	struct text_source text = source_of("section_start:1:a\r\33[0K\n", 99);
	struct logpage_view view = view_of("", 1, 99);
	struct str rest = page_of(&text, &view, &arena);
	unsigned begins = 0, ends = 0;

	(void)state;
	while (rest.n > 0) {
		str_cut(&rest, '<');
		begins += str_starts(rest, STR("details open>"));
		ends += str_starts(rest, STR("/details>"));
	}
	assert_int_equal(begins, 16);
	assert_int_equal(ends, 16);
	arena_free(&arena);
}

/* The link to the first error is sent last. */
static void
test_first_error(void **state)
{
	struct arena arena = {0};
	struct text_source text = source_of("fine\nerror: x\n", 3);
	struct logpage_view view = view_of("", 10, 15);
	struct str page = page_of(&text, &view, &arena);

	(void)state;
	assert_int_equal(
		differ("bar",
			between(page, "<p class=\"first\" id=\"x4\">", "</p>"),
			STR("Errors on this page: 3, first in <a "
			    "href=\"#L11\">line 11</a>, last in <a "
			    "href=\"#L15\">line 15</a>" DOT L(
				    "?error=previous&amp;from=11",
				    "Error before these")
					DOT L("?error=next&amp;from=15",
						"Error after these"))),
		0);
	arena_free(&arena);
}

/* A gigabyte in a line: the page ends after a part of it, says so, and goes on
 * behind it. */
static void
test_endless(void **state)
{
	struct arena arena = {0};
	struct text_source text = source_of("0123456789abcdef", 1 << 26);
	struct logpage_view view = view_of("from=5", 5, 9);
	struct str page = page_of(&text, &view, &arena);

	(void)state;
	assert_int_equal(text.given, LOGPAGE_BYTES);
	assert_in_range(page.n, ANSI_CELLS, ANSI_CELLS + 3000);
	assert_int_equal(differ("mark", between(page, "cdef <i>", "</i>"),
				 STR("\xe2\x80\xa6 The line goes on in the "
				     "<a href=\"../a%3Cb%3E.log\">raw "
				     "file</a>.")),
		0);
	assert_non_null(memmem(page.p, page.n, "?from=6&amp;", 12));
	arena_free(&arena);
}

/* The processor time of a page of one line, which is piece again and again. */
static clock_t
cost_of(const char *piece)
{
	struct arena arena = {0};
	struct text_source text = source_of(piece, 1 << 20);
	struct logpage_view view = view_of("from=1", 1, 1);
	clock_t begun = clock();

	page_of(&text, &view, &arena);
	arena_free(&arena);
	return clock() - begun;
}

/* The least of several, since a virtual machine counts the time of others. */
static double
least_cost(const char *piece)
{
	clock_t least = cost_of(piece);

	for (int i = 0; i < 4; i++) {
		clock_t cost = cost_of(piece);

		if (cost < least)
			least = cost;
	}
	return (double)(least + 1);
}

/* Bytes that make a line blank, and its cursor run to and fro, keep nobody
 * busy: they cost about what the same ones do that have it run for one cell.
 * Without bounds each of these costs thousands of times as much. */
static void
test_busy(void **state)
{
	static const struct {
		const char *far, *near;
	} busy[] = {
		{"\33[16384Gx\33[1K", "\33[00001Gx\33[1K"},
		{"\33[2K\33[16384Gx", "\33[2K\33[00001Gx"},
		{"section_start:1:\33[16384Gx\r",
			"section_start:1:\33[00001Gx\r"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(busy); i++) {
		double times =
			least_cost(busy[i].far) / least_cost(busy[i].near);

		if (times > 20)
			fail_msg("%s: %.1f times", busy[i].far + 1, times);
	}
}

/* No more is read than the window needs. */
static void
test_reads_little(void **state)
{
	struct arena arena = {0};
	struct text_source text = source_of("line\n", 1 << 26);
	struct logpage_view view = view_of("from=1&lines=9", 1, 1 << 26);

	(void)state;
	page_of(&text, &view, &arena);
	assert_in_range(text.given, 45, 65536);
	arena_free(&arena);
}

static void
test_failure(void **state)
{
	for (uint64_t times = 0; times < 3; times++) {
		struct arena arena = {0};
		struct text_source text = source_of("line\n", times);
		struct logpage_view view = view_of("", 1, 9);

		(void)state;
		text.fails = true;
		assert_null(page_of(&text, &view, &arena).p);
		arena_free(&arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_highlights),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_times_off),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_first_error),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_reads_little),
		cmocka_unit_test(test_failure),
	};

	return cmocka_run_group_tests_name("logpage", tests, NULL, NULL);
}
