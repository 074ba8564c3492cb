#include "http/page.h"

#include <inttypes.h>
#include <time.h>

#include "base/size.h"
#include "http/path.h"
#include "logstyle.h"
#include "style.h"

const struct str page_style = {page_css, sizeof(page_css)};
const struct str page_log_style = {page_log_css, sizeof(page_log_css)};

#define POLICY(more, action)                                            \
	"default-src 'none'; style-src 'sha256-" PAGE_CSS_HASH "'" more \
	"; base-uri 'none'; form-action " action
#define PLAIN_POLICY   POLICY("", "'none'")
#define LISTING_POLICY POLICY("", "'self'")
#define IMAGES_POLICY  POLICY("; img-src 'self'", "'self'")
#define LOG_POLICY     POLICY(" 'sha256-" PAGE_LOG_CSS_HASH "'", "'self'")

const struct str page_policy = {PLAIN_POLICY, sizeof(PLAIN_POLICY) - 1};
const struct str page_listing_policy = {
	LISTING_POLICY, sizeof(LISTING_POLICY) - 1};
const struct str page_images_policy = {
	IMAGES_POLICY, sizeof(IMAGES_POLICY) - 1};
const struct str page_log_policy = {LOG_POLICY, sizeof(LOG_POLICY) - 1};

void
page_begin(struct text *text, struct str title, const char *kind,
	struct str style, bool nofollow)
{
	text_add(text,
		STR("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
		    "<meta charset=\"utf-8\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>"));
	page_add(text, title);
	text_add(text, STR("</title>\n"));
	if (nofollow)
		text_add(text,
			STR("<meta name=\"robots\" content=\"nofollow\">\n"));
	text_add(text, STR("<style>"));
	text_add(text, page_style);
	if (style.n > 0) {
		text_add(text, STR("</style>\n<style>"));
		text_add(text, style);
	}
	text_add(text, STR("</style>\n</head>\n<body>\n"));
	if (*kind != '\0')
		text_printf(text, "<main class=\"%s\">\n", kind);
	else
		text_add(text, STR("<main>\n"));
}

void
page_end(struct text *text)
{
	text_add(text, STR("</main>\n</body>\n</html>\n"));
}

/* The character at the start of s, which is not empty, and its length; U+FFFD
 * for a byte that is not UTF-8. */
static uint32_t
next_character(struct str s, size_t *length)
{
	const unsigned char *p = (const unsigned char *)s.p;
	uint32_t point;
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (n > s.n || !str_is_utf8(str_slice(s, 0, n)))
		n = 0;
	*length = n > 0 ? n : 1;
	if (n == 0)
		return 0xfffd;
	point = n == 1 ? p[0] : p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++)
		point = point << 6 | (p[i] & 0x3fu);
	return point;
}

static bool
is_control(uint32_t point)
{
	return point < ' ' || (point >= 0x7f && point < 0xa0);
}

static bool
turns_direction(uint32_t point)
{
	return point == 0x061c || point == 0x200e || point == 0x200f ||
		(point >= 0x202a && point <= 0x202e) ||
		(point >= 0x2066 && point <= 0x2069);
}

static void
add_character(struct text *text, struct str s, uint32_t point)
{
	switch (point) {
	case '<':
		text_add(text, STR("&lt;"));
		return;
	case '>':
		text_add(text, STR("&gt;"));
		return;
	case '&':
		text_add(text, STR("&amp;"));
		return;
	case '"':
		text_add(text, STR("&quot;"));
		return;
	case 0xfffd:
		text_add(text, STR("\xef\xbf\xbd"));
		return;
	default:
		break;
	}
	if (turns_direction(point))
		text_printf(text, "[U+%04" PRIX32 "]", point);
	else if (is_control(point))
		text_add(text, STR("\xef\xbf\xbd"));
	else
		text_add(text, s);
}

void
page_add(struct text *text, struct str s)
{
	size_t n;

	for (; s.n > 0; s = str_slice(s, n, s.n)) {
		uint32_t point = next_character(s, &n);

		add_character(text, str_slice(s, 0, n), point);
	}
}

size_t
page_utf8(uint32_t point, char utf8[4])
{
	size_t n = 0;

	if (point < 0x80) {
		utf8[n++] = (char)point;
	} else {
		size_t more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;

		utf8[n++] = (char)(0xff00u >> (more + 1) | point >> 6 * more);
		while (more-- > 0)
			utf8[n++] = (char)(0x80 | (point >> 6 * more & 0x3f));
	}
	return n;
}

void
page_add_point(struct text *text, uint32_t point)
{
	char utf8[4];
	size_t n = page_utf8(point, utf8);

	add_character(text, (struct str){utf8, n}, point);
}

void
page_add_json(struct text *text, struct str s)
{
	size_t n;

	text_byte(text, '"');
	for (; s.n > 0; s = str_slice(s, n, s.n)) {
		uint32_t point = next_character(s, &n);

		if (point == '"' || point == '\\' || is_control(point) ||
			turns_direction(point) || point == 0xfffd)
			text_printf(text, "\\u%04" PRIx32, point);
		else
			text_add(text, str_slice(s, 0, n));
	}
	text_byte(text, '"');
}

void
page_add_plain(struct text *text, struct str s)
{
	size_t n;

	for (; s.n > 0; s = str_slice(s, n, s.n)) {
		uint32_t point = next_character(s, &n);
		bool broken = point == 0xfffd && n == 1;

		if (!broken && !is_control(point) && !turns_direction(point) &&
			point != '\\') {
			text_add(text, str_slice(s, 0, n));
			continue;
		}
		for (size_t i = 0; i < n; i++)
			text_printf(text, "\\x%02X", (unsigned char)s.p[i]);
	}
}

void
page_add_label(struct text *text, struct str s)
{
	size_t n;

	text_byte(text, '"');
	for (; s.n > 0; s = str_slice(s, n, s.n)) {
		uint32_t point = next_character(s, &n);

		if (point == '\n')
			text_add(text, STR("\\n"));
		else if (point == '"' || point == '\\')
			text_printf(text, "\\%c", (int)point);
		else
			text_add(text,
				point == 0xfffd ? STR("\xef\xbf\xbd")
						: str_slice(s, 0, n));
	}
	text_byte(text, '"');
}

void
page_add_size(struct text *text, uint64_t bytes)
{
	char size[SIZE_TEXT];

	text_add(text, str_of(size_text(bytes, size)));
}

void
page_time(int64_t seconds, char time[PAGE_TIME_SIZE])
{
	time_t t = (time_t)seconds;
	struct tm utc;

	gmtime_r(&t, &utc);
	strftime(time, PAGE_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

/* Find key in query; *value is empty if it has none. */
static bool
find_key(struct str query, struct str key, struct str *value)
{
	while (query.n > 0) {
		*value = str_cut(&query, '&');
		if (str_eq(str_cut(value, '='), key))
			return true;
	}
	*value = (struct str){NULL, 0};
	return false;
}

struct str
page_query(struct str query, struct str key)
{
	struct str value;

	find_key(query, key, &value);
	return value;
}

bool
page_asks(struct str query, struct str key)
{
	struct str value;

	return find_key(query, key, &value);
}

struct str
page_field(struct str query, struct str key, struct arena *arena)
{
	struct str value = page_query(query, key), part;
	struct text text = {.arena = arena};

	while (value.p != NULL) {
		part = str_cut(&value, '+');
		text_add(&text, part);
		if (value.p != NULL)
			text_byte(&text, ' ');
	}
	return path_decode(text_str(&text), arena);
}
