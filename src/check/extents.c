#include "check/extents.h"

#include <stdlib.h>

#include "archive/source.h"

static int
by_start(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

static int
by_record(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;

	return x->at < y->at ? -1 : 1;
}

/* Find for each extent, in file order, an earlier one that reaches into it. */
static void
find_overlaps(struct extent *extents, size_t n)
{
	const struct extent *widest = extents;

	for (size_t i = 1; i < n; i++) {
		if (extents[i].start < widest->end)
			extents[i].with = widest->at;
		if (extents[i].end > widest->end)
			widest = extents + i;
	}
}

int
extents_find(struct extents *extents, struct archive *archive)
{
	const struct zipdir *zipdir = archive->zipdir;
	struct zipdir_record record;
	size_t at, next = 0, n = 0;

	while (zipdir_record(zipdir, &next, &record))
		n++;
	*extents = (struct extents){calloc(n + 1, sizeof(*extents->of)), 0, 0};
	if (extents->of == NULL)
		return -1;
	for (at = next = 0; zipdir_record(zipdir, &next, &record); at = next) {
		const struct member *member = &record.member;
		uint64_t data;

		if (str_ends(member->name, STR("/")) ||
			archive_locate(archive, member, &data) != STATUS_GO)
			continue;
		extents->of[extents->n++] = (struct extent){
			zipdir_wraps(zipdir) > 0 ? data : member->offset,
			data + member->packed, at, EXTENTS_NOWHERE};
		if (source_is_readable(member))
			extents->total += member->size;
	}
	qsort(extents->of, extents->n, sizeof(*extents->of), by_start);
	find_overlaps(extents->of, extents->n);
	qsort(extents->of, extents->n, sizeof(*extents->of), by_record);
	return 0;
}
