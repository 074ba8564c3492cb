/* _redirects and _headers: the rules that Netlify, GitLab Pages and Cloudflare
 * Pages document for them, as far as wwz has them, and what is refused. */

#include "http/headers.h"
#include "http/path.h"
#include "http/redirects.h"
#include "unit.h"

/* The path of a request as the rules see it. */
static void
cut(struct ruled *ruled, const char *path, struct arena *arena)
{
	struct str plain;
	bool slash;

	assert_int_equal(path_normalise(path_decode(str_of(path), arena),
				 &plain, &slash, arena),
		PATH_FINE);
	assert_true(rulepath_cut(ruled, plain, arena));
}

/* Where text sends a request: "301 /path?query#fragment", "" if nowhere. */
static struct str
sent_to(const char *rules, const char *path, bool forced, struct arena *arena)
{
	struct rulelines lines;
	struct redirects redirects;
	struct redirect_target target;
	struct ruled ruled;
	struct text out = {.arena = arena};

	rulelines_begin(&lines, str_of(rules), arena);
	redirects_read(&redirects, &lines);
	assert_int_equal(lines.nfaults, 0);
	cut(&ruled, path, arena);
	if (!redirects_find(&redirects, &ruled, forced, &target, arena))
		return (struct str){NULL, 0};
	text_printf(&out, "%d %.*s%s%.*s", (int)target.status,
		STR_ARG(target.host), target.host.n > 0 ? "" : "/",
		STR_ARG(target.path));
	if (target.slash && target.path.n > 0)
		text_byte(&out, '/');
	if (target.query.p != NULL)
		text_printf(&out, "?%.*s", STR_ARG(target.query));
	if (target.fragment.p != NULL)
		text_printf(&out, "#%.*s", STR_ARG(target.fragment));
	return text_str(&out);
}

static void
test_redirects(void **state)
{
	static const struct {
		const char *rules, *path, *want;
	} table[] = {
		/* Netlify: syntax. */
		{"/home /\n/blog/my-post.php /blog/my-post", "/home", "301 /"},
		{"/home /\n/blog/my-post.php /blog/my-post",
			"/blog/my-post.php", "301 /blog/my-post"},
		{"/news /blog", "/news", "301 /blog"},
		{"/cuties https://www.example.com", "/cuties",
			"301 https://www.example.com"},
		{"/authors/c%C3%A9line /authors/about-c%C3%A9line",
			"/authors/c%C3%A9line",
			"301 /authors/about-c\xc3\xa9line"},
		{"/authors/c\xc3\xa9line /x", "/authors/c%C3%A9line", "301 /x"},
		{"# comment\n\n  /a\t/b  \r\n", "/a", "301 /b"},
		{"/a /b # and why", "/a", "301 /b"},
		{"/a /b 302 # and why", "/a", "302 /b"},
		{"\xef\xbb\xbf/a /b", "/a", "301 /b"},
		{"/a /b", "/A", ""},
		/* Netlify: statuses. */
		{"/home / 301", "/home", "301 /"},
		{"/my-redirect / 302", "/my-redirect", "302 /"},
		{"/pass-through /index.html 200", "/pass-through",
			"200 /index.html"},
		{"/ecommerce /store-closed 404", "/ecommerce",
			"404 /store-closed"},
		{"/a /b 303", "/a", "303 /b"},
		{"/a /b 307", "/a", "307 /b"},
		{"/a /b 308", "/a", "308 /b"},
		/* All: the first that matches. */
		{"/a /b\n/a /c\n/* /d", "/a", "301 /b"},
		{"/* /d 302\n/a /b", "/a", "302 /d"},
		/* Netlify: slashes at the end do not count. */
		{"/a /b", "/a/", "301 /b"},
		{"/a/ /b/", "/a", "301 /b/"},
		{"/blog/title-with-typo/ /blog/typo-free-title",
			"/blog/title-with-typo", "301 /blog/typo-free-title"},
		/* Netlify, GitLab, Cloudflare: splats. */
		{"/news/* /blog/:splat", "/news/2004/01/10/my-story",
			"301 /blog/2004/01/10/my-story"},
		{"/news/* /blog/:splat", "/news", "301 /blog/"},
		{"/news/* /blog/:splat", "/newsletter", ""},
		{"/* /index.html 200", "/a/b/c", "200 /index.html"},
		{"/* / 200", "/a", "200 /"},
		{"/* /index.html 200", "/", "200 /index.html"},
		{"/old/*/file /new/:splat/file 301", "/old/a/b/c/file",
			"301 /new/a/b/c/file"},
		{"/old/*/file /new/:splat/file 301", "/old/file",
			"301 /new/file"},
		{"/old/*/file /new/:splat/file 301", "/old/a/fil", ""},
		{"/blog/* https://blog.my.domain/:splat", "/blog/a/b",
			"301 https://blog.my.domain/a/b"},
		{"/docs-* /d/:splat", "/docs-1/x", "301 /d/1/x"},
		{"/docs-* /d/:splat", "/docs-", "301 /d/"},
		{"/docs-* /d/:splat", "/docs", ""},
		{"/blog/*.php /blog/:splat", "/blog/a/b.php", "301 /blog/a/b"},
		{"/blog/*.php /blog/:splat", "/blog/.php", "301 /blog/"},
		{"/a*a /:splat", "/a", ""},
		/* All: placeholders. */
		{"/news/:month/:date/:year/:slug /blog/:year/:month/:date/:slug",
			"/news/02/12/2004/my-story",
			"301 /blog/2004/02/12/my-story"},
		{"/news/:year/:month/:date/:slug /blog/:year-:month-:date-:slug 200",
			"/news/2021/08/12/file.html",
			"200 /blog/2021-08-12-file.html"},
		{"/news/:year/:month/:date /blog-:year-:month-:date.html",
			"/news/2021/08/12", "301 /blog-2021-08-12.html"},
		{"/old/:path /new/:path", "/old/file", "301 /new/file"},
		{"/old/:path /new/:path", "/old/", ""},
		{"/old/:path /new/:path", "/old/a/b", ""},
		{"/movies/:title /media/:title", "/movies/a%20b",
			"301 /media/a b"},
		{"/:a/*/:z/end /:z/:splat/:a", "/1/2/3/4/end", "301 /4/2/3/1"},
		{"/x/*:id /:splat", "/x/a:id", "301 /a"},
		/* Query and fragment of what it leads to. */
		{"/a /b?x=1&y=:splat#top", "/a", "301 /b?x=1&y=:splat#top"},
		{"/s/* /b?x=:splat#:splat", "/s/a&b=c/%23d",
			"301 /b?x=a%26b%3Dc%2F%23d#a%26b%3Dc%2F%23d"},
		{"/a https://e.example?x", "/a", "301 https://e.example?x"},
		/* A colon without a name in it is a colon. */
		{"/a /w/Talk:Main", "/a", "301 /w/Talk:Main"},
		{"/a https://e.example:8080/b", "/a",
			"301 https://e.example:8080/b"},
		{"/a/:x https://e.example:80/:x:", "/a/b",
			"301 https://e.example:80/b:"},
		/* What was captured cannot lead elsewhere. */
		{"/r/* /:splat", "/r/%2F%2Fevil.example", "301 /evil.example"},
		{"/r/* /:splat", "/r//evil.example/", "301 /evil.example"},
		{"/r/* /:splat/x", "/r", "301 /x"},
		{"/r* /:splat", "/r..", ""},
		{"/r* /a/:splat/b", "/r../c", "301 /c/b"},
		{"/r/* https://e.example/:splat", "/r/a%3Fb%23c%40d",
			"301 https://e.example/a%3Fb%23c@d"},
		{"/r/* https://e.example/:splat", "/r/%5Cevil%22%3C",
			"301 https://e.example/%5Cevil%22%3C"},
		{"/r/:a /x?:a", "/r/%25%32%35", "301 /x?%2525"},
		/* To itself: nowhere, and no later rule counts. */
		{"/a /a\n/* /b", "/a", ""},
		{"/a /a/", "/a", ""},
		{"/* /index.html 301", "/index.html", ""},
		{"/a /a 404", "/a", "404 /a"},
	};
	struct arena arena = {0};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		failed += differ(table[i].rules,
			sent_to(table[i].rules, table[i].path, false, &arena),
			str_of(table[i].want));
		arena_reset(&arena);
	}
	arena_free(&arena);
	assert_int_equal(failed, 0);
}

/* Rules with "!" are looked at before members, all of them after. */
static void
test_forced(void **state)
{
	static const struct {
		const char *rules, *path, *forced, *all;
	} table[] = {
		{"/best-pets/dogs /best-pets/cats.html 200!", "/best-pets/dogs",
			"200 /best-pets/cats.html", "200 /best-pets/cats.html"},
		{"/app/ /app/index.html 200!", "/app", "200 /app/index.html",
			"200 /app/index.html"},
		{"/a /b", "/a", "", "301 /b"},
		{"/a /b\n/* /c 302!", "/a", "302 /c", "301 /b"},
		{"/a /b !", "/a", "301 /b", "301 /b"},
		{"/b /c !", "/a", "", ""},
	};
	struct arena arena = {0};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		failed += differ(table[i].rules,
			sent_to(table[i].rules, table[i].path, true, &arena),
			str_of(table[i].forced));
		failed += differ(table[i].rules,
			sent_to(table[i].rules, table[i].path, false, &arena),
			str_of(table[i].all));
	}
	arena_free(&arena);
	assert_int_equal(failed, 0);
}

/* The fault of the only line that has one, as "number: why". */
static struct str
fault_of(const struct rulelines *lines, struct arena *arena)
{
	if (lines->nfaults != 1)
		return arena_printf(arena, "%zu faults", lines->nfaults);
	return arena_printf(
		arena, "%u: %s", lines->faults[0].line, lines->faults[0].why);
}

static unsigned
differ_fault(const char *text, const struct rulelines *lines, const char *want,
	struct arena *arena)
{
	struct str got = fault_of(lines, arena);

	if (memmem(got.p, got.n, want, strlen(want)) != NULL)
		return 0;
	return differ(text, got, str_of(want));
}

struct wrong {
	const char *rules, *want;
};

/* Each text has one line that is refused, as the table says. */
static void
check_wrong(const struct wrong *table, size_t n,
	void (*read)(struct rulelines *lines))
{
	struct arena arena = {0};
	unsigned failed = 0;

	for (size_t i = 0; i < n; i++) {
		struct rulelines lines;

		rulelines_begin(&lines, str_of(table[i].rules), &arena);
		read(&lines);
		failed += differ_fault(
			table[i].rules, &lines, table[i].want, &arena);
		arena_reset(&arena);
	}
	arena_free(&arena);
	assert_int_equal(failed, 0);
}

static void
read_redirects(struct rulelines *lines)
{
	struct redirects redirects;

	redirects_read(&redirects, lines);
}

static void
read_headers(struct rulelines *lines)
{
	struct headers headers;

	headers_read(&headers, lines);
}

static void
test_wrong_redirects(void **state)
{
	static const struct wrong table[] = {
		{"/a", "1: it leads nowhere"},
		{"# c\n\n/a # /b", "3: it leads nowhere"},
		{"a /b", "begins with a slash"},
		{"*/path /b", "begins with a slash"},
		{"http://blog.example.com/* https://e.example/:splat",
			"hosts cannot be matched"},
		{"/a //evil.example/", "leads neither"},
		{"/a javascript:alert(1)", "leads neither"},
		{"/a ftp://e.example/", "leads neither"},
		{"/a data:text/html,x", "leads neither"},
		{"/a b", "leads neither"},
		{"/a \\\\evil.example", "leads neither"},
		{"/a http://", "leads neither"},
		{"/a https:///x", "the name of a host"},
		{"/a https://u:p@e.example/", "the name of a host"},
		{"/a https://e.example\\@evil/", "the name of a host"},
		{"/a https://e.example:x/", "the name of a host"},
		{"/a https://e.example:/", "the name of a host"},
		{"/* https://:splat/", "the name of a host"},
		{"/* https://e.example:splat/", "the name of a host"},
		{"/:h https://:h.example/", "the name of a host"},
		{"/a /b 200x", "no status"},
		{"/a /b 410", "not one of"},
		{"/a /b 99999999999999999999", "no status"},
		{"/a https://e.example/ 200", "no proxy"},
		{"/a https://e.example/ 404", "no proxy"},
		{"/ /anz 302 Country=au,nz", "conditions"},
		{"/admin/* /x 200! Role=admin", "conditions"},
		{"/a /b Language=de", "conditions"},
		{"/store id=:id /blog/:id 301", "queries"},
		{"/store?id=1 /b", "queries and fragments"},
		{"/a#b /c", "queries and fragments"},
		{"/a/*/b/* /c", "more than one *"},
		{"/a/%2A* /c", "more than one *"},
		{"/a/:1 /b", "a placeholder is"},
		{"/a/:b.html /b", "a placeholder is"},
		{"/a/: /b", "a placeholder is"},
		{"/a/:splat /b", ":splat stands for *"},
		{"/a /b/:splat", "that the path before it lacks"},
		{"/a/:x /b/:y", "that the path before it lacks"},
		{"/a/../.. /b", "leads out"},
		{"/a /../b", "leads out"},
		{"/a /b%0Ac", "control character"},
		{"/a%00 /b", "control character"},
		{"/a /b\x01", "1: a control character"},
		{"/a /b\rc", "1: a control character"},
		{"/a /b\n/c /d\x7f\n/e /f", "2: a control character"},
	};

	(void)state;
	check_wrong(table, COUNT(table), read_redirects);
}

/* What does not fit is refused, and the rest still counts. */
static void
test_limits(void **state)
{
	struct arena arena = {0};
	struct text text = {.arena = &arena};
	struct redirects redirects;
	struct redirect_target target;
	struct rulelines lines;
	struct ruled ruled;
	char path[9000];

	(void)state;
	for (unsigned i = 0; i < RULELINES_MAX + 5; i++)
		text_printf(&text, "# %u\n/%u /x\n", i, i);
	rulelines_begin(&lines, text_str(&text), &arena);
	redirects_read(&redirects, &lines);
	assert_int_equal(redirects.n, RULELINES_MAX);
	assert_int_equal(lines.nfaults, 1);
	assert_int_equal(lines.faults[0].line, 2 * RULELINES_MAX + 2);
	text.n = 0;
	text_printf(&text, "/a /%0*d\n/:x /b/:x/:x\n", RULELINES_LINE_MAX, 1);
	rulelines_begin(&lines, text_str(&text), &arena);
	redirects_read(&redirects, &lines);
	assert_int_equal(redirects.n, 1);
	assert_int_equal(lines.nfaults, 1);
	/* A Location of more than 8,000 bytes leads nowhere. */
	for (unsigned n = 3900; n < 4100; n += 190) {
		memset(path, 'p', n);
		path[0] = '/';
		path[n] = '\0';
		cut(&ruled, path, &arena);
		assert_int_equal(redirects_find(&redirects, &ruled, false,
					 &target, &arena),
			n < 4000);
	}
	arena_free(&arena);
}

/* The fields that text adds to an answer, as in a head. */
static struct str
fields_of(const char *rules, const char *path, enum status status,
	struct arena *arena)
{
	struct rulelines lines;
	struct headers headers;
	struct header_set *set;
	struct response r;
	struct ruled ruled;

	rulelines_begin(&lines, str_of(rules), arena);
	headers_read(&headers, &lines);
	assert_int_equal(lines.nfaults, 0);
	cut(&ruled, path, arena);
	set = headers_find(&headers, &ruled, arena);
	if (set == NULL)
		return (struct str){NULL, 0};
	response_init(&r, arena, METHOD_GET);
	r.status = status;
	r.cache_control = STR("no-cache");
	r.vary = true;
	r.content_type = headers_type(set);
	headers_apply(set, &r);
	return arena_printf(arena, "%.*s|%.*s|%.*s|%.*s|%.*s|%s|%.*s",
		STR_ARG(r.content_type), STR_ARG(r.cache_control),
		STR_ARG(r.content_disposition),
		STR_ARG(r.content_security_policy), STR_ARG(r.vary_on),
		r.sniffable ? "sniff" : "", STR_ARG(r.fields));
}

#define ALL_KINDS                                                     \
	"/*\n Content-Type: text/x\n Cache-Control: public\n"         \
	" Content-Disposition: inline\n Content-Security-Policy: a\n" \
	" Vary: Origin\n Link: <a>\n X-Own: 1\n Expires: 0\n"

static void
test_headers(void **state)
{
	static const struct {
		const char *rules, *path;
		enum status status;
		const char *want;
	} table[] = {
		/* Netlify's example. */
		{"# a path:\n/templates/index.html\n"
		 "  # headers for that path:\n  X-Frame-Options: DENY\n"
		 "/templates/index2.html\n  X-Frame-Options: SAMEORIGIN\n",
			"/templates/index.html", STATUS_OK,
			"|no-cache|||||X-Frame-Options: DENY\r\n"},
		{"/*\n  X-Frame-Options: DENY", "/any/where", STATUS_OK,
			"|no-cache|||||X-Frame-Options: DENY\r\n"},
		/* Several values of one field. */
		{"/*\n  cache-control: max-age=0\n  cache-control: no-cache\n"
		 "  cache-control: no-store\n  cache-control: must-revalidate",
			"/", STATUS_OK,
			"|max-age=0, no-cache, no-store, must-revalidate|||||"},
		/* Cloudflare's: all paths that match, joined in their order. */
		{"/secure/page\n X-Frame-Options: DENY\n"
		 " X-Content-Type-Options: nosniff\n"
		 " Referrer-Policy: no-referrer\n"
		 "/static/*\n Access-Control-Allow-Origin: *\n"
		 " X-Robots-Tag: nosnippet\n"
		 "/*\n X-Robots-Tag: noindex\n",
			"/static/image.jpg", STATUS_OK,
			"|no-cache|||||Access-Control-Allow-Origin: *\r\n"
			"X-Robots-Tag: nosnippet, noindex\r\n"},
		/* Cloudflare's: a field is taken away again. */
		{"/*\n Content-Security-Policy: default-src 'self';\n"
		 "/*.jpg\n ! Content-Security-Policy\n",
			"/a/b.jpg", STATUS_OK, "|no-cache|||||"},
		{"/*\n Content-Security-Policy: default-src 'self';\n"
		 "/*.jpg\n ! Content-Security-Policy\n",
			"/b.png", STATUS_OK,
			"|no-cache||default-src 'self';|||"},
		{"/*\n !Cache-Control\n!  x-content-type-options", "/",
			STATUS_OK, "|||||sniff|"},
		{"/*\n X-A: 1\n ! X-A\n x-a: 2", "/", STATUS_OK,
			"|no-cache|||||X-A: 2\r\n"},
		/* A field of one value: the last. */
		{"/*\n X-Frame-Options: DENY\n/a\n X-Frame-Options: SAMEORIGIN",
			"/a", STATUS_OK,
			"|no-cache|||||X-Frame-Options: SAMEORIGIN\r\n"},
		{"/movies/:title\n X-Movie: yes", "/movies/a", STATUS_OK,
			"|no-cache|||||X-Movie: yes\r\n"},
		{"/movies/:title\n X-Movie: yes", "/movies", STATUS_OK, ""},
		{"/*.ts\n Content-Type: text/javascript; charset=utf-8",
			"/a/b.ts", STATUS_OK,
			"text/javascript; charset=utf-8|no-cache|||||"},
		/* With which answers each kind is sent. */
		{ALL_KINDS, "/", STATUS_OK,
			"text/x|public|inline|a|Origin||Link: <a>\r\n"
			"Expires: 0\r\nX-Own: 1\r\n"},
		{ALL_KINDS, "/", STATUS_PARTIAL,
			"text/x|public|inline|a|Origin||Link: <a>\r\n"
			"Expires: 0\r\nX-Own: 1\r\n"},
		{ALL_KINDS, "/", STATUS_NOT_MODIFIED,
			"text/x|public||a|Origin||Expires: 0\r\nX-Own: 1\r\n"},
		{ALL_KINDS, "/", STATUS_NOT_FOUND,
			"text/x|no-cache||a|||X-Own: 1\r\n"},
		{ALL_KINDS, "/", STATUS_NO_CONTENT,
			"text/x|no-cache||a|||X-Own: 1\r\n"},
		{ALL_KINDS, "/", STATUS_MOVED,
			"text/x|no-cache||a|||X-Own: 1\r\n"},
	};
	struct arena arena = {0};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		failed += differ(table[i].rules,
			fields_of(table[i].rules, table[i].path,
				table[i].status, &arena),
			str_of(table[i].want));
		arena_reset(&arena);
	}
	arena_free(&arena);
	assert_int_equal(failed, 0);
}

static void
test_wrong_headers(void **state)
{
	static const struct wrong table[] = {
		{"X-A: 1\n/*\n X-A: 2", "1: no path stands above"},
		{"/*\n X-A", "2: a field has a value"},
		{"/*\n X-A:  ", "a field has a value"},
		{"/*\n X A: 1", "letters, digits and hyphens"},
		{"/*\n X-A : 1", "letters, digits and hyphens"},
		{"/*\n X_A: 1", "letters, digits and hyphens"},
		{"/*\n : 1", "letters, digits and hyphens"},
		{"/*\n X-A: 1\x02", "2: a control character"},
		{"/*\n X-A: 1\rStatus: 500", "2: a control character"},
		{"/a/*/*\n X-A: 1\n X-B: 1", "1: more than one *"},
		{"https://e.example/*\n X-A: 1", "1: a path of the archive"},
		{"/*\n Content-Type: html", "no media type"},
		{"/*\n Content-Type: text/html;", "no media type"},
		{"/*\n X-Content-Type-Options: sniff", "nosniff"},
		{"/*\n Status: 500", "web servers obey"},
		{"/*\n ! Status", "web servers obey"},
		{"/*\n LOCATION: /", "web servers obey"},
		{"/*\n X-Sendfile: /etc/passwd", "web servers obey"},
		{"/*\n x-sendfile2: /etc/passwd 0-1", "web servers obey"},
		{"/*\n X-SENDFILE-Temporary: /x", "web servers obey"},
		{"/*\n X-Accel-Redirect: /x", "web servers obey"},
		{"/*\n X-LIGHTTPD-send-file: /x", "web servers obey"},
		{"/*\n X-Litespeed-Location: /x", "web servers obey"},
		{"/*\n Transfer-Encoding: chunked", "where the message ends"},
		{"/*\n Content-Length: 1", "where the message ends"},
		{"/*\n Connection: close", "where the message ends"},
		{"/*\n ETag: \"x\"", "wwz decides"},
		{"/*\n Content-Encoding: br", "wwz decides"},
		{"/*\n Set-Cookie: a=b", "all of the host"},
		{"/*\n Strict-Transport-Security: max-age=1",
			"all of the host"},
		{"/*\n Basic-Auth: a:b", "passwords"},
		{"/*\n Via: 1.1 x", "not a field that"},
		{"/*\n Proxy-Status: x", "not a field that"},
		{"/*\n X-: 1", "not a field that"},
	};

	(void)state;
	check_wrong(table, COUNT(table), read_headers);
}

static void
test_many_own_fields(void **state)
{
	struct arena arena = {0};
	struct text text = {.arena = &arena};
	struct rulelines lines;
	struct headers headers;

	(void)state;
	text_add(&text, STR("/*\n"));
	for (unsigned i = 0; i < HEADERS_OWN_MAX + 3; i++)
		text_printf(&text, " X-%u: 1\n X-1: 2\n", i);
	rulelines_begin(&lines, text_str(&text), &arena);
	headers_read(&headers, &lines);
	assert_int_equal(headers.nown, HEADERS_OWN_MAX);
	assert_int_equal(lines.nfaults, 3);
	assert_int_equal(lines.faults[0].line, 2 * HEADERS_OWN_MAX + 2);
	arena_free(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_redirects),
		cmocka_unit_test(test_forced),
		cmocka_unit_test(test_wrong_redirects),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_wrong_headers),
		cmocka_unit_test(test_many_own_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
