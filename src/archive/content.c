/* The content of a deflated member of at most 1 MiB is inflated whole and kept,
 * while there is room (membercache.h), if that costs no more than what the
 * response needs anyway, or if the member was inflated before:
 *
 * - a small one: it is inflated at once, in one piece;
 * - for a range that does not begin at the start: what lies before it would be
 *   inflated and thrown away, for each range again;
 * - one of which all was inflated before.
 *
 * What is inflated for the first time is the first to be evicted.  So a crawler
 * that walks over an archive evicts what it has brought itself, and not what
 * others need.  A larger member is inflated for each request, while it is sent.
 *
 * Whatever is wrong is left to the source (inflate.c), which tells what. */

#include "archive/content.h"

#include <stdlib.h>

#include "archive/inflatewhole.h"
#include "archive/made.h"
#include "base/crc.h"

enum {
	CONTENT_MAX = 1024 * 1024,
	AT_ONCE_MAX = 128 * 1024, /* takes 0.3 ms */
	ROOM_SHARE = 8, /* the largest part of the room for one content */
};

static void
content_free(struct cached *cached)
{
	free(cached);
}

bool
content_inflate(const struct archive *archive, const struct member *member,
	uint64_t start, char *content)
{
	size_t packed = (size_t)member->packed, size = (size_t)member->size;
	void *data = malloc(packed);
	bool right = data != NULL &&
		archive_read(archive, start, data, packed) == 0 &&
		inflate_whole(data, packed, content, size) &&
		crc_add(0, content, size) == member->crc;

	free(data);
	if (right)
		archive_note(archive, member, ARCHIVE_CHECKED);
	return right;
}

static struct content *
make_content(
	struct archive *archive, const struct member *member, uint64_t start)
{
	size_t n = (size_t)member->size;
	struct content *content = malloc(sizeof(*content) + n);

	if (content == NULL)
		return NULL;
	content->cached = (struct cached){
		.free = content_free,
		.users = 1,
		.once = (archive_notes(archive, member) & ARCHIVE_CHECKED) == 0,
	};
	content->n = n;
	if (content_inflate(archive, member, start, content->bytes))
		return content;
	free(content);
	return NULL;
}

static bool
may_be_kept(const struct archive *archive, const struct member *member)
{
	return archive->membercache != NULL && member->method == ZIP_DEFLATED &&
		member->size <= CONTENT_MAX &&
		/* Packed data larger than that are mostly empty blocks, which
		 * take long. */
		member->packed <= 2 * CONTENT_MAX &&
		member->size <=
		membercache_room(archive->membercache) / ROOM_SHARE &&
		(archive_notes(archive, member) & ARCHIVE_ODD) == 0;
}

static bool
worth_making(
	const struct archive *archive, const struct member *member, uint64_t at)
{
	return at > 0 ||
		(member->size <= AT_ONCE_MAX &&
			member->packed <= AT_ONCE_MAX) ||
		(archive_notes(archive, member) & ARCHIVE_CHECKED) != 0;
}

struct content *
content_get(struct archive *archive, const struct member *member,
	uint64_t start, uint64_t at)
{
	struct content *content;

	if (!may_be_kept(archive, member))
		return NULL;
	content = (struct content *)made_find(
		archive, member, MEMBERCACHE_CONTENT);
	if (content != NULL || !worth_making(archive, member, at))
		return content;
	content = make_content(archive, member, start);
	if (content == NULL)
		return NULL;
	/* Content that membercache does not count must not take memory, not
	 * even for this response. */
	return (struct content *)made_share_or_drop(archive, member,
		MEMBERCACHE_CONTENT, &content->cached,
		sizeof(*content) + content->n);
}
