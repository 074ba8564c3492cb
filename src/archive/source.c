#include "archive/source.h"

#include <errno.h>

#include "archive/method.h"
#include "archive/packing.h"
#include "archive/points.h"

enum { LATER_MOST = 16 }; /* reads that give nothing yet, of one source_fill */

struct source *
source_open(struct archive *archive, const struct member *member,
	uint64_t start, struct position *position)
{
	switch (member->method) {
	case ZIP_STORED:
		return stored_open(archive, member, start, position);
	case ZIP_DEFLATED:
		return inflate_open(archive, member, start, position);
	default:
		if (position != NULL)
			*position = (struct position){0};
		return member->method == ZIP_ZSTD
			? unzstd_open(archive, member, start)
			: unpack_open(archive, member, start);
	}
}

bool
source_is_readable(const struct member *member)
{
	if ((member->flags & ZIP_ENCRYPTED) != 0)
		return false;
	if (member->method == ZIP_ZSTD)
		return packing_supports(PACKING_ZSTD);
	return !source_is_slow(member) || unpack_supports(member->method);
}

enum status
source_failure(void)
{
	return errno == ENOMEM ? STATUS_UNAVAILABLE : STATUS_ERROR;
}

bool
source_is_damaged(void)
{
	return errno == EILSEQ || errno == EBADMSG;
}

int
source_fill(struct source *source, char *buffer, size_t n, size_t *done)
{
	ssize_t got;

	*done = 0;
	for (int later = 0; *done < n && later < LATER_MOST;) {
		got = source->read(source, buffer + *done, n - *done);
		if (got == SOURCE_LATER)
			later++;
		else if (got <= 0)
			return (int)got;
		else
			*done += (size_t)got;
	}
	return 0;
}

uint64_t
source_memory(const struct archive *archive, const struct member *member,
	uint64_t start)
{
	switch (member->method) {
	case ZIP_STORED:
		return 0;
	case ZIP_DEFLATED:
		return inflate_memory();
	case ZIP_ZSTD:
		return unzstd_memory(archive, member, start);
	default:
		return unpack_memory();
	}
}

uint64_t
source_nearest(
	struct archive *archive, const struct member *member, uint64_t offset)
{
	struct points *points;

	if (member->method == ZIP_STORED)
		return offset;
	points = points_get(archive, member);
	if (points == NULL)
		return 0;
	offset = points_nearest_offset(points, offset);
	points_drop(points);
	return offset;
}
