#include "http/ownform.h"

#include "archive/datacrc.h"
#include "base/crc.h"
#include "http/path.h"
#include "http/subzip.h"
#include "http/validator.h"

/* The tag of the file's bytes.  Hosts that have the same file give the same
 * one: no inode, and whole seconds, which every tool that copies can keep. */
static struct str
archive_etag(
	const struct archive *archive, uint32_t file_crc, struct arena *arena)
{
	const uint64_t numbers[] = {zipdir_checksum(archive->zipdir),
		(uint64_t)archive->id.size,
		(uint64_t)archive->id.modified.tv_sec, file_crc};

	return validator_tag(arena, numbers,
		sizeof(numbers) / sizeof(numbers[0]), (struct str){NULL, 0});
}

/* A number for a query and the settings that affect pages. */
static uint64_t
page_number(struct str query, const struct site *site)
{
	return query.n > 0 ? crc_add(site->settings, query.p, query.n)
			   : site->settings;
}

struct str
ownform_listing_tag(const struct archive *archive, struct str query,
	enum coding coding, const struct site *site, struct arena *arena)
{
	const uint64_t numbers[] = {zipdir_checksum(archive->zipdir),
		(uint64_t)archive->id.size,
		(uint64_t)archive->id.modified.tv_sec,
		page_number(query, site)};

	return validator_tag(arena, numbers,
		sizeof(numbers) / sizeof(numbers[0]), encoding_names[coding]);
}

struct str
ownform_search_tag(const struct archive *archive, struct str query,
	enum coding coding, const struct site *site, struct arena *arena)
{
	struct str tag =
		ownform_listing_tag(archive, query, coding, site, arena);

	return arena_printf(arena, "W/%.*s", STR_ARG(tag));
}

struct str
ownform_log_tag(const struct member *member, struct str query,
	enum coding coding, const struct site *site, struct arena *arena)
{
	const uint64_t numbers[] = {
		member->crc, member->size, page_number(query, site)};
	struct str tag = validator_tag(arena, numbers,
		sizeof(numbers) / sizeof(numbers[0]), encoding_names[coding]);

	return arena_printf(arena, "W/%.*s", STR_ARG(tag));
}

enum status
ownform_archive(struct representations *found, struct archive *archive,
	struct str name, const struct site *site, struct arena *arena)
{
	struct representation *r = &found->of[CODING_IDENTITY];
	enum status status;

	*found = (struct representations){
		.available = 1u << CODING_IDENTITY,
		.modified = represent_modified(archive),
	};
	r->form = FORM_PACKED;
	r->size = (uint64_t)archive->id.size;
	r->type = STR("application/zip");
	name.n -= path_suffix(name, site->suffix);
	represent_to_save(
		found, arena_printf(arena, "%.*s.zip", STR_ARG(name)), arena);
	status = datacrc_of_file(archive, &r->data_crc);
	r->etag = archive_etag(archive, r->data_crc, arena);
	return arena->failed ? STATUS_UNAVAILABLE : status;
}

/* The tag of the zip file.  Like the one of the archive, it is the same on
 * hosts that have the same file. */
static enum status
subzip_etag(const struct subzip *zip, const struct site *site, struct str *etag,
	struct arena *arena)
{
	struct str prefix = zip->walk.prefix;
	uint32_t file_crc;
	enum status status = datacrc_of_file(zip->archive, &file_crc);
	const uint64_t numbers[] = {zipdir_checksum(zip->archive->zipdir),
		(uint64_t)zip->archive->id.size,
		(uint64_t)zip->archive->id.modified.tv_sec, file_crc,
		crc_add(site->settings, prefix.p, prefix.n), subzip_size(zip)};

	*etag = validator_tag(arena, numbers,
		sizeof(numbers) / sizeof(numbers[0]), (struct str){NULL, 0});
	return status;
}

enum status
ownform_subzip(struct representations *found, const struct subzip *zip,
	struct str name, const struct site *site, struct arena *arena)
{
	struct representation *r = &found->of[CODING_IDENTITY];
	enum status status;

	*found = (struct representations){
		.available = 1u << CODING_IDENTITY,
		.modified = represent_modified(zip->archive),
	};
	r->form = FORM_SUBZIP;
	r->subzip = zip;
	r->size = subzip_size(zip);
	r->type = STR("application/zip");
	represent_to_save(
		found, arena_printf(arena, "%.*s.zip", STR_ARG(name)), arena);
	status = subzip_etag(zip, site, &r->etag, arena);
	return arena->failed ? STATUS_UNAVAILABLE : status;
}
