/* Only the beginning is looked at, because an answer must not wait for all of a
 * large member.  If that much is UTF-8 and the rest is not, then the wrong
 * charset is sent.  For such texts there are --charset and --mime-types. */

#include "http/look.h"

#include <errno.h>

#include "archive/content.h"
#include "archive/unwrap.h"
#include "archive/wide.h"
#include "http/prescan.h"
#include "http/represent.h"

enum {
	HEAD_SIZE = 512,     /* decides whether the bytes are text */
	PRESCAN_SIZE = 1024, /* WHATWG HTML, section 13.2.3.2 */
	CHARACTER_SIZE = 4,  /* the longest in UTF-8 */
};

/* Whether s is UTF-8.  Unless it is whole, the last character may be cut off.
 */
static bool
is_utf8(struct str s, bool whole)
{
	size_t n = str_utf8_prefix(s);
	struct str rest = str_slice(s, n, s.n);

	if (rest.n == 0)
		return true;
	if (whole || rest.n >= CHARACTER_SIZE ||
		(unsigned char)rest.p[0] < 0xc2 ||
		(unsigned char)rest.p[0] > 0xf4)
		return false;
	for (size_t i = 1; i < rest.n; i++) {
		if (((unsigned char)rest.p[i] & 0xc0) != 0x80)
			return false;
	}
	return true;
}

/* Whether s holds bytes that no text has, whatever its charset: control
 * characters other than BEL, BS, HT, LF, FF, CR and ESC.  Logs are full of
 * those seven. */
static bool
has_controls(struct str s)
{
	const uint32_t allowed = 1u << 7 | 1u << 8 | 1u << 9 | 1u << 10 |
		1u << 12 | 1u << 13 | 1u << 27;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 32 && (allowed & 1u << c) == 0)
			return true;
	}
	return false;
}

static bool
is_binary(struct str head, bool whole)
{
	if (head.n > 0 && memchr(head.p, '\0', head.n) != NULL)
		return true;
	return !is_utf8(head, whole) && has_controls(head);
}

/* Move *s behind the first `word` in it, in whatever case. */
static bool
skip_to(struct str *s, struct str word)
{
	for (size_t i = 0; i + word.n <= s->n; i++) {
		if (str_eq_nocase(str_slice(*s, i, i + word.n), word)) {
			*s = str_slice(*s, i + word.n, s->n);
			return true;
		}
	}
	return false;
}

/* Whether label stands for UTF-8 in the Encoding standard.  UTF-16 counts as
 * well: a <meta> that could be read as ASCII cannot mean it. */
static bool
means_utf8(struct str label)
{
	return str_eq_nocase(label, STR("utf-8")) ||
		str_eq_nocase(label, STR("utf8")) ||
		str_eq_nocase(str_slice(label, 0, label.n < 6 ? label.n : 6),
			STR("utf-16"));
}

static bool
names_other(struct str bytes, struct str type)
{
	struct str head = str_slice(
		bytes, 0, bytes.n < PRESCAN_SIZE ? bytes.n : PRESCAN_SIZE);
	struct str charset = {NULL, 0};

	type = str_trim(str_cut(&type, ';'));
	if (str_eq_nocase(type, STR("text/html")))
		charset = prescan_html(head);
	else if (str_eq_nocase(type, STR("text/css")))
		charset = prescan_css(head);
	return charset.n > 0 && !means_utf8(charset);
}

enum look
look_at(struct str bytes, bool whole, struct str type)
{
	bool all = bytes.n <= HEAD_SIZE;
	struct str head = str_slice(bytes, 0, all ? bytes.n : HEAD_SIZE);

	if (wide_is_marked(bytes))
		return LOOK_NAMED;
	if (is_binary(head, whole && all))
		return LOOK_BINARY;
	if (names_other(bytes, type))
		return LOOK_NAMED;
	return is_utf8(bytes, whole) ? LOOK_UTF8 : LOOK_OTHER;
}

/* Make a source of what is looked at. */
static struct source *
open_looked_at(struct archive *archive, const struct member *member,
	uint64_t start, enum packing packing)
{
	const struct wrapping how = {.packing = packing};
	struct position position = {0};
	struct member endless = *member;

	/* With a size that is never reached, the source does not check the
	 * end.  Faults there are found when the end is sent. */
	if (member->method == ZIP_DEFLATED)
		endless.size = UINT64_MAX;
	/* Here no access points are needed. */
	if (packing == PACKING_NONE)
		return source_open(archive, &endless, start, NULL);
	return unwrap_open(archive, member, start, &how, &position);
}

/* Read up to n first bytes of what is looked at.  Returns how many, fewer at
 * its end or if more would take long; -1 with errno when there are none. */
static ssize_t
read_first(struct archive *archive, const struct member *member, uint64_t start,
	enum packing packing, char *buffer, size_t n)
{
	struct source *source;
	size_t done;
	int result, saved;

	if (packing == PACKING_NONE && n > member->size)
		n = (size_t)member->size;
	if (n == 0)
		return 0;
	if (packing == PACKING_NONE && member->method == ZIP_STORED)
		return archive_read(archive, start, buffer, n) < 0 ? -1
								   : (ssize_t)n;
	/* Of a small one this also finds out whether it is right. */
	if (packing == PACKING_NONE && member->method == ZIP_DEFLATED &&
		n == member->size && member->packed <= LOOK_SIZE &&
		content_inflate(archive, member, start, buffer))
		return (ssize_t)n;
	source = open_looked_at(archive, member, start, packing);
	if (source == NULL)
		return -1;
	result = source_fill(source, buffer, n, &done);
	saved = errno;
	source->close(source);
	errno = saved;
	if (result < 0 && (packing == PACKING_NONE || done == 0))
		return -1;
	return (ssize_t)done;
}

/* What the first n bytes say about how a file is packed: LOOK_NOTHING if it is
 * as its name says. */
static enum look
look_at_signature(enum packing packing, const char *p, size_t n)
{
	/* Unity's Brotli begins with a comment. */
	const struct str comment = STR("UnityWeb Compressed Content (brotli)");
	const unsigned char *bytes = (const unsigned char *)p;
	struct str head = {p, n};

	if (packing == PACKING_UNITYWEB) {
		if (packing_begins(PACKING_GZIP, bytes, n))
			return LOOK_GZIP;
		return skip_to(&head, comment) ? LOOK_BROTLI : LOOK_BROKEN;
	}
	return packing_begins(packing, bytes, n) ? LOOK_NOTHING : LOOK_BROKEN;
}

/* Look at member for the first time. */
static enum status
look_now(struct archive *archive, const struct member *member, uint64_t start,
	const struct look_as *as, enum look *look)
{
	enum { SIGNATURE_SIZE = 64 };
	char buffer[LOOK_SIZE];
	ssize_t got;

	errno = 0;
	if (as->packing != PACKING_NONE) {
		got = read_first(archive, member, start, PACKING_NONE, buffer,
			SIGNATURE_SIZE);
		if (got < 0)
			return source_failure();
		*look = look_at_signature(as->packing, buffer, (size_t)got);
		if (*look != LOOK_NOTHING || !packing_supports(as->packing))
			return STATUS_GO;
	}
	got = read_first(
		archive, member, start, as->packing, buffer, sizeof(buffer));
	if (got < 0)
		return source_failure();
	*look = look_at((struct str){buffer, (size_t)got},
		as->packing == PACKING_NONE ? (uint64_t)got == member->size
					    : (size_t)got < sizeof(buffer),
		as->type);
	return STATUS_GO;
}

enum status
look_member(struct archive *archive, const struct member *member,
	uint64_t start, const struct look_as *as, enum look *look)
{
	enum status status;

	*look = (enum look)(
		archive_notes(archive, member) >> ARCHIVE_LOOK_SHIFT &
		ARCHIVE_LOOK_MASK);
	if (*look != LOOK_NOTHING || !source_is_readable(member))
		return STATUS_GO;
	if (as->at_once &&
		(source_is_slow(member) || packing_is_slow(as->packing)))
		return STATUS_LATER;
	status = look_now(archive, member, start, as, look);
	if (status == STATUS_ERROR && as->packing != PACKING_NONE &&
		errno != EIO) {
		*look = LOOK_BROKEN;
		status = STATUS_GO;
	}
	if (status == STATUS_GO)
		archive_note(
			archive, member, (unsigned)*look << ARCHIVE_LOOK_SHIFT);
	return status;
}
