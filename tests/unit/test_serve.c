/* serve: whole requests, without a server: parameters in, status, header fields
 * and body out.  And cgi, which is that with a descriptor. */

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

#include "archive/guard.h"
#include "fcgi/cgi.h"
#include "http/answer.h"
#include "http/page.h"
#include "serve/serve.h"
#include "unit.h"
#include "zipmake.h"

enum { FIELDS = 4, PARAMETERS = 24 };

static struct str index_names[] = {{"index.html", 10}, {"index.htm", 9}};

static struct site site = {
	.suffix = {".wwz", 4},
	.index = index_names,
	.nindex = 2,
	.listing = true,
	.clean_urls = true,
	.max_age = SITE_NO_CACHE,
};
static struct service service = {.site = &site};

/* An answer under way or at its end. */
struct asked {
	struct arena arena;
	struct request request;
	struct response response;
	char *environment[PARAMETERS];
	char *head; /* NUL behind it */
	char *body; /* likewise */
	size_t n;
	enum body_result result;
};

/* Settle the answer to a request: parameters "NAME=VALUE" up to a NULL, beside
 * the document root. */
static void
ask(struct asked *a, const char *method, const char *uri,
	const char *const *more)
{
	struct str head;
	int n = 0;

	*a = (struct asked){.result = BODY_SPAN};
	assert_true(asprintf(&a->environment[n++], "REQUEST_METHOD=%s",
			    method) > 0);
	assert_true(
		asprintf(&a->environment[n++], "DOCUMENT_ROOT=%s", place) > 0);
	if (uri != NULL)
		assert_true(asprintf(&a->environment[n++], "REQUEST_URI=%s",
				    uri) > 0);
	for (; *more != NULL; more++)
		assert_non_null(a->environment[n++] = strdup(*more));
	request_read(&a->request, a->environment, &a->arena);
	(void)serve(&service, &a->request, &a->arena, &a->response, false);
	while (!answer_locate(&a->response))
		;
	head = response_head(&a->response);
	a->head = strndup(head.p, head.n);
	a->body = calloc(1, 1);
	assert_true(a->head != NULL && a->body != NULL);
}

static enum body_result
pull(struct asked *a)
{
	struct str span;

	if (a->response.head) {
		a->result = BODY_END;
		return BODY_END;
	}
	do
		a->result = body_next(&a->response.body, &span);
	while (a->result == BODY_LATER);
	if (a->result == BODY_SPAN) {
		a->body = realloc(a->body, a->n + span.n + 1);
		assert_non_null(a->body);
		if (guard_copy(a->body + a->n, span.p, span.n) < 0)
			a->result = BODY_CUT;
		else
			a->n += span.n;
		a->body[a->n] = '\0';
	}
	return a->result;
}

static void
pull_all(struct asked *a)
{
	/* cmocka takes SIGBUS for itself at the beginning of each test. */
	assert_int_equal(guard_install(), 0);
	while (pull(a) == BODY_SPAN)
		;
}

static void
dismiss(struct asked *a)
{
	response_free(&a->response);
	arena_free(&a->arena);
	for (int i = 0; a->environment[i] != NULL; i++)
		free(a->environment[i]);
	free(a->head);
	free(a->body);
}

/* The value of a header field in a static buffer; NULL without such a field. */
static const char *
field(const struct asked *a, const char *name)
{
	static char value[1024];
	char start[64];
	const char *at;

	snprintf(start, sizeof(start), "%s: ", name);
	at = strncmp(a->head, start, strlen(start)) == 0 ? a->head : NULL;
	snprintf(start, sizeof(start), "\n%s: ", name);
	if (at == NULL && (at = strstr(a->head, start)) != NULL)
		at++;
	if (at == NULL)
		return NULL;
	at = strchr(at, ':') + 2;
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\r\n"), at);
	return value;
}

/* Laws of every answer.  0, or 1 after saying which is broken. */
static unsigned
check_laws(const struct asked *a, const char *what)
{
	const struct response *r = &a->response;
	const char *law = NULL, *length = field(a, "Content-Length");
	const char *location = strstr(a->head, "Location:");
	const char *status = strstr(a->head, "Status:");
	size_t n = strlen(a->head);

	if (n < 2 || strcmp(a->head + n - 2, "\r\n") != 0 ||
		(n > 2 && strcmp(a->head + n - 4, "\r\n\r\n") != 0))
		law = "the head ends in an empty line";
	else if ((status == NULL) != (r->status == STATUS_OK))
		law = "Status, but for 200";
	else if (location != NULL && (status == NULL || status < location))
		law = "Location in front of Status";
	else if (r->status == STATUS_NO_CONTENT ||
		r->status == STATUS_NOT_MODIFIED)
		law = a->n > 0 || length || field(a, "Content-Type")
			? "no body, and nothing about one"
			: NULL;
	else if (length != NULL && !r->head && a->result == BODY_END &&
		strtoull(length, NULL, 10) != a->n)
		law = "Content-Length is the length";
	else if (r->head && a->n > 0)
		law = "no body for HEAD";
	else if (!field(a, "X-Content-Type-Options") && !r->guessed)
		law = "nosniff with a type that is declared";
	else if (r->guessed &&
		strstr(a->head, "Content-Type: text/plain") == NULL &&
		strstr(a->head, "Content-Type: application/octet-stream") ==
			NULL &&
		strstr(a->head, "Content-Type: multipart/byteranges") == NULL)
		law = "two types are guessed";
	if (law == NULL)
		return 0;
	print_error("%s: broken law: %s\n%s(%zu bytes of body)\n", what, law,
		a->head, a->n);
	return 1;
}

/* Each of want is "Name: value", or "Name" for a field that must be absent. */
static unsigned
check_fields(const struct asked *a, const char *what, const char *const *want)
{
	unsigned failed = 0;

	for (int i = 0; i < FIELDS && want[i] != NULL; i++) {
		const char *colon = strstr(want[i], ": ");
		size_t n = colon ? (size_t)(colon - want[i]) : strlen(want[i]);
		char name[64];
		const char *got;

		snprintf(name, sizeof(name), "%.*s", (int)n, want[i]);
		got = field(a, name);
		if (got == NULL ? colon == NULL
				: colon != NULL && strcmp(got, colon + 2) == 0)
			continue;
		print_error("%s: got %s: %s, want %s\n", what, name,
			got ? got : "(none)", colon ? colon + 2 : "none");
		failed++;
	}
	return failed;
}

struct row {
	const char *method, *uri;
	const char *more[FIELDS + 1]; /* parameters, and a NULL */
	int status;
	const char *want[FIELDS]; /* as check_fields */
	const char *body;         /* that it begins with; NULL: whatever */
};

/* HEAD has the header fields of GET, but for a range. */
static unsigned
check_head(const struct row *row, const char *want)
{
	struct asked a;
	unsigned failed;

	ask(&a, "HEAD", row->uri, row->more);
	pull_all(&a);
	failed = check_laws(&a, row->uri);
	if (strcmp(a.head, want) != 0) {
		print_error("%s: HEAD got\n%swant\n%s", row->uri, a.head, want);
		failed++;
	}
	dismiss(&a);
	return failed;
}

static unsigned
check_row(const struct row *row)
{
	struct asked a;
	char what[256];
	unsigned failed;
	bool ranged = false;

	snprintf(what, sizeof(what), "%s %s %s", row->method,
		row->uri ? row->uri : "", row->more[0] ? row->more[0] : "");
	ask(&a, row->method, row->uri, row->more);
	pull_all(&a);
	failed = check_laws(&a, what);
	failed += check_fields(&a, what, row->want);
	if ((int)a.response.status != row->status || a.result != BODY_END) {
		print_error("%s: got %d%s, want %d\n", what,
			(int)a.response.status,
			a.result == BODY_CUT ? " and a cut" : "", row->status);
		failed++;
	}
	if (row->body != NULL &&
		strncmp(a.body, row->body, strlen(row->body)) != 0) {
		print_error("%s: got \"%.200s\", want \"%s\"\n", what, a.body,
			row->body);
		failed++;
	}
	for (int i = 0; i < FIELDS && row->more[i] != NULL; i++)
		ranged |= strncmp(row->more[i], "HTTP_RANGE", 10) == 0;
	if (strcmp(row->method, "GET") == 0 && !ranged)
		failed += check_head(row, a.head);
	dismiss(&a);
	return failed;
}

static void
check_rows(const struct row *rows, size_t n)
{
	unsigned failed = 0;

	for (size_t i = 0; i < n; i++)
		failed += check_row(&rows[i]);
	log_take();
	assert_int_equal(failed, 0);
}

/* The archives that are asked for. */

enum { SAVED = 1577836800 }; /* 1 Jan 2020 */

/* A block that is not compressed, RFC 7932, section 9.2. */
#define BROTLI "\x70\x01\x10(brotli, not compressed)\x03"

#define PAGE     "<p>a page, a page, a page, a page, a page, a page, a page\n"
#define TEXT     "0123456789abcdefghijklmnopqrstuvwxyz"
#define OWN404   "<p>not here, not here, not here, not here, not here"
#define GUIDE404 "<p>not in the guide, not in the guide, not in the guide"

/* CRC-32 and size of TEXT. */
#define TEXT_ETAG "\"fdb5537d-24\""

static void
add(struct zipmake *z, const char *name, unsigned method, const char *content)
{
	zipmake_add(z,
		&(struct zipmake_member){.name = name,
			.content = str_of(content),
			.method = method,
			.date = 36 << 9 | 1 << 5 | 1}); /* 2016-01-01 */
}

static void
save_site(void)
{
	struct zipmake z = {0};

	add(&z, "index.html", 0, "<p>index");
	add(&z, "404.html", 8, OWN404);
	add(&z, "dir/index.htm", 8, "<p>second choice, second choice");
	add(&z, "dir/page.html", 8, PAGE);
	add(&z, "dir/index.html/", 0, "");
	add(&z, "dir/sub/x.txt", 0, TEXT);
	add(&z, "listed/one.txt", 0, TEXT);
	add(&z, "listed/two/three.txt", 0, TEXT);
	add(&z, "guide.html", 8, PAGE);
	add(&z, "guide/part.txt", 0, TEXT);
	add(&z, "guide/part.txt.html", 0, "<p>not asked for");
	add(&z, "guide/404.html", 8, GUIDE404);
	add(&z, "same", 0, "a file");
	add(&z, "same/in.txt", 0, "below");
	add(&z, "style.css", 8, "body{} body{} body{} body{} body{}");
	add(&z, "style.css.br", 0, BROTLI);
	add(&z, "style.css.gz", 0, "(gzip)");
	add(&z, "empty.txt", 0, "");
	add(&z, "empty8.txt", 8, "");
	add(&z, "app.1f2e3d4c.js", 0, "js");
	add(&z, "active.svg", 0, "<svg/>");
	add(&z, "caf\x82/\x8a.txt", 0, "cp437");
	add(&z, "inner.wwz/x.txt", 0, "inner");
	add(&z, "twice.txt", 0, "first");
	add(&z, "twice.txt", 0, "second");
	add(&z, "../above.txt", 0, "above");
	add(&z, "-wwz-index", 0, "not reachable");
	zipmake_add(&z,
		&(struct zipmake_member){.name = "encrypted.txt",
			.content = STR("x"),
			.flags = 1});
	zipmake_add(&z,
		&(struct zipmake_member){.name = "method.txt",
			.content = STR("x"),
			.method = 99});
	zipmake_add(&z,
		&(struct zipmake_member){.name = "frame.bin",
			.content = STR("thirty bytes in one raw block."),
			.packed = STR("\x28\xb5\x2f\xfd\x20\x1e\xf1\0\0"
				      "thirty bytes in one raw block."),
			.method = ZIP_ZSTD});
	add(&z, "renamed.txt", 0, "its local header has another name");
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	z.file.p[zipmake_local(&z, (unsigned)z.count - 1) + AT_LOCAL_NAME] =
		'R';
	zipmake_save(&z, "a.wwz");
	zipmake_date("a.wwz", SAVED);
	mkdir("evil.example", 0755);
	zipmake_save(&z, "evil.example/a.wwz");
	mkdir("sp ace", 0755);
	zipmake_save(&z, "sp ace/a b.wwz");
	zipmake_free(&z);
}

/* A gzip file of the lines of build.log. */
static void
add_gzip(struct zipmake *z, const char *name, struct str content)
{
	struct str deflated = zipmake_deflate(content);
	struct zipmake_buffer file = {0};

	zipmake_put(&file, "\x1f\x8b\x08\0\0\0\0\0\0\0", 10);
	zipmake_put(&file, deflated.p, deflated.n);
	zipmake_number(&file, zipmake_crc(content), 4);
	zipmake_number(&file, content.n, 4);
	zipmake_add(z,
		&(struct zipmake_member){
			.name = name, .content = {(char *)file.p, file.n}});
	free((char *)(uintptr_t)deflated.p);
	free(file.p);
}

static void
save_logs(void)
{
	const struct str lines = STR("one\ntwo\nthree <3");
	struct zipmake z = {0};

	add(&z, "build.log", 8, lines.p);
	add_gzip(&z, "packed.log.gz", lines);
	add(&z, "page.html", 0, PAGE);
	add(&z, "sub/a b", 0, "text");
	zipmake_add(&z,
		&(struct zipmake_member){
			.name = "binary.log", .content = STR("\0\1\2\3")});
	zipmake_add(&z,
		&(struct zipmake_member){.name = "method.log",
			.content = STR("x"),
			.method = 99});
	/* The oldest. */
	zipmake_add_text(&z, "zz.log", "");
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_save(&z, "logs.wwz");
	zipmake_free(&z);
}

/* Write text to a file that was last changed so many seconds ago. */
static void
save_text(const char *path, const char *text, int age)
{
	struct timespec then = {time(NULL) - age, 0};
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(
		futimens(fd, (const struct timespec[]){then, then}), 0);
	close(fd);
}

/* An archive that says itself how it is to be served. */
static void
save_ruled(void)
{
	struct zipmake z = {0};

	add(&z, "_redirects", 8,
		"/old /new/\n"
		"/out/* https://other.example/:splat 302\n"
		"/way/* /new/:splat 307\n"
		"/app/* /new/page.html 200\n"
		"/lost/* /new/page.html 404\n"
		"/lost2/* /none.html 404\n"
		"/broken /none.html 200\n"
		"/hidden /_headers 200\n"
		"/twice /old 200\n"
		"/new/style.css /style.css 301!\n"
		"/by-name /new/page 200\n"
		"/by-directory /new 200\n"
		"/%C3%A9/* /new/:splat\n"
		"/files /new/ 302\n"
		"wrong\n");
	add(&z, "_headers", 0,
		"/*\n X-Frame-Options: DENY\n Access-Control-Allow-Origin: *\n"
		"/new/*\n Cache-Control: max-age=60\n"
		"/new/*.ts\n Content-Type: text/javascript\n Vary: Origin\n"
		" Status: 500\n");
	add(&z, "new/index.html", 0, "<p>new");
	add(&z, "new/page.html", 8, PAGE);
	add(&z, "new/style.css", 0, "p{}");
	add(&z, "new/a.ts", 8, TEXT TEXT TEXT);
	add(&z, "new/_headers", 0, "served");
	add(&z, "files/a.txt", 0, TEXT);
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_save(&z, "ruled.wwz");
	zipmake_date("ruled.wwz", SAVED);
	zipmake_free(&z);
}

/* b.wwz has no index and no 404.html; the others are wrong. */
static void
save_others(void)
{
	struct zipmake z = {0};

	add(&z, "only.txt", 0, TEXT);
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_save(&z, "b.wwz");
	zipmake_date("b.wwz", SAVED);
	zipmake_set(&z, z.start, 4, 0);
	zipmake_save(&z, "damaged.wwz");
	zipmake_free(&z);
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_save(&z, "empty.wwz");
	zipmake_free(&z);
	save_text("text.wwz", "this is no zip file", 60);
	save_text("young.wwz", "PK\3\4 is how one begins", 0);
	save_text("old.wwz", "PK\3\4 is how one begins", 6);
	save_text("future.wwz", "PK\3\4 is how one begins", -60);
	save_text("nothing.wwz", "", 60);
	save_text("plain", "a file", 60);
	assert_int_equal(mkdir("directory.wwz", 0755), 0);
	assert_int_equal(symlink("/etc/passwd", "outside.wwz"), 0);
	assert_int_equal(symlink("b.wwz", "inside.wwz"), 0);
	assert_int_equal(mkfifo("fifo.wwz", 0644), 0);
}

/* A page of the responder itself begins so. */
#define OURS "<!DOCTYPE html>"

#define HTML  "Content-Type: text/html; charset=utf-8"
#define PLAIN "Content-Type: text/plain; charset=utf-8"
#define RETRY "Retry-After: 2"
#define ALLOW "Allow: GET, HEAD, OPTIONS"
#define DATE  "Last-Modified: Wed, 01 Jan 2020 00:00:00 GMT"

static void
test_archives(void **state)
{
	static const struct row rows[] = {
		{"GET", "/b.wwz/only.txt", {0}, 200, {PLAIN, DATE}, TEXT},
		{"GET", "/inside.wwz/only.txt", {0}, 200, {PLAIN}, TEXT},
		{"GET", "/none.wwz/x", {0}, 404, {HTML}, OURS},
		{"GET", "/none.wwz", {0}, 404, {"Location"}, OURS},
		{"GET", "/none/b.wwz/x", {0}, 404, {HTML}, OURS},
		{"GET", "/plain/b.wwz/x", {0}, 404, {HTML}, OURS},
		{"GET", "/plain", {0}, 404, {HTML}, OURS},
		{"GET", "/", {0}, 404, {HTML}, OURS},
		{"GET", "/directory.wwz/x", {0}, 404, {HTML}, OURS},
		{"GET", "/fifo.wwz/x", {0}, 404, {HTML}, OURS},
		{"GET", "/outside.wwz/x", {0}, 403, {HTML}, OURS},
		{"GET", "/text.wwz/x", {0}, 500, {"Retry-After"}, OURS},
		{"GET", "/text.wwz", {0}, 500, {"Location"}, OURS},
		{"GET", "/nothing.wwz/", {0}, 500, {"Retry-After"}, OURS},
		{"GET", "/damaged.wwz/x", {0}, 500, {"Retry-After"}, OURS},
		{"GET", "/young.wwz/x", {0}, 503, {RETRY, HTML}, OURS},
		{"GET", "/young.wwz", {0}, 503, {RETRY, "Location"}, OURS},
		{"GET", "/old.wwz/x", {0}, 500, {"Retry-After"}, OURS},
		{"GET", "/future.wwz/x", {0}, 500, {"Retry-After"}, OURS},
		{"GET", "/../b.wwz/only.txt", {0}, 400, {HTML}, OURS},
		{"GET", "/x/../b.wwz/only.txt", {0}, 200, {PLAIN}, TEXT},
		{"GET", "//b.wwz//only.txt", {0}, 200, {PLAIN}, TEXT},
		{"GET", "/empty.wwz/", {0}, 200, {HTML}, OURS},
		{"GET", "/empty.wwz/x", {0}, 404, {HTML}, OURS},
	};

	(void)state;
	emulated("openat2");
	check_rows(rows, COUNT(rows));
}

/* A fault is logged once, with the archive and the offset. */
static void
test_archives_in_the_log(void **state)
{
	static const struct {
		const char *uri, *words[4];
	} table[] = {
		{"/text.wwz/x",
			{"warn archive-damaged", "text.wwz",
				"no end record in the last 19 bytes of 19"}},
		{"/damaged.wwz/x",
			{"warn archive-damaged", "damaged.wwz",
				"no central directory header at offset 74"}},
		{"/young.wwz/x", {"warn archive-incomplete", "young.wwz"}},
		{"/none.wwz/x", {"info archive-missing", "none.wwz"}},
		{"/outside.wwz/x", {"warn archive-outside", "outside.wwz"}},
		{"/a.wwz/method.txt",
			{"warn member-unsupported", "a.wwz",
				"member=method.txt", "method=99"}},
		{"/a.wwz/encrypted.txt",
			{"warn member-unsupported", "encrypted.txt", "method=0",
				"encrypted"}},
		{"/a.wwz/renamed.txt",
			{"warn member-damaged", "renamed.txt", "name"}},
	};
	static const char *const none[] = {NULL};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct asked a;
		const char *log;

		cache_clear(service.cache);
		log_take();
		ask(&a, "GET", table[i].uri, none);
		dismiss(&a);
		log = log_take();
		for (int j = 0; j < 4 && table[i].words[j] != NULL; j++) {
			if (strstr(log, table[i].words[j]) != NULL)
				continue;
			print_error("%s: logged \"%s\", want \"%s\"\n",
				table[i].uri, log, table[i].words[j]);
			failed++;
		}
		if (strchr(log, '\n') != strrchr(log, '\n')) {
			print_error("%s: logged %s\n", table[i].uri, log);
			failed++;
		}
	}
	assert_int_equal(failed, 0);
}

static void
test_members(void **state)
{
	static const struct row rows[] = {
		{"GET", "/a.wwz/", {0}, 200, {HTML, DATE}, "<p>index"},
		{"GET", "/a.wwz/index.html", {0}, 200, {HTML}, "<p>index"},
		{"GET", "/a.wwz/?x=1", {0}, 200, {HTML}, "<p>index"},
		{"GET", "/a.wwz/dir/", {0}, 200, {HTML}, "<p>second choice"},
		{"GET", "/a.wwz/dir/page.html", {0}, 200,
			{HTML, "Vary: Accept-Encoding", "Content-Encoding",
				"Accept-Ranges: bytes"},
			PAGE},
		{"GET", "/a.wwz/dir/sub/x.txt", {0}, 200,
			{PLAIN, "Vary", "ETag: " TEXT_ETAG,
				"Content-Length: 36"},
			TEXT},
		{"GET", "/a.wwz/dir/./sub/../sub//x.txt", {0}, 200, {PLAIN},
			TEXT},
		{"GET", "/a.wwz/dir/%73ub/x%2Etxt", {0}, 200, {PLAIN}, TEXT},
		{"GET", "/a.wwz/same", {0}, 200, {PLAIN}, "a file"},
		{"GET", "/a.wwz/same/in.txt", {0}, 200, {PLAIN}, "below"},
		{"GET", "/a.wwz/empty.txt", {0}, 200,
			{PLAIN, "Content-Length: 0"}, ""},
		{"GET", "/a.wwz/empty8.txt", {0}, 200,
			{PLAIN, "Content-Length: 0"}, ""},
		{"GET", "/a.wwz/caf%82/%8a.txt", {0}, 200, {PLAIN}, "cp437"},
		{"GET", "/a.wwz/caf%C3%A9/%C3%A8.txt", {0}, 200, {PLAIN},
			"cp437"},
		{"GET", "/a.wwz/inner.wwz/x.txt", {0}, 200, {PLAIN}, "inner"},
		{"GET", "/a.wwz/twice.txt", {0}, 200, {PLAIN}, "second"},
		{"GET", "/sp%20ace/a%20b.wwz/same", {0}, 200, {PLAIN},
			"a file"},
		{"GET", "/a.wwz/encrypted.txt", {0}, 501, {HTML}, OURS},
		{"GET", "/a.wwz/method.txt", {0}, 501, {HTML}, OURS},
		{"GET", "/a.wwz/renamed.txt", {0}, 500, {HTML}, OURS},
		{"GET", "/a.wwz/%00", {0}, 400, {HTML}, OURS},
		{"GET", "/a.wwz/same%00.html", {0}, 400, {HTML}, OURS},
		{"GET", "/a.wwz/a%0Ab", {0}, 400, {HTML}, OURS},
		{"GET", "/a.wwz/a%7F", {0}, 400, {HTML}, OURS},
		{"GET", "/a.wwz/../b.wwz/only.txt", {0}, 400, {HTML}, OURS},
		{"GET", "/a.wwz/dir/../../x", {0}, 400, {HTML}, OURS},
		{"GET", "/a.wwz/%2e%2e/x", {0}, 400, {HTML}, OURS},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

static void
test_missing_members(void **state)
{
	static const struct row rows[] = {
		{"GET", "/b.wwz/none", {0}, 404, {HTML}, OURS},
		{"GET", "/a.wwz/none", {0}, 404,
			{HTML, "ETag", "Last-Modified", "Accept-Ranges"},
			OWN404},
		{"GET", "/a.wwz/none", {"HTTP_ACCEPT_ENCODING=gzip"}, 404,
			{HTML, "Content-Encoding", "Vary"}, OWN404},
		{"GET", "/a.wwz/none",
			{"HTTP_RANGE=bytes=0-1", "HTTP_IF_NONE_MATCH=*"}, 404,
			{HTML, "Content-Range"}, OWN404},
		{"GET", "/a.wwz/none", {"HTTP_IF_MATCH=\"x\""}, 404, {HTML},
			OWN404},
		{"GET", "/a.wwz/404.html", {0}, 200, {HTML, DATE}, OWN404},
		/* The nearest one counts. */
		{"GET", "/a.wwz/guide/none", {0}, 404, {HTML, "ETag"},
			GUIDE404},
		{"GET", "/a.wwz/guide/none/deep/er/", {0}, 404, {HTML},
			GUIDE404},
		{"GET", "/a.wwz/guide/part.txt/none", {0}, 404, {HTML},
			GUIDE404},
		{"GET", "/a.wwz/guide/none/-wwz-index", {0}, 404, {HTML},
			GUIDE404},
		{"GET", "/a.wwz/guide/none/-wwz-log", {0}, 404, {HTML},
			GUIDE404},
		{"GET", "/a.wwz/-wwz-index/guide/none", {0}, 404, {HTML},
			GUIDE404},
		{"GET", "/a.wwz/guid/none", {0}, 404, {HTML}, OWN404},
		{"GET", "/a.wwz/guide/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17",
			{0}, 404, {HTML}, GUIDE404},
		{"GET", "/a.wwz/dir/none", {0}, 404, {HTML}, OWN404},
		{"GET", "/a.wwz/none/", {0}, 404, {HTML, "Location"}, OWN404},
		{"GET", "/a.wwz/index.html/", {0}, 404, {HTML}, OWN404},
		{"GET", "/a.wwz/dir/sub/x.txt/", {0}, 404, {HTML}, OWN404},
		{"GET", "/a.wwz/dir/sub/x.txt/y", {0}, 404, {HTML}, OWN404},
		{"GET", "/a.wwz/di", {0}, 404, {"Location"}, OWN404},
		{"GET", "/a.wwz/above.txt", {0}, 404, {HTML}, OWN404},
		{"GET", "/a.wwz/INDEX.html", {0}, 404, {HTML}, OWN404},
		{"GET", "/a.wwz/dir%5Cpage.html", {0}, 404, {HTML}, OWN404},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

/* A page is found by its name without ".html", as the member that it is. */
static void
test_clean_urls(void **state)
{
	static const struct row rows[] = {
		{"GET", "/a.wwz/dir/page", {0}, 200,
			{HTML, "Vary: Accept-Encoding", "Accept-Ranges: bytes",
				DATE},
			PAGE},
		{"GET", "/a.wwz/dir/page", {"HTTP_ACCEPT_ENCODING=gzip"}, 200,
			{HTML, "Content-Encoding: gzip"}, "\x1f\x8b"},
		{"GET", "/a.wwz/dir/page", {"HTTP_RANGE=bytes=3-8"}, 206,
			{HTML, "Content-Range: bytes 3-8/58"}, "a page"},
		{"GET", "/a.wwz/dir/page?x=1", {0}, 200, {HTML}, PAGE},
		{"GET", "/a.wwz/dir/page/", {0}, 200, {HTML}, PAGE},
		{"GET", "/a.wwz/index", {0}, 200, {HTML}, "<p>index"},
		/* The file comes first, then the page, then the directory. */
		{"GET", "/a.wwz/guide/part.txt", {0}, 200, {PLAIN}, TEXT},
		{"GET", "/a.wwz/guide", {0}, 200, {HTML, "Location"}, PAGE},
		{"GET", "/a.wwz/guide/", {0}, 200, {HTML}, OURS},
		{"GET", "/a.wwz/guid", {0}, 404, {HTML}, OWN404},
		{"GET", "/a.wwz/dir/page.htm", {0}, 404, {HTML}, OWN404},
		/* A tree of listings has no pages. */
		{"GET", "/a.wwz/-wwz-index/guide", {0}, 301,
			{"Location: /a.wwz/-wwz-index/guide/"}, OURS},
		{"GET", "/a.wwz/-wwz-index/dir/page", {0}, 404, {HTML}, OWN404},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

static void
test_no_clean_urls(void **state)
{
	static const struct row rows[] = {
		{"GET", "/a.wwz/dir/page", {0}, 404, {HTML}, OWN404},
		{"GET", "/a.wwz/dir/page/", {0}, 404, {HTML}, OWN404},
		{"GET", "/a.wwz/guide", {0}, 301, {"Location: /a.wwz/guide/"},
			OURS},
	};

	(void)state;
	site.clean_urls = false;
	check_rows(rows, COUNT(rows));
	site.clean_urls = true;
}

#define DENY "X-Frame-Options: DENY"

/* What _redirects says. */
static void
test_rules(void **state)
{
	static const struct row rows[] = {
		{"GET", "/ruled.wwz/old", {0}, 301,
			{"Location: /ruled.wwz/new/", DENY,
				"Cache-Control: no-cache"},
			OURS},
		{"GET", "/ruled.wwz/old/?x=1&y", {0}, 301,
			{"Location: /ruled.wwz/new/?x=1&y"}, OURS},
		{"GET", "//evil.example/../ruled.wwz/old", {0}, 301,
			{"Location: /ruled.wwz/new/"}, OURS},
		{"GET", "/ruled.wwz/x/../old", {0}, 301,
			{"Location: /ruled.wwz/new/"}, OURS},
		{"GET", "/ruled.wwz/out/a%20b?q", {0}, 302,
			{"Location: https://other.example/a%20b?q"}, OURS},
		{"GET", "/ruled.wwz/out/%0d%0aX:y", {0}, 400, {"Location"},
			OURS},
		{"GET", "/ruled.wwz/way//%2Fevil.example", {0}, 307,
			{"Location: /ruled.wwz/new/evil.example"}, OURS},
		{"GET", "/ruled.wwz/way/..%2f..%2f..%2fx", {0}, 400,
			{"Location"}, OURS},
		{"GET", "/ruled.wwz/%c3%A9/%E2%82%AC", {0}, 301,
			{"Location: /ruled.wwz/new/%E2%82%AC"}, OURS},
		{"GET", "/ruled.wwz/app/a/b", {0}, 200,
			{HTML, "Vary: Accept-Encoding", DENY}, PAGE},
		{"GET", "/ruled.wwz/app/a", {"HTTP_RANGE=bytes=3-8"}, 206,
			{HTML, "Content-Range: bytes 3-8/58"}, "a page"},
		{"GET", "/ruled.wwz/app/a", {"HTTP_ACCEPT_ENCODING=gzip"}, 200,
			{"Content-Encoding: gzip"}, NULL},
		{"GET", "/ruled.wwz/by-name", {0}, 200, {HTML}, PAGE},
		{"GET", "/ruled.wwz/by-directory", {0}, 200, {HTML}, "<p>new"},
		{"GET", "/ruled.wwz/lost/x", {0}, 404, {HTML, "ETag", DENY},
			PAGE},
		{"GET", "/ruled.wwz/lost2/x", {0}, 404, {HTML}, OURS},
		{"GET", "/ruled.wwz/broken", {0}, 404, {HTML}, OURS},
		{"GET", "/ruled.wwz/twice", {0}, 404, {HTML, "Location"}, OURS},
		{"GET", "/ruled.wwz/new/style.css", {0}, 301,
			{"Location: /ruled.wwz/style.css"}, OURS},
		/* Rules come before a listing, but not in its tree. */
		{"GET", "/ruled.wwz/files/", {0}, 302,
			{"Location: /ruled.wwz/new/"}, OURS},
		{"GET", "/ruled.wwz/files", {0}, 302,
			{"Location: /ruled.wwz/new/"}, OURS},
		{"GET", "/ruled.wwz/-wwz-index/files/", {0}, 200,
			{HTML, "X-Frame-Options"}, OURS},
		{"GET", "/ruled.wwz/-wwz-index/old", {0}, 404, {"Location"},
			OURS},
		{"GET", "/ruled.wwz", {0}, 301, {"Location: /ruled.wwz/"},
			OURS},
		/* The files themselves. */
		{"GET", "/ruled.wwz/_redirects", {0}, 404, {HTML}, OURS},
		{"GET", "/ruled.wwz/_headers", {0}, 404, {HTML}, OURS},
		{"GET", "/ruled.wwz/_headers/-wwz-log", {0}, 404, {HTML}, OURS},
		{"GET", "/ruled.wwz/hidden", {0}, 404, {HTML}, OURS},
		{"GET", "/ruled.wwz/new/_headers", {0}, 200, {PLAIN}, "served"},
		{"GET", "/ruled.wwz/-wwz-index", {"QUERY_STRING=format=json"},
			200, {"X-Frame-Options"},
			"{\"archive\":\"ruled.wwz\",\"directory\":\"\",\"zip\":\"./-wwz-index?download\",\"entries\":[\n"
			"{\"name\":\"files\","},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

/* What _headers says. */
static void
test_rules_of_headers(void **state)
{
	static const struct row rows[] = {
		{"GET", "/ruled.wwz/new/page.html", {0}, 200,
			{HTML, DENY, "Cache-Control: max-age=60",
				"Access-Control-Allow-Origin: *"},
			PAGE},
		{"GET", "/ruled.wwz/new/", {0}, 200,
			{HTML, DENY, "Cache-Control: max-age=60"}, "<p>new"},
		{"GET", "/ruled.wwz/new/a.ts", {0}, 200,
			{"Content-Type: text/javascript",
				"Vary: Accept-Encoding, Origin",
				"X-Content-Type-Options: nosniff"},
			TEXT},
		{"GET", "/ruled.wwz/new/a.ts", {"HTTP_RANGE=bytes=0-1,50-51"},
			206, {"Cache-Control: max-age=60"}, NULL},
		{"GET", "/ruled.wwz/new/a.ts", {"HTTP_IF_NONE_MATCH=*"}, 304,
			{"Content-Type", DENY, "Cache-Control: max-age=60",
				"Vary: Accept-Encoding, Origin"},
			""},
		{"GET", "/ruled.wwz/new/a.ts", {"HTTP_IF_MATCH=\"x\""}, 412,
			{HTML, DENY, "Cache-Control", "Vary"}, OURS},
		{"GET", "/ruled.wwz/new/a.ts", {"HTTP_RANGE=bytes=999-"}, 416,
			{HTML, DENY, "Cache-Control",
				"Content-Range: bytes */108"},
			OURS},
		{"GET", "/ruled.wwz/none", {0}, 404, {HTML, DENY}, OURS},
		{"GET", "/ruled.wwz/new/none", {0}, 404,
			{DENY, "Cache-Control"}, OURS},
		{"OPTIONS", "/ruled.wwz/new/a.ts", {0}, 204,
			{ALLOW, DENY, "Access-Control-Allow-Origin: *",
				"Cache-Control"},
			""},
		{"OPTIONS", "/ruled.wwz/../x", {0}, 204, {ALLOW}, ""},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

/* Nothing is read with --untrusted, and no file is shown either. */
static void
test_untrusted_rules(void **state)
{
	static const struct row rows[] = {
		{"GET", "/ruled.wwz/old", {0}, 404, {"Location"}, OURS},
		{"GET", "/ruled.wwz/new/style.css", {0}, 200,
			{"X-Frame-Options", "Location"}, "p{}"},
		{"GET", "/ruled.wwz/new/a.ts", {0}, 200,
			{"Content-Type: video/mp2t"}, TEXT},
		{"GET", "/ruled.wwz/_redirects", {0}, 404, {HTML}, OURS},
		{"OPTIONS", "/ruled.wwz/old", {0}, 204,
			{"Access-Control-Allow-Origin"}, ""},
	};

	(void)state;
	site.untrusted = true;
	check_rows(rows, COUNT(rows));
	site.untrusted = false;
}

/* The rules are read once for an archive; its faults are logged then. */
static void
test_rules_in_the_log(void **state)
{
	static const char *const none[] = {NULL};
	struct asked a;
	const char *log, *second;

	(void)state;
	cache_clear(service.cache);
	log_take();
	for (int i = 0; i < 3; i++) {
		ask(&a, "GET", "/ruled.wwz/old", none);
		dismiss(&a);
	}
	log = log_take();
	second = strchr(log, '\n');
	assert_non_null(second);
	assert_non_null(strstr(log, "warn rule-wrong "));
	assert_non_null(strstr(log, "member=_redirects line=15 "));
	assert_non_null(strstr(second, "member=_headers line=9 "));
	assert_string_equal(strchr(second + 1, '\n'), "\n");
}

/* An archive with rules is replaced by one without, and the other way round:
 * the answer is wholly of the new one. */
static void
test_replaced_rules(void **state)
{
	static const char *const none[] = {NULL};

	(void)state;
	for (int i = 0; i < 6; i++) {
		bool ruled = i % 2 == 0;
		struct zipmake z = {0};
		struct asked a;

		add(&z, "m.txt", 0, ruled ? "ruled" : "plain");
		if (ruled) {
			add(&z, "_redirects", 0, "/m.txt /x 301!");
			add(&z, "_headers", 0,
				"/*\n X-A: 1\n Content-Type: a/b");
		}
		zipmake_finish(&z, ZIP64_NONE, STR(""));
		zipmake_save(&z, "turn.wwz");
		zipmake_free(&z);
		ask(&a, "GET", "/turn.wwz/m.txt", none);
		pull_all(&a);
		assert_int_equal(a.response.status, ruled ? 301 : 200);
		assert_int_equal(field(&a, "X-A") != NULL, ruled);
		assert_int_equal(strcmp(a.body, "plain") == 0, !ruled);
		dismiss(&a);
	}
}

/* As a whole site, and where the web server has rewritten the path. */
static void
test_rules_elsewhere(void **state)
{
	static const struct {
		const char *uri, *info;
		int status;
		const char *location;
	} table[] = {
		{"/old", "/old", 301, "/new/"},
		{"/way/%2e%2fx?q", "/way/./x", 307, "/new/x?q"},
		{"/docs/1.2/old", "/old", 301, "/docs/1.2/new/"},
		{"/docs/1.2//old/", "/old/", 301, "/docs/1.2/new/"},
		{"/docs/%22/old", "/old", 301, "/docs/%22/new/"},
		{"/out/x", "/out/x", 302, "https://other.example/x"},
		{"/elsewhere", "/old", 404, NULL},
		{"/xold", "/old", 404, NULL},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct asked a;
		char archive[PATH_MAX], info[64];
		const char *got;

		snprintf(archive, sizeof(archive), "WWZ_ARCHIVE=%s/ruled.wwz",
			place);
		snprintf(info, sizeof(info), "PATH_INFO=%s", table[i].info);
		ask(&a, "GET", table[i].uri,
			(const char *const[]){archive, info, NULL});
		got = field(&a, "Location");
		failed += differ_number(table[i].uri, "status",
			(int)a.response.status, table[i].status);
		failed += differ(
			table[i].uri, str_of(got), str_of(table[i].location));
		dismiss(&a);
	}
	assert_int_equal(failed, 0);
}

static void
test_redirects(void **state)
{
	static const struct row rows[] = {
		{"GET", "/a.wwz", {0}, 301, {"Location: /a.wwz/", HTML}, OURS},
		{"GET", "/a.wwz?x=1&y", {0}, 301, {"Location: /a.wwz/?x=1&y"},
			NULL},
		{"GET", "/a.wwz?", {0}, 301, {"Location: /a.wwz/?"}, NULL},
		{"GET", "/b.wwz", {0}, 301, {"Location: /b.wwz/"}, NULL},
		{"GET", "/a.wwz/dir", {0}, 301, {"Location: /a.wwz/dir/"},
			NULL},
		{"GET", "/a.wwz/dir?q=%20", {0}, 301,
			{"Location: /a.wwz/dir/?q=%20"}, NULL},
		{"GET", "/a.wwz/dir/sub", {0}, 301,
			{"Location: /a.wwz/dir/sub/"}, NULL},
		{"GET", "/a.wwz/caf%82", {0}, 301, {"Location: /a.wwz/caf%82/"},
			NULL},
		{"GET", "/a.wwz/caf%C3%A9", {0}, 301,
			{"Location: /a.wwz/caf%C3%A9/"}, NULL},
		{"GET", "//evil.example/a.wwz", {0}, 301,
			{"Location: /evil.example/a.wwz/"}, NULL},
		{"GET", "///evil.example/a.wwz/dir", {0}, 301,
			{"Location: /evil.example/a.wwz/dir/"}, NULL},
		{"GET", "http://host/a.wwz", {0}, 301, {"Location: /a.wwz/"},
			NULL},
		{"GET", "/sp%20ace/a%20b.wwz", {0}, 301,
			{"Location: /sp%20ace/a%20b.wwz/"}, NULL},
		{"GET", "/a.wwz/\"<x>/../dir", {0}, 301,
			{"Location: /a.wwz/%22%3Cx%3E/../dir/"}, NULL},
		{"GET", "/a.wwz/inner.wwz", {0}, 301,
			{"Location: /a.wwz/inner.wwz/"}, NULL},
		{"HEAD", "/a.wwz", {0}, 301, {"Location: /a.wwz/"}, ""},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

static void
test_methods(void **state)
{
	static const struct row rows[] = {
		{"HEAD", "/b.wwz/only.txt", {0}, 200,
			{PLAIN, "Content-Length: 36"}, ""},
		{"OPTIONS", "/b.wwz/only.txt", {0}, 204, {ALLOW}, ""},
		{"OPTIONS", "*", {0}, 204, {ALLOW}, ""},
		{"OPTIONS", "/none.wwz/x", {0}, 204, {ALLOW}, ""},
		{"POST", "/b.wwz/only.txt", {0}, 405, {ALLOW, HTML}, OURS},
		{"PUT", "/b.wwz/only.txt", {0}, 405, {ALLOW}, OURS},
		{"DELETE", "/none.wwz/x", {0}, 405, {ALLOW}, OURS},
		{"PROPFIND", "/b.wwz/", {0}, 405, {ALLOW}, OURS},
		{"TRACE", "/b.wwz/", {0}, 405, {ALLOW}, OURS},
		{"POST", "/b.wwz/only.txt", {"CONTENT_LENGTH=65536"}, 405,
			{ALLOW}, OURS},
		{"POST", "/b.wwz/only.txt", {"CONTENT_LENGTH=65537"}, 413,
			{HTML}, OURS},
		{"GET", "/b.wwz/only.txt", {"CONTENT_LENGTH=65537"}, 413,
			{HTML}, OURS},
		{"POST", "/b.wwz/only.txt",
			{"CONTENT_LENGTH=99999999999999999999"}, 413, {HTML},
			OURS},
		{"GET", "/b.wwz/only.txt", {"CONTENT_LENGTH="}, 200, {PLAIN},
			TEXT},
		{"GET", "/b.wwz/only.txt", {"CONTENT_LENGTH=-1"}, 200, {PLAIN},
			TEXT},
		{"POST", "/b.wwz/only.txt", {"CONTENT_LENGTH=-1"}, 405, {ALLOW},
			OURS},
		{"get", "/b.wwz/", {0}, 405, {ALLOW}, OURS},
		{"", "/b.wwz/", {0}, 405, {ALLOW}, OURS},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

static void
test_listings(void **state)
{
	static const struct row rows[] = {
		{"GET", "/a.wwz/listed/", {0}, 200,
			{HTML, "Last-Modified", "Content-Length"}, OURS},
		{"GET", "/a.wwz/listed/two/", {0}, 200, {HTML}, OURS},
		{"GET", "/b.wwz/", {0}, 200, {HTML}, OURS},
		{"GET", "/a.wwz/-wwz-index", {0}, 200, {HTML}, OURS},
		{"GET", "/a.wwz/dir/-wwz-index", {0}, 200, {HTML}, OURS},
		{"GET", "/a.wwz/none/-wwz-index", {0}, 404, {HTML}, OWN404},
		{"GET", "/a.wwz/caf%C3%A9/", {0}, 200, {HTML}, OURS},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

static void
test_no_listings(void **state)
{
	static const struct row rows[] = {
		{"GET", "/a.wwz/listed/", {0}, 403, {HTML}, OURS},
		{"GET", "/a.wwz/listed", {0}, 301, {"Location: /a.wwz/listed/"},
			NULL},
		{"GET", "/a.wwz/dir/", {0}, 200, {HTML}, "<p>second choice"},
		{"GET", "/a.wwz/none/", {0}, 404, {HTML}, OWN404},
		{"GET", "/b.wwz/", {0}, 403, {HTML}, OURS},
		{"GET", "/a.wwz/-wwz-index", {0}, 403, {HTML}, OURS},
	};

	(void)state;
	site.listing = false;
	check_rows(rows, COUNT(rows));
	site.listing = true;
}

struct page {
	const char *uri, *query, *words[8]; /* in this order */
	const char *absent;
};

/* 0, or the number of words that are not in the page, or not in order. */
static unsigned
check_page(const struct page *page)
{
	char query[64];
	const char *more[] = {query, NULL}, *at;
	struct asked a;
	unsigned failed = 0;

	snprintf(query, sizeof(query), "QUERY_STRING=%s", page->query);
	ask(&a, "GET", page->uri, more);
	pull_all(&a);
	failed += differ_number(page->uri, "end", a.result, BODY_END);
	at = a.body;
	for (int j = 0; j < 8 && page->words[j] != NULL; j++) {
		const char *next = strstr(at, page->words[j]);

		if (next == NULL) {
			print_error("%s?%s: no \"%s\" in \"%s\"\n", page->uri,
				page->query, page->words[j], at);
			failed++;
		} else {
			at = next + strlen(page->words[j]);
		}
	}
	if (strstr(a.body, page->absent) != NULL) {
		print_error("%s?%s: \"%s\" in \"%s\"\n", page->uri, page->query,
			page->absent, a.body);
		failed++;
	}
	dismiss(&a);
	return failed;
}

static void
check_pages(const struct page *pages, size_t n)
{
	unsigned failed = 0;

	for (size_t i = 0; i < n; i++)
		failed += check_page(&pages[i]);
	log_take();
	assert_int_equal(failed, 0);
}

/* A listing shows these, in this order. */
static void
test_listing_content(void **state)
{
	static const struct page pages[] = {
		{"/a.wwz/listed/", "",
			{"=\"two/", "=\"one.txt", "one.txt", "36"}, "three"},
		{"/a.wwz/-wwz-index", "",
			{"=\"dir/", "=\"inner.wwz/", "=\"listed/", "=\"same/",
				"=\"404.html", "=\"app.1f2e3d4c.js", "=\"same"},
			"above.txt"},
		{"/a.wwz/caf%C3%A9/", "", {"=\"%C3%A8.txt", "\xc3\xa8.txt"},
			"\x8a"},
		{"/a.wwz/-wwz-index", "sort=size&order=desc",
			{"=\"404.html", "=\"style.css\"", "=\"index.html",
				"=\"same\"", "=\"app.1f2e3d4c.js"},
			"above.txt"},
		{"/a.wwz/-wwz-index", "sort=size&order=asc",
			{"aria-sort=\"ascending\"", "order=desc\">Size",
				"href=\"same/", "href=\"empty.txt",
				"href=\"same\"", "href=\"index.html",
				"href=\"404.html"},
			"above.txt"},
		{"/a.wwz/-wwz-index", "order=desc",
			{"aria-sort=\"descending\"", "href=\"same/",
				"href=\"dir/", "href=\"twice.txt",
				"href=\"same\"", "href=\"404.html"},
			"above.txt"},
		{"/logs.wwz/", "sort=time",
			{"-wwz-log/zz.log", "href=\"zz.log", "href=\"build.log",
				"href=\"page.html"},
			"-wwz-log/page.html"},
		{"/a.wwz/-wwz-index", "sort=colour&order=up&format=xml",
			{"aria-sort=\"ascending\"", "order=desc\">Name",
				"href=\"dir/", "href=\"same/",
				"href=\"404.html", "href=\"same\""},
			"above.txt"},
		{"/a.wwz/-wwz-index", "format=json",
			{"{\"archive\":\"a.wwz\"", "\"name\":\"dir\"",
				"\"name\":\"index.html\"", "]}"},
			"above.txt"},
	};

	(void)state;
	check_pages(pages, COUNT(pages));
}

/* Conditions on pages of the responder's own: listings and log pages.  Where
 * the status would not be 200, conditions do not count (RFC 9110,
 * section 13.2.1). */
static void
test_own_conditions(void **state)
{
	static const struct {
		const char *field;
		int status;
	} fields[] = {
		{"HTTP_IF_MATCH=\"x\"", 412},
		{"HTTP_IF_MATCH=*", 200},
		{"HTTP_IF_MATCH=garbage", 412},
		{"HTTP_IF_NONE_MATCH=\"x\"", 200},
		{"HTTP_IF_NONE_MATCH=\"\"", 200},
		{"HTTP_IF_NONE_MATCH=\"-gzip\"", 200},
		{"HTTP_IF_NONE_MATCH=*", 304},
		{"HTTP_IF_MODIFIED_SINCE=Fri, 01 Jan 2100 00:00:00 GMT", 200},
		{"HTTP_IF_UNMODIFIED_SINCE=Thu, 01 Jan 1970 00:00:00 GMT", 200},
	};
	static const struct {
		const char *target;
		int status;
		const char *query;
	} pages[] = {
		{"/a.wwz/listed/", 200, NULL},
		{"/a.wwz/dir/-wwz-index", 200, NULL},
		{"/logs.wwz/build.log/-wwz-log", 200, "QUERY_STRING=from=1"},
		{"/logs.wwz/build.log/-wwz-log", 303, NULL},
		{"/a.wwz/listed", 301, NULL},
		{"/a.wwz/none", 404, NULL},
		{"/a.wwz/none/-wwz-index", 404, NULL},
		{"/logs.wwz/binary.log/-wwz-log", 404, NULL},
		{"/damaged.wwz/a", 500, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pages) * COUNT(fields) * 2; i++) {
		size_t page = i / 2 / COUNT(fields), f = i / 2 % COUNT(fields);
		bool get = i % 2;
		int status = pages[page].status == 200 ? fields[f].status
						       : pages[page].status;
		const struct row row = {get ? "GET" : "HEAD",
			pages[page].target,
			{fields[f].field, pages[page].query}, status,
			{status == 304 ? "Content-Type" : HTML},
			get && status != 304 ? NULL : ""};

		check_rows(&row, 1);
	}
}

/* Every member that is text has a log page, under either name. */
static void
test_log_pages(void **state)
{
	static const struct row rows[] = {
		{"GET", "/logs.wwz/build.log/-wwz-log", {"QUERY_STRING=from=1"},
			200,
			{HTML, "Refresh", "ETag: W/\"fc06c3a3-10-f40109e9\"",
				"Content-Length"},
			OURS},
		{"GET", "/logs.wwz/build.log/-wwz-log",
			{"QUERY_STRING=from=1",
				"HTTP_IF_NONE_MATCH=\"fc06c3a3-10-f40109e9\""},
			304, {"ETag: W/\"fc06c3a3-10-f40109e9\""}, ""},
		{"GET", "/logs.wwz/build.log/-wwz-log",
			{"QUERY_STRING=from=1",
				"HTTP_IF_MATCH=W/\"fc06c3a3-10-f40109e9\""},
			412, {HTML}, OURS},
		{"GET", "/logs.wwz/-wwz-log/build.log", {"QUERY_STRING=from=1"},
			200, {HTML}, OURS},
		{"GET", "/logs.wwz/sub/-wwz-log/a%20b", {"QUERY_STRING=from=1"},
			200, {HTML}, OURS},
		{"GET", "/logs.wwz/packed.log.gz/-wwz-log",
			{"QUERY_STRING=from=1"}, 200, {HTML}, OURS},
		{"GET", "/logs.wwz/build.log/-wwz-log",
			{"QUERY_STRING=tail=5&refresh=7"}, 200,
			{"Refresh: 7; url=?tail=5&refresh=7"}, OURS},
		{"GET", "/logs.wwz/build.log/-wwz-log", {0}, 303,
			{"ETag", HTML,
				"Location: /logs.wwz/build.log/-wwz-log?tail=2000#end"},
			OURS},
		{"HEAD", "/logs.wwz/-wwz-log/build.log",
			{"QUERY_STRING=error=previous&lines=3"}, 303,
			{"ETag", HTML,
				"Location: /logs.wwz/-wwz-log/build.log?from=1&lines=3"},
			""},
		{"GET", "/logs.wwz/page.html/-wwz-log", {"QUERY_STRING=from=1"},
			200, {HTML}, OURS},
		{"GET", "/logs.wwz/binary.log/-wwz-log", {0}, 404, {HTML},
			OURS},
		{"GET", "/logs.wwz/none.log/-wwz-log", {0}, 404, {HTML}, OURS},
		{"GET", "/logs.wwz/sub/-wwz-log", {0}, 404, {HTML}, OURS},
		{"GET", "/logs.wwz/method.log/-wwz-log", {0}, 501, {HTML},
			OURS},
		{"GET", "/a.wwz/none.log/-wwz-log", {0}, 404, {HTML}, OWN404},
		{"GET", "/logs.wwz/build.log/-wwz-log/", {0}, 404, {HTML},
			OURS},
	};

	struct asked a;

	(void)state;
	check_rows(rows, COUNT(rows));
	ask(&a, "GET", rows[0].uri, rows[0].more);
	assert_true(
		str_eq(a.response.content_security_policy, page_log_policy));
	dismiss(&a);
	/* Listings that are switched off switch no log page off. */
	site.listing = false;
	check_rows(rows, COUNT(rows));
	site.listing = true;
}

static void
test_log_content(void **state)
{
	static const struct page pages[] = {
		{"/logs.wwz/build.log/-wwz-log", "lines=9",
			{"<h1>build.log</h1>", "href=\"../build.log\">Raw file",
				"Lines 1 to 3 of 3, 16 B", "id=\"L1\"", "one",
				"id=\"L2\"", "two", "three &lt;3"},
			"id=\"L4\""},
		{"/logs.wwz/sub/-wwz-log/a%20b", "tail=9",
			{"<h1>a b</h1>", "href=\"../a%20b\"", "of 1", "text"},
			"id=\"L2\""},
		{"/logs.wwz/packed.log.gz/-wwz-log", "lines=9",
			{"<h1>packed.log.gz</h1>", "Lines 1 to 3 of 3", "one",
				"three"},
			"id=\"L4\""},
		{"/logs.wwz/build.log/-wwz-log", "from=2&lines=1",
			{"Lines 2 to 2", "id=\"L2\"", "two"}, "three"},
		{"/logs.wwz/build.log/-wwz-log", "tail=1",
			{"Lines 3 to 3 of 3", "id=\"L3\"", "three"},
			"id=\"L2\""},
		{"/logs.wwz/packed.log.gz/-wwz-log", "tail=1",
			{"Lines 3 to 3 of 3", "three"}, "id=\"L2\""},
		{"/logs.wwz/build.log/-wwz-log", "from=9&lines=2",
			{"Lines 2 to 3 of 3", "two", "three"}, "id=\"L1\""},
		{"/logs.wwz/zz.log/-wwz-log", "lines=9",
			{"Lines: 0", "There are no lines here"}, "id=\"L1\""},
	};

	(void)state;
	check_pages(pages, COUNT(pages));
}

static void
test_conditions(void **state)
{
	static const struct row rows[] = {
		{"GET", "/b.wwz/only.txt", {"HTTP_IF_NONE_MATCH=" TEXT_ETAG},
			304, {"ETag: " TEXT_ETAG, "Last-Modified"}, ""},
		{"GET", "/b.wwz/only.txt",
			{"HTTP_IF_NONE_MATCH=\"x\", W/" TEXT_ETAG}, 304, {0},
			""},
		{"GET", "/b.wwz/only.txt", {"HTTP_IF_NONE_MATCH=\"x\""}, 200,
			{PLAIN}, TEXT},
		{"GET", "/b.wwz/only.txt", {"HTTP_IF_NONE_MATCH=*"}, 304, {0},
			""},
		{"GET", "/b.wwz/only.txt",
			{"HTTP_IF_NONE_MATCH=\"x\"",
				"HTTP_IF_MODIFIED_SINCE="
				"Wed, 01 Jan 2020 00:00:00 GMT"},
			200, {PLAIN}, TEXT},
		{"GET", "/b.wwz/only.txt",
			{"HTTP_IF_MODIFIED_SINCE="
			 "Wed, 01 Jan 2020 00:00:00 GMT"},
			304, {"ETag: " TEXT_ETAG}, ""},
		{"GET", "/b.wwz/only.txt",
			{"HTTP_IF_MODIFIED_SINCE="
			 "Tue, 31 Dec 2019 23:59:59 GMT"},
			200, {PLAIN}, TEXT},
		{"GET", "/b.wwz/only.txt",
			{"HTTP_IF_MODIFIED_SINCE="
			 "Wed, 01 Jan 2020 00:00:01 GMT"},
			200, {PLAIN}, TEXT},
		{"GET", "/b.wwz/only.txt", {"HTTP_IF_MATCH=" TEXT_ETAG}, 200,
			{PLAIN}, TEXT},
		{"GET", "/b.wwz/only.txt", {"HTTP_IF_MATCH=W/" TEXT_ETAG}, 412,
			{HTML}, OURS},
		{"GET", "/b.wwz/only.txt", {"HTTP_IF_MATCH=\"x\""}, 412, {HTML},
			OURS},
		{"GET", "/b.wwz/only.txt",
			{"HTTP_IF_UNMODIFIED_SINCE="
			 "Tue, 31 Dec 2019 23:59:59 GMT"},
			412, {HTML}, OURS},
		{"GET", "/a.wwz/dir/page.html",
			{"HTTP_IF_MODIFIED_SINCE="
			 "Wed, 01 Jan 2020 00:00:00 GMT"},
			304, {"Vary: Accept-Encoding", "Content-Encoding"}, ""},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

static void
test_ranges(void **state)
{
	static const struct row rows[] = {
		{"GET", "/b.wwz/only.txt", {"HTTP_RANGE=bytes=0-0"}, 206,
			{PLAIN, "Content-Range: bytes 0-0/36",
				"Content-Length: 1", "ETag: " TEXT_ETAG},
			"0"},
		{"GET", "/b.wwz/only.txt", {"HTTP_RANGE=bytes=10-"}, 206,
			{"Content-Range: bytes 10-35/36", "Content-Length: 26"},
			"abcdefghijklmnopqrstuvwxyz"},
		{"GET", "/b.wwz/only.txt", {"HTTP_RANGE=bytes=-3"}, 206,
			{"Content-Range: bytes 33-35/36", "Content-Length: 3"},
			"xyz"},
		{"GET", "/b.wwz/only.txt", {"HTTP_RANGE=bytes=30-99"}, 206,
			{"Content-Range: bytes 30-35/36"}, "uvwxyz"},
		{"GET", "/b.wwz/only.txt", {"HTTP_RANGE=bytes=-99"}, 206,
			{"Content-Range: bytes 0-35/36"}, TEXT},
		{"GET", "/b.wwz/only.txt", {"HTTP_RANGE=bytes=1-2,3-4"}, 206,
			{"Content-Range: bytes 1-4/36"}, "1234"},
		{"GET", "/b.wwz/only.txt", {"HTTP_RANGE=bytes=36-"}, 416,
			{"Content-Range: bytes */36", HTML}, OURS},
		{"GET", "/b.wwz/only.txt", {"HTTP_RANGE=lines=1-2"}, 200,
			{PLAIN, "Content-Range"}, TEXT},
		{"GET", "/b.wwz/only.txt", {"HTTP_RANGE=bytes=2-1"}, 200,
			{PLAIN, "Content-Range"}, TEXT},
		{"HEAD", "/b.wwz/only.txt", {"HTTP_RANGE=bytes=0-0"}, 200,
			{"Content-Length: 36", "Content-Range"}, ""},
		{"GET", "/b.wwz/only.txt",
			{"HTTP_RANGE=bytes=0-0", "HTTP_IF_RANGE=" TEXT_ETAG},
			206, {"Content-Length: 1"}, "0"},
		{"GET", "/b.wwz/only.txt",
			{"HTTP_RANGE=bytes=0-0", "HTTP_IF_RANGE=\"x\""}, 200,
			{"Content-Length: 36"}, TEXT},
		{"GET", "/a.wwz/dir/page.html",
			{"HTTP_RANGE=bytes=3-8", "HTTP_ACCEPT_ENCODING=gzip"},
			206,
			{"Content-Range: bytes 3-8/58", "Content-Encoding",
				"Vary: Accept-Encoding"},
			"a page"},
		{"GET", "/a.wwz/empty.txt", {"HTTP_RANGE=bytes=0-"}, 416,
			{"Content-Range: bytes */0"}, OURS},
		{"GET", "/a.wwz/none", {"HTTP_RANGE=bytes=0-0"}, 404,
			{"Content-Range"}, OWN404},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

/* Two parts: their sum, with what stands around, is Content-Length. */
static void
test_several_ranges(void **state)
{
	static const char *const more[] = {"HTTP_RANGE=bytes=0-1,-2", NULL};
	struct asked a;
	char boundary[128], want[1024];

	(void)state;
	ask(&a, "GET", "/b.wwz/only.txt", more);
	pull_all(&a);
	assert_int_equal(a.result, BODY_END);
	assert_int_equal(a.response.status, STATUS_PARTIAL);
	assert_int_equal(check_laws(&a, "parts"), 0);
	assert_int_equal(
		sscanf(field(&a, "Content-Type"),
			"multipart/byteranges; boundary=%100s", boundary),
		1);
	snprintf(want, sizeof(want),
		"\r\n--%s\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Range: bytes 0-1/36\r\n\r\n01"
		"\r\n--%s\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Range: bytes 34-35/36\r\n\r\nyz"
		"\r\n--%s--\r\n",
		boundary, boundary, boundary);
	assert_string_equal(a.body, want);
	dismiss(&a);
}

static void
test_negotiation(void **state)
{
	static const struct row rows[] = {
		{"GET", "/a.wwz/dir/page.html", {"HTTP_ACCEPT_ENCODING=gzip"},
			200,
			{"Content-Encoding: gzip", HTML,
				"Vary: Accept-Encoding"},
			"\x1f\x8b\x08"},
		{"GET", "/a.wwz/dir/page.html", {"HTTP_ACCEPT_ENCODING=br"},
			200, {"Content-Encoding", HTML}, PAGE},
		{"GET", "/a.wwz/dir/page.html",
			{"HTTP_ACCEPT_ENCODING=gzip;q=0.5, identity"}, 200,
			{"Content-Encoding"}, PAGE},
		{"GET", "/a.wwz/dir/page.html",
			{"HTTP_ACCEPT_ENCODING=gzip;q=0, identity;q=0"}, 406,
			{HTML, "Vary"}, OURS},
		{"GET", "/a.wwz/index.html", {"HTTP_ACCEPT_ENCODING=gzip"}, 200,
			{"Content-Encoding", "Vary"}, "<p>index"},
		{"GET", "/a.wwz/index.html",
			{"HTTP_ACCEPT_ENCODING=identity;q=0"}, 406, {HTML},
			OURS},
		{"GET", "/a.wwz/style.css",
			{"HTTP_ACCEPT_ENCODING=gzip, deflate, br"}, 200,
			{"Content-Encoding: br",
				"Content-Type: text/css; charset=utf-8",
				"Vary: Accept-Encoding"},
			BROTLI},
		{"GET", "/a.wwz/style.css", {"HTTP_ACCEPT_ENCODING=gzip"}, 200,
			{"Content-Encoding: gzip"}, "\x1f\x8b\x08"},
		{"GET", "/a.wwz/style.css.br", {"HTTP_ACCEPT_ENCODING=br"}, 200,
			{"Content-Encoding", "Vary"}, BROTLI},
	};
	static const struct row unpacked[] = {
		{"GET", "/a.wwz/frame.bin", {"HTTP_ACCEPT_ENCODING=zstd"}, 200,
			{"Content-Encoding: zstd", "Content-Length: 39"},
			"\x28\xb5\x2f\xfd"},
		{"GET", "/a.wwz/frame.bin", {0}, 200,
			{"Content-Encoding", "Content-Length: 30"},
			"thirty bytes in one raw block."},
	};
	static const struct row refused[] = {
		{"GET", "/a.wwz/frame.bin", {"HTTP_ACCEPT_ENCODING=zstd"}, 501,
			{HTML}, OURS},
		{"GET", "/a.wwz/frame.bin", {0}, 501, {HTML}, OURS},
	};

	(void)state;
	check_rows(rows, COUNT(rows));
	check_rows(packing_supports(PACKING_ZSTD) ? unpacked : refused,
		COUNT(unpacked));
}

static void
test_site_options(void **state)
{
	static const struct row rows[] = {
		{"GET", "/a.wwz/app.1f2e3d4c.js", {0}, 200,
			{"Cache-Control: max-age=60, immutable",
				"Content-Security-Policy"},
			"js"},
		{"GET", "/a.wwz/dir/sub/x.txt", {0}, 200,
			{"Cache-Control: max-age=60",
				"Content-Security-Policy"},
			TEXT},
		{"GET", "/a.wwz/dir/page.html", {0}, 200,
			{"Content-Security-Policy: sandbox"}, PAGE},
		{"GET", "/a.wwz/active.svg", {0}, 200,
			{"Content-Security-Policy: sandbox"}, "<svg/>"},
		{"GET", "/a.wwz/none", {0}, 404,
			{"Content-Security-Policy: sandbox", "Cache-Control"},
			OWN404},
		{"GET", "/b.wwz/only.txt", {"HTTP_IF_NONE_MATCH=*"}, 304,
			{"Cache-Control: max-age=60"}, ""},
	};
	static const struct row silent[] = {
		{"GET", "/a.wwz/app.1f2e3d4c.js", {0}, 200, {"Cache-Control"},
			"js"},
	};
	static const struct row without[] = {
		{"GET", "/a.wwz/app.1f2e3d4c.js", {0}, 200,
			{"Cache-Control: no-cache"}, "js"},
		{"GET", "/a.wwz/active.svg", {0}, 200,
			{"Content-Security-Policy"}, "<svg/>"},
	};

	(void)state;
	check_rows(without, COUNT(without));
	site.max_age = SITE_NO_FIELD;
	check_rows(silent, COUNT(silent));
	site.max_age = 60;
	site.immutable = site.untrusted = true;
	check_rows(rows, COUNT(rows));
	site.max_age = SITE_NO_CACHE;
	site.immutable = site.untrusted = false;
}

/* The archive itself, whole and in part. */
static void
test_archive_itself(void **state)
{
	static const struct row rows[] = {
		{"GET", "/b.wwz/-wwz-archive", {0}, 200,
			{"Content-Type: application/zip",
				"Accept-Ranges: bytes", "Content-Encoding"},
			"PK\3\4"},
		{"GET", "/b.wwz/-wwz-archive", {"HTTP_RANGE=bytes=1-3"}, 206,
			{"Content-Type: application/zip", "Content-Length: 3"},
			"K\3\4"},
		{"GET", "/a.wwz/dir/-wwz-archive", {0}, 404, {HTML}, OWN404},
	};
	static const char *const none[] = {NULL};
	int fd = open("b.wwz", O_RDONLY | O_CLOEXEC);
	char file[4096];
	ssize_t n = read(fd, file, sizeof(file));
	struct asked a;

	(void)state;
	close(fd);
	check_rows(rows, COUNT(rows));
	ask(&a, "GET", "/b.wwz/-wwz-archive", none);
	pull_all(&a);
	assert_int_equal(a.n, n);
	assert_memory_equal(a.body, file, a.n);
	assert_non_null(strstr(field(&a, "Content-Disposition"), "attachment"));
	dismiss(&a);
}

/* Large members that lie as they are to be sent are named to lighttpd, in a
 * response without a body. */
static void
test_hand_off(void **state)
{
	static const char *const ranged[] = {"HTTP_RANGE=bytes=1-2", NULL};
	static const struct {
		const char *uri, *const *more;
		bool handed_off;
	} table[] = {
		{"/off.wwz/stored.bin", ranged + 1, true},
		{"/off.wwz/stored.bin", ranged, true},
		{"/off.wwz/deflated.bin", ranged + 1, false},
		{"/off.wwz/small.bin", ranged + 1, false},
		{"/off.wwz/-wwz-archive", ranged + 1, true},
	};
	struct str content = zipmake_noise(2000000, 9);
	struct zipmake z = {0};
	size_t file_size;

	(void)state;
	zipmake_add(&z,
		&(struct zipmake_member){
			.name = "stored.bin", .content = content});
	zipmake_add(&z,
		&(struct zipmake_member){.name = "deflated.bin",
			.content = content,
			.method = 8});
	zipmake_add_text(&z, "small.bin", "small");
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_save(&z, "off.wwz");
	file_size = z.file.n;
	site.sendfile = true;
	for (size_t i = 0; i < COUNT(table); i++) {
		bool whole = strstr(table[i].uri, "archive") != NULL;
		const char *got;
		struct asked a;
		char want[256];

		/* In front of the first member's data stands its header. */
		snprintf(want, sizeof(want), "%s//off.wwz %zu-%zu", place,
			whole ? 0 : 30 + strlen("stored.bin"),
			whole ? file_size - 1
			      : 30 + strlen("stored.bin") + content.n - 1);
		ask(&a, "GET", table[i].uri, table[i].more);
		pull_all(&a);
		assert_int_equal(a.result, BODY_END);
		got = field(&a, "X-Sendfile2");
		if (!table[i].handed_off) {
			assert_null(got);
			assert_true(a.n > 0);
		} else {
			assert_non_null(got);
			assert_string_equal(got, want);
			assert_int_equal(a.n, 0);
			assert_int_equal(a.response.status, STATUS_OK);
			assert_null(field(&a, "Content-Length"));
			assert_null(field(&a, "Content-Range"));
		}
		dismiss(&a);
	}
	site.sendfile = false;
	zipmake_free(&z);
	free((void *)(uintptr_t)content.p);
}

/* Parameters as front ends send them. */
static void
test_parameters(void **state)
{
	char script[128], proxy[128], translated[128], archive[128],
		outside[128], spaces[128];
	struct row rows[] = {
		{"GET", "/wrong", {script, "PATH_INFO=/only.txt"}, 200, {PLAIN},
			TEXT},
		{"GET", "/wrong", {proxy, "PATH_INFO=/only.txt"}, 200, {PLAIN},
			TEXT},
		{"GET", "/wrong", {translated}, 200, {PLAIN}, TEXT},
		{"GET", "/wrong", {"REDIRECT_URL=/b.wwz/only.txt"}, 200,
			{PLAIN}, TEXT},
		{"GET", "/a.wwz/same", {archive, "PATH_INFO=/only.txt"}, 200,
			{PLAIN}, TEXT},
		{"GET", "/b.wwz", {script, "PATH_INFO="}, 301,
			{"Location: /b.wwz/"}, NULL},
		{"GET", "/x", {outside, "PATH_INFO=/x"}, 403, {HTML}, OURS},
		{"GET", NULL,
			{spaces, "SCRIPT_NAME=/sp ace/a b.wwz",
				"PATH_INFO=/dir", "QUERY_STRING=a=b"},
			301, {"Location: /sp%20ace/a%20b.wwz/dir/?a=b"}, NULL},
	};

	(void)state;
	snprintf(script, sizeof(script), "SCRIPT_FILENAME=%s/b.wwz", place);
	snprintf(proxy, sizeof(proxy),
		"SCRIPT_FILENAME=proxy:fcgi://localhost/%s/b.wwz", place);
	snprintf(translated, sizeof(translated),
		"PATH_TRANSLATED=%s/b.wwz/only.txt", place);
	snprintf(archive, sizeof(archive), "WWZ_ARCHIVE=%s/b.wwz", place);
	snprintf(spaces, sizeof(spaces), "SCRIPT_FILENAME=%s/sp ace/a b.wwz",
		place);
	snprintf(outside, sizeof(outside), "SCRIPT_FILENAME=/elsewhere/b.wwz");
	check_rows(rows, COUNT(rows));
}

/* zlib takes the gzip form for what it is; and every part of it is a part of
 * the whole. */
static void
test_every_part_of_gzip(void **state)
{
	static const char accept[] = "HTTP_ACCEPT_ENCODING=gzip, identity;q=0";
	const char *more[] = {accept, NULL, NULL};
	unsigned char plain[1024];
	z_stream z = {0};
	struct asked whole;
	unsigned failed = 0;

	(void)state;
	ask(&whole, "GET", "/a.wwz/dir/page.html", more);
	pull_all(&whole);
	assert_int_equal(whole.result, BODY_END);
	assert_int_equal(check_laws(&whole, "gzip"), 0);
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_in = (unsigned char *)whole.body;
	z.avail_in = (uInt)whole.n;
	z.next_out = plain;
	z.avail_out = sizeof(plain);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	assert_int_equal(z.total_out, strlen(PAGE));
	assert_memory_equal(plain, PAGE, strlen(PAGE));
	inflateEnd(&z);

	for (size_t i = 0; i < whole.n * whole.n; i++) {
		size_t first = i % whole.n, last = i / whole.n;
		char range[64], want[64];
		struct asked a;

		if (first > last)
			continue;
		snprintf(range, sizeof(range), "HTTP_RANGE=bytes=%zu-%zu",
			first, last);
		snprintf(want, sizeof(want), "bytes %zu-%zu/%zu", first, last,
			whole.n);
		more[1] = range;
		ask(&a, "GET", "/a.wwz/dir/page.html", more);
		pull_all(&a);
		if (a.response.status != STATUS_PARTIAL ||
			a.result != BODY_END || a.n != last - first + 1 ||
			memcmp(a.body, whole.body + first, a.n) != 0 ||
			strcmp(field(&a, "Content-Range"), want) != 0 ||
			check_laws(&a, range) != 0) {
			print_error("%s: got %d, %zu bytes\n%s", range,
				(int)a.response.status, a.n, a.head);
			failed++;
		}
		dismiss(&a);
	}
	dismiss(&whole);
	assert_int_equal(failed, 0);
}

/* Archives that change. */

static void
save_one(const char *path, struct str content, unsigned method)
{
	struct zipmake z = {0};

	zipmake_add(&z,
		&(struct zipmake_member){
			.name = "m.txt", .content = content, .method = method});
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_save(&z, path);
	zipmake_free(&z);
}

/* What "m.txt" of an archive is now: the status, and the body's beginning. */
static int
status_now(const char *uri, char start[16])
{
	static const char *const none[] = {NULL};
	struct asked a;
	int status;

	ask(&a, "GET", uri, none);
	pull_all(&a);
	status = (int)a.response.status;
	assert_int_equal(a.result, BODY_END);
	snprintf(start, 16, "%s", a.body);
	dismiss(&a);
	return status;
}

static void
test_replaced_archive(void **state)
{
	char start[16];

	(void)state;
	for (int i = 0; i < 200; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%d", i);
		save_one("new.wwz", str_of(text), i % 2 ? 8 : 0);
		assert_int_equal(status_now("/new.wwz/m.txt", start), 200);
		assert_string_equal(start, text);
	}
	assert_int_equal(unlink("new.wwz"), 0);
	assert_int_equal(status_now("/new.wwz/m.txt", start), 404);
	save_one("new.wwz", STR("again"), 0);
	assert_int_equal(status_now("/new.wwz/m.txt", start), 200);
	assert_string_equal(start, "again");
}

/* An upload that comes to its end, and a file that is mended, are seen at once;
 * one that stays as it is becomes a damaged one with time. */
static void
test_completed_upload(void **state)
{
	char start[16];

	(void)state;
	save_text("up.wwz", "PK\3\4", 0);
	assert_int_equal(status_now("/up.wwz/m.txt", start), 503);
	save_one("up.wwz", STR("whole"), 0);
	assert_int_equal(status_now("/up.wwz/m.txt", start), 200);
	assert_string_equal(start, "whole");
	save_text("up.wwz", "PK\3\4", 1);
	assert_int_equal(status_now("/up.wwz/m.txt", start), 503);
	save_text("up.wwz", "PK\3\4", 6);
	assert_int_equal(status_now("/up.wwz/m.txt", start), 500);
	save_one("up.wwz", STR("mended"), 0);
	assert_int_equal(status_now("/up.wwz/m.txt", start), 200);
	assert_string_equal(start, "mended");
	log_take();
}

/* A response under way is of the archive it began with, and a cut when that is
 * not to be had any more. */
static void
test_change_under_way(void **state)
{
	enum { REPLACE, REMOVE, TRUNCATE, APPEND, CHANGES };
	static const char *const names[CHANGES] = {
		"replaced", "removed", "truncated", "appended to"};
	static const char *const accept[] = {"HTTP_ACCEPT_ENCODING=gzip", NULL};
	struct str old = zipmake_noise(1500000, 1);
	struct str new = zipmake_noise(1500000, 2);
	unsigned failed = 0;

	(void)state;
	for (int i = 0; i < CHANGES * 3; i++) {
		int change = i / 3, form = i % 3;
		bool right = change == REPLACE || change == REMOVE;
		struct asked a;
		size_t whole;
		int fd;

		save_one("way.wwz", old, form == 0 ? 0 : 8);
		ask(&a, "GET", "/way.wwz/m.txt", accept + (form != 2));
		assert_int_equal(a.response.status, STATUS_OK);
		assert_int_equal(guard_install(), 0);
		assert_int_equal(pull(&a), BODY_SPAN);
		fd = open("way.wwz", O_RDWR | O_CLOEXEC);
		if (change == REPLACE)
			save_one("way.wwz", new, form == 0 ? 0 : 8);
		else if (change == REMOVE)
			assert_int_equal(unlink("way.wwz"), 0);
		else if (change == TRUNCATE)
			assert_int_equal(ftruncate(fd, 500000), 0);
		else
			assert_int_equal(pwrite(fd, "x", 1, 3000000), 1);
		close(fd);
		pull_all(&a);
		whole = strtoul(field(&a, "Content-Length"), NULL, 10);
		if (right ? a.result != BODY_END || a.n != whole
			  : a.result != BODY_CUT || a.n >= whole) {
			print_error("%s, form %d: %s after %zu of %zu\n",
				names[change], form,
				a.result == BODY_CUT ? "cut" : "end", a.n,
				whole);
			failed++;
		}
		if (form != 2 &&
			memcmp(a.body, old.p, a.n < old.n ? a.n : old.n) != 0) {
			print_error("%s, form %d: other bytes\n", names[change],
				form);
			failed++;
		}
		dismiss(&a);
	}
	log_take();
	assert_int_equal(failed, 0);
	free((void *)(uintptr_t)old.p);
	free((void *)(uintptr_t) new.p);
}

/* A member that is wrong does not look complete, however it is stored and how
 * often it is asked for. */
static void
test_damaged_members(void **state)
{
	static const char *const none[] = {NULL};
	struct zipmake z = {0};

	(void)state;
	add(&z, "m.txt", 8, PAGE);
	add(&z, "stored.txt", 0, PAGE);
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	for (unsigned i = 0; i < 2; i++)
		zipmake_set(&z, zipmake_entry(&z, i) + AT_ENTRY_CRC, 4, 1);
	zipmake_save(&z, "crc.wwz");
	zipmake_free(&z);
	for (int i = 0; i < 4; i++) {
		struct asked a;

		log_take();
		ask(&a, "GET", i % 2 ? "/crc.wwz/stored.txt" : "/crc.wwz/m.txt",
			none);
		pull_all(&a);
		assert_true(a.result == BODY_CUT ||
			a.response.status == STATUS_ERROR);
		assert_true(a.n < strlen(PAGE) ||
			a.response.status == STATUS_ERROR);
		dismiss(&a);
		assert_non_null(strstr(log_take(),
			i < 2 ? "CRC-32 does not match" : "damaged before"));
	}
}

/* A member's tag stays when the archive around it changes, and only then. */
static void
test_etags(void **state)
{
	static const char *const coded[] = {
		"HTTP_ACCEPT_ENCODING=gzip, identity;q=0", NULL};
	char tags[6][128];

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct zipmake z = {0};
		struct asked a;

		if (i >= 2)
			add(&z, "other.txt", 0, "other");
		add(&z, "m.txt", 8, i < 4 ? PAGE : PAGE "!");
		zipmake_finish(&z, ZIP64_NONE, STR(""));
		zipmake_save(&z, "tag.wwz");
		zipmake_free(&z);
		ask(&a, "GET", "/tag.wwz/m.txt", coded + i % 2);
		pull_all(&a);
		assert_int_equal(a.response.status, STATUS_OK);
		strcpy(tags[i], field(&a, "ETag"));
		dismiss(&a);
	}
	assert_string_equal(tags[0], tags[2]);
	assert_string_equal(tags[1], tags[3]);
	assert_string_not_equal(tags[0], tags[1]);
	assert_string_not_equal(tags[0], tags[4]);
	assert_string_not_equal(tags[1], tags[5]);
}

/* CGI: the same, to a descriptor. */
static void
test_cgi(void **state)
{
	static const struct {
		const char *method, *uri;
		int want;
	} table[] = {
		{"GET", "/b.wwz/only.txt", EXIT_SUCCESS},
		{"HEAD", "/b.wwz/only.txt", EXIT_SUCCESS},
		{"GET", "/a.wwz/dir/page.html", EXIT_SUCCESS},
		{"GET", "/a.wwz", EXIT_SUCCESS},
		{"GET", "/none.wwz/", EXIT_SUCCESS},
		{"GET", "/a.wwz/listed/", EXIT_SUCCESS},
		{"OPTIONS", "/a.wwz/", EXIT_SUCCESS},
		{"GET", "/crc.wwz/m.txt", EXIT_SUCCESS},
	};
	static const char *const none[] = {NULL};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct asked a;
		char got[16384], *want;
		ssize_t n;
		int fd = memfd_create("cgi", MFD_CLOEXEC);

		ask(&a, table[i].method, table[i].uri, none);
		pull_all(&a);
		assert_int_equal(
			cgi_run(&service, a.environment, fd), table[i].want);
		n = pread(fd, got, sizeof(got) - 1, 0);
		assert_true(n > 0);
		got[n] = '\0';
		assert_true(asprintf(&want, "%s%s", a.head, a.body) > 0);
		assert_string_equal(got, want);
		free(want);
		close(fd);
		dismiss(&a);
	}
	log_take();
}

/* A CGI program fails when nobody reads its output any more. */
static void
test_cgi_without_reader(void **state)
{
	static const char *const none[] = {NULL};
	struct asked a;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(full >= 0);
	ask(&a, "GET", "/b.wwz/only.txt", none);
	assert_int_equal(cgi_run(&service, a.environment, full), EXIT_FAILURE);
	dismiss(&a);
	close(full);
}

static int
begin(void **state)
{
	if (place_make(state) < 0)
		return -1;
	log_catch();
	service.cache = cache_new(8, 1 << 20, NULL);
	save_site();
	save_logs();
	save_ruled();
	save_others();
	return service.cache ? 0 : -1;
}

static int
end(void **state)
{
	cache_free(service.cache);
	return place_remove(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		/* First, because of young.wwz. */
		cmocka_unit_test(test_archives),
		cmocka_unit_test(test_archives_in_the_log),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_missing_members),
		cmocka_unit_test(test_clean_urls),
		cmocka_unit_test(test_no_clean_urls),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_rules_of_headers),
		cmocka_unit_test(test_untrusted_rules),
		cmocka_unit_test(test_rules_in_the_log),
		cmocka_unit_test(test_replaced_rules),
		cmocka_unit_test(test_rules_elsewhere),
		cmocka_unit_test(test_redirects),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_listings),
		cmocka_unit_test(test_no_listings),
		cmocka_unit_test(test_listing_content),
		cmocka_unit_test(test_own_conditions),
		cmocka_unit_test(test_log_pages),
		cmocka_unit_test(test_log_content),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_several_ranges),
		cmocka_unit_test(test_negotiation),
		cmocka_unit_test(test_site_options),
		cmocka_unit_test(test_archive_itself),
		cmocka_unit_test(test_hand_off),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_every_part_of_gzip),
		cmocka_unit_test(test_replaced_archive),
		cmocka_unit_test(test_completed_upload),
		cmocka_unit_test(test_change_under_way),
		cmocka_unit_test(test_damaged_members),
		cmocka_unit_test(test_etags),
		cmocka_unit_test(test_cgi),
		cmocka_unit_test(test_cgi_without_reader),
	};

	return cmocka_run_group_tests_name("serve", tests, begin, end);
}
