/* route: from parameters to archive and member. */

#include "base/log.h"
#include "http/route.h"
#include "unit.h"

#define W "/srv/www"

struct row {
	char *environment[7]; /* the last one is NULL */
	enum status status;
	/* With STATUS_GO. */
	const char *archive, *member;
	bool slash;
};

/* Routes that are found log nothing, others one line. */
static unsigned
check_log(const char *asked, enum status status, struct str log)
{
	unsigned lines = 0;

	for (size_t i = 0; i < log.n; i++)
		lines += log.p[i] == '\n';
	if (lines == (status != STATUS_GO))
		return 0;
	print_error("%s: %u lines in the log\n", asked, lines);
	return 1;
}

static unsigned
check_row(const char *table, size_t i, const struct row *row,
	const struct site *site)
{
	struct arena arena = {0};
	struct capture capture;
	struct request request;
	struct route route = {.slash = false};
	struct str log;
	char buffer[8192], asked[512] = "";
	enum status status;
	unsigned failed = 0;

	snprintf(asked, sizeof(asked), "%s %zu", table, i);
	request_read(&request, row->environment, &arena);
	capture_begin(&capture);
	status = route_find(&route, &request, site, &arena);
	log = capture_end(&capture, buffer, sizeof(buffer));
	failed += differ_number(asked, "status", (int)status, (int)row->status);
	failed += check_log(asked, status, log);
	if (status == STATUS_GO && row->status == STATUS_GO) {
		failed += differ(asked, route.archive, str_of(row->archive));
		failed += differ(asked, route.member, str_of(row->member));
		failed +=
			differ_number(asked, "slash", route.slash, row->slash);
	}
	if (failed > 0) {
		for (char *const *pair = row->environment; *pair; pair++)
			print_error("    %s\n", *pair);
	}
	arena_free(&arena);
	return failed;
}

static void
check_rows(const char *table, const struct row *rows, size_t n,
	const struct site *site)
{
	unsigned failed = 0;

	log_limit = LOG_INFO;
	for (size_t i = 0; i < n; i++)
		failed += check_row(table, i, &rows[i], site);
	assert_int_equal(failed, 0);
}

/* What front ends send for GET /dir/site.wwz/a/b.html?x=1. */
static void
test_front_ends(void **state)
{
#define FOUND STATUS_GO, W "//dir/site.wwz", "a/b.html", false
#define URI   "REQUEST_URI=/dir/site.wwz/a/b.html?x=1"
	static const struct site site = {.suffix = BYTES(".wwz")};
	static const struct row rows[] = {
		/* mod_fcgid with a wrapper, lighttpd, HAProxy, Caddy */
		{{"DOCUMENT_ROOT=" W, "SCRIPT_NAME=/dir/site.wwz",
			 "SCRIPT_FILENAME=" W "/dir/site.wwz",
			 "PATH_INFO=/a/b.html",
			 "PATH_TRANSLATED=" W "/a/b.html", URI},
			FOUND},
		/* mod_fcgid with a RewriteRule */
		{{"DOCUMENT_ROOT=" W, "SCRIPT_FILENAME=" W "/bin/dispatch.fcgi",
			 "PATH_INFO=/a/b.html",
			 "PATH_TRANSLATED=" W "/a/b.html",
			 "REDIRECT_URL=/dir/site.wwz/a/b.html", URI},
			FOUND},
		/* mod_fcgid with an Action, and plain CGI */
		{{"DOCUMENT_ROOT=" W, "SCRIPT_FILENAME=" W "/bin/dispatch.fcgi",
			 "PATH_INFO=/dir/site.wwz/a/b.html",
			 "PATH_TRANSLATED=" W "/dir/site.wwz/a/b.html",
			 "REDIRECT_URL=/dir/site.wwz/a/b.html", URI},
			FOUND},
		/* mod_proxy_fcgi */
		{{"DOCUMENT_ROOT=" W, "SCRIPT_NAME=/dir/site.wwz",
			 "SCRIPT_FILENAME=proxy:fcgi://localhost/" W "/dir/"
			 "site.wwz",
			 "PATH_INFO=/a/b.html",
			 "PATH_TRANSLATED=" W "/a/b.html", URI},
			FOUND},
		{{"DOCUMENT_ROOT=" W,
			 "SCRIPT_FILENAME=proxy:fcgi://localhost:9000" W "/dir/"
			 "site."
			 "wwz",
			 "PATH_INFO=/a/b.html", URI},
			FOUND},
		/* nginx with fastcgi_split_path_info, and empty parameters */
		{{"DOCUMENT_ROOT=" W, "SCRIPT_FILENAME=" W "/dir/site.wwz",
			 "PATH_INFO=/a/b.html",
			 "WWZ_ARCHIVE=", "REDIRECT_URL=", URI},
			FOUND},
		/* All of the path in SCRIPT_FILENAME, or half of it. */
		{{"DOCUMENT_ROOT=" W,
			 "SCRIPT_FILENAME=" W "/dir/site.wwz/a/b.html",
			 "PATH_INFO=", URI},
			FOUND},
		{{"DOCUMENT_ROOT=" W, "SCRIPT_FILENAME=" W "/dir/site.wwz/a",
			 "PATH_INFO=/b.html", URI},
			FOUND},
		/* The least that does. */
		{{"DOCUMENT_ROOT=" W, URI}, FOUND},
		{{"DOCUMENT_ROOT=" W, "REDIRECT_URL=/dir/site.wwz/a/b.html"},
			FOUND},
		{{"DOCUMENT_ROOT=" W,
			 "PATH_TRANSLATED=" W "/dir/site.wwz/a/b.html"},
			FOUND},
		{{"DOCUMENT_ROOT=" W,
			 "SCRIPT_FILENAME=" W "/dir/site.wwz/a/b.html"},
			FOUND},
		/* The administrator's word. */
		{{"DOCUMENT_ROOT=" W, "WWZ_ARCHIVE=" W "/dir/site.wwz",
			 "SCRIPT_FILENAME=" W "/docs", "PATH_INFO=/a/b.html",
			 "REQUEST_URI=/docs/a/b.html"},
			FOUND},
		{{"DOCUMENT_ROOT=" W, "WWZ_ARCHIVE=" W "/dir/site.wwz",
			 "SCRIPT_FILENAME=" W "/other.wwz",
			 "PATH_INFO=/a/b.html", "REQUEST_URI=/other.wwz/x"},
			FOUND},
	};

	(void)state;
	check_rows("front ends", rows, COUNT(rows), &site);
#undef FOUND
#undef URI
}

/* If several parameters name an archive, one takes precedence. */
static void
test_trust(void **state)
{
	static const struct site site = {.suffix = BYTES(".wwz")};
	static const struct row rows[] = {
		{{"DOCUMENT_ROOT=" W, "WWZ_ARCHIVE=" W "/1",
			 "SCRIPT_FILENAME=" W "/2.wwz", "PATH_INFO=/i",
			 "PATH_TRANSLATED=" W "/3.wwz/t",
			 "REDIRECT_URL=/4.wwz/u"},
			STATUS_GO, W "//1", "i", false},
		{{"DOCUMENT_ROOT=" W, "SCRIPT_FILENAME=" W "/2.wwz",
			 "PATH_INFO=/i", "PATH_TRANSLATED=" W "/3.wwz/t",
			 "REDIRECT_URL=/4.wwz/u", "REQUEST_URI=/5.wwz/v"},
			STATUS_GO, W "//2.wwz", "i", false},
		{{"DOCUMENT_ROOT=" W, "SCRIPT_FILENAME=" W "/2", "PATH_INFO=/i",
			 "PATH_TRANSLATED=" W "/3.wwz/t",
			 "REDIRECT_URL=/4.wwz/u", "REQUEST_URI=/5.wwz/v"},
			STATUS_GO, W "//3.wwz", "t", false},
		{{"DOCUMENT_ROOT=" W, "SCRIPT_FILENAME=" W "/2",
			 "PATH_INFO=/i.wwz", "PATH_TRANSLATED=" W "/3",
			 "REDIRECT_URL=/4.wwz/u", "REQUEST_URI=/5.wwz/v"},
			STATUS_GO, W "//4.wwz", "u", false},
		{{"DOCUMENT_ROOT=" W, "SCRIPT_FILENAME=" W "/2",
			 "PATH_INFO=/i.wwz", "PATH_TRANSLATED=" W "/3",
			 "REDIRECT_URL=/4", "REQUEST_URI=/5.wwz/v"},
			STATUS_GO, W "//5.wwz", "v", false},
		/* None. */
		{{"DOCUMENT_ROOT=" W, "SCRIPT_FILENAME=" W "/2",
			 "PATH_INFO=/i.wwz", "PATH_TRANSLATED=" W "/3",
			 "REDIRECT_URL=/4", "REQUEST_URI=/5"},
			STATUS_NOT_FOUND, NULL, NULL, false},
		{{"DOCUMENT_ROOT=" W}, STATUS_NOT_FOUND, NULL, NULL, false},
		{{"DOCUMENT_ROOT=" W, "SCRIPT_NAME=/x.wwz"}, STATUS_NOT_FOUND,
			NULL, NULL, false},
		{{"DOCUMENT_ROOT=" W, "REQUEST_URI=/x?/y.wwz"},
			STATUS_NOT_FOUND, NULL, NULL, false},
		{{"DOCUMENT_ROOT=" W, "REQUEST_URI=*"}, STATUS_NOT_FOUND, NULL,
			NULL, false},
		{{"DOCUMENT_ROOT=" W, "REQUEST_URI=x.wwz"}, STATUS_NOT_FOUND,
			NULL, NULL, false},
		{{"DOCUMENT_ROOT=" W, "REDIRECT_URL=x.wwz"}, STATUS_NOT_FOUND,
			NULL, NULL, false},
		/* A suffix is the end of a component, in its own case. */
		{{"DOCUMENT_ROOT=" W, "REQUEST_URI=/x.wwzz/y.wwz.d/z"},
			STATUS_NOT_FOUND, NULL, NULL, false},
		{{"DOCUMENT_ROOT=" W, "REQUEST_URI=/x.WWZ"}, STATUS_NOT_FOUND,
			NULL, NULL, false},
		{{"DOCUMENT_ROOT=" W, "REQUEST_URI=/x.wwz%00/a"},
			STATUS_NOT_FOUND, NULL, NULL, false},
		{{"DOCUMENT_ROOT=" W, "REQUEST_URI=/xwwz"}, STATUS_NOT_FOUND,
			NULL, NULL, false},
		{{"DOCUMENT_ROOT=" W, "REQUEST_URI=/a.wwz.b/x..wwz/y"},
			STATUS_GO, W "//a.wwz.b/x..wwz", "y", false},
	};

	(void)state;
	check_rows("trust", rows, COUNT(rows), &site);
}

static void
test_odd_urls(void **state)
{
#define SCRIPT "DOCUMENT_ROOT=" W, "SCRIPT_FILENAME=" W "/x.wwz"
#define URL    "DOCUMENT_ROOT=" W, "REQUEST_URI="
	static const struct site site = {.suffix = BYTES(".wwz")};
	static const struct row rows[] = {
		/* The archive alone, and its root. */
		{{SCRIPT}, STATUS_GO, W "//x.wwz", "", false},
		{{SCRIPT, "PATH_INFO="}, STATUS_GO, W "//x.wwz", "", false},
		{{SCRIPT, "PATH_INFO=/"}, STATUS_GO, W "//x.wwz", "", true},
		{{URL "/x.wwz"}, STATUS_GO, W "//x.wwz", "", false},
		{{URL "/x.wwz?a/"}, STATUS_GO, W "//x.wwz", "", false},
		{{URL "/x.wwz/?a"}, STATUS_GO, W "//x.wwz", "", true},
		{{URL "/x.wwz/a/"}, STATUS_GO, W "//x.wwz", "a", true},
		/* The outermost archive is the one. */
		{{URL "/x.wwz/y.wwz/z"}, STATUS_GO, W "//x.wwz", "y.wwz/z",
			false},
		{{SCRIPT "/y.wwz", "PATH_INFO=/z"}, STATUS_GO, W "//x.wwz",
			"y.wwz/z", false},
		{{SCRIPT, "PATH_INFO=/y.wwz/z.wwz"}, STATUS_GO, W "//x.wwz",
			"y.wwz/z.wwz", false},
		{{"DOCUMENT_ROOT=" W, "PATH_TRANSLATED=" W "/x.wwz/y.wwz/z"},
			STATUS_GO, W "//x.wwz", "y.wwz/z", false},
		/* Uncleaned paths. */
		{{SCRIPT, "PATH_INFO=//a//./b/../c"}, STATUS_GO, W "//x.wwz",
			"a/c", false},
		{{SCRIPT, "PATH_INFO=/a/."}, STATUS_GO, W "//x.wwz", "a", true},
		{{SCRIPT, "PATH_INFO=/a/.."}, STATUS_GO, W "//x.wwz", "", true},
		{{"DOCUMENT_ROOT=" W, "SCRIPT_FILENAME=" W "/a/..//./b//x.wwz",
			 "PATH_INFO=/c"},
			STATUS_GO, W "//b/x.wwz", "c", false},
		{{URL "/a/../x.wwz/b"}, STATUS_GO, W "//x.wwz", "b", false},
		/* Decoded already: nothing of it is decoded again. */
		{{SCRIPT, "PATH_INFO=/a%41%2541%2e%2e"}, STATUS_GO, W "//x.wwz",
			"a%41%2541%2e%2e", false},
		{{"DOCUMENT_ROOT=" W, "SCRIPT_FILENAME=" W "/%41.wwz/%42"},
			STATUS_GO, W "//%41.wwz", "%42", false},
		{{"DOCUMENT_ROOT=" W, "REDIRECT_URL=/%41.wwz/%42"}, STATUS_GO,
			W "//%41.wwz", "%42", false},
		{{"DOCUMENT_ROOT=" W, "PATH_TRANSLATED=" W "/%41.wwz/%42"},
			STATUS_GO, W "//%41.wwz", "%42", false},
		{{SCRIPT, "PATH_INFO=/a?b#c"}, STATUS_GO, W "//x.wwz", "a?b#c",
			false},
		/* Raw: decoded once. */
		{{URL "/%41.wwz/a%41"}, STATUS_GO, W "//A.wwz", "aA", false},
		{{URL "/x.wwz/a%2541"}, STATUS_GO, W "//x.wwz", "a%41", false},
		{{URL "/x.wwz/a%3Fb%23c?d"}, STATUS_GO, W "//x.wwz", "a?b#c",
			false},
		{{URL "/x%2ewwz%2fa%2Fb"}, STATUS_GO, W "//x.wwz", "a/b",
			false},
		{{URL "/x.wwz/%FF%c3%a4"}, STATUS_GO, W "//x.wwz",
			"\xff\xc3\xa4", false},
		{{URL "/x.wwz/100%"}, STATUS_GO, W "//x.wwz", "100%", false},
		{{URL "/x.wwz/a+b"}, STATUS_GO, W "//x.wwz", "a+b", false},
		{{URL "/x.wwz/%5C..%5c"}, STATUS_GO, W "//x.wwz", "\\..\\",
			false},
		{{SCRIPT, "PATH_INFO=/%s%n%s"}, STATUS_GO, W "//x.wwz",
			"%s%n%s", false},
		/* The absolute form, and what looks like a host. */
		{{URL "http://example.com/x.wwz/a?b"}, STATUS_GO, W "//x.wwz",
			"a", false},
		{{URL "HTTPS://u@[::1]:80/x.wwz/a"}, STATUS_GO, W "//x.wwz",
			"a", false},
		{{URL "http://x.wwz/a"}, STATUS_NOT_FOUND, NULL, NULL, false},
		{{URL "http://x.wwz"}, STATUS_NOT_FOUND, NULL, NULL, false},
		{{URL "http://x.wwz?/y.wwz"}, STATUS_NOT_FOUND, NULL, NULL,
			false},
		{{URL "//evil.example/x.wwz"}, STATUS_GO,
			W "//evil.example/x.wwz", "", false},
		{{URL "//evil.wwz/x.wwz"}, STATUS_GO, W "//evil.wwz", "x.wwz",
			false},
		{{URL "/\\evil.example/x.wwz"}, STATUS_GO,
			W "//\\evil.example/x.wwz", "", false},
		{{URL "/a://b/x.wwz/c"}, STATUS_GO, W "//a:/b/x.wwz", "c",
			false},
	};

	(void)state;
	check_rows("odd", rows, COUNT(rows), &site);
}

/* Bytes and ways that are refused wherever they stand. */
static void
test_refused(void **state)
{
#define BAD STATUS_BAD_REQUEST, NULL, NULL, false
	static const struct site site = {.suffix = BYTES(".wwz")};
	static const struct row rows[] = {
		/* Out of the archive. */
		{{SCRIPT, "PATH_INFO=/.."}, BAD},
		{{SCRIPT, "PATH_INFO=/../y.wwz/a"}, BAD},
		{{SCRIPT, "PATH_INFO=/a/../../x.wwz/a"}, BAD},
		{{SCRIPT "/../y.wwz"}, BAD},
		{{SCRIPT "/..", "PATH_INFO=/a"}, BAD},
		{{SCRIPT "/a", "PATH_INFO=/../../b"}, BAD},
		{{URL "/x.wwz/../y"}, BAD},
		{{URL "/x.wwz/%2e%2E/y"}, BAD},
		{{URL "/x.wwz%2F..%2fy"}, BAD},
		{{URL "/x.wwz/.%2e"}, BAD},
		{{"DOCUMENT_ROOT=" W, "PATH_TRANSLATED=" W "/x.wwz/../a"}, BAD},
		{{"DOCUMENT_ROOT=" W, "REDIRECT_URL=/x.wwz/../a"}, BAD},
		{{"DOCUMENT_ROOT=" W, "WWZ_ARCHIVE=" W "/x.wwz",
			 "PATH_INFO=/../a"},
			BAD},
		/* Out of the root. */
		{{URL "/../x.wwz"}, BAD},
		{{URL "/a/../../x.wwz/b"}, BAD},
		{{URL "/%2e%2e/x.wwz"}, BAD},
		{{URL "/../../../../../x.wwz"}, BAD},
		{{"DOCUMENT_ROOT=" W, "SCRIPT_FILENAME=" W "/../x.wwz"}, BAD},
		{{"DOCUMENT_ROOT=" W, "SCRIPT_FILENAME=" W "/../../../x.wwz"},
			BAD},
		{{"DOCUMENT_ROOT=" W,
			 "SCRIPT_FILENAME=proxy:fcgi://localhost/" W "/../"
			 "x.wwz"},
			BAD},
		{{"DOCUMENT_ROOT=" W, "REDIRECT_URL=/../x.wwz"}, BAD},
		{{"DOCUMENT_ROOT=" W, "PATH_TRANSLATED=" W "/../x.wwz"}, BAD},
		/* Out and in again: it would tell the root's name. */
		{{URL "/../www/x.wwz/a"}, BAD},
		{{URL "/%2e%2e/www/x.wwz/a"}, BAD},
		{{"DOCUMENT_ROOT=" W, "SCRIPT_FILENAME=" W "/../www/x.wwz"},
			BAD},
		{{"DOCUMENT_ROOT=" W, "REDIRECT_URL=/a/../../www/x.wwz"}, BAD},
		/* Control characters. */
		{{SCRIPT, "PATH_INFO=/a\nb"}, BAD},
		{{SCRIPT, "PATH_INFO=/a\x7f"}, BAD},
		{{SCRIPT, "PATH_INFO=/\x01"}, BAD},
		{{"DOCUMENT_ROOT=" W, "SCRIPT_FILENAME=" W "/\r/x.wwz"}, BAD},
		{{"DOCUMENT_ROOT=" W, "SCRIPT_FILENAME=" W "/x.wwz/a\tb"}, BAD},
		{{"DOCUMENT_ROOT=" W, "REDIRECT_URL=/x.wwz/\x1f"}, BAD},
		{{URL "/x.wwz/a%0Ab"}, BAD},
		{{URL "/x.wwz/%7f"}, BAD},
		{{URL "/x%0d.wwz/a"}, BAD},
		{{URL "/x.wwz/a\tb"}, BAD},
		{{URL "/x.wwz/a%00"}, BAD},
		{{URL "/x.wwz/a%00.html"}, BAD},
		{{URL "/x.wwz/%00/../a"}, BAD},
		{{URL "/%00/x.wwz/a"}, BAD},
		{{URL "/x%00y.wwz/a"}, BAD},
		/* A root that is none. */
		{{"DOCUMENT_ROOT=/srv/\x01", "REQUEST_URI=/x.wwz"}, BAD},
		{{"DOCUMENT_ROOT=/..", "REQUEST_URI=/x.wwz"}, BAD},
		{{"DOCUMENT_ROOT=", "REQUEST_URI=/x.wwz"}, STATUS_ERROR, NULL,
			NULL, false},
		{{"DOCUMENT_ROOT=srv", "REQUEST_URI=/x.wwz"}, STATUS_ERROR,
			NULL, NULL, false},
		{{"SCRIPT_FILENAME=/srv/x.wwz"}, STATUS_ERROR, NULL, NULL,
			false},
		/* Somewhere else. */
		{{"DOCUMENT_ROOT=" W, "SCRIPT_FILENAME=/srv/x.wwz"},
			STATUS_FORBIDDEN, NULL, NULL, false},
		{{"DOCUMENT_ROOT=" W, "SCRIPT_FILENAME=" W "2/x.wwz"},
			STATUS_FORBIDDEN, NULL, NULL, false},
		{{"DOCUMENT_ROOT=" W, "SCRIPT_FILENAME=" W ".wwz/a"},
			STATUS_FORBIDDEN, NULL, NULL, false},
		{{"DOCUMENT_ROOT=" W, "PATH_TRANSLATED=/etc/x.wwz"},
			STATUS_FORBIDDEN, NULL, NULL, false},
		{{"DOCUMENT_ROOT=" W, "WWZ_ARCHIVE=/etc/x.wwz"},
			STATUS_FORBIDDEN, NULL, NULL, false},
		{{"DOCUMENT_ROOT=" W, "WWZ_ARCHIVE=" W}, STATUS_FORBIDDEN, NULL,
			NULL, false},
		{{"DOCUMENT_ROOT=" W, "WWZ_ARCHIVE=x.wwz"}, STATUS_FORBIDDEN,
			NULL, NULL, false},
		{{"DOCUMENT_ROOT=" W, "SCRIPT_FILENAME=/etc/a..b/x.wwz"},
			STATUS_FORBIDDEN, NULL, NULL, false},
	};

	(void)state;
	check_rows("refused", rows, COUNT(rows), &site);
}

/* How a root may be written. */
static void
test_document_root(void **state)
{
	static const struct site site = {.suffix = BYTES(".wwz")};
	static const struct row rows[] = {
		{{"DOCUMENT_ROOT=" W "/", "SCRIPT_FILENAME=" W "/x.wwz"},
			STATUS_GO, W "//x.wwz", "", false},
		{{"DOCUMENT_ROOT=" W "/", "SCRIPT_FILENAME=" W "//x.wwz"},
			STATUS_GO, W "//x.wwz", "", false},
		{{"DOCUMENT_ROOT=" W "/", "REQUEST_URI=/x.wwz/a"}, STATUS_GO,
			W "//x.wwz", "a", false},
		{{"DOCUMENT_ROOT=/srv/./www", "SCRIPT_FILENAME=" W "/x.wwz"},
			STATUS_GO, W "//x.wwz", "", false},
		{{"DOCUMENT_ROOT=/srv/a/../www",
			 "SCRIPT_FILENAME=/srv/a/../www/x.wwz"},
			STATUS_GO, W "//x.wwz", "", false},
		{{"DOCUMENT_ROOT=/srv//www", "SCRIPT_FILENAME=/srv//www/x.wwz"},
			STATUS_GO, W "//x.wwz", "", false},
		/* The root of all. */
		{{"DOCUMENT_ROOT=/", "SCRIPT_FILENAME=/x.wwz"}, STATUS_GO,
			"//x.wwz", "", false},
		{{"DOCUMENT_ROOT=/", "SCRIPT_FILENAME=//x.wwz", "PATH_INFO=/a"},
			STATUS_GO, "//x.wwz", "a", false},
		{{"DOCUMENT_ROOT=/", "REQUEST_URI=/a/x.wwz/b"}, STATUS_GO,
			"//a/x.wwz", "b", false},
		{{"DOCUMENT_ROOT=/", "PATH_TRANSLATED=/a/x.wwz/b"}, STATUS_GO,
			"//a/x.wwz", "b", false},
		{{"DOCUMENT_ROOT=/", "WWZ_ARCHIVE=/a/x.wwz"}, STATUS_GO,
			"//a/x.wwz", "", false},
		{{"DOCUMENT_ROOT=/", "REQUEST_URI=/../x.wwz"},
			STATUS_BAD_REQUEST, NULL, NULL, false},
		{{"DOCUMENT_ROOT=//", "REQUEST_URI=/x.wwz"}, STATUS_GO,
			"//x.wwz", "", false},
		/* A root whose own name has the suffix is no archive. */
		{{"DOCUMENT_ROOT=/srv/w.wwz", "REQUEST_URI=/x.wwz/a"},
			STATUS_GO, "/srv/w.wwz//x.wwz", "a", false},
		{{"DOCUMENT_ROOT=/w.wwz/b", "REQUEST_URI=/x.wwz/a"}, STATUS_GO,
			"/w.wwz/b//x.wwz", "a", false},
		{{"DOCUMENT_ROOT=/srv/w.wwz",
			 "SCRIPT_FILENAME=/srv/w.wwz/x.wwz", "PATH_INFO=/a"},
			STATUS_GO, "/srv/w.wwz//x.wwz", "a", false},
		{{"DOCUMENT_ROOT=/srv/w.wwz/",
			 "SCRIPT_FILENAME=/srv/w.wwz//x.wwz", "PATH_INFO=/a"},
			STATUS_GO, "/srv/w.wwz//x.wwz", "a", false},
		{{"DOCUMENT_ROOT=/srv/w.wwz",
			 "PATH_TRANSLATED=/srv/w.wwz/x.wwz/a"},
			STATUS_GO, "/srv/w.wwz//x.wwz", "a", false},
		{{"DOCUMENT_ROOT=/srv/w.wwz",
			 "SCRIPT_FILENAME=/srv/w.wwz/bin/dispatch.fcgi",
			 "PATH_TRANSLATED=/srv/w.wwz/a",
			 "REDIRECT_URL=/x.wwz/a"},
			STATUS_GO, "/srv/w.wwz//x.wwz", "a", false},
		{{"DOCUMENT_ROOT=/srv/w.wwz",
			 "SCRIPT_FILENAME=proxy:fcgi://localhost/srv/w.wwz"
			 "/x.wwz",
			 "PATH_INFO=/a"},
			STATUS_GO, "/srv/w.wwz//x.wwz", "a", false},
		{{"DOCUMENT_ROOT=/srv/w.wwz",
			 "SCRIPT_FILENAME=proxy:fcgi://localhost//srv/w.wwz"
			 "/x.wwz",
			 "PATH_INFO=/a"},
			STATUS_GO, "/srv/w.wwz//x.wwz", "a", false},
		{{"DOCUMENT_ROOT=/srv//w.wwz",
			 "SCRIPT_FILENAME=/srv//w.wwz/x.wwz", "PATH_INFO=/a"},
			STATUS_GO, "/srv/w.wwz//x.wwz", "a", false},
	};

	(void)state;
	check_rows("document root", rows, COUNT(rows), &site);
}

/* --root, which is not what DOCUMENT_ROOT says. */
static void
test_site_root(void **state)
{
	static const struct site site = {
		.root = BYTES("/data/v1"),
		.root_given = BYTES("/data/now.wwz"),
		.suffix = BYTES(".wwz"),
	};
	static const struct row rows[] = {
		{{"REQUEST_URI=/x.wwz/a"}, STATUS_GO, "/data/v1//x.wwz", "a",
			false},
		{{"DOCUMENT_ROOT=/data/v1/host", "REQUEST_URI=/x.wwz/a"},
			STATUS_GO, "/data/v1//host/x.wwz", "a", false},
		{{"DOCUMENT_ROOT=" W, "REQUEST_URI=/x.wwz/a"}, STATUS_FORBIDDEN,
			NULL, NULL, false},
		{{"SCRIPT_FILENAME=/data/v1/d/x.wwz", "PATH_INFO=/a"},
			STATUS_GO, "/data/v1//d/x.wwz", "a", false},
		{{"WWZ_ARCHIVE=/data/v1/x", "PATH_INFO=/a"}, STATUS_GO,
			"/data/v1//x", "a", false},
		/* By the name that was given. */
		{{"WWZ_ARCHIVE=/data/now.wwz/x", "PATH_INFO=/a"}, STATUS_GO,
			"/data/v1//x", "a", false},
		{{"SCRIPT_FILENAME=/data/now.wwz/d/x.wwz", "PATH_INFO=/a"},
			STATUS_GO, "/data/v1//d/x.wwz", "a", false},
		{{"DOCUMENT_ROOT=/data/now.wwz",
			 "PATH_TRANSLATED=/data/now.wwz/x.wwz/a"},
			STATUS_GO, "/data/v1//x.wwz", "a", false},
		/* The other root counts for nothing. */
		{{"DOCUMENT_ROOT=" W, "SCRIPT_FILENAME=" W "/x.wwz"},
			STATUS_FORBIDDEN, NULL, NULL, false},
		{{"DOCUMENT_ROOT=\x01", "REQUEST_URI=/x.wwz"},
			STATUS_BAD_REQUEST, NULL, NULL, false},
		{{"SCRIPT_FILENAME=/data/v1/../v2/x.wwz"}, STATUS_BAD_REQUEST,
			NULL, NULL, false},
		{{"SCRIPT_FILENAME=/data/v2/x.wwz"}, STATUS_FORBIDDEN, NULL,
			NULL, false},
	};

	(void)state;
	check_rows("site root", rows, COUNT(rows), &site);
}

/* --root /, with nothing but what is there. */
static void
test_site_root_empty(void **state)
{
	static const struct site site = {
		.root = BYTES(""),
		.root_given = BYTES("/"),
		.suffix = BYTES(".wwz"),
	};
	static const struct row rows[] = {
		{{"REQUEST_URI=/x.wwz/a"}, STATUS_GO, "//x.wwz", "a", false},
		{{"SCRIPT_FILENAME=/d/x.wwz", "PATH_INFO=/a"}, STATUS_GO,
			"//d/x.wwz", "a", false},
		{{"REDIRECT_URL=/x.wwz"}, STATUS_GO, "//x.wwz", "", false},
		{{NULL}, STATUS_NOT_FOUND, NULL, NULL, false},
		{{"REQUEST_URI=/../x.wwz"}, STATUS_BAD_REQUEST, NULL, NULL,
			false},
	};

	(void)state;
	check_rows("empty site root", rows, COUNT(rows), &site);
}

static void
test_suffix(void **state)
{
	static const struct site site = {.suffix = BYTES(".zip")};
	static const struct row rows[] = {
		{{URL "/x.wwz/y.zip/a"}, STATUS_GO, W "//x.wwz/y.zip", "a",
			false},
		{{URL "/x.wwz/a"}, STATUS_NOT_FOUND, NULL, NULL, false},
	};

	(void)state;
	check_rows("suffix", rows, COUNT(rows), &site);
}

static void
test_with_slash(void **state)
{
	static const struct {
		char *environment[5]; /* the last one is NULL */
		const char *want;
	} table[] = {
		{{"REQUEST_URI=/x.wwz"}, "/x.wwz/"},
		{{"REQUEST_URI=/x.wwz/a"}, "/x.wwz/a/"},
		{{"REQUEST_URI=/x.wwz?a=b&c"}, "/x.wwz/?a=b&c"},
		{{"REQUEST_URI=/x.wwz?a?b/c?"}, "/x.wwz/?a?b/c?"},
		{{"REQUEST_URI=/x.wwz?%41%e4%"}, "/x.wwz/?%41%e4%25"},
		/* As it came, and only made safe. */
		{{"REQUEST_URI=/x.wwz/%41%2Fb"}, "/x.wwz/%41%2Fb/"},
		{{"REQUEST_URI=/x.wwz/\xc3\xa4 %"}, "/x.wwz/%C3%A4%20%25/"},
		{{"REQUEST_URI=/x.wwz/\"<a>'"}, "/x.wwz/%22%3Ca%3E%27/"},
		{{"REQUEST_URI=/x.wwz#a"}, "/x.wwz%23a/"},
		{{"REQUEST_URI=/x.wwz\r\nX: y?\r\n<"},
			"/x.wwz%0D%0AX:%20y/?%0D%0A%3C"},
		/* No other host. */
		{{"REQUEST_URI=//evil.example/x.wwz"}, "/evil.example/x.wwz/"},
		{{"REQUEST_URI=////evil.example/x.wwz?a"},
			"/evil.example/x.wwz/?a"},
		{{"REQUEST_URI=/\\evil.example/x.wwz"},
			"/%5Cevil.example/x.wwz/"},
		{{"REQUEST_URI=\\\\evil.example/x.wwz"},
			"/%5C%5Cevil.example/x.wwz/"},
		{{"REQUEST_URI=/\t/evil.example/x.wwz"},
			"/%09/evil.example/x.wwz/"},
		{{"REQUEST_URI=http://evil.example/x.wwz?a"}, "/x.wwz/?a"},
		{{"REQUEST_URI=http://a//evil.example/x.wwz"},
			"/evil.example/x.wwz/"},
		{{"REQUEST_URI=http://a/\\evil.example/x.wwz"},
			"/%5Cevil.example/x.wwz/"},
		{{"REQUEST_URI=evil.example/x.wwz"}, "/evil.example/x.wwz/"},
		{{"REQUEST_URI=javascript:alert(1)"}, "/javascript:alert(1)/"},
		/* Without it: what else there is, which is decoded. */
		{{"SCRIPT_NAME=/x.wwz"}, "/x.wwz/"},
		{{"SCRIPT_NAME=/x.wwz", "PATH_INFO=/a%41"}, "/x.wwz/a%2541/"},
		{{"SCRIPT_NAME=/x.wwz", "QUERY_STRING=a=%41"}, "/x.wwz/?a=%41"},
		{{"SCRIPT_NAME=/x.wwz", "PATH_INFO=", "QUERY_STRING="},
			"/x.wwz/"},
		{{"SCRIPT_NAME=//evil.example/x.wwz"}, "/evil.example/x.wwz/"},
		{{"REQUEST_URI=", "SCRIPT_NAME=/x.wwz"}, "/x.wwz/"},
	};
	struct arena arena = {0};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct request request;

		request_read(&request, table[i].environment, &arena);
		failed += differ(table[i].environment[0],
			route_with_slash(&request, &arena),
			str_of(table[i].want));
	}
	arena_free(&arena);
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_front_ends),
		cmocka_unit_test(test_trust),
		cmocka_unit_test(test_odd_urls),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_document_root),
		cmocka_unit_test(test_site_root),
		cmocka_unit_test(test_site_root_empty),
		cmocka_unit_test(test_suffix),
		cmocka_unit_test(test_with_slash),
	};

	return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
