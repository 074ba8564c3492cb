#include "archive/unwrap.h"

#include "archive/gunzip.h"
#include "archive/points.h"
#include "archive/wide.h"

/* Newlines are counted as bytes, and such a byte may be part of another
 * character in wide text. */
static bool
has_points(const struct wrapping *how)
{
	return !how->wide &&
		(how->packing == PACKING_NONE || how->packing == PACKING_GZIP);
}

static struct source *
open_packing(struct archive *archive, const struct member *member,
	uint64_t start, enum packing packing, struct position *position)
{
	struct source *packed;

	if (packing == PACKING_NONE)
		return source_open(archive, member, start, position);
	if (packing == PACKING_GZIP)
		return gunzip_open(archive, member, start, position);
	packed = source_open(archive, member, start, NULL);
	return packed ? decompress_open(packing, packed, archive, member)
		      : NULL;
}

struct source *
unwrap_open(struct archive *archive, const struct member *member,
	uint64_t start, const struct wrapping *how, struct position *position)
{
	struct source *source;

	if (!has_points(how))
		*position = (struct position){0};
	source = open_packing(archive, member, start, how->packing, position);
	return source && how->wide ? wide_open(source) : source;
}

struct points *
unwrap_points(struct archive *archive, const struct member *member,
	const struct wrapping *how)
{
	if (!has_points(how))
		return NULL;
	return how->packing == PACKING_GZIP
		? points_get_gunzipped(archive, member)
		: points_get(archive, member);
}

uint64_t
unwrap_memory(const struct archive *archive, const struct member *member,
	uint64_t start, const struct wrapping *how)
{
	return source_memory(archive, member, start) +
		(how->packing == PACKING_GZIP
				? gunzip_memory()
				: decompress_memory(how->packing)) +
		(how->wide ? wide_memory() : 0);
}
