#include "archive/membercache.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/hash.h"

enum {
	USUAL_SIZE = 16 * 1024, /* of an object, to size the table */
	CHAINS_LEAST = 64,
	CHAINS_MOST = 1 << 20,
};

TAILQ_HEAD(cached_uses, cached);

struct membercache {
	/* Set once. */
	uint64_t max;
	size_t nchains;

	_Atomic unsigned users;

	pthread_mutex_t lock; /* guards what follows */
	struct cached_list *chains;
	struct cached_uses uses; /* most recently used first */
	uint64_t size;           /* of cached objects */
	uint64_t taken;          /* by indexes */
	uint64_t lent;           /* to work in progress */
};

struct membercache *
membercache_new(uint64_t max)
{
	struct membercache *membercache = calloc(1, sizeof(*membercache));

	if (membercache == NULL)
		return NULL;
	membercache->users = 1;
	membercache->max = max;
	membercache->nchains = CHAINS_MOST;
	if (max / USUAL_SIZE < CHAINS_MOST)
		membercache->nchains = (size_t)(max / USUAL_SIZE);
	if (membercache->nchains < CHAINS_LEAST)
		membercache->nchains = CHAINS_LEAST;
	membercache->chains =
		calloc(membercache->nchains, sizeof(*membercache->chains));
	if (membercache->chains == NULL) {
		free(membercache);
		return NULL;
	}
	TAILQ_INIT(&membercache->uses);
	pthread_mutex_init(&membercache->lock, NULL);
	return membercache;
}

struct membercache *
membercache_keep(struct membercache *membercache)
{
	atomic_fetch_add_explicit(&membercache->users, 1, memory_order_relaxed);
	return membercache;
}

void
membercache_drop(struct membercache *membercache)
{
	if (membercache == NULL ||
		atomic_fetch_sub_explicit(
			&membercache->users, 1, memory_order_acq_rel) > 1)
		return;
	pthread_mutex_destroy(&membercache->lock);
	free(membercache->chains);
	free(membercache);
}

void
cached_drop(struct cached *cached)
{
	if (cached != NULL &&
		atomic_fetch_sub_explicit(
			&cached->users, 1, memory_order_acq_rel) == 1)
		cached->free(cached);
}

static struct cached_list *
slot_chain(struct membercache *membercache,
	const struct membercache_owner *owner, uint32_t slot)
{
	/* A slot is a place in a hash table with a secret key, so requests
	 * cannot choose their chain. */
	uint64_t h = hash_number((uintptr_t)owner >> 4);

	return &membercache->chains[((h >> 32) + slot) % membercache->nchains];
}

static struct cached *
find_cached(struct membercache *membercache,
	const struct membercache_owner *owner, uint32_t slot,
	enum membercache_kind kind)
{
	struct cached *cached;

	LIST_FOREACH (cached, slot_chain(membercache, owner, slot), chain) {
		if (cached->owner == owner && cached->slot == slot &&
			cached->kind == kind)
			return cached;
	}
	return NULL;
}

static void
remove_cached(struct membercache *membercache, struct cached *cached)
{
	LIST_REMOVE(cached, chain);
	LIST_REMOVE(cached, mate);
	TAILQ_REMOVE(&membercache->uses, cached, use);
	membercache->size -= cached->size;
	cached->owner = NULL;
}

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The bytes that cached objects and work in progress may take. */
static uint64_t
share(const struct membercache *membercache)
{
	return least(
		membercache->max - membercache->taken, membercache->max / 2);
}

static uint64_t
room(const struct membercache *membercache)
{
	uint64_t all = share(membercache);

	return all - least(all, membercache->lent);
}

static uint64_t
left(const struct membercache *membercache)
{
	return membercache->max - membercache->taken -
		least(share(membercache), membercache->lent);
}

/* Move objects not in use to gone, to be freed without the lock, until there is
 * room for `more` bytes.  false when there is not enough room even then. */
static bool
evict_for(struct membercache *membercache, uint64_t more,
	struct cached_list *gone)
{
	struct cached *cached, *before;

	if (more > room(membercache))
		return false;
	for (cached = TAILQ_LAST(&membercache->uses, cached_uses);
		cached != NULL && membercache->size > room(membercache) - more;
		cached = before) {
		before = TAILQ_PREV(cached, cached_uses, use);
		if (cached->users > 1)
			continue;
		remove_cached(membercache, cached);
		LIST_INSERT_HEAD(gone, cached, chain);
	}
	return membercache->size <= room(membercache) - more;
}

static void
drop_all(struct cached_list *gone)
{
	struct cached *cached;

	while ((cached = LIST_FIRST(gone)) != NULL) {
		LIST_REMOVE(cached, chain);
		cached_drop(cached);
	}
}

bool
membercache_take(struct membercache *membercache, uint64_t n)
{
	struct cached_list gone = LIST_HEAD_INITIALIZER(gone);
	bool fits;

	pthread_mutex_lock(&membercache->lock);
	fits = n <= left(membercache);
	if (fits) {
		membercache->taken += n;
		fits = evict_for(membercache, 0, &gone);
		if (!fits)
			membercache->taken -= n;
	}
	pthread_mutex_unlock(&membercache->lock);
	drop_all(&gone);
	return fits;
}

void
membercache_give(struct membercache *membercache, uint64_t n)
{
	pthread_mutex_lock(&membercache->lock);
	membercache->taken -= n;
	pthread_mutex_unlock(&membercache->lock);
}

bool
membercache_lend(struct membercache *membercache, uint64_t n)
{
	struct cached_list gone = LIST_HEAD_INITIALIZER(gone);
	bool fits;

	pthread_mutex_lock(&membercache->lock);
	fits = evict_for(membercache, n, &gone) || membercache->lent == 0;
	if (fits)
		membercache->lent += n;
	pthread_mutex_unlock(&membercache->lock);
	drop_all(&gone);
	return fits;
}

void
membercache_return(struct membercache *membercache, uint64_t n)
{
	pthread_mutex_lock(&membercache->lock);
	membercache->lent -= n;
	pthread_mutex_unlock(&membercache->lock);
}

/* The result of a function of membercache, with the lock held. */
static uint64_t
ask(struct membercache *membercache,
	uint64_t (*function)(const struct membercache *membercache))
{
	uint64_t n;

	pthread_mutex_lock(&membercache->lock);
	n = function(membercache);
	pthread_mutex_unlock(&membercache->lock);
	return n;
}

static uint64_t
taken(const struct membercache *membercache)
{
	return membercache->taken;
}

static uint64_t
lent(const struct membercache *membercache)
{
	return membercache->lent;
}

uint64_t
membercache_taken(struct membercache *membercache)
{
	return ask(membercache, taken);
}

uint64_t
membercache_lent(struct membercache *membercache)
{
	return ask(membercache, lent);
}

uint64_t
membercache_left(struct membercache *membercache)
{
	return ask(membercache, left);
}

uint64_t
membercache_max(const struct membercache *membercache)
{
	return membercache->max;
}

uint64_t
membercache_room(struct membercache *membercache)
{
	return ask(membercache, room);
}

struct cached *
membercache_find(struct membercache *membercache,
	struct membercache_owner *owner, uint32_t slot,
	enum membercache_kind kind)
{
	struct cached *cached;

	pthread_mutex_lock(&membercache->lock);
	cached = find_cached(membercache, owner, slot, kind);
	if (cached != NULL) {
		cached->users++;
		TAILQ_REMOVE(&membercache->uses, cached, use);
		TAILQ_INSERT_HEAD(&membercache->uses, cached, use);
	}
	pthread_mutex_unlock(&membercache->lock);
	return cached;
}

bool
membercache_enter(struct membercache *membercache,
	struct membercache_owner *owner, uint32_t slot,
	enum membercache_kind kind, struct cached *cached, size_t size)
{
	struct cached_list gone = LIST_HEAD_INITIALIZER(gone);
	bool enters;

	pthread_mutex_lock(&membercache->lock);
	enters = find_cached(membercache, owner, slot, kind) == NULL &&
		evict_for(membercache, size, &gone);
	if (enters) {
		cached->users++;
		cached->owner = owner;
		cached->slot = slot;
		cached->kind = kind;
		cached->size = size;
		LIST_INSERT_HEAD(
			slot_chain(membercache, owner, slot), cached, chain);
		LIST_INSERT_HEAD(&owner->cached, cached, mate);
		if (cached->once)
			TAILQ_INSERT_TAIL(&membercache->uses, cached, use);
		else
			TAILQ_INSERT_HEAD(&membercache->uses, cached, use);
		membercache->size += size;
	}
	pthread_mutex_unlock(&membercache->lock);
	drop_all(&gone);
	return enters;
}

bool
membercache_resize(
	struct membercache *membercache, struct cached *cached, size_t size)
{
	struct cached_list gone = LIST_HEAD_INITIALIZER(gone);
	bool fits;

	pthread_mutex_lock(&membercache->lock);
	fits = cached->owner != NULL &&
		(size <= cached->size ||
			evict_for(membercache, size - cached->size, &gone));
	if (fits) {
		membercache->size = membercache->size - cached->size + size;
		cached->size = size;
	}
	pthread_mutex_unlock(&membercache->lock);
	drop_all(&gone);
	return fits;
}

void
membercache_remove(struct membercache *membercache, struct cached *cached)
{
	bool entered;

	pthread_mutex_lock(&membercache->lock);
	entered = cached->owner != NULL;
	if (entered)
		remove_cached(membercache, cached);
	pthread_mutex_unlock(&membercache->lock);
	if (entered)
		cached_drop(cached);
}

void
membercache_forget(
	struct membercache *membercache, struct membercache_owner *owner)
{
	struct cached *cached;

	pthread_mutex_lock(&membercache->lock);
	while ((cached = LIST_FIRST(&owner->cached)) != NULL) {
		remove_cached(membercache, cached);
		pthread_mutex_unlock(&membercache->lock);
		cached_drop(cached);
		pthread_mutex_lock(&membercache->lock);
	}
	pthread_mutex_unlock(&membercache->lock);
}
