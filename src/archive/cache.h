/* The archives that are open, by path; of those that nobody uses, the least
 * recently used ones are closed first. */

#ifndef CACHE_H
#define CACHE_H

#include "archive/archive.h"

struct cache;

/* A cache of at most max_archives (at least 1), more only while all of them are
 * in use.  The indexes of all archives that are open, also of those that the
 * cache has let go of and somebody still uses, take at most max_memory bytes,
 * and what is made of their members (membercache.h) what the indexes leave of
 * that. Failures are remembered beside them, 128 at most.  NULL with errno
 * ENOMEM. */
struct cache *cache_new(size_t max_archives, uint64_t max_memory);

/* No other thread may use the cache any more.  Takes NULL. */
void cache_free(struct cache *cache);

/* A share of the archive at path (as archive_open), opened now or earlier: ask
 * archive_is_fresh before relying on it.  Only one thread opens a path, others
 * that want it wait; and while somebody uses an archive, others find that one.
 * When an index needs more memory than there is without closing what is in use,
 * its archive is unavailable.  A file that is missing is not remembered, other
 * failures are.  NULL with errno ENOMEM.  Any thread. */
struct archive *cache_get(struct cache *cache, struct str path);

/* How a cache is, and what it has done. */
struct cache_state {
	size_t archives;  /* that the cache has open */
	uint64_t memory;  /* bytes of the indexes of all that are open */
	uint64_t opened;  /* archives, since the cache was made */
	uint64_t refused; /* files that could not be opened as one */
	uint64_t evicted; /* archives closed, for others to have room */
};

struct cache_item {
	struct archive *archive; /* a share: archive_drop it */
	size_t memory;
};

/* Write the state, and the archives that are open, the most recently used
 * first, at most max of them: how many.  Any thread. */
size_t cache_list(struct cache *cache, struct cache_state *state,
	struct cache_item *items, size_t max);

/* Let go of archive, if that is still what the cache has for its path.  Any
 * thread. */
void cache_forget(struct cache *cache, const struct archive *archive);

/* What was in use may be so no more: close archives as long as there are too
 * many.  Costs nothing when there are not.  Any thread. */
void cache_trim(struct cache *cache);

/* Close all archives that are not in use.  Any thread. */
void cache_clear(struct cache *cache);

#endif
