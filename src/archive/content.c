/* The content of a deflated member of at most 1 MiB is cached when it is
 * inflated a second time, while there is room (membercache.h).  The first
 * request only sets a bit in the index, so that a crawler that walks over an
 * archive does not evict what others need.  A larger member is inflated for
 * each request, while it is sent. */

#include "archive/content.h"

#include <stdlib.h>

#include "archive/made.h"
#include "archive/source.h"

enum {
	CONTENT_MAX = 1024 * 1024,
	ROOM_SHARE = 8, /* the largest part of the room for one content */
};

static void
content_free(struct cached *cached)
{
	free(cached);
}

static struct content *
make_content(
	struct archive *archive, const struct member *member, uint64_t start)
{
	size_t n = (size_t)member->size;
	struct content *content = malloc(sizeof(*content) + n);
	struct source *source = source_open(archive, member, start, NULL);
	size_t done;

	if (content != NULL && source != NULL &&
		source_fill(source, content->bytes, n, &done) == 0 &&
		done == n) {
		content->cached =
			(struct cached){.free = content_free, .users = 1};
		content->n = n;
	} else {
		free(content);
		content = NULL;
	}
	if (source != NULL)
		source->close(source);
	return content;
}

/* Whether the content has been inflated before and is not too large. */
static bool
worth_caching(const struct archive *archive, const struct member *member)
{
	if (archive->membercache == NULL || member->method != ZIP_DEFLATED ||
		member->size > CONTENT_MAX ||
		/* Packed data larger than that are mostly empty blocks, which
		 * take long. */
		member->packed > 2 * CONTENT_MAX ||
		member->size >
			membercache_room(archive->membercache) / ROOM_SHARE)
		return false;
	return (archive_notes(archive, member) & ARCHIVE_CHECKED) != 0;
}

struct content *
content_get(
	struct archive *archive, const struct member *member, uint64_t start)
{
	struct content *content;

	if (!worth_caching(archive, member))
		return NULL;
	content = (struct content *)made_find(
		archive, member, MEMBERCACHE_CONTENT);
	if (content != NULL)
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
