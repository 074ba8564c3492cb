#include "archive/membercache.h"

#include <pthread.h>
#include <stdlib.h>

enum {
	USUAL_SIZE = 16 * 1024, /* of what is kept: a chain is made for each */
	CHAINS_LEAST = 64,
	CHAINS_MOST = 1 << 20,
};

TAILQ_HEAD(kept_uses, kept);

struct hoard {
	/* Set once. */
	uint64_t max;
	size_t nchains;

	_Atomic unsigned users;

	pthread_mutex_t lock; /* guards what follows */
	struct kepts *chains;
	struct kept_uses uses; /* most recently used first */
	uint64_t size, taken;
};

struct hoard *
hoard_new(uint64_t max)
{
	struct hoard *hoard = calloc(1, sizeof(*hoard));

	if (hoard == NULL)
		return NULL;
	hoard->users = 1;
	hoard->max = max;
	hoard->nchains = CHAINS_MOST;
	if (max / USUAL_SIZE < CHAINS_MOST)
		hoard->nchains = (size_t)(max / USUAL_SIZE);
	if (hoard->nchains < CHAINS_LEAST)
		hoard->nchains = CHAINS_LEAST;
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

static uint64_t
room(const struct hoard *hoard)
{
	uint64_t left = hoard->max - hoard->taken;

	return left < hoard->max / 2 ? left : hoard->max / 2;
}

/* Take out what nobody uses, until there is room for so many bytes more: into
 * gone, to be freed without the lock.  Whether there is. */
static bool
make_room(struct hoard *hoard, size_t more, struct kepts *gone)
{
	struct kept *kept, *before;

	if (more > room(hoard))
		return false;
	for (kept = TAILQ_LAST(&hoard->uses, kept_uses);
		kept != NULL && hoard->size > room(hoard) - more;
		kept = before) {
		before = TAILQ_PREV(kept, kept_uses, use);
		if (kept->users > 1)
			continue;
		take_out(hoard, kept);
		LIST_INSERT_HEAD(gone, kept, chain);
	}
	return hoard->size <= room(hoard) - more;
}

static void
drop_all(struct kepts *gone)
{
	struct kept *kept;

	while ((kept = LIST_FIRST(gone)) != NULL) {
		LIST_REMOVE(kept, chain);
		kept_drop(kept);
	}
}

bool
hoard_take(struct hoard *hoard, uint64_t n)
{
	struct kepts gone = LIST_HEAD_INITIALIZER(gone);
	bool fits;

	pthread_mutex_lock(&hoard->lock);
	fits = n <= hoard->max - hoard->taken;
	if (fits) {
		hoard->taken += n;
		fits = make_room(hoard, 0, &gone);
		if (!fits)
			hoard->taken -= n;
	}
	pthread_mutex_unlock(&hoard->lock);
	drop_all(&gone);
	return fits;
}

void
hoard_give(struct hoard *hoard, uint64_t n)
{
	pthread_mutex_lock(&hoard->lock);
	hoard->taken -= n;
	pthread_mutex_unlock(&hoard->lock);
}

uint64_t
hoard_taken(struct hoard *hoard)
{
	uint64_t n;

	pthread_mutex_lock(&hoard->lock);
	n = hoard->taken;
	pthread_mutex_unlock(&hoard->lock);
	return n;
}

uint64_t
hoard_max(const struct hoard *hoard)
{
	return hoard->max;
}

uint64_t
hoard_room(struct hoard *hoard)
{
	uint64_t n;

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

bool
hoard_enter(struct hoard *hoard, struct hoard_owner *owner, uint32_t slot,
	enum hoard_kind kind, struct kept *kept, size_t size)
{
	struct kepts gone = LIST_HEAD_INITIALIZER(gone);
	bool enters;

	pthread_mutex_lock(&hoard->lock);
	enters = find(hoard, owner, slot, kind) == NULL &&
		make_room(hoard, size, &gone);
	if (enters) {
		kept->users++;
		kept->owner = owner;
		kept->slot = slot;
		kept->kind = kind;
		kept->size = size;
		LIST_INSERT_HEAD(chain_of(hoard, owner, slot), kept, chain);
		LIST_INSERT_HEAD(&owner->kept, kept, mate);
		TAILQ_INSERT_HEAD(&hoard->uses, kept, use);
		hoard->size += size;
	}
	pthread_mutex_unlock(&hoard->lock);
	drop_all(&gone);
	return enters;
}

bool
hoard_resize(struct hoard *hoard, struct kept *kept, size_t size)
{
	struct kepts gone = LIST_HEAD_INITIALIZER(gone);
	bool fits;

	pthread_mutex_lock(&hoard->lock);
	fits = kept->owner != NULL &&
		(size <= kept->size ||
			make_room(hoard, size - kept->size, &gone));
	if (fits) {
		hoard->size = hoard->size - kept->size + size;
		kept->size = size;
	}
	pthread_mutex_unlock(&hoard->lock);
	drop_all(&gone);
	return fits;
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
