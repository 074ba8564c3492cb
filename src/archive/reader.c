/* To get a byte far inside a member without access points before it, everything
 * before it has to be decompressed, which takes seconds for a large member.
 * Twenty requests for such bytes of one member would do that twenty times in
 * parallel.
 *
 * So only one reader of a member searches at a time, and the others wait
 * (turns.h).  When it has found its byte, or is closed, it leaves its source at
 * its position, together with the bytes read last.  The next reader continues
 * from there if its byte does not lie before that.  A deflated member has
 * access points by then, from which the others begin.  A reader that needs more
 * bytes than the buffer holds does not leave its source, since it may be slow
 * to send them, and others must not wait for that.
 *
 * The source that was left lies in the membercache: as long as there is room
 * and the archive is open. */

#include "archive/reader.h"

#include <pthread.h>
#include <stdlib.h>

#include "archive/made.h"

struct search {
	struct cached cached;

	pthread_mutex_t lock;  /* guards what follows */
	bool taken;            /* a reader is searching */
	struct source *source; /* as in struct reader, for the next one */
	uint64_t at;
	size_t size;
	char buffer[READER_SIZE];
};

static void
close_shared(struct source **source)
{
	if (*source != NULL)
		(*source)->close(*source);
	*source = NULL;
}

static void
search_free(struct cached *cached)
{
	struct search *search = (struct search *)cached;

	close_shared(&search->source);
	pthread_mutex_destroy(&search->lock);
	free(search);
}

/* Get a share of the struct search of member.  NULL when there is no room; then
 * each reader searches for itself. */
static struct search *
get(struct archive *archive, const struct member *member, uint64_t start)
{
	struct search *search =
		(struct search *)made_find(archive, member, MEMBERCACHE_SEARCH);

	if (search != NULL)
		return search;
	search = calloc(1, sizeof(*search));
	if (search == NULL)
		return NULL;
	search->cached = (struct cached){.free = search_free, .users = 1};
	pthread_mutex_init(&search->lock, NULL);
	return (struct search *)made_share_or_drop(archive, member,
		MEMBERCACHE_SEARCH, &search->cached,
		sizeof(*search) +
			(size_t)source_memory(archive, member, start));
}

/* Become the reader that searches.  Take over the source that was left if
 * offset at does not lie before it and no nearer place is known.  false while
 * another reader searches. */
static bool
take(struct reader *r, struct search *search, uint64_t at, uint64_t nearest,
	char *buffer)
{
	struct source *useless = NULL;
	bool taken;

	pthread_mutex_lock(&search->lock);
	taken = search->taken;
	if (!taken && search->source != NULL && search->at <= at &&
		nearest <= search->at + search->size) {
		r->source = search->source;
		r->at = search->at;
		r->size = search->size;
		memcpy(buffer, search->buffer, search->size);
	} else if (!taken) {
		useless = search->source;
	}
	if (!taken)
		search->source = NULL;
	search->taken = true;
	pthread_mutex_unlock(&search->lock);
	close_shared(&useless);
	return !taken;
}

/* Stop being the reader that searches.  leave: leave the source to the next
 * one. */
static void
give(struct reader *r, const char *buffer, bool leave)
{
	struct search *search = r->search;

	if (search == NULL)
		return;
	pthread_mutex_lock(&search->lock);
	search->taken = false;
	if (leave && r->source != NULL) {
		search->source = r->source;
		search->at = r->at;
		search->size = r->size;
		memcpy(search->buffer, buffer, r->size);
		r->source = NULL;
	}
	pthread_mutex_unlock(&search->lock);
	cached_drop(&search->cached);
	r->search = NULL;
}

bool
reader_is_far(struct archive *archive, const struct member *member, uint64_t at)
{
	return at > READER_SKIP &&
		at - source_nearest(archive, member, at) > READER_SKIP;
}

static bool
holds(const struct reader *r, uint64_t at)
{
	return at >= r->at && at - r->at < r->size;
}

/* Whether the current source will reach offset at, and a new one would not
 * begin nearer to it. */
static bool
goes_on(const struct reader *r, struct archive *archive,
	const struct member *member, uint64_t at)
{
	return r->source != NULL && r->at <= at &&
		(at - r->at <= READER_SKIP ||
			source_nearest(archive, member, at) <= r->at + r->size);
}

int
reader_begin(struct reader *r, struct archive *archive,
	const struct member *member, uint64_t start, uint64_t at, char *buffer)
{
	struct position position = {.offset = at, .lines = POSITION_ANY_LINES};

	r->waits = false;
	if (r->slot == member->slot &&
		(holds(r, at) || goes_on(r, archive, member, at)))
		return 0;
	reader_close(r, buffer);
	r->slot = member->slot;
	if (reader_is_far(archive, member, at))
		r->search = get(archive, member, start);
	if (r->search != NULL &&
		!take(r, r->search, at, source_nearest(archive, member, at),
			buffer)) {
		cached_drop(&r->search->cached);
		r->search = NULL;
		r->waits = true;
		return SOURCE_LATER;
	}
	if (r->source == NULL) {
		r->source = source_open(archive, member, start, &position);
		r->at = position.offset;
	}
	return r->source == NULL ? -1 : 0;
}

ssize_t
reader_fill(struct reader *r, uint64_t at, uint64_t n, char *buffer)
{
	if (!holds(r, at)) {
		ssize_t got = r->source->read(r->source, buffer, READER_SIZE);

		if (got == SOURCE_LATER)
			return SOURCE_LATER;
		if (got <= 0) {
			close_shared(&r->source);
			give(r, buffer, false);
			return got;
		}
		r->at += r->size;
		r->size = (size_t)got;
	}
	if (!holds(r, at))
		return SOURCE_LATER;
	give(r, buffer, n <= r->size - (at - r->at));
	return 1;
}

void
reader_lose_buffer(struct reader *r)
{
	r->at += r->size;
	r->size = 0;
}

void
reader_close(struct reader *r, const char *buffer)
{
	give(r, buffer, true);
	close_shared(&r->source);
	r->size = 0;
}
