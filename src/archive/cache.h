/* The open archives, by path.  When there are too many, the least recently used
 * one that is not in use is closed first. */

#ifndef CACHE_H
#define CACHE_H

#include "archive/archive.h"

struct cache;

/* Make a cache of at most max_archives (at least 1); it holds more only while
 * all of them are in use.  The indexes of all open archives, including those
 * dropped from the cache but still in use, take at most max_memory bytes.
 * Objects made from members (membercache.h) may use what the indexes leave of
 * that.  In addition, up to 128 failures are cached.  charset is
 * archive_open's. NULL with errno ENOMEM. */
struct cache *cache_new(
	size_t max_archives, uint64_t max_memory, struct charset *charset);

/* Release the cache, which no other thread may be using.  Takes NULL. */
void cache_free(struct cache *cache);

/* Get a share of the archive at path (as archive_open), opened now or earlier.
 * Call archive_is_fresh before relying on it.  Only one thread opens a path;
 * others wait for it if it was called with at_once, and get NULL with errno
 * EAGAIN if not.  An archive in use stays in the cache.  When an index needs
 * more memory than closing idle archives can free, its archive is unavailable.
 * Failures are cached, except that of a missing file.  NULL with errno ENOMEM.
 * at_once: as archive_open.  Any thread. */
struct archive *cache_get(struct cache *cache, struct str path, bool at_once);

/* The state of a cache, and its counters. */
struct cache_state {
	size_t archives;  /* in the cache */
	uint64_t memory;  /* bytes of the indexes of all open archives */
	uint64_t lent;    /* bytes lent to work in progress (membercache.h) */
	uint64_t opened;  /* archives, since the cache was made */
	uint64_t refused; /* files that could not be opened as archives */
	uint64_t evicted; /* archives closed to make room for others */
};

struct cache_item {
	struct archive *archive; /* a share: archive_drop it */
	size_t memory;
	uint64_t requests, bytes; /* as archive_count */
};

/* Write the state and at most max open archives: the most recently used first,
 * or those with most requests since they were opened, the busiest first.
 * Returns how many.  Any thread. */
size_t cache_list(struct cache *cache, struct cache_state *state,
	struct cache_item *items, size_t max);
size_t cache_busiest(struct cache *cache, struct cache_state *state,
	struct cache_item *items, size_t max);

/* Drop archive from the cache, if it is still the one cached for its path.  Any
 * thread. */
void cache_forget(struct cache *cache, const struct archive *archive);

/* Close idle archives while there are more than max_archives.  To be called
 * after an archive was used; costs nothing when there are not too many.  Any
 * thread. */
void cache_trim(struct cache *cache);

/* Close all archives that are not in use.  Any thread. */
void cache_clear(struct cache *cache);

#endif
