/* The archives that are open, by path, the least recently used ones closed
 * first. */

#ifndef CACHE_H
#define CACHE_H

#include "archive.h"

struct cache;

/* A cache of at most max_archives (at least 1) whose indexes take at most
 * max_memory bytes, and what is made of their members (hoard.h) what the
 * indexes leave of that; one archive more may be open while it is used. NULL
 * with errno ENOMEM. */
struct cache *cache_new(size_t max_archives, size_t max_memory);

/* No other thread may use the cache any more.  Takes NULL. */
void cache_free(struct cache *cache);

/* A share of the archive at path (as archive_open), opened now or earlier: ask
 * archive_is_fresh before relying on it.  Only one thread opens a path, others
 * that want it wait.  A file that is missing is not remembered, other failures
 * are.  NULL with errno ENOMEM.  Any thread. */
struct archive *cache_get(struct cache *cache, struct str path);

/* Let go of archive, if that is still what the cache has for its path.  Any
 * thread. */
void cache_forget(struct cache *cache, const struct archive *archive);

/* Let go of all archives; those in use are closed when they are dropped.  Any
 * thread. */
void cache_clear(struct cache *cache);

#endif
