#include "serve/loglink.h"

#include <stdlib.h>

#include "http/page.h"
#include "serve/ansi.h"
#include "serve/sgr.h"

static bool
is_letter_or_digit(uint32_t point)
{
	return ansi_is_digit(point) ||
		((point | 0x20) >= 'a' && (point | 0x20) <= 'z');
}

static bool
is_one_of(uint32_t point, const char *characters)
{
	return point > 0 && point < 0x7f &&
		strchr(characters, (int)point) != NULL;
}

/* Whether point can be part of a URL in a text. */
static bool
is_of_url(uint32_t point)
{
	return is_letter_or_digit(point) ||
		is_one_of(point, "-._~:/?#[]@!$&()*+,;=%");
}

/* Whether a URL can be linked. */
static bool
is_linkable(struct str url)
{
	struct str scheme = str_starts(url, STR("https://")) ? STR("https://")
							     : STR("http://");

	if (url.n <= scheme.n || url.n > LOGLINK_URL ||
		!str_starts(url, scheme))
		return false;
	for (size_t i = 0; i < url.n; i++) {
		if (!is_of_url((unsigned char)url.p[i]) && url.p[i] != '\'')
			return false;
	}
	url = str_slice(url, scheme.n, url.n);
	if (!is_letter_or_digit((unsigned char)url.p[0]) && url.p[0] != '[')
		return false;
	for (size_t i = 0; i < url.n; i++) {
		if (is_one_of((unsigned char)url.p[i], "/?#"))
			break;
		if (url.p[i] == '@')
			return false;
	}
	return true;
}

void
loglinks_clear(struct loglinks *links)
{
	links->now = links->n = 0;
}

/* Where the bytes behind the last link begin. */
static size_t
first_free(const struct loglinks *links)
{
	return links->end[links->n];
}

static struct str
url_of(const struct loglinks *links, unsigned number)
{
	size_t begin = links->end[number - 1];

	return (struct str){links->bytes + begin, links->end[number] - begin};
}

/* Add a link.  Returns its number; 0 when it cannot be linked, or there is no
 * room. */
static unsigned
keep_link(struct loglinks *links, struct str url)
{
	size_t at = first_free(links);

	if (!is_linkable(url))
		return 0;
	if (links->n > 0 && str_eq(url_of(links, links->n), url))
		return links->n;
	if (links->n == LOGLINK_MOST || url.n > LOGLINK_BYTES - at)
		return 0;
	memmove(links->bytes + at, url.p, url.n);
	links->n++;
	links->end[links->n] = (uint16_t)(at + url.n);
	return links->n;
}

struct loglinks *
loglinks_save(const struct loglinks *links, bool *failed)
{
	struct loglinks *saved;
	size_t size = offsetof(struct loglinks, bytes) + first_free(links);

	if (links->n == 0)
		return NULL;
	saved = malloc(size);
	*failed |= saved == NULL;
	if (saved != NULL)
		memcpy(saved, links, size);
	return saved;
}

size_t
loglinks_size(const struct loglinks *saved)
{
	if (saved == NULL)
		return 0;
	return offsetof(struct loglinks, bytes) + first_free(saved);
}

void
loglinks_resume(struct loglinks *links, const struct loglinks *saved)
{
	char url[LOGLINK_URL];
	struct str now = {url, 0};

	if (links->now > 0) {
		now.n = url_of(links, links->now).n;
		memcpy(url, url_of(links, links->now).p, now.n);
	}
	loglinks_clear(links);
	if (saved != NULL)
		memcpy(links, saved, loglinks_size(saved));
	links->now = now.n > 0 ? keep_link(links, now) : 0;
}

void
loglinks_begin(struct loglinks *links)
{
	links->taken = 0;
}

/* A string that is too long, or has a character that none should have, is one
 * byte longer than the room. */
void
loglinks_take(struct loglinks *links, uint32_t point)
{
	size_t room = LOGLINK_BYTES - first_free(links);

	if (links->taken >= room || point < ' ' || point > '~')
		links->taken = room + 1;
	else
		links->bytes[first_free(links) + links->taken++] = (char)point;
}

void
loglinks_end(struct loglinks *links)
{
	size_t at = first_free(links);
	struct str rest = {links->bytes + at, links->taken};

	if (links->taken > LOGLINK_BYTES - at) {
		links->now = 0;
		return;
	}
	if (!str_eq(str_cut(&rest, ';'), STR("8")))
		return;
	str_cut(&rest, ';');
	links->now = keep_link(links, rest);
}

/* Whether text stands before cell `at`. */
static bool
stands_before(
	const struct ansi_cell *cell, size_t at, const char *text, size_t n)
{
	if (at < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (cell[at - n + i].point != (uint32_t)text[i])
			return false;
	}
	return true;
}

/* Where a URL begins that has its "//" in cell `at`; `at` if none does. */
static size_t
url_begin(const struct ansi_cell *cell, size_t at)
{
	return stands_before(cell, at, "https:", 6)   ? at - 6
		: stands_before(cell, at, "http:", 5) ? at - 5
						      : at;
}

/* Where a URL that goes on at cell `at` ends. */
static size_t
url_end(const struct ansi_cell *cell, size_t n, size_t at)
{
	size_t end = at, round = 0, square = 0;

	for (; end < n && is_of_url(cell[end].point); end++) {
		uint32_t point = cell[end].point;

		if ((point == ')' && round-- == 0) ||
			(point == ']' && square-- == 0))
			break;
		round += point == '(';
		square += point == '[';
	}
	while (end > at && is_one_of(cell[end - 1].point, ".,:;!?*(["))
		end--;
	return end;
}

/* Link the cells of a URL. */
static void
link_cells(struct loglinks *links, struct ansi_cell *cell, size_t n)
{
	char url[LOGLINK_URL];
	uint32_t number = 0;

	for (size_t i = 0; i < n && i < LOGLINK_URL; i++)
		url[i] = (char)cell[i].point;
	if (n <= LOGLINK_URL)
		number = keep_link(links, (struct str){url, n});
	for (size_t i = 0; i < n; i++)
		cell[i].style =
			(cell[i].style & SGR_ALL) | number << LOGLINK_SHIFT;
}

/* The first "//" behind cell `at`, or n. */
static size_t
slashes_behind(const struct ansi_cell *cell, size_t n, size_t at)
{
	/* One of two cells next to each other is looked at. */
	for (at += 2; at < n; at += 2) {
		if (cell[at].point != '/')
			continue;
		if (cell[at - 1].point == '/')
			return at - 1;
		if (at + 1 < n && cell[at + 1].point == '/')
			return at;
	}
	return n;
}

void
loglinks_find(struct loglinks *links, struct ansi_cell *cell, size_t n)
{
	size_t at = 0;

	while ((at = slashes_behind(cell, n, at)) < n) {
		size_t begin = url_begin(cell, at), end = at;

		if (begin < at)
			end = url_end(cell, n, at + 2);
		if (end > at)
			link_cells(links, cell + begin, end - begin);
		at = end > at + 2 ? end - 1 : at + 1;
	}
}

/* Whether the cells of a link show nothing but its URL. */
static bool
shows_url(struct str url, const struct ansi_cell *cell, size_t n)
{
	uint32_t number = cell->style >> LOGLINK_SHIFT;

	for (size_t i = 0; i < url.n; i++) {
		if (i == n || cell[i].style >> LOGLINK_SHIFT != number ||
			cell[i].point != (unsigned char)url.p[i])
			return false;
	}
	return url.n == n || cell[url.n].style >> LOGLINK_SHIFT != number;
}

void
loglinks_open(struct text *text, const struct loglinks *links,
	const struct ansi_cell *cell, size_t n)
{
	struct str url = url_of(links, cell->style >> LOGLINK_SHIFT);

	text_add(text, STR("<a href=\""));
	page_add(text, url);
	text_add(text, STR("\" rel=\"nofollow noopener noreferrer\""));
	if (!shows_url(url, cell, n)) {
		text_add(text, STR(" title=\""));
		page_add(text, url);
		text_byte(text, '"');
	}
	text_byte(text, '>');
}
