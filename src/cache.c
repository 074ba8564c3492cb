/* The lock is held to find, enter and remove, never during I/O.  An entry whose
 * archive is NULL is being opened by the thread that entered it; others wait
 * for the condition that all openings share: they are rare. */

#include "cache.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "hash.h"

enum { FAILURES_MAX = 128 };

struct entry {
	LIST_ENTRY(entry) chain;
	TAILQ_ENTRY(entry) use;
	struct archive *archive; /* NULL: being opened */
	size_t memory;
	struct str path; /* archive's, or of the thread that opens it */
};

LIST_HEAD(chain, entry);
TAILQ_HEAD(uses, entry);

struct cache {
	/* Set once. */
	size_t max_archives, max_memory;
	uint64_t key;
	size_t nchains;
	struct hoard *hoard; /* has what memory the indexes leave */

	pthread_mutex_t lock;  /* guards what follows */
	pthread_cond_t opened; /* an entry has got its archive, or gone */
	struct chain *chains;
	/* Most recently used first.  Whoever asks for what cannot be opened
	 * pushes out other failures, and no archive that can. */
	struct uses uses;     /* open archives */
	struct uses failures; /* remembered ones */
	size_t nfailures;
	struct cache_state state; /* of the open ones */
};

struct cache *
cache_new(size_t max_archives, size_t max_memory)
{
	struct cache *cache = calloc(1, sizeof(*cache));

	if (cache == NULL)
		return NULL;
	cache->max_archives = max_archives;
	cache->max_memory = max_memory;
	cache->key = hash_key();
	cache->nchains = max_archives + FAILURES_MAX + 1;
	cache->chains = calloc(cache->nchains, sizeof(*cache->chains));
	cache->hoard = hoard_new(max_memory);
	if (cache->chains == NULL || cache->hoard == NULL) {
		hoard_drop(cache->hoard);
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

void
cache_free(struct cache *cache)
{
	if (cache == NULL)
		return;
	cache_clear(cache);
	pthread_cond_destroy(&cache->opened);
	pthread_mutex_destroy(&cache->lock);
	hoard_drop(cache->hoard);
	free(cache->chains);
	free(cache);
}

static struct chain *
chain_of(struct cache *cache, struct str path)
{
	return &cache->chains[hash_slot(cache->key, path, cache->nchains)];
}

static struct entry *
find(struct cache *cache, struct str path)
{
	struct entry *entry;

	LIST_FOREACH (entry, chain_of(cache, path), chain) {
		if (str_eq(entry->path, path))
			return entry;
	}
	return NULL;
}

/* Where the archive that was opened, or not, has its place. */
static struct uses *
uses_of(struct cache *cache, const struct archive *archive)
{
	return archive->status == STATUS_GO ? &cache->uses : &cache->failures;
}

/* The entry has got its archive. */
static void
put_in(struct cache *cache, struct entry *entry, struct archive *archive)
{
	entry->archive = archive_keep(archive);
	entry->path = str_of(archive->path);
	TAILQ_INSERT_HEAD(uses_of(cache, archive), entry, use);
	if (archive->status != STATUS_GO) {
		cache->nfailures++;
		return;
	}
	entry->memory = archive_memory(archive);
	cache->state.archives++;
	cache->state.memory += entry->memory;
	hoard_reserve(cache->hoard, cache->state.memory);
}

/* Give up an entry, and return its archive to be dropped without the lock. */
static struct archive *
take_out(struct cache *cache, struct entry *entry)
{
	struct archive *archive = entry->archive;

	LIST_REMOVE(entry, chain);
	if (archive != NULL)
		TAILQ_REMOVE(uses_of(cache, archive), entry, use);
	if (archive != NULL && archive->status != STATUS_GO) {
		cache->nfailures--;
	} else if (archive != NULL) {
		cache->state.archives--;
		cache->state.memory -= entry->memory;
		hoard_reserve(cache->hoard, cache->state.memory);
	}
	free(entry);
	return archive;
}

/* Over a limit, with something to close other than what was just opened. */
static bool
crowded(const struct cache *cache)
{
	return cache->state.archives > 1 &&
		(cache->state.archives > cache->max_archives ||
			cache->state.memory > cache->max_memory);
}

/* What is to go for others to have room; NULL: nothing. */
static struct entry *
surplus(struct cache *cache)
{
	if (cache->nfailures > FAILURES_MAX)
		return TAILQ_LAST(&cache->failures, uses);
	if (!crowded(cache))
		return NULL;
	cache->state.evicted++;
	return TAILQ_LAST(&cache->uses, uses);
}

static void
evict(struct cache *cache)
{
	struct entry *entry;

	pthread_mutex_lock(&cache->lock);
	while ((entry = surplus(cache)) != NULL) {
		struct archive *archive = take_out(cache, entry);

		pthread_mutex_unlock(&cache->lock);
		archive_drop(archive);
		pthread_mutex_lock(&cache->lock);
	}
	pthread_mutex_unlock(&cache->lock);
}

static bool
starved(const struct archive *archive)
{
	return archive == NULL || archive->starved;
}

/* When descriptors or memory lack, those of other archives may do. */
static struct archive *
open_with_room(struct cache *cache, struct str path)
{
	struct archive *archive = archive_open(path, cache->hoard);

	if (!starved(archive))
		return archive;
	archive_drop(archive);
	cache_clear(cache);
	archive = archive_open(path, cache->hoard);
	if (starved(archive))
		archive_log_starved(path);
	return archive;
}

/* A lack is over as soon as something else is closed, and a file that is
 * missing costs nothing to miss again. */
static bool
worth_remembering(const struct archive *archive)
{
	return !starved(archive) && archive->status != STATUS_NOT_FOUND;
}

/* Open what entry stands for, and enter it or take the entry out. */
static struct archive *
open_entry(struct cache *cache, struct entry *entry)
{
	struct archive *archive = open_with_room(cache, entry->path);
	int saved = errno;

	pthread_mutex_lock(&cache->lock);
	if (archive != NULL && archive->status == STATUS_GO)
		cache->state.opened++;
	else
		cache->state.refused++;
	if (worth_remembering(archive))
		put_in(cache, entry, archive);
	else
		take_out(cache, entry);
	pthread_cond_broadcast(&cache->opened);
	pthread_mutex_unlock(&cache->lock);
	evict(cache);
	errno = saved;
	return archive;
}

struct archive *
cache_get(struct cache *cache, struct str path)
{
	struct archive *archive = NULL;
	struct entry *entry;

	pthread_mutex_lock(&cache->lock);
	while ((entry = find(cache, path)) != NULL && entry->archive == NULL)
		pthread_cond_wait(&cache->opened, &cache->lock);
	if (entry != NULL) {
		struct uses *uses = uses_of(cache, entry->archive);

		TAILQ_REMOVE(uses, entry, use);
		TAILQ_INSERT_HEAD(uses, entry, use);
		archive = archive_keep(entry->archive);
	} else {
		entry = calloc(1, sizeof(*entry));
		if (entry != NULL) {
			entry->path = path;
			LIST_INSERT_HEAD(chain_of(cache, path), entry, chain);
		}
	}
	pthread_mutex_unlock(&cache->lock);
	if (archive != NULL || entry == NULL)
		return archive;
	return open_entry(cache, entry);
}

size_t
cache_list(struct cache *cache, struct cache_state *state,
	struct cache_item *items, size_t max)
{
	struct entry *entry;
	size_t n = 0;

	pthread_mutex_lock(&cache->lock);
	*state = cache->state;
	TAILQ_FOREACH (entry, &cache->uses, use) {
		if (n == max)
			break;
		items[n++] = (struct cache_item){
			archive_keep(entry->archive), entry->memory};
	}
	pthread_mutex_unlock(&cache->lock);
	return n;
}

void
cache_forget(struct cache *cache, const struct archive *archive)
{
	struct archive *dropped = NULL;
	struct entry *entry;

	pthread_mutex_lock(&cache->lock);
	entry = find(cache, str_of(archive->path));
	if (entry != NULL && entry->archive == archive)
		dropped = take_out(cache, entry);
	pthread_mutex_unlock(&cache->lock);
	archive_drop(dropped);
}

void
cache_clear(struct cache *cache)
{
	struct entry *entry;

	pthread_mutex_lock(&cache->lock);
	while ((entry = TAILQ_FIRST(&cache->uses)) != NULL ||
		(entry = TAILQ_FIRST(&cache->failures)) != NULL) {
		struct archive *archive = take_out(cache, entry);

		pthread_mutex_unlock(&cache->lock);
		archive_drop(archive);
		pthread_mutex_lock(&cache->lock);
	}
	pthread_mutex_unlock(&cache->lock);
}
