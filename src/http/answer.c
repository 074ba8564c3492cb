#include "http/answer.h"

#include <inttypes.h>

#include "archive/content.h"
#include "archive/verify.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "http/errorpage.h"
#include "http/mime.h"
#include "http/namehash.h"
#include "http/path.h"
#include "http/subzip.h"

enum {
	GZIP_TRAILER_SIZE = 8,
	REPEATED_MAX = 1024 * 1024, /* bytes of content made for each part */
	HAND_OFF_SIZE = 64 * 1024,
	YEAR_SECONDS = 365 * 86400,
};

/* RFC 1952, section 2.3: no name, no time, made on Unix. */
static const char gzip_header[10] = {
	'\x1f', '\x8b', '\x08', 0, 0, 0, 0, 0, 0, 3};

/* Add the bytes of text that lie within part.  text stands at offset `at` of
 * the whole. */
static void
add_clipped(struct body *body, struct str text, uint64_t at, struct span part)
{
	uint64_t end = at + text.n;
	uint64_t from = part.first > at ? part.first : at;
	uint64_t to = part.end < end ? part.end : end;

	if (from < to)
		body_add_text(body,
			str_slice(
				text, (size_t)(from - at), (size_t)(to - at)));
}

/* A share of the look through r; NULL when memory runs out. */
static struct verifier *
get_verifier(struct body *body, const struct representation *r)
{
	struct verifier *verifier =
		verify_get(body->archive, &r->member, r->start, r->packing);

	body->arena->failed = body->arena->failed || verifier == NULL;
	return verifier;
}

/* Add the bytes from `from` to `to` of the data of r, which are in its coding.
 * Until they have been looked through once, the end of the part waits for that.
 */
static void
add_data(struct body *body, const struct representation *r, uint64_t from,
	uint64_t to)
{
	struct verifier *verifier = NULL;

	if (!r->unverified)
		body_add_slice(body, r->start + from, to - from);
	else if ((verifier = get_verifier(body, r)) != NULL)
		body_add_verified(body, r->start + from, to - from, verifier);
}

static uint64_t
clamp(uint64_t value, uint64_t low, uint64_t high)
{
	return value < low ? low : value > high ? high : value;
}

/* Add header, deflate stream and trailer, as far as they lie within part.  A
 * part that has nothing of the stream waits for the look through it, too, as it
 * can complete what the client has. */
static void
add_gzip(struct body *body, const struct representation *r, struct span part)
{
	const uint64_t front = sizeof(gzip_header);
	const uint64_t end = front + r->member.packed;
	uint64_t from = clamp(part.first, front, end);
	uint64_t to = clamp(part.end, front, end);
	unsigned char *trailer = arena_get(body->arena, GZIP_TRAILER_SIZE);

	if (trailer == NULL)
		return;
	put32(trailer, r->member.crc);
	put32(trailer + 4, (uint32_t)r->member.size);
	add_clipped(body, (struct str){gzip_header, front}, 0, part);
	add_data(body, r, from - front, to - front);
	add_clipped(body, (struct str){(char *)trailer, GZIP_TRAILER_SIZE}, end,
		part);
}

/* Whether the part can be sent from the mapping.  A stored member that is sent
 * whole must have had its CRC-32 checked once (see stored.c), or have it
 * checked meanwhile by a look through it. */
static bool
can_slice(const struct body *body, const struct representation *r,
	struct span part)
{
	bool whole = part.first == 0 && part.end == r->member.size;

	if (r->form == FORM_PACKED)
		return true;
	return r->member.method == ZIP_STORED &&
		(!whole || r->unverified ||
			(archive_notes(body->archive, &r->member) &
				ARCHIVE_CHECKED) != 0);
}

static void
add_representation(
	struct body *body, const struct representation *r, struct span part)
{
	struct content *content;
	struct verifier *verifier;

	if (r->unverified) {
		verifier = get_verifier(body, r);
		body_add_verified_content(
			body, &r->member, r->start, part, verifier);
		return;
	}
	content = content_get(body->archive, &r->member, r->start, part.first);
	if (content == NULL)
		body_add_content(body, &r->member, r->start, part);
	else
		body_add_cached(body,
			str_slice((struct str){content->bytes, content->n},
				(size_t)part.first, (size_t)part.end),
			&content->cached);
}

static void
add_part(struct body *body, const struct representation *r, struct span part)
{
	if (r->form == FORM_GZIP)
		add_gzip(body, r, part);
	else if (r->form == FORM_SUBZIP)
		body_add_source(body, subzip_open(r->subzip, part),
			part.end - part.first);
	else if (can_slice(body, r, part))
		add_data(body, r, part.first, part.end);
	else
		add_representation(body, r, part);
}

static struct str
content_range(struct arena *arena, struct span part, uint64_t size)
{
	return arena_printf(arena, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
		part.first, part.end - 1, size);
}

/* RFC 9110, section 14.6.  The boundary is random, so that no member can
 * contain it on purpose.  The line end before the first boundary is what other
 * servers send; zsync relies on it. */
static void
add_parts(struct response *response, const struct representation *r,
	const struct negotiation *n)
{
	struct body *body = &response->body;
	struct arena *arena = body->arena;
	struct str boundary = arena_printf(
		arena, "wwz-%016" PRIx64 "%016" PRIx64, hash_key(), hash_key());

	for (int i = 0; i < n->nparts; i++) {
		struct str range = content_range(arena, n->parts[i], r->size);

		body_add_text(body,
			arena_printf(arena,
				"\r\n--%.*s\r\nContent-Type: %.*s\r\n"
				"Content-Range: %.*s\r\n\r\n",
				STR_ARG(boundary), STR_ARG(r->type),
				STR_ARG(range)));
		add_part(body, r, n->parts[i]);
	}
	body_add_text(body,
		arena_printf(arena, "\r\n--%.*s--\r\n", STR_ARG(boundary)));
	response->content_type = arena_printf(arena,
		"multipart/byteranges; boundary=%.*s", STR_ARG(boundary));
}

static struct str
cache_control(struct str name, const struct site *site, struct arena *arena)
{
	bool immutable = site->immutable && namehash_found(name);
	int64_t seconds = site->max_age;

	if (immutable && seconds < 0)
		seconds = YEAR_SECONDS;
	if (seconds == SITE_NO_CACHE)
		return STR("no-cache");
	if (seconds == SITE_NO_FIELD)
		return (struct str){NULL, 0};
	return arena_printf(arena, "max-age=%" PRId64 "%s", seconds,
		immutable ? ", immutable" : "");
}

static enum sent
sent_as(const struct representation *r)
{
	if (r->form == FORM_GZIP)
		return SENT_GZIP;
	if (r->form == FORM_PACKED || r->member.method == ZIP_STORED)
		return SENT_AS_IT_LIES;
	return r->member.method == ZIP_DEFLATED ? SENT_INFLATED : SENT_UNPACKED;
}

/* Fill in what logs and explain report. */
static void
account_for(struct response *response, const struct representations *found,
	const struct negotiation *n)
{
	const struct representation *r = &found->of[n->coding];

	response->member = arena_copy(response->body.arena, r->member.name);
	response->method = r->member.method;
	response->available = found->available;
	response->coding = n->coding;
	response->chosen = n->chosen;
	response->weight = n->weight;
	response->sent = sent_as(r);
	response->guessed = r->guessed;
}

/* Set the fields of 200 and 206 that 304 does not have. */
static void
describe(struct response *response, const struct representations *found,
	const struct representation *r, enum coding coding,
	const struct site *site)
{
	response->content_type = r->type;
	response->content_encoding = encoding_names[coding];
	response->content_disposition = r->disposition;
	response->modified = found->modified;
	response->dated = true;
	response->ranges = true;
	response->has_length = true;
	/* If the type was not declared, the browser may look at the content for
	 * itself.  With nosniff it would not use a script or a style sheet
	 * whose type was guessed wrong. */
	response->sniffable = r->guessed && !site->untrusted;
	if (site->untrusted && mime_is_active(r->type))
		response->content_security_policy = site->scripts
			? STR("sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts")
			: STR("sandbox");
}

/* Whether the bytes to send lie in the archive as they are, and are many. */
static bool
can_hand_off(const struct representation *r)
{
	return r->size >= HAND_OFF_SIZE && !r->unverified &&
		(r->form == FORM_PACKED ||
			(r->form == FORM_CONTENT &&
				r->member.method == ZIP_STORED));
}

/* Let lighttpd send the bytes: name the whole representation, as lighttpd deals
 * with ranges itself.  It opens the file by name a moment later; if the file is
 * replaced in between, the bytes are those of another archive.  That is why
 * this has to be switched on. */
static void
hand_off(struct response *response, const struct representation *r)
{
	struct text text = {.arena = response->body.arena};

	path_encode(&text, str_of(response->body.archive->path), false);
	text_printf(&text, " %" PRIu64 "-%" PRIu64, r->start,
		r->start + r->size - 1);
	response->x_sendfile2 = text_str(&text);
	response->status = STATUS_OK;
	response->has_length = false;
	response->sent = SENT_HANDED_OFF;
}

/* Whether the parts can be produced without decompressing the content again for
 * each.  If not, a large member is sent whole (RFC 9110, section 14.2). */
static bool
worth_parting(const struct body *body, const struct representation *r,
	const struct negotiation *n)
{
	if (r->form != FORM_CONTENT || r->size <= REPEATED_MAX ||
		can_slice(body, r, n->parts[0]))
		return true;
	for (int i = 1; i < n->nparts; i++) {
		if (n->parts[i].first < n->parts[i - 1].end)
			return false;
	}
	return true;
}

static void
add_body(struct response *response, const struct representation *r,
	const struct negotiation *n)
{
	struct span whole = {0, r->size};

	if (response->head) {
		response->body.length = r->size;
	} else if (n->status != STATUS_PARTIAL ||
		!worth_parting(&response->body, r, n)) {
		response->status = STATUS_OK;
		add_part(&response->body, r, whole);
	} else if (n->nparts == 1) {
		response->content_range = content_range(
			response->body.arena, n->parts[0], r->size);
		add_part(&response->body, r, n->parts[0]);
	} else {
		add_parts(response, r, n);
	}
}

static void
answer_representation(struct response *response,
	const struct representations *found, const struct negotiation *n,
	const struct site *site)
{
	const struct representation *r = &found->of[n->coding];
	struct arena *arena = response->body.arena;

	response->status = n->status;
	account_for(response, found, n);
	response->etag = r->etag;
	response->vary = (found->available & (found->available - 1)) != 0;
	response->cache_control = cache_control(r->member.name, site, arena);
	if (n->status == STATUS_NOT_MODIFIED)
		return;
	describe(response, found, r, n->coding, site);
	if (site->sendfile && !response->head && can_hand_off(r))
		hand_off(response, r);
	else
		add_body(response, r, n);
}

void
answer(struct response *response, const struct representations *found,
	const struct negotiation *n, const struct site *site)
{
	switch (n->status) {
	case STATUS_NOT_ACCEPTABLE:
	case STATUS_FAILED_CONDITION:
		errorpage_answer(response, n->status);
		break;
	case STATUS_RANGE:
		errorpage_answer(response, n->status);
		response->content_range = arena_printf(response->body.arena,
			"bytes */%" PRIu64, found->of[n->coding].size);
		break;
	default:
		answer_representation(response, found, n, site);
	}
}

void
answer_error_page(struct response *response,
	const struct representations *found, const struct negotiation *n,
	const struct site *site, enum status status)
{
	answer_representation(response, found, n, site);
	response->status = status;
	response->etag = (struct str){NULL, 0};
	response->cache_control = (struct str){NULL, 0};
	response->dated = false;
	response->ranges = false;
	response->vary = false;
}

void
answer_redirect(struct response *response, enum status status,
	struct str location, const struct site *site)
{
	errorpage_answer(response, status);
	response->location = location;
	response->cache_control = cache_control(
		(struct str){NULL, 0}, site, response->body.arena);
}

bool
answer_locate(struct response *response)
{
	struct text location = {.arena = response->body.arena};
	enum body_result result = body_locate(&response->body, &location);

	if (result == BODY_SPAN) {
		errorpage_answer(response, STATUS_SEE_OTHER);
		response->location = text_str(&location);
	} else if (result == BODY_CUT) {
		errorpage_answer(response, response->body.broken);
	}
	return result != BODY_LATER;
}
