#include "hoard.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
	USUAL_SIZE = 16 * 1024, /* of what is kept: a chain is made for each */
	CHAINS_LEAST = 64,
	CHAINS_MOST = 1 << 20,
};

TAILQ_HEAD(kept_uses, kept);

struct hoard {
	/* Set once. */
	size_t max;
	size_t nchains;

	_Atomic unsigned users;

	pthread_mutex_t lock; /* guards what follows */
	struct kepts *chains;
	struct kept_uses uses; /* most recently used first */
	size_t size, reserved;
};

struct hoard *
hoard_new(size_t max)
{
	struct hoard *hoard = calloc(1, sizeof(*hoard));

	if (hoard == NULL)
		return NULL;
	hoard->users = 1;
	hoard->max = max;
	hoard->nchains = max / USUAL_SIZE;
	if (hoard->nchains < CHAINS_LEAST)
		hoard->nchains = CHAINS_LEAST;
	if (hoard->nchains > CHAINS_MOST)
		hoard->nchains = CHAINS_MOST;
	hoard->chains = calloc(hoard->nchains, sizeof(*hoard->chains));
	if (hoard->chains == NULL) {
		free(hoard);
		return NULL;
	}
	TAILQ_INIT(&hoard->uses);
	pthread_mutex_init(&hoard->lock, NULL);
	return hoard;
}

struct hoard *
hoard_keep(struct hoard *hoard)
{
	atomic_fetch_add_explicit(&hoard->users, 1, memory_order_relaxed);
	return hoard;
}

void
hoard_drop(struct hoard *hoard)
{
	if (hoard == NULL ||
		atomic_fetch_sub_explicit(
			&hoard->users, 1, memory_order_acq_rel) > 1)
		return;
	pthread_mutex_destroy(&hoard->lock);
	free(hoard->chains);
	free(hoard);
}

void
kept_drop(struct kept *kept)
{
	if (kept != NULL &&
		atomic_fetch_sub_explicit(
			&kept->users, 1, memory_order_acq_rel) == 1)
		kept->free(kept);
}

static struct kepts *
chain_of(struct hoard *hoard, const struct hoard_owner *owner, uint32_t slot)
{
	/* Slots are places in a table that is hashed with a secret. */
	uint64_t h = ((uintptr_t)owner >> 4) * UINT64_C(0x9e3779b97f4a7c15);

	return &hoard->chains[((h >> 32) + slot) % hoard->nchains];
}

static struct kept *
find(struct hoard *hoard, const struct hoard_owner *owner, uint32_t slot,
	enum hoard_kind kind)
{
	struct kept *kept;

	LIST_FOREACH (kept, chain_of(hoard, owner, slot), chain) {
		if (kept->owner == owner && kept->slot == slot &&
			kept->kind == kind)
			return kept;
	}
	return NULL;
}

static void
take_out(struct hoard *hoard, struct kept *kept)
{
	LIST_REMOVE(kept, chain);
	LIST_REMOVE(kept, mate);
	TAILQ_REMOVE(&hoard->uses, kept, use);
	hoard->size -= kept->size;
	kept->owner = NULL;
}

static size_t
room(const struct hoard *hoard)
{
	return hoard->max > hoard->reserved ? hoard->max - hoard->reserved : 0;
}

/* Make what is there fit again.  Comes and goes with the lock held, which is
 * not held while something is freed. */
static void
evict(struct hoard *hoard)
{
	while (hoard->size > room(hoard)) {
		struct kept *last = TAILQ_LAST(&hoard->uses, kept_uses);

		take_out(hoard, last);
		pthread_mutex_unlock(&hoard->lock);
		kept_drop(last);
		pthread_mutex_lock(&hoard->lock);
	}
}

void
hoard_reserve(struct hoard *hoard, size_t reserved)
{
	pthread_mutex_lock(&hoard->lock);
	hoard->reserved = reserved;
	evict(hoard);
	pthread_mutex_unlock(&hoard->lock);
}

size_t
hoard_room(struct hoard *hoard)
{
	size_t n;

	pthread_mutex_lock(&hoard->lock);
	n = room(hoard);
	pthread_mutex_unlock(&hoard->lock);
	return n;
}

struct kept *
hoard_find(struct hoard *hoard, struct hoard_owner *owner, uint32_t slot,
	enum hoard_kind kind)
{
	struct kept *kept;

	pthread_mutex_lock(&hoard->lock);
	kept = find(hoard, owner, slot, kind);
	if (kept != NULL) {
		kept->users++;
		TAILQ_REMOVE(&hoard->uses, kept, use);
		TAILQ_INSERT_HEAD(&hoard->uses, kept, use);
	}
	pthread_mutex_unlock(&hoard->lock);
	return kept;
}

void
hoard_enter(struct hoard *hoard, struct hoard_owner *owner, uint32_t slot,
	enum hoard_kind kind, struct kept *kept, size_t size)
{
	pthread_mutex_lock(&hoard->lock);
	if (size <= room(hoard) && find(hoard, owner, slot, kind) == NULL) {
		kept->users++;
		kept->owner = owner;
		kept->slot = slot;
		kept->kind = kind;
		kept->size = size;
		LIST_INSERT_HEAD(chain_of(hoard, owner, slot), kept, chain);
		LIST_INSERT_HEAD(&owner->kept, kept, mate);
		TAILQ_INSERT_HEAD(&hoard->uses, kept, use);
		hoard->size += size;
		evict(hoard);
	}
	pthread_mutex_unlock(&hoard->lock);
}

void
hoard_resize(struct hoard *hoard, struct kept *kept, size_t size)
{
	pthread_mutex_lock(&hoard->lock);
	if (kept->owner != NULL) {
		hoard->size += size - kept->size;
		kept->size = size;
		evict(hoard);
	}
	pthread_mutex_unlock(&hoard->lock);
}

void
hoard_forget(struct hoard *hoard, struct hoard_owner *owner)
{
	struct kept *kept;

	pthread_mutex_lock(&hoard->lock);
	while ((kept = LIST_FIRST(&owner->kept)) != NULL) {
		take_out(hoard, kept);
		pthread_mutex_unlock(&hoard->lock);
		kept_drop(kept);
		pthread_mutex_lock(&hoard->lock);
	}
	pthread_mutex_unlock(&hoard->lock);
}
