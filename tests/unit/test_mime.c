/* mime: types by extension, from the table and from a file. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "http/mime.h"
#include "unit.h"

#define UTF8 "; charset=utf-8"

/* The value with utf-8 if there is one. */
static struct str
find(const struct mime *mime, struct str name)
{
	struct media_type type = mime_find(mime, name);

	assert_true(type.utf8.n == 0 ||
		(str_starts(type.utf8, type.bare) &&
			str_ends(type.utf8, STR(UTF8)) &&
			type.utf8.n == type.bare.n + STR(UTF8).n));
	return type.utf8.n > 0 ? type.utf8 : type.bare;
}

/* A path that reads as text, until the descriptor *fd is closed. */
static const char *
make_file(struct str text, int *fd)
{
	static char path[64];

	*fd = memfd_create("mime.types", MFD_CLOEXEC);
	assert_true(*fd >= 0);
	assert_int_equal(write(*fd, text.p, text.n), text.n);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", *fd);
	return path;
}

static struct mime *
open_text(struct str text, struct fault *fault)
{
	int fd, saved;
	const char *path = make_file(text, &fd);
	struct mime *mime = mime_open(path, fault);

	saved = errno;
	close(fd);
	errno = saved;
	return mime;
}

static void
test_extension(void **state)
{
	static const struct {
		const char *name, *want;
	} table[] = {
		{"", ""},
		{"a", ""},
		{".", ""},
		{"..", ""},
		{"/", ""},
		{"a.", ""},
		{"a.b", "b"},
		{"a.b.", ""},
		{"a.B.cD", "cD"},
		{"a..b", "b"},
		{".htaccess", ""},
		{".a.b", "b"},
		{"a.b/c", ""},
		{"a.b/.c", ""},
		{"a.b/.c.d", "d"},
		{"a.b/c.d", "d"},
		{"a/b.c/", ""},
		{"a.b c", "b c"},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		failed += differ(table[i].name,
			mime_extension(str_of(table[i].name)),
			str_of(table[i].want));
	failed += differ("NULL", mime_extension(str_of(NULL)), str_of(""));
	assert_int_equal(failed, 0);
}

static void
test_known(void **state)
{
	static const struct {
		const char *name, *want;
	} table[] = {
		{"index.html", "text/html" UTF8},
		{"index.htm", "text/html" UTF8},
		{"index.xhtml", "application/xhtml+xml"},
		{"a.css", "text/css" UTF8},
		{"a.js", "text/javascript" UTF8},
		{"a.mjs", "text/javascript" UTF8},
		{"a.cjs", "text/javascript" UTF8},
		{"a.js.map", "application/json"},
		{"a.json", "application/json"},
		{"a.wasm", "application/wasm"},
		{"a.webmanifest", "application/manifest+json"},
		{"a.xml", "application/xml"},
		{"a.svg", "image/svg+xml"},
		{"a.atom", "application/atom+xml"},
		{"a.avif", "image/avif"},
		{"a.webp", "image/webp"},
		{"a.jxl", "image/jxl"},
		{"a.png", "image/png"},
		{"a.jpg", "image/jpeg"},
		{"a.jpeg", "image/jpeg"},
		{"a.gif", "image/gif"},
		{"favicon.ico", "image/vnd.microsoft.icon"},
		{"a.ttf", "font/ttf"},
		{"a.otf", "font/otf"},
		{"a.woff", "font/woff"},
		{"a.woff2", "font/woff2"},
		{"a.mp4", "video/mp4"},
		{"a.webm", "video/webm"},
		{"a.mp3", "audio/mpeg"},
		{"a.vtt", "text/vtt" UTF8},
		{"a.pdf", "application/pdf"},
		{"a.txt", "text/plain" UTF8},
		{"a.log", "text/plain" UTF8},
		{"a.csv", "text/csv" UTF8},
		{"a.md", "text/plain" UTF8},
		{"a.yaml", "text/plain" UTF8},
		{"a.yml", "text/plain" UTF8},
		{"a.toml", "text/plain" UTF8},
		{"main.rs", "text/x-rust" UTF8},
		{"a.sh", "text/x-sh" UTF8},
		{"a.ts", "video/mp2t"},
		{"a.zip", "application/zip"},
		{"a.wwz", "application/zip"},
		{"a.gz", "application/gzip"},
		{"a.zst", "application/zstd"},
		{"a.br", ""},
		{"a.no-such-extension", ""},
		/* Case. */
		{"A.HTML", "text/html" UTF8},
		{"a.Png", "image/png"},
		{"a.amr", "audio/AMR"},
		{"a.AMR", "audio/AMR"},
		/* Only the last extension counts. */
		{"a.html.gz", "application/gzip"},
		{"a.tar.html", "text/html" UTF8},
		{"a.html.nosuch", ""},
		{"a.html/b.css", "text/css" UTF8},
		/* No extension. */
		{"", ""},
		{"html", ""},
		{".html", ""},
		{"a/.html", ""},
		{"a.html.", ""},
		{"a.html/", ""},
		{"a.html/b", ""},
		/* Nearly one. */
		{"a.htmlx", ""},
		{"a.ht", ""},
		{"a.html ", ""},
		{"a. html", ""},
		{"a.\xe9", ""},
		/* The ends of the table. */
		{"a.123", "application/vnd.lotus-1-2-3"},
		{"a.!", ""},
		{"a.~", ""},
		/* What wget -r and wget -E make of a query. */
		{"app.js?v=3", "text/javascript" UTF8},
		{"a.b/app.js?v=1.2.css2", "text/javascript" UTF8},
		{"a.js?v=0.123", "text/javascript" UTF8},
		{"a?b=c.js", ""},
		{"a.css?", "text/css" UTF8},
		{"a.php?id=1.html", "text/html" UTF8},
		{"a.php?id=1.css", "text/css" UTF8},
		{"a?b/c.js", "text/javascript" UTF8},
		{"?.js", ""},
		{"a.\x7f", ""},
	};
	const struct str nul = {"a.html\0", 7};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		failed +=
			differ(table[i].name, find(NULL, str_of(table[i].name)),
				str_of(table[i].want));
	failed += differ("a.html\\0", find(NULL, nul), str_of(""));
	failed += differ("NULL", find(NULL, str_of(NULL)), str_of(""));
	assert_int_equal(failed, 0);
}

/* Every row of the table is found, which it is only if the table is sorted. */
static void
test_table(void **state)
{
	static const struct {
		const char *ext, *type;
	} table[] = {
#define TYPE(ext, type) {ext, type},
#define TEXT(ext, type) {ext, type UTF8},
#include "http/mime_table.inc"
#undef TYPE
#undef TEXT
	};
	unsigned failed = 0;
	char name[64];

	(void)state;
	assert_true(COUNT(table) > 1000);
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str type = str_of(table[i].type);
		int n = snprintf(name, sizeof(name), "a.%s", table[i].ext);

		assert_in_range(n, 3, sizeof(name) - 1);
		failed += differ(name, find(NULL, str_of(name)), type);
		if (mime_is_text(type) != str_ends(type, STR(UTF8))) {
			print_error("%s: charset of \"%.*s\"\n", name,
				STR_ARG(type));
			failed++;
		}
		for (size_t k = 0; k < type.n; k++)
			assert_in_range(type.p[k], ' ', '~');
	}
	assert_int_equal(failed, 0);
}

static void
test_kinds(void **state)
{
	static const struct {
		const char *type;
		bool text, active;
	} table[] = {
		{"", false, false},
		{"text/plain", true, false},
		{"text/", false, false},
		{"text", false, false},
		{"textual/plain", false, false},
		{"TEXT/Plain; charset=utf-8", true, false},
		{"text/html", true, true},
		{"text/html;charset=utf-8", true, true},
		{"Text/HTML ; charset=utf-8", true, true},
		{"text/htmlx", true, false},
		{"text/xml", false, true},
		{"text/xsl", false, true},
		{"text/css", true, false},
		{"text/javascript", true, false},
		{"application/javascript", true, false},
		{"application/xhtml+xml", false, true},
		{"application/XHTML+XML; a=b", false, true},
		{"application/xml", false, true},
		{"application/xml-dtd", false, false},
		{"image/svg+xml", false, true},
		{"text/x+xml", false, true},
		{"message/rfc822", false, true},
		{"multipart/related; boundary=a", false, true},
		{"image/svg+xml; charset=utf-8", false, true},
		{"application/rss+XML", false, true},
		{"multipart/x-mixed-replace; boundary=a", false, true},
		{"+xml", false, false},
		{"image/png; a=+xml", false, false},
		{"image/png; a=text/html", false, false},
		{"application/json", false, false},
		{"application/octet-stream", false, false},
		{"application/pdf", false, false},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str type = str_of(table[i].type);
		bool text = mime_is_text(type), active = mime_is_active(type);

		if (text == table[i].text && active == table[i].active)
			continue;
		print_error("\"%s\": got text %d active %d, want %d %d\n",
			table[i].type, text, active, table[i].text,
			table[i].active);
		failed++;
	}
	assert_int_equal(failed, 0);
}

/* A file that is read, a name, and its type. */
static void
test_file(void **state)
{
	static const struct {
		struct str text;
		const char *name, *want;
	} table[] = {
#define FILE_TEXT(text) {text, sizeof(text) - 1}
		/* What is not in the file comes from the table. */
		{FILE_TEXT(""), "a.css", "text/css" UTF8},
		{FILE_TEXT(""), "a.qqq", ""},
		{FILE_TEXT("image/q qqq\n"), "a.css", "text/css" UTF8},
		{FILE_TEXT("image/q qqq\n"), "a", ""},
		{FILE_TEXT("image/q qqq\n"), "a.qq", ""},
		{FILE_TEXT("image/q qqq\n"), "a.qqqq", ""},
		/* And what is, from the file. */
		{FILE_TEXT("image/q qqq\n"), "a.qqq", "image/q"},
		{FILE_TEXT("image/q css\n"), "a.css", "image/q"},
		{FILE_TEXT("image/q q r s\n"), "a.r", "image/q"},
		{FILE_TEXT("image/q q r s\n"), "a.s", "image/q"},
		{FILE_TEXT("image/q z\nimage/r m\nimage/s a\n"), "a.z",
			"image/q"},
		{FILE_TEXT("image/q z\nimage/r m\nimage/s a\n"), "a.m",
			"image/r"},
		{FILE_TEXT("image/q z\nimage/r m\nimage/s a\n"), "a.a",
			"image/s"},
		{FILE_TEXT("azAZ09/!#$%&'*+-.^_`|~ q\n"), "a.q",
			"azAZ09/!#$%&'*+-.^_`|~"},
		/* Case. */
		{FILE_TEXT("Image/Q qQq\n"), "a.QqQ", "Image/Q"},
		/* Blanks, ends of lines, comments. */
		{FILE_TEXT("image/q\tqqq\trrr\n"), "a.rrr", "image/q"},
		{FILE_TEXT(" \timage/q \t qqq \t \n"), "a.qqq", "image/q"},
		{FILE_TEXT("image/q qqq"), "a.qqq", "image/q"},
		{FILE_TEXT("image/q qqq\r\nimage/r rrr\r\n"), "a.qqq",
			"image/q"},
		{FILE_TEXT("image/q qqq\r\nimage/r rrr\r\n"), "a.rrr",
			"image/r"},
		{FILE_TEXT("image/q qqq\r"), "a.qqq", "image/q"},
		{FILE_TEXT("\n\r\n \t\n\nimage/q qqq\n\n"), "a.qqq", "image/q"},
		{FILE_TEXT("# image/r qqq\nimage/q qqq\n"), "a.qqq", "image/q"},
		{FILE_TEXT(" \t#x\n#\nimage/q qqq\n"), "a.qqq", "image/q"},
		{FILE_TEXT("# \0\xff\a\nimage/q qqq\n"), "a.qqq", "image/q"},
		{FILE_TEXT("image/q qqq # rrr\n"), "a.qqq", "image/q"},
		{FILE_TEXT("image/q qqq # rrr\n"), "a.rrr", ""},
		{FILE_TEXT("image/q # qqq\n"), "a.qqq", ""},
		/* Types without extensions change nothing. */
		{FILE_TEXT("image/q\nimage/r rrr\n"), "a.rrr", "image/r"},
		{FILE_TEXT("image/q\n"), "a.css", "text/css" UTF8},
		{FILE_TEXT("image/q"), "a.css", "text/css" UTF8},
		/* Later lines win. */
		{FILE_TEXT("image/q q\nimage/r q\n"), "a.q", "image/r"},
		{FILE_TEXT("image/q q Q\nimage/r Q\nimage/s q\n"), "a.q",
			"image/s"},
		{FILE_TEXT("a/a z q\nb/b q\nc/c b\nd/d q\ne/e a\n"), "a.q",
			"d/d"},
		{FILE_TEXT("a/a z q\nb/b q\nc/c b\nd/d q\ne/e a\n"), "a.z",
			"a/a"},
		/* Extensions: dots, and what else there may be. */
		{FILE_TEXT("image/q .qqq\n"), "a.qqq", "image/q"},
		{FILE_TEXT("image/q a.qqq rrr\n"), "a.qqq", ""},
		{FILE_TEXT("image/q a.qqq rrr\n"), "a.rrr", "image/q"},
		{FILE_TEXT("image/q \xc3\xa4 ~ c++\n"), "a.\xc3\xa4",
			"image/q"},
		{FILE_TEXT("image/q \xc3\xa4 ~ c++\n"), "a.~", "image/q"},
		{FILE_TEXT("image/q \xc3\xa4 ~ c++\n"), "a.c++", "image/q"},
		/* Parameters and charsets. */
		{FILE_TEXT("text/q q\n"), "a.q", "text/q" UTF8},
		{FILE_TEXT("application/javascript q\n"), "a.q",
			"application/javascript" UTF8},
		{FILE_TEXT("application/q+json q\n"), "a.q",
			"application/q+json"},
		{FILE_TEXT("text/html;charset=iso-8859-2 html\n"), "a.html",
			"text/html;charset=iso-8859-2"},
		{FILE_TEXT("text/html; charset=iso-8859-2 html\n"), "a.html",
			"text/html; charset=iso-8859-2"},
		{FILE_TEXT("text/q ; CharSet=\"koi8-r\"\tq\n"), "a.q",
			"text/q ; CharSet=\"koi8-r\""},
		{FILE_TEXT("text/q; a=b q\n"), "a.q", "text/q; a=b" UTF8},
		{FILE_TEXT("text/q;a=b;charset=x;c=d q\n"), "a.q",
			"text/q;a=b;charset=x;c=d"},
		{FILE_TEXT("text/q;a=charset q\n"), "a.q",
			"text/q;a=charset" UTF8},
		{FILE_TEXT("image/q; a=\"b \\\" c;\" q\n"), "a.q",
			"image/q; a=\"b \\\" c;\""},
		{FILE_TEXT("image/q; a=\"\" q\n"), "a.q", "image/q; a=\"\""},
		{FILE_TEXT("image/q; charset=x"), "a.css", "text/css" UTF8},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct fault fault = {""};
		struct mime *mime = open_text(table[i].text, &fault);

		if (mime == NULL) {
			print_error("%s: %s\n", table[i].text.p, fault.text);
			failed++;
			continue;
		}
		failed += differ(table[i].text.p,
			find(mime, str_of(table[i].name)),
			str_of(table[i].want));
		mime_free(mime);
	}
	assert_int_equal(failed, 0);
}

/* A file that is refused, and what is said of it behind its name. */
static void
test_wrong_text(void **state)
{
	static const struct {
		struct str text;
		const char *want;
	} table[] = {
		{FILE_TEXT("html"), ":1: not a media type"},
		{FILE_TEXT("# a\n\nimage/q q\nhtml text/html\n"),
			":4: not a media type"},
		{FILE_TEXT("types {\n"), ":1: not a media type"},
		{FILE_TEXT("/ q\n"), ":1: not a media type"},
		{FILE_TEXT("image q\n"), ":1: not a media type"},
		{FILE_TEXT("image/ q\n"), ":1: not a media type"},
		{FILE_TEXT("/image q\n"), ":1: not a media type"},
		{FILE_TEXT("image/q/r q\n"), ":1: not a media type"},
		{FILE_TEXT("image/q, q\n"), ":1: not a media type"},
		{FILE_TEXT("image/q: q\n"), ":1: not a media type"},
		{FILE_TEXT("image/\"q\" q\n"), ":1: not a media type"},
		{FILE_TEXT("image/q\xc3\xa4 q\n"), ":1: not a media type"},
		{FILE_TEXT("\xef\xbb\xbfimage/q q\n"), ":1: not a media type"},
		{FILE_TEXT("i\0m\0a\0g\0e\0/\0q\0"), ":1: not a media type"},
		/* Bytes that would end a field of a response, or begin one. */
		{FILE_TEXT("image/q\0 q\n"), ":1: not a media type"},
		{FILE_TEXT("image/q\0"), ":1: not a media type"},
		{FILE_TEXT("\0image/q q\n"), ":1: not a media type"},
		{FILE_TEXT("\0\n"), ":1: not a media type"},
		{FILE_TEXT("image/q\rX-A: b q\n"), ":1: not a media type"},
		{FILE_TEXT("image/q q\rimage/r r\r"), ":1: not an extension"},
		{FILE_TEXT("image/q\r\r\n"), ":1: not a media type"},
		{FILE_TEXT("image/q\v q\n"), ":1: not a media type"},
		{FILE_TEXT("image/q\x1b[1m q\n"), ":1: not a media type"},
		{FILE_TEXT("image/q\x7f q\n"), ":1: not a media type"},
		{FILE_TEXT("image/q;a=\"\r\" q\n"), ":1: not a media type"},
		{FILE_TEXT("image/q;a=\"\t\" q\n"), ":1: not a media type"},
		{FILE_TEXT("image/q;a=\"\0\" q\n"), ":1: not a media type"},
		{FILE_TEXT("image/q;a=\"\\\0\" q\n"), ":1: not a media type"},
		{FILE_TEXT("image/q;a=\"\x7f\" q\n"), ":1: not a media type"},
		{FILE_TEXT("image/q;a=\"\x80\" q\n"), ":1: not a media type"},
		/* Parameters. */
		{FILE_TEXT("image/q; q\n"), ":1: not a media type"},
		{FILE_TEXT("image/q;\n"), ":1: not a media type"},
		{FILE_TEXT("image/q; =b q\n"), ":1: not a media type"},
		{FILE_TEXT("image/q; a= q\n"), ":1: not a media type"},
		{FILE_TEXT("image/q; a=b; q\n"), ":1: not a media type"},
		{FILE_TEXT("image/q; a=b\"c\" q\n"), ":1: not a media type"},
		{FILE_TEXT("image/q; a=\"b\"c q\n"), ":1: not a media type"},
		{FILE_TEXT("image/q; a=\""), ":1: not a media type"},
		{FILE_TEXT("image/q; a=\"b"), ":1: not a media type"},
		{FILE_TEXT("image/q; a=\"b\\"), ":1: not a media type"},
		{FILE_TEXT("image/q; a=\"b\\\""), ":1: not a media type"},
		/* Extensions. */
		{FILE_TEXT("image/q .\n"), ":1: not an extension"},
		{FILE_TEXT("image/q r\n\nimage/q r .\n"),
			":3: not an extension"},
		{FILE_TEXT("text/html html htm;\n"), ":1: not an extension"},
		{FILE_TEXT("image/q image/r\n"), ":1: not an extension"},
		{FILE_TEXT("image/q q\0r\n"), ":1: not an extension"},
		{FILE_TEXT("image/q q\0"), ":1: not an extension"},
		{FILE_TEXT("image/q q\a\n"), ":1: not an extension"},
		{FILE_TEXT("image/q q\x7f\n"), ":1: not an extension"},
		{FILE_TEXT("image/q\t; a=b q\n"), ":1: not an extension"},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct fault fault = {""};
		struct mime *mime = open_text(table[i].text, &fault);
		int code = errno;
		const char *what = strchr(fault.text, ':');

		failed += differ(
			table[i].text.p, str_of(what), str_of(table[i].want));
		if (mime != NULL || code != EINVAL) {
			print_error("%s: got %s, errno %d, want NULL, %d\n",
				table[i].text.p, mime ? "types" : "NULL", code,
				EINVAL);
			failed++;
		}
		mime_free(mime);
	}
	assert_int_equal(failed, 0);
}

/* A type of 255 bytes is the longest. */
static void
test_long_type(void **state)
{
	char line[300];
	struct fault fault = {""};
	struct mime *mime;
	int n;

	(void)state;
	n = snprintf(line, sizeof(line), "image/%0249d q\n", 7);
	mime = open_text((struct str){line, (size_t)n}, &fault);
	assert_string_equal(fault.text, "");
	assert_non_null(mime);
	assert_int_equal(find(mime, str_of("a.q")).n, 255);
	mime_free(mime);

	n = snprintf(line, sizeof(line), "image/%0250d q\n", 7);
	assert_null(open_text((struct str){line, (size_t)n}, &fault));
	assert_string_equal(strchr(fault.text, ':'), ":1: media type too long");
}

static void
test_many_lines(void **state)
{
	enum { LINES = 5000 };
	char *text, name[32], want[32];
	size_t size;
	FILE *file = open_memstream(&text, &size);
	struct fault fault = {""};
	struct mime *mime;
	unsigned failed = 0;

	(void)state;
	assert_non_null(file);
	/* Every extension twice; the second one of each counts. */
	for (int i = 0; i < 2 * LINES; i++)
		fprintf(file, "image/%d x%d\n", i, i * 7 % LINES);
	fclose(file);
	mime = open_text((struct str){text, size}, &fault);
	free(text);
	assert_string_equal(fault.text, "");
	assert_non_null(mime);
	for (int i = LINES; i < 2 * LINES; i++) {
		snprintf(name, sizeof(name), "a.X%d", i * 7 % LINES);
		snprintf(want, sizeof(want), "image/%d", i);
		failed += differ(name, find(mime, str_of(name)), str_of(want));
	}
	mime_free(mime);
	assert_int_equal(failed, 0);
}

static void
test_wrong_file(void **state)
{
	static const struct {
		const char *path;
		int code;
		const char *want;
	} table[] = {
		{"/nonexistent/mime.types", ENOENT,
			"/nonexistent/mime.types: No such file or directory"},
		{"", ENOENT, "\"\": No such file or directory"},
		{"/dev/null/x", ENOTDIR, "/dev/null/x: Not a directory"},
		{"/", EISDIR, "/: Is a directory"},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct fault fault = {""};
		struct mime *mime = mime_open(table[i].path, &fault);
		int code = errno;

		failed += differ(table[i].path, str_of(fault.text),
			str_of(table[i].want));
		if (mime != NULL || code != table[i].code) {
			print_error("%s: got errno %d, want %d\n",
				table[i].path, code, table[i].code);
			failed++;
		}
		mime_free(mime);
	}
	assert_int_equal(failed, 0);
}

static void
test_fault_names_file(void **state)
{
	struct fault fault = {""};
	char want[128];
	int fd;
	const char *path = make_file(STR("image/q q\nhtml\n"), &fd);

	(void)state;
	assert_null(mime_open(path, &fault));
	snprintf(want, sizeof(want), "%s:2: not a media type", path);
	assert_string_equal(fault.text, want);
	close(fd);
}

static void
test_free_keeps_errno(void **state)
{
	struct fault fault = {""};
	struct mime *mime = open_text(STR("image/q q\n"), &fault);

	(void)state;
	assert_non_null(mime);
	errno = EXDEV;
	mime_free(mime);
	assert_int_equal(errno, EXDEV);
	mime_free(NULL);
	assert_int_equal(errno, EXDEV);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_extension),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_wrong_text),
		cmocka_unit_test(test_long_type),
		cmocka_unit_test(test_many_lines),
		cmocka_unit_test(test_wrong_file),
		cmocka_unit_test(test_fault_names_file),
		cmocka_unit_test(test_free_keeps_errno),
	};

	return cmocka_run_group_tests_name("mime", tests, NULL, NULL);
}
