/* A cache of objects made from members, of bounded size.  The least recently
 * used object that is not in use is evicted first.  All objects of an archive
 * are dropped when it is closed. */

#ifndef MEMBERCACHE_H
#define MEMBERCACHE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct membercache;

enum membercache_kind {
	MEMBERCACHE_CONTENT,   /* struct content */
	MEMBERCACHE_POINTS,    /* struct points */
	MEMBERCACHE_GUNZIPPED, /* struct points, of what a gzip file holds */
	MEMBERCACHE_SEARCH,    /* struct search */
	MEMBERCACHE_LINES,     /* struct logsearch */
	MEMBERCACHE_VERIFIER,  /* struct verifier */
};

/* The first member of every cached object. */
struct cached {
	/* Set before the object is entered. */
	void (*free)(struct cached *cached);
	_Atomic unsigned users; /* number of shares: 1 at first */
	bool once; /* may not be asked for again: the first to be evicted */

	/* Used by membercache.c only. */
	struct membercache_owner *owner;
	uint32_t slot;
	enum membercache_kind kind;
	size_t size;
	TAILQ_ENTRY(cached) use;
	LIST_ENTRY(cached) chain;
	LIST_ENTRY(cached) mate; /* objects of the same owner */
};

/* The archive that objects were made from: a part of struct archive, all zero
 * at first. */
struct membercache_owner {
	LIST_HEAD(cached_list, cached)
	cached; /* guarded by the membercache's lock */
};

/* Make a membercache of at most max bytes; the caller has the first share.
 * Cached objects may take at most half of them, so that requests which keep
 * objects in use cannot take the other half from the indexes of archives.  NULL
 * with errno ENOMEM. */
struct membercache *membercache_new(uint64_t max);

/* Take a share, or give one back.  Giving back the last one releases the
 * membercache, which must be empty then.  Any thread; membercache_drop takes
 * NULL. */
struct membercache *membercache_keep(struct membercache *membercache);
void membercache_drop(struct membercache *membercache);

/* Reserve n of the max bytes for something else, and give them back.  Cached
 * objects that are not in use are evicted to make room.  false when there is
 * not enough room.  Any thread. */
bool membercache_take(struct membercache *membercache, uint64_t n);
void membercache_give(struct membercache *membercache, uint64_t n);

/* Lend n bytes of the half that cached objects may take to work in progress,
 * such as a decoder, and take them back.  Cached objects that are not in use
 * are evicted to make room.  false when there is not enough room; but a lone
 * borrower gets whatever it needs, so that a small max does not refuse all
 * work.  Indexes can always have the other half.  Any thread. */
bool membercache_lend(struct membercache *membercache, uint64_t n);
void membercache_return(struct membercache *membercache, uint64_t n);

/* Bytes lent.  Any thread. */
uint64_t membercache_lent(struct membercache *membercache);

/* Bytes reserved by membercache_take.  Any thread. */
uint64_t membercache_taken(struct membercache *membercache);

/* Bytes that membercache_take could reserve if no cached object were in use.
 * Any thread. */
uint64_t membercache_left(struct membercache *membercache);

/* The max given to membercache_new. */
uint64_t membercache_max(const struct membercache *membercache);

/* Bytes that cached objects may take at present.  Any thread. */
uint64_t membercache_room(struct membercache *membercache);

/* Get a share of the object cached for a member; NULL when there is none.  Any
 * thread. */
struct cached *membercache_find(struct membercache *membercache,
	struct membercache_owner *owner, uint32_t slot,
	enum membercache_kind kind);

/* Enter cached, which takes size bytes and of which the caller has the only
 * share; the caller still has it afterwards.  false when another thread has
 * entered one meanwhile, or there is no room.  Any thread. */
bool membercache_enter(struct membercache *membercache,
	struct membercache_owner *owner, uint32_t slot,
	enum membercache_kind kind, struct cached *cached, size_t size);

/* Change the size of cached, which was entered, to size bytes.  false when
 * there is no room for that, or it has been evicted.  Any thread that has a
 * share. */
bool membercache_resize(
	struct membercache *membercache, struct cached *cached, size_t size);

/* Remove cached, so that nobody finds it any more.  Does nothing if it was not
 * entered or has been evicted.  Any thread that has a share. */
void membercache_remove(struct membercache *membercache, struct cached *cached);

/* Drop all objects of owner.  Any thread. */
void membercache_forget(
	struct membercache *membercache, struct membercache_owner *owner);

/* Give a share back; the last one frees the object.  Any thread; takes NULL. */
void cached_drop(struct cached *cached);

#endif
