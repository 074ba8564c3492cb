#include "http/represent.h"

#include <stdio.h>

#include "archive/datacrc.h"
#include "archive/verify.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/look.h"
#include "http/mime.h"
#include "http/packedname.h"
#include "http/path.h"
#include "http/validator.h"

enum {
	GZIP_AROUND = 10 + 8, /* bytes of header and trailer, RFC 1952 */
};

/* A file that is in a content coding. */
static const enum packing packing_of[CODINGS] = {
	[CODING_GZIP] = PACKING_GZIP,
	[CODING_ZSTD] = PACKING_ZSTD,
	[CODING_BR] = PACKING_BR,
};

enum status
represent_unsupported(
	const struct archive *archive, const struct member *member)
{
	bool encrypted = (member->flags & ZIP_ENCRYPTED) != 0;
	const char *why = encrypted ? "encrypted"
		: member->method == ZIP_DEFLATE64
		? "Deflate64, which no browser and few programs read: repack it with deflate"
		: "a method that cannot be read here";
	char method[8];

	snprintf(method, sizeof(method), "%u", member->method);
	log_pairs(LOG_WARN, "member-unsupported",
		{"archive", str_of(archive->path)}, {"member", member->name},
		{"method", str_of(method)}, {"why", str_of(why)});
	return STATUS_UNSUPPORTED;
}

/* An entity tag for each member and representation: CRC-32 and size of the
 * member's content, and of what is sent if that is another form of it.  The
 * content of a sibling or a packed file is its coded form. */
static struct str
make_etag(
	const struct representation *r, enum coding coding, struct arena *arena)
{
	const uint64_t numbers[] = {
		r->member.crc, r->member.size, r->size, r->data_crc};
	size_t n = r->form != FORM_CONTENT  ? 4
		: coding != CODING_IDENTITY ? 3
					    : 2;

	return validator_tag(arena, numbers, n, encoding_names[coding]);
}

enum status
represent_missing(const struct representations *found,
	const struct archive *archive, const struct member *member)
{
	if (found->damaged)
		archive_fault(archive, member, "it was found damaged before");
	return STATUS_ERROR;
}

/* What is known of r, as it would be sent. */
static enum verdict
verdict_on(const struct archive *archive, const struct representation *r)
{
	enum verdict verdict = verify_verdict(archive, &r->member, r->packing);

	/* As identity, odd data are no fault, and later ones are found when
	 * they are sent. */
	if (r->form == FORM_CONTENT && r->packing == PACKING_NONE &&
		verdict != VERDICT_DAMAGED)
		return VERDICT_RIGHT;
	return verdict;
}

static void
offer(struct representations *found, enum coding coding,
	const struct representation *r, struct arena *arena)
{
	struct representation *place = &found->of[coding];

	*place = *r;
	place->etag = make_etag(r, coding, arena);
	found->available |= 1u << coding;
}

/* Offer r, a file in which the content is packed, unless it is known to be no
 * whole stream.  What cannot be read here is believed. */
static void
offer_file(struct representations *found, const struct archive *archive,
	enum coding coding, struct representation *r, struct arena *arena)
{
	enum verdict verdict;

	r->packing = packing_of[coding];
	verdict = verdict_on(archive, r);
	r->unverified = verdict == VERDICT_NONE && packing_supports(r->packing);
	if (verdict == VERDICT_RIGHT || verdict == VERDICT_NONE)
		offer(found, coding, r, arena);
}

/* The type of a text whose charset is open, according to a look at it. */
static struct str
text_type(const struct media_type *type, enum look look,
	const struct site *site, struct arena *arena)
{
	if (site->no_charset)
		return type->bare;
	if (look == LOOK_UTF8 || look == LOOK_NOTHING)
		return type->utf8;
	if (look == LOOK_OTHER && site->charset.n > 0)
		return arena_printf(arena, "%.*s; charset=%.*s",
			STR_ARG(type->bare), STR_ARG(site->charset));
	return type->bare;
}

/* Whether the name alone decides the type and the charset. */
static bool
is_settled(const struct media_type *named, const struct site *site)
{
	return named->bare.n > 0 &&
		(named->utf8.n == 0 ||
			(site->no_charset && !mime_is_plain(named)));
}

static enum status
find_type(struct archive *archive, struct representation *r,
	const struct site *site, struct arena *arena, bool at_once)
{
	struct media_type named = mime_find(site->mime, r->member.name);
	enum look look = LOOK_NOTHING;
	enum status status;

	r->type = named.bare;
	if (is_settled(&named, site))
		return STATUS_GO;
	status = look_member(archive, &r->member, r->start,
		&(struct look_as){PACKING_NONE, named.bare, at_once}, &look);
	r->guessed = named.bare.n == 0;
	if (r->guessed)
		named = mime_find(NULL, STR("a.txt"));
	r->type = text_type(&named, look, site, arena);
	if ((look == LOOK_BINARY || look == LOOK_NOTHING) &&
		mime_is_plain(&named)) {
		r->type = STR("application/octet-stream");
		r->guessed = true;
	}
	return status;
}

static bool
is_sibling(struct str name)
{
	for (int i = CODING_GZIP; i < CODINGS; i++) {
		if (str_ends_nocase(name, encoding_suffixes[i]))
			return true;
	}
	return false;
}

/* Whether the first bytes of r are in this coding: STATUS_GO, STATUS_NOT_FOUND
 * or STATUS_LATER.  Brotli has no signature. */
static enum status
begins_in(enum coding coding, struct archive *archive,
	const struct representation *r, bool at_once)
{
	const struct look_as as = {packing_of[coding], r->type, at_once};
	enum status status;
	enum look look;

	if (coding == CODING_BR)
		return STATUS_GO;
	status = look_member(archive, &r->member, r->start, &as, &look);
	if (status == STATUS_LATER)
		return status;
	return status == STATUS_GO && look != LOOK_BROKEN ? STATUS_GO
							  : STATUS_NOT_FOUND;
}

/* Offer the sibling that holds the member called name in this coding, if it
 * exists and can be read, and is not something else.  STATUS_GO or
 * STATUS_LATER. */
static enum status
offer_sibling(struct representations *found, struct archive *archive,
	struct str name, enum coding coding, struct arena *arena)
{
	struct representation r = {.form = FORM_CONTENT};
	struct text wanted = {.arena = arena};
	enum status status;

	text_add(&wanted, name);
	text_add(&wanted, encoding_suffixes[coding]);
	if (!zipdir_find_exact(archive->zipdir, text_str(&wanted), &r.member) ||
		r.member.link || !source_is_readable(&r.member) ||
		archive_locate(archive, &r.member, &r.start) != STATUS_GO)
		return STATUS_GO;
	r.size = r.member.size;
	r.type = found->of[CODING_IDENTITY].type;
	status = begins_in(coding, archive, &r, found->at_once);
	if (status == STATUS_GO)
		offer_file(found, archive, coding, &r, arena);
	return status == STATUS_LATER ? status : STATUS_GO;
}

/* Offer the member's data as they are, if they are in a content coding already.
 */
static enum status
offer_as_it_lies(struct representations *found, const struct archive *archive,
	struct arena *arena)
{
	struct representation r = found->of[CODING_IDENTITY];
	enum verdict verdict = verify_verdict(archive, &r.member, PACKING_NONE);
	enum status status;

	if (verdict == VERDICT_ODD || verdict == VERDICT_DAMAGED ||
		(r.member.method != ZIP_DEFLATED &&
			r.member.method != ZIP_ZSTD))
		return STATUS_GO;
	status = datacrc_of(archive, &r.member, r.start, &r.data_crc);
	if (status != STATUS_GO)
		return status;
	r.unverified = verdict == VERDICT_NONE;
	if (r.member.method == ZIP_DEFLATED) {
		r.form = FORM_GZIP;
		r.size = r.member.packed + GZIP_AROUND;
		offer(found, CODING_GZIP, &r, arena);
	} else {
		r.form = FORM_PACKED;
		r.size = r.member.packed;
		offer(found, CODING_ZSTD, &r, arena);
	}
	return STATUS_GO;
}

static enum status
offer_coded(struct representations *found, struct archive *archive,
	struct str name, struct arena *arena)
{
	enum status status = offer_as_it_lies(found, archive, arena);

	for (int i = CODING_GZIP; i < CODINGS && status == STATUS_GO; i++) {
		if ((found->available & 1u << i) == 0)
			status = offer_sibling(
				found, archive, name, (enum coding)i, arena);
	}
	return status;
}

/* The content coding of a packed file, CODING_NONE if it is in none. */
static enum coding
coding_of(enum packing packing, enum look look)
{
	if (look == LOOK_BROKEN)
		return CODING_NONE;
	switch (packing) {
	case PACKING_GZIP:
		return CODING_GZIP;
	case PACKING_ZSTD:
		return CODING_ZSTD;
	case PACKING_BR:
		return CODING_BR;
	case PACKING_UNITYWEB:
		return look == LOOK_GZIP      ? CODING_GZIP
			: look == LOOK_BROTLI ? CODING_BR
					      : CODING_NONE;
	default:
		return CODING_NONE;
	}
}

/* The type of what is packed in a file: of an asset by its name, of a log by
 * its bytes.  Empty if it is no log in spite of its name. */
static struct str
inner_type(const struct packedname *packed, const struct media_type *named,
	enum look look, const struct site *site, struct arena *arena)
{
	struct media_type text = mime_find(NULL, STR("a.txt"));
	bool unread = look == LOOK_NOTHING || look >= LOOK_BROKEN;

	if (!packed->asset)
		return unread || look == LOOK_BINARY
			? (struct str){NULL, 0}
			: text_type(&text, look, site, arena);
	if (named->bare.n == 0)
		return STR("application/octet-stream");
	return named->utf8.n == 0
		? named->bare
		: text_type(named, unread ? LOOK_NOTHING : look, site, arena);
}

/* Offer what a packed file holds, in the coding in which it is packed.  The
 * file itself is offered already. */
static enum status
offer_packed(struct representations *found, struct archive *archive,
	const struct packedname *packed, const struct site *site,
	struct arena *arena)
{
	struct representation r = found->of[CODING_IDENTITY];
	struct media_type named = mime_find(site->mime, packed->inner);
	enum look look;
	enum coding coding;
	enum status status = look_member(archive, &r.member, r.start,
		&(struct look_as){packed->packing, named.bare, found->at_once},
		&look);

	coding = coding_of(packed->packing, look);
	if (status != STATUS_GO || coding == CODING_NONE)
		return status;
	r.type = inner_type(packed, &named, look, site, arena);
	if (r.type.n > 0)
		offer_file(found, archive, coding, &r, arena);
	return STATUS_GO;
}

/* What the name of member tells, as far as it matters here.  xz and bzip2 are
 * not content codings.  If a.js is in the archive, too, then a request for
 * a.js.gz means that file itself. */
static struct packedname
packed_as(const struct archive *archive, const struct member *member)
{
	struct packedname packed = packedname_read(member->name);
	struct member plain;

	if (packed.packing == PACKING_XZ || packed.packing == PACKING_BZIP2)
		packed.asset = packed.log = false;
	packed.asset = packed.asset &&
		!(is_sibling(member->name) &&
			zipdir_find_exact(
				archive->zipdir, packed.inner, &plain));
	return packed;
}

enum packing
represent_packing(
	struct archive *archive, const struct member *member, uint64_t start)
{
	struct packedname packed = packed_as(archive, member);
	struct member plain;
	struct look_as as = {
		packed.packing, mime_find(NULL, packed.inner).bare, false};
	enum look look;
	enum coding coding;

	if (!packed.asset && !packed.log)
		return is_sibling(member->name) &&
				zipdir_find_exact(
					archive->zipdir, packed.inner, &plain)
			? packed.packing
			: PACKING_NONE;
	if (look_member(archive, member, start, &as, &look) != STATUS_GO)
		return PACKING_NONE;
	coding = coding_of(packed.packing, look);
	return coding == CODING_NONE ? PACKING_NONE : packing_of[coding];
}

/* The type of a packed file that is sent as it is.  Some tables give the type
 * of its content for its name. */
static struct str
packed_type(enum packing packing, const struct site *site)
{
	struct str type = {NULL, 0};

	if (packing == PACKING_GZIP)
		type = mime_find(site->mime, STR("a.gz")).bare;
	else if (packing == PACKING_ZSTD)
		type = mime_find(site->mime, STR("a.zst")).bare;
	return type.n > 0 ? type : STR("application/octet-stream");
}

int64_t
represent_modified(const struct archive *archive)
{
	int64_t now = clock_seconds(), modified = archive->id.modified.tv_sec;

	return modified < now ? modified : now;
}

/* Do without the forms that are damaged or no whole streams. */
static void
drop_wrong(struct representations *found, const struct archive *archive)
{
	for (int i = 0; i < CODINGS; i++) {
		if ((found->available & 1u << i) != 0 &&
			verdict_on(archive, &found->of[i]) > VERDICT_RIGHT)
			found->available &= ~(1u << i);
	}
}

enum status
represent_confirm(struct representations *found, struct archive *archive,
	enum coding coding)
{
	struct representation *r = &found->of[coding];
	enum status status = STATUS_GO;

	if (r->unverified && verify_is_quick(&r->member)) {
		if (found->at_once && verify_is_long(&r->member, r->packing))
			return STATUS_LATER;
		status = verify_at_once(archive, &r->member, r->start,
			r->packing, VERIFY_QUICK_SIZE);
		r->unverified = verdict_on(archive, r) != VERDICT_RIGHT;
		drop_wrong(found, archive);
	}
	return status;
}

void
represent_as(struct representations *found, struct str type)
{
	for (int i = 0; type.n > 0 && i < CODINGS; i++) {
		found->of[i].type = type;
		found->of[i].guessed = false;
	}
}

void
represent_to_save(
	struct representations *found, struct str name, struct arena *arena)
{
	struct text text = {.arena = arena};

	text_add(&text, STR("attachment; filename=\""));
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		text_byte(&text,
			c < ' ' || c > '~' || c == '"' || c == '\\' ? '_' : c);
	}
	text_byte(&text, '"');
	if (str_is_utf8(name)) {
		text_add(&text, STR("; filename*=UTF-8''"));
		path_encode_name(&text, name);
	}
	for (int i = 0; i < CODINGS; i++)
		found->of[i].disposition = text_str(&text);
}

enum status
represent(struct representations *found, struct archive *archive,
	const struct member *member, const struct site *site,
	struct arena *arena)
{
	struct representation plain = {
		.form = FORM_CONTENT, .member = *member, .size = member->size};
	struct packedname packed = packed_as(archive, member);
	enum status status;

	if (!source_is_readable(member))
		return represent_unsupported(archive, member);
	status = archive_locate(archive, member, &plain.start);
	if (status != STATUS_GO)
		return status;
	if (packed.asset || packed.log)
		plain.type = packed_type(packed.packing, site);
	else
		status =
			find_type(archive, &plain, site, arena, found->at_once);
	if (status != STATUS_GO)
		return status;
	found->available = 0;
	found->modified = represent_modified(archive);
	offer(found, CODING_IDENTITY, &plain, arena);
	if (packed.asset || packed.log)
		status = offer_packed(found, archive, &packed, site, arena);
	else if (packed.packing == PACKING_NONE || !is_sibling(member->name))
		status = offer_coded(found, archive, member->name, arena);
	if (status != STATUS_GO)
		return status;
	drop_wrong(found, archive);
	found->damaged = verdict_on(archive, &plain) == VERDICT_DAMAGED;
	return arena->failed ? STATUS_UNAVAILABLE : STATUS_GO;
}

enum status
represent_log(struct logtext *text, struct archive *archive,
	const struct member *member, const struct site *site)
{
	struct packedname packed = packedname_read(member->name);
	struct media_type type = mime_find(site->mime,
		packed.packing == PACKING_NONE ? member->name : packed.inner);
	struct look_as as = {packed.packing, type.bare, text->at_once};
	enum look look;
	enum status status;

	if (!packing_supports(packed.packing))
		return STATUS_NOT_FOUND;
	if (!source_is_readable(member))
		return represent_unsupported(archive, member);
	status = archive_locate(archive, member, &text->start);
	if (status == STATUS_GO)
		status = look_member(archive, member, text->start, &as, &look);
	if (status != STATUS_GO)
		return status;
	text->how = (struct wrapping){
		as.packing, look == LOOK_NAMED, look == LOOK_OTHER};
	return look == LOOK_BINARY || look >= LOOK_BROKEN ? STATUS_NOT_FOUND
							  : STATUS_GO;
}
