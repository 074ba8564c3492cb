#include "serve/logsearch.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "archive/made.h"
#include "serve/logpage.h"

struct logsearch {
	struct cached cached;
	atomic_flag taken;
	_Atomic uint64_t total;
	_Atomic uint64_t last_error;
	_Atomic bool damaged;
};

static void
logsearch_free(struct cached *cached)
{
	free(cached);
}

struct logsearch *
logsearch_get(struct archive *archive, const struct member *member)
{
	struct logsearch *search = (struct logsearch *)made_find(
		archive, member, MEMBERCACHE_LINES);

	if (search != NULL)
		return search;
	search = malloc(sizeof(*search));
	if (search == NULL)
		return NULL;
	*search = (struct logsearch){
		.cached = {.free = logsearch_free, .users = 1},
		.taken = ATOMIC_FLAG_INIT,
		.total = LOGPAGE_UNKNOWN,
		.last_error = LOGPAGE_UNKNOWN,
	};
	return (struct logsearch *)made_share_or_drop(archive, member,
		MEMBERCACHE_LINES, &search->cached, sizeof(*search));
}

void
logsearch_drop(struct logsearch *search)
{
	if (search != NULL)
		cached_drop(&search->cached);
}

bool
logsearch_take(struct logsearch *search)
{
	return !atomic_flag_test_and_set(&search->taken);
}

void
logsearch_give(struct logsearch *search)
{
	atomic_flag_clear(&search->taken);
}

void
logsearch_set_total(struct logsearch *search, uint64_t total)
{
	search->total = total;
}

uint64_t
logsearch_total(struct logsearch *search)
{
	return search->total;
}

void
logsearch_set_last_error(struct logsearch *search, uint64_t line)
{
	search->last_error = line;
}

bool
logsearch_last_error(struct logsearch *search, uint64_t *line)
{
	uint64_t last = search->last_error;

	if (last != LOGPAGE_UNKNOWN)
		*line = last;
	return last != LOGPAGE_UNKNOWN;
}

void
logsearch_set_damaged(struct logsearch *search)
{
	search->damaged = true;
}

bool
logsearch_is_damaged(struct logsearch *search)
{
	return search->damaged;
}
