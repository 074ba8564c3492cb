#include "http/path.h"

enum path_fault
path_normalise(
	struct str path, struct str *plain, bool *slash, struct arena *arena)
{
	char *start = arena_get(arena, path.n + 1), *end = start;

	if (start == NULL)
		return PATH_MEMORY;
	if (str_has_control(path))
		return PATH_BYTES;
	*slash = false;
	if (path.n == 0)
		path.p = NULL;
	while (path.p != NULL) {
		struct str name = str_cut(&path, '/');

		*slash = name.n == 0 || str_eq(name, STR(".")) ||
			str_eq(name, STR(".."));
		if (str_eq(name, STR(".."))) {
			if (end == start)
				return PATH_CLIMBS;
			while (end > start && *--end != '/')
				;
		} else if (!*slash) {
			if (end > start)
				*end++ = '/';
			memcpy(end, name.p, name.n);
			end += name.n;
		}
	}
	*end = '\0';
	*plain = (struct str){start, (size_t)(end - start)};
	return PATH_FINE;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
escape_at(struct str path, size_t i)
{
	return path.p[i] == '%' && path.n - i > 2 && hex(path.p[i + 1]) >= 0 &&
		hex(path.p[i + 2]) >= 0;
}

struct str
path_decode(struct str path, struct arena *arena)
{
	char *start = arena_get(arena, path.n + 1), *end = start;

	if (start == NULL)
		return (struct str){NULL, 0};
	for (size_t i = 0; i < path.n; i++) {
		char c = path.p[i];

		if (escape_at(path, i)) {
			c = (char)(hex(path.p[i + 1]) << 4 |
				hex(path.p[i + 2]));
			i += 2;
		}
		*end++ = c;
	}
	*end = '\0';
	return (struct str){start, (size_t)(end - start)};
}

/* unreserved, sub-delims, ":", "@" and "/" (RFC 3986, section 3.3), but "'" and
 * "&", so that a path can stand in any attribute. */
static bool
allowed(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') ||
		(c != '\0' && strchr("-._~!$()*+,;=:@/", c) != NULL);
}

static void
add_escape(struct text *text, unsigned char c)
{
	static const char digit[] = "0123456789ABCDEF";

	text_byte(text, '%');
	text_byte(text, digit[c >> 4]);
	text_byte(text, digit[c & 15]);
}

void
path_encode(struct text *text, struct str path, bool raw)
{
	for (size_t i = 0; i < path.n; i++) {
		if (allowed(path.p[i]) ||
			(raw && (path.p[i] == '&' || escape_at(path, i))))
			text_byte(text, path.p[i]);
		else
			add_escape(text, (unsigned char)path.p[i]);
	}
}

static bool
is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') ||
		((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

void
path_encode_link(struct text *text, struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (allowed(c) && c != ':' && (i > 0 || is_alphanumeric(c)))
			text_byte(text, c);
		else
			add_escape(text, (unsigned char)c);
	}
}

void
path_encode_name(struct text *text, struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (allowed(c) && strchr("~$&()*+,;=:@/!", c) == NULL)
			text_byte(text, c);
		else
			add_escape(text, (unsigned char)c);
	}
}

static const char *
last_slash(struct str path)
{
	return path.n > 0 ? memrchr(path.p, '/', path.n) : NULL;
}

struct str
path_last(struct str path)
{
	const char *slash = last_slash(path);

	return slash ? str_slice(path, (size_t)(slash + 1 - path.p), path.n)
		     : path;
}

struct str
path_parent(struct str path)
{
	const char *slash = last_slash(path);

	return str_slice(path, 0, slash ? (size_t)(slash - path.p) : 0);
}

size_t
path_suffix(struct str name, struct str suffixes)
{
	while (suffixes.n > 0) {
		struct str suffix = str_cut(&suffixes, ',');

		if (name.n > suffix.n && str_ends(name, suffix))
			return suffix.n;
	}
	return 0;
}

struct str
path_join(struct str directory, struct str name, struct arena *arena)
{
	if (directory.n == 0)
		return name;
	return arena_printf(
		arena, "%.*s/%.*s", STR_ARG(directory), STR_ARG(name));
}
