#include "http/mime.h"

#include "base/arena.h"
#include "http/path.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define UTF8 "; charset=utf-8"

/* Longer than any registered type (RFC 6838, section 4.2: 127 bytes for each
 * half), and short enough for a response line. */
enum { TYPE_MAX = 255 };

struct entry {
	struct str ext;   /* in lower case */
	const char *type; /* followed by UTF8 if no charset was given */
	size_t bare;      /* bytes of type without that */
	size_t order;     /* of its line in the file */
};

struct mime {
	struct arena arena;    /* holds what entries point to */
	struct entry *entries; /* one for each extension, sorted by it */
	size_t n, room;
};

/* Sorted by extension too. */
static const struct entry builtin[] = {
#define TYPE(ext, type) {{ext, sizeof(ext) - 1}, type, sizeof(type) - 1, 0},
#define TEXT(ext, type) \
	{{ext, sizeof(ext) - 1}, type UTF8, sizeof(type) - 1, 0},
#include "http/mime_table.inc"
#undef TYPE
#undef TEXT
};

static char
to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A byte of a token (RFC 9110, section 5.6.2). */
static bool
token_byte(char c)
{
	return (c >= '0' && c <= '9') ||
		(to_lower(c) >= 'a' && to_lower(c) <= 'z') ||
		(c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool
skip_byte(struct str *rest, char c)
{
	if (rest->n == 0 || rest->p[0] != c)
		return false;
	*rest = str_slice(*rest, 1, rest->n);
	return true;
}

/* Cut a token off *rest; empty when it begins with none. */
static struct str
cut_token(struct str *rest)
{
	struct str token = {rest->p, 0};

	while (token.n < rest->n && token_byte(rest->p[token.n]))
		token.n++;
	*rest = str_slice(*rest, token.n, rest->n);
	return token;
}

/* Skip the rest of a quoted string, which may hold blanks but only ASCII. */
static bool
skip_quoted(struct str *rest)
{
	while (!skip_byte(rest, '"')) {
		skip_byte(rest, '\\');
		if (rest->n == 0 || rest->p[0] < ' ' || rest->p[0] > '~')
			return false;
		*rest = str_slice(*rest, 1, rest->n);
	}
	return true;
}

/* Skip "; name=value" (RFC 9110, section 5.6.6). */
static bool
skip_parameter(struct str *rest, bool *charset)
{
	struct str name;

	while (skip_byte(rest, ' '))
		;
	name = cut_token(rest);
	if (name.n == 0 || !skip_byte(rest, '='))
		return false;
	if (str_eq_nocase(name, STR("charset")))
		*charset = true;
	if (skip_byte(rest, '"'))
		return skip_quoted(rest);
	return cut_token(rest).n > 0;
}

/* Cut a media type with its parameters off *line. */
static bool
cut_type(struct str *line, struct str *type, bool *charset)
{
	struct str rest = *line, after;

	*charset = false;
	if (cut_token(&rest).n == 0 || !skip_byte(&rest, '/') ||
		cut_token(&rest).n == 0)
		return false;
	for (;;) {
		after = rest;
		while (skip_byte(&after, ' '))
			;
		if (!skip_byte(&after, ';'))
			break;
		if (!skip_parameter(&after, charset))
			return false;
		rest = after;
	}
	if (rest.n > 0 && !is_blank(rest.p[0]))
		return false;
	*type = str_slice(*line, 0, line->n - rest.n);
	*line = rest;
	return true;
}

bool
mime_is_type(struct str type)
{
	struct str whole;
	bool charset;

	return cut_type(&type, &whole, &charset) && type.n == 0;
}

/* Cut an extension off *line; empty when nothing or only a comment is left. */
static struct str
cut_word(struct str *line)
{
	struct str rest = str_trim(*line), word = {rest.p, 0};

	if (rest.n > 0 && rest.p[0] == '#')
		rest.n = 0;
	while (word.n < rest.n && !is_blank(rest.p[word.n]))
		word.n++;
	*line = str_slice(rest, word.n, rest.n);
	return word;
}

/* A name may contain any byte, but these bytes in an extension are surely a
 * mistake. */
static bool
extension_ok(struct str ext)
{
	for (size_t i = 0; i < ext.n; i++) {
		unsigned char c = (unsigned char)ext.p[i];

		if (c <= ' ' || c == 0x7f || strchr("\"/;={}", c) != NULL)
			return false;
	}
	return ext.n > 0;
}

static int
add_entry(struct mime *mime, struct str ext, const char *type, size_t bare)
{
	char *copy = arena_get(&mime->arena, ext.n);

	if (copy == NULL)
		return -1;
	if (mime->n == mime->room) {
		size_t room = mime->room ? mime->room * 2 : 64;
		struct entry *entries =
			reallocarray(mime->entries, room, sizeof(*entries));

		if (entries == NULL)
			return -1;
		mime->entries = entries;
		mime->room = room;
	}
	for (size_t i = 0; i < ext.n; i++)
		copy[i] = to_lower(ext.p[i]);
	mime->entries[mime->n] =
		(struct entry){{copy, ext.n}, type, bare, mime->n};
	mime->n++;
	return 0;
}

static int
add_extensions(struct mime *mime, struct str line, struct str type,
	bool charset, const char **what)
{
	const char *utf8 = mime_is_text(type) && !charset ? UTF8 : "";
	struct str word = cut_word(&line), full;

	if (word.n == 0)
		return 0;
	full = arena_printf(&mime->arena, "%.*s%s", STR_ARG(type), utf8);
	if (full.p == NULL)
		return -1;
	for (; word.n > 0; word = cut_word(&line)) {
		skip_byte(&word, '.');
		if (!extension_ok(word)) {
			*what = "not an extension";
			errno = EINVAL;
			return -1;
		}
		if (add_entry(mime, word, full.p, type.n) != 0)
			return -1;
	}
	return 0;
}

/* Read a line.  -1 with errno; with EINVAL, *what says what is wrong. */
static int
read_line(struct mime *mime, struct str line, const char **what)
{
	struct str type;
	bool charset;

	if (str_ends(line, STR("\n")))
		line.n--;
	if (str_ends(line, STR("\r")))
		line.n--;
	line = str_trim(line);
	if (line.n == 0 || line.p[0] == '#')
		return 0;
	errno = EINVAL;
	if (!cut_type(&line, &type, &charset)) {
		*what = "not a media type";
		return -1;
	}
	if (type.n > TYPE_MAX) {
		*what = "media type too long";
		return -1;
	}
	return add_extensions(mime, line, type, charset, what);
}

/* Read all lines of the file, as read_line; *number is the current line. */
static int
read_lines(
	struct mime *mime, FILE *file, unsigned long *number, const char **what)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int result = 0;

	while (result == 0 && (n = getline(&line, &size, file)) >= 0) {
		++*number;
		result = read_line(mime, (struct str){line, (size_t)n}, what);
	}
	if (result == 0 && !feof(file))
		result = -1;
	free(line);
	return result;
}

static int
compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = str_compare(x->ext, y->ext);

	return order ? order : (x->order > y->order) - (x->order < y->order);
}

/* Sort the entries by extension, and drop all but the last of each. */
static void
sort_entries(struct mime *mime)
{
	struct entry *e = mime->entries;
	size_t n = 0;

	if (mime->n > 0)
		qsort(e, mime->n, sizeof(*e), compare_entries);
	for (size_t i = 0; i < mime->n; i++) {
		if (n > 0 && str_eq(e[n - 1].ext, e[i].ext))
			n--;
		e[n++] = e[i];
	}
	mime->n = n;
}

struct mime *
mime_open(const char *path, struct fault *fault)
{
	FILE *file = fopen(path, "re");
	struct mime *mime = file ? calloc(1, sizeof(*mime)) : NULL;
	const char *what = NULL;
	unsigned long line = 0;
	int saved;

	if (mime != NULL && read_lines(mime, file, &line, &what) == 0) {
		fclose(file);
		sort_entries(mime);
		return mime;
	}
	saved = errno;
	if (what != NULL)
		fault_set(fault, "%.400s:%lu: %s", path, line, what);
	else
		fault_errno(fault, str_of(path), saved);
	mime_free(mime);
	if (file != NULL)
		fclose(file);
	errno = saved;
	return NULL;
}

void
mime_free(struct mime *mime)
{
	int saved = errno;

	if (mime == NULL)
		return;
	free(mime->entries);
	arena_free(&mime->arena);
	free(mime);
	errno = saved;
}

/* name without the query that `wget -r` saves in it ("app.js?v=3"), unless it
 * ends in what `wget -E` then appends. */
static struct str
without_query(struct str name)
{
	struct str last = path_last(name);
	const char *query = last.n ? memchr(last.p, '?', last.n) : NULL;

	if (query == NULL || str_ends_nocase(last, STR(".html")) ||
		str_ends_nocase(last, STR(".css")))
		return name;
	return (struct str){name.p, (size_t)(query - name.p)};
}

struct str
mime_extension(struct str name)
{
	size_t i;

	name = without_query(name);
	i = name.n;
	while (i > 0 && name.p[i - 1] != '.' && name.p[i - 1] != '/')
		i--;
	/* i is now where the extension would start, after its dot. */
	if (i < 2 || name.p[i - 1] != '.' || name.p[i - 2] == '/')
		return (struct str){NULL, 0};
	return str_slice(name, i, name.n);
}

static int
compare_key(const void *key, const void *entry)
{
	struct str name = *(const struct str *)key;
	struct str ext = ((const struct entry *)entry)->ext;

	for (size_t i = 0; i < name.n && i < ext.n; i++) {
		int a = (unsigned char)to_lower(name.p[i]);
		int b = (unsigned char)ext.p[i];

		if (a != b)
			return a - b;
	}
	return (name.n > ext.n) - (name.n < ext.n);
}

struct media_type
mime_find(const struct mime *mime, struct str name)
{
	struct str ext = mime_extension(name), full;
	const struct entry *found = NULL;

	if (mime != NULL && mime->n > 0)
		found = bsearch(&ext, mime->entries, mime->n, sizeof(*found),
			compare_key);
	if (found == NULL)
		found = bsearch(&ext, builtin,
			sizeof(builtin) / sizeof(builtin[0]), sizeof(*found),
			compare_key);
	if (found == NULL)
		return (struct media_type){{NULL, 0}, {NULL, 0}};
	full = str_of(found->type);
	return (struct media_type){
		.bare = str_slice(full, 0, found->bare),
		.utf8 = full.n > found->bare ? full : (struct str){NULL, 0},
	};
}

/* type without its parameters. */
static struct str
essence(struct str type)
{
	return str_trim(str_cut(&type, ';'));
}

static bool
listed(struct str type, const char *const list[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq_nocase(type, str_of(list[i])))
			return true;
	}
	return false;
}

/* Whether browsers, or some of them, take it for XML (WHATWG MIME Sniffing,
 * section 4.6). */
static bool
is_xml(struct str type)
{
	static const char *const others[] = {
		"application/xml", "text/rdf", "text/xml", "text/xsl"};
	const struct str xml = STR("+xml");

	return (type.n > xml.n && str_ends_nocase(type, xml)) ||
		listed(type, others, sizeof(others) / sizeof(others[0]));
}

bool
mime_is_text(struct str type)
{
	static const char *const others[] = {
		"application/ecmascript", "application/javascript"};
	const struct str text = STR("text/");

	type = essence(type);
	if (type.n > text.n && str_eq_nocase(str_slice(type, 0, text.n), text))
		return !is_xml(type);
	return listed(type, others, sizeof(others) / sizeof(others[0]));
}

bool
mime_is_active(struct str type)
{
	/* A web archive, and a stream whose parts may be HTML. */
	static const char *const others[] = {
		"message/rfc822",
		"multipart/related",
		"multipart/x-mixed-replace",
		"text/html",
	};

	type = essence(type);
	return is_xml(type) ||
		listed(type, others, sizeof(others) / sizeof(others[0]));
}

bool
mime_is_plain(const struct media_type *type)
{
	return type->utf8.n > 0 &&
		str_eq_nocase(essence(type->bare), STR("text/plain"));
}

bool
mime_ends_in(struct str name, const char *const list[], size_t n)
{
	return listed(mime_extension(name), list, n);
}

bool
mime_is_log(struct str name)
{
	static const char *const others[] = {
		"err", "log", "out", "stderr", "stdout", "txt"};
	struct str extension = mime_extension(name);
	uint64_t number;

	return extension.n == 0 || str_number(extension, 999, &number) ||
		listed(extension, others, sizeof(others) / sizeof(others[0]));
}
