/* The lock is held to find, enter and remove archives, never during I/O.  An
 * archive is entered by the thread that opens it, before it does so.  Others
 * that want it wait for a condition variable, which all share because opening
 * is rare; but if it takes long, they are sent away. */

#include "archive/cache.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/blocking.h"
#include "base/hash.h"

enum {
	FAILURES_MAX = 128,
	SOME = 16, /* archives closed at a time when descriptors ran out */
};

SLIST_HEAD(chain, archive);
TAILQ_HEAD(uses, archive);

struct cache {
	/* Set once. */
	size_t max_archives;
	uint64_t key;
	uint32_t nchains;
	struct membercache *membercache; /* counts the memory of all archives */
	struct charset *charset;         /* for archive_open */

	/* More than max_archives are open.  Written with the lock held. */
	_Atomic bool crowded;

	pthread_mutex_t lock;  /* guards what follows */
	pthread_cond_t opened; /* an archive was opened, or was not */
	struct chain *chains;
	/* Most recently used first.  Failures have a list of their own, so that
	 * requests for broken archives evict only other failures. */
	struct uses uses;     /* open archives */
	struct uses failures; /* cached failures */
	size_t nfailures;
	struct cache_state state; /* of the open ones */
};

struct cache *
cache_new(size_t max_archives, uint64_t max_memory, struct charset *charset)
{
	struct cache *cache = calloc(1, sizeof(*cache));

	if (cache == NULL)
		return NULL;
	cache->max_archives = max_archives;
	cache->charset = charset;
	cache->key = hash_key();
	cache->nchains = (uint32_t)max_archives + FAILURES_MAX + 1;
	cache->chains = calloc(cache->nchains, sizeof(*cache->chains));
	cache->membercache = membercache_new(max_memory);
	if (cache->chains == NULL || cache->membercache == NULL) {
		membercache_drop(cache->membercache);
		free(cache->chains);
		free(cache);
		return NULL;
	}
	TAILQ_INIT(&cache->uses);
	TAILQ_INIT(&cache->failures);
	pthread_mutex_init(&cache->lock, NULL);
	pthread_cond_init(&cache->opened, NULL);
	return cache;
}

static struct chain *
path_chain(struct cache *cache, struct str path)
{
	return &cache->chains[hash_slot(cache->key, path, cache->nchains)];
}

static struct archive *
find_entered(struct cache *cache, struct str path)
{
	struct archive *archive;

	SLIST_FOREACH (archive, path_chain(cache, path), chain) {
		if (str_eq(str_of(archive->path), path))
			return archive;
	}
	return NULL;
}

static void
leave_chain(struct cache *cache, struct archive *archive)
{
	SLIST_REMOVE(path_chain(cache, str_of(archive->path)), archive, archive,
		chain);
}

/* The list that archive belongs to. */
static struct uses *
uses_of(struct cache *cache, const struct archive *archive)
{
	return archive->status == STATUS_GO ? &cache->uses : &cache->failures;
}

/* With the lock held. */
static void
set_archives(struct cache *cache, size_t n)
{
	cache->state.archives = n;
	cache->crowded = n > cache->max_archives;
}

/* Put in an archive that has been entered and opened. */
static void
put_in(struct cache *cache, struct archive *archive)
{
	archive_keep(archive);
	archive->opening = false;
	TAILQ_INSERT_HEAD(uses_of(cache, archive), archive, use);
	if (archive->status == STATUS_GO)
		set_archives(cache, cache->state.archives + 1);
	else
		cache->nfailures++;
}

/* Take out an archive that was put in.  Returns it, to be dropped without the
 * lock. */
static struct archive *
take_out(struct cache *cache, struct archive *archive)
{
	leave_chain(cache, archive);
	TAILQ_REMOVE(uses_of(cache, archive), archive, use);
	if (archive->status == STATUS_GO)
		set_archives(cache, cache->state.archives - 1);
	else
		cache->nfailures--;
	return archive;
}

/* Drop the oldest failures until at most `most` are left. */
static void
forget_failures(struct cache *cache, size_t most)
{
	pthread_mutex_lock(&cache->lock);
	while (cache->nfailures > most) {
		struct archive *archive =
			take_out(cache, TAILQ_LAST(&cache->failures, uses));

		pthread_mutex_unlock(&cache->lock);
		archive_drop(archive);
		pthread_mutex_lock(&cache->lock);
	}
	pthread_mutex_unlock(&cache->lock);
}

void
cache_free(struct cache *cache)
{
	struct archive *archive;

	if (cache == NULL)
		return;
	while ((archive = TAILQ_FIRST(&cache->uses)) != NULL)
		archive_drop(take_out(cache, archive));
	forget_failures(cache, 0);
	pthread_cond_destroy(&cache->opened);
	pthread_mutex_destroy(&cache->lock);
	membercache_drop(cache->membercache);
	free(cache->chains);
	free(cache);
}

/* The least recently used archive not in use, or NULL.  The cache then has the
 * only share, and no thread can take another without the lock. */
static struct archive *
find_idle(struct cache *cache)
{
	struct archive *archive;

	TAILQ_FOREACH_REVERSE(archive, &cache->uses, uses, use)
	{
		if (archive->users == 1)
			break;
	}
	return archive;
}

/* If the cache has more than `most` archives, close the least recently used one
 * not in use, and count that.  false when nothing was closed. */
static bool
close_idle(struct cache *cache, size_t most, uint64_t *count)
{
	struct archive *archive = NULL;

	pthread_mutex_lock(&cache->lock);
	if (cache->state.archives > most)
		archive = find_idle(cache);
	if (archive != NULL) {
		take_out(cache, archive);
		++*count;
	}
	pthread_mutex_unlock(&cache->lock);
	archive_drop(archive);
	return archive != NULL;
}

/* Bytes of memory that would be free if all archives not in use were closed. */
static uint64_t
idle_room(struct cache *cache)
{
	struct membercache *membercache = cache->membercache;
	struct archive *archive;
	uint64_t n;

	pthread_mutex_lock(&cache->lock);
	n = membercache_left(membercache);
	TAILQ_FOREACH (archive, &cache->uses, use) {
		if (archive->users == 1)
			n += archive->taken;
	}
	pthread_mutex_unlock(&cache->lock);
	return n;
}

/* Close archives not in use until `lacks` bytes are free, or some of them if
 * lacks is 0, which means that descriptors or mappings ran out.  false when
 * that would not help or nothing was closed. */
static bool
make_room(struct cache *cache, size_t lacks)
{
	int closed = 0;
	bool enough = false;

	if (lacks > idle_room(cache))
		return false;
	while (!enough && close_idle(cache, 0, &cache->state.evicted)) {
		closed++;
		enough = lacks > 0 ? membercache_take(cache->membercache, lacks)
				   : closed == SOME;
		if (enough && lacks > 0)
			membercache_give(cache->membercache, lacks);
	}
	return closed > 0;
}

/* Open archive.  When descriptors or memory run out, close idle archives and
 * retry. */
static void
open_with_room(struct cache *cache, struct archive *archive)
{
	do
		archive_load(archive, cache->charset, archive->at_once);
	while (archive->starved && make_room(cache, archive->lacks));
	if (archive->starved)
		archive_log_starved(str_of(archive->path), archive->lacks);
}

/* A lack of memory ends as soon as something is closed, and finding a file
 * missing again costs little; all other failures are cached. */
static bool
worth_remembering(const struct archive *archive)
{
	return !archive->starved && archive->status != STATUS_NOT_FOUND &&
		archive->status != STATUS_LATER;
}

/* Open archive, which has been entered, and put it in if it is to be found. */
static void
open_entered(struct cache *cache, struct archive *archive)
{
	open_with_room(cache, archive);
	pthread_mutex_lock(&cache->lock);
	if (archive->status == STATUS_GO)
		cache->state.opened++;
	else if (archive->status != STATUS_LATER)
		cache->state.refused++;
	if (worth_remembering(archive))
		put_in(cache, archive);
	else
		leave_chain(cache, archive);
	pthread_cond_broadcast(&cache->opened);
	pthread_mutex_unlock(&cache->lock);
	forget_failures(cache, FAILURES_MAX);
	cache_trim(cache);
}

/* Enter an archive that is to be opened.  With the lock held.  NULL with errno
 * ENOMEM. */
static struct archive *
enter_path(struct cache *cache, struct str path, bool at_once)
{
	struct archive *archive = archive_new(path, cache->membercache);

	if (archive == NULL)
		return NULL;
	archive->opening = true;
	archive->at_once = at_once;
	SLIST_INSERT_HEAD(path_chain(cache, path), archive, chain);
	return archive;
}

/* Take a share in an archive that was put in, which is used now.  With the lock
 * held. */
static void
use_again(struct cache *cache, struct archive *archive)
{
	struct uses *uses = uses_of(cache, archive);

	TAILQ_REMOVE(uses, archive, use);
	TAILQ_INSERT_HEAD(uses, archive, use);
	archive_keep(archive);
}

/* Whether the thread may not wait for what lies at the path of archive, which
 * is NULL if it was not entered.  With the lock held. */
static bool
is_refused(const struct archive *archive)
{
	return archive != NULL && !archive->opening && archive->local
		? blocking_refuses(archive->id.device)
		: blocking_refuses_slow();
}

/* Find the archive of path.  While another thread opens it, wait, unless that
 * takes long and nobody replaces this thread.  With the lock held, which is
 * given up meanwhile. */
static struct archive *
find_opened(struct cache *cache, struct str path)
{
	struct archive *archive;

	while ((archive = find_entered(cache, path)) != NULL &&
		archive->opening && !is_refused(archive) &&
		(archive->at_once || blocking_is_watched())) {
		pthread_mutex_unlock(&cache->lock);
		blocking_begin(0);
		pthread_mutex_lock(&cache->lock);
		while ((archive = find_entered(cache, path)) != NULL &&
			archive->opening)
			pthread_cond_wait(&cache->opened, &cache->lock);
		pthread_mutex_unlock(&cache->lock);
		blocking_end();
		pthread_mutex_lock(&cache->lock);
	}
	return archive;
}

struct archive *
cache_get(struct cache *cache, struct str path, bool at_once)
{
	struct archive *archive;
	bool entered = false;

	pthread_mutex_lock(&cache->lock);
	archive = find_opened(cache, path);
	if (is_refused(archive)) {
		archive = NULL;
		errno = EINPROGRESS;
	} else if (archive == NULL) {
		archive = enter_path(cache, path, at_once);
		entered = archive != NULL;
	} else if (archive->opening) {
		archive = NULL;
		errno = EAGAIN;
	} else {
		use_again(cache, archive);
	}
	pthread_mutex_unlock(&cache->lock);
	if (entered)
		open_entered(cache, archive);
	return archive;
}

/* With the lock held. */
static void
read_state(const struct cache *cache, struct cache_state *state)
{
	*state = cache->state;
	state->memory = membercache_taken(cache->membercache);
	state->lent = membercache_lent(cache->membercache);
}

size_t
cache_list(struct cache *cache, struct cache_state *state,
	struct cache_item *items, size_t max)
{
	struct archive *archive;
	size_t n = 0;

	pthread_mutex_lock(&cache->lock);
	read_state(cache, state);
	TAILQ_FOREACH (archive, &cache->uses, use) {
		if (n == max)
			break;
		items[n++] = (struct cache_item){archive_keep(archive),
			archive_memory(archive), archive->requests,
			archive->bytes};
	}
	pthread_mutex_unlock(&cache->lock);
	return n;
}

/* Insert archive among the n busiest ones.  Returns how many there are then. */
static size_t
insert_busy(
	struct cache_item *items, size_t n, size_t max, struct archive *archive)
{
	uint64_t requests = archive->requests;
	size_t at = n;

	while (at > 0 && items[at - 1].requests < requests)
		at--;
	if (at == max)
		return n;
	if (n < max)
		n++;
	memmove(&items[at + 1], &items[at], (n - 1 - at) * sizeof(*items));
	items[at] = (struct cache_item){.archive = archive,
		.requests = requests,
		.bytes = archive->bytes};
	return n;
}

size_t
cache_busiest(struct cache *cache, struct cache_state *state,
	struct cache_item *items, size_t max)
{
	struct archive *archive;
	size_t n = 0;

	pthread_mutex_lock(&cache->lock);
	read_state(cache, state);
	TAILQ_FOREACH (archive, &cache->uses, use)
		n = insert_busy(items, n, max, archive);
	for (size_t i = 0; i < n; i++)
		items[i].memory =
			archive_memory(archive_keep(items[i].archive));
	pthread_mutex_unlock(&cache->lock);
	return n;
}

void
cache_forget(struct cache *cache, const struct archive *archive)
{
	struct archive *dropped = NULL, *entered;

	pthread_mutex_lock(&cache->lock);
	entered = find_entered(cache, str_of(archive->path));
	if (entered == archive && !archive->opening)
		dropped = take_out(cache, entered);
	pthread_mutex_unlock(&cache->lock);
	archive_drop(dropped);
}

void
cache_trim(struct cache *cache)
{
	while (cache->crowded &&
		close_idle(cache, cache->max_archives, &cache->state.evicted))
		;
}

void
cache_clear(struct cache *cache)
{
	uint64_t count = 0;

	forget_failures(cache, 0);
	while (close_idle(cache, 0, &count))
		;
}
