/* What was made of members and may be wanted again, for as long as there is
 * room for it: the least recently used goes first, but for what is in use, and
 * all that was made of an archive goes with the archive. */

#ifndef MEMBERCACHE_H
#define MEMBERCACHE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct hoard;

enum hoard_kind {
	HOARD_CONTENT, /* struct content */
	HOARD_POINTS,  /* struct points */
	HOARD_SEARCH,  /* struct search */
};

/* What is kept begins with this. */
struct kept {
	/* Set before it is entered. */
	void (*free)(struct kept *kept);
	_Atomic unsigned users; /* shares: 1 at first */

	/* The hoard's own. */
	struct hoard_owner *owner;
	uint32_t slot;
	enum hoard_kind kind;
	size_t size;
	TAILQ_ENTRY(kept) use;
	LIST_ENTRY(kept) chain;
	LIST_ENTRY(kept) mate; /* of one owner */
};

/* Whose members it was made of: a part of struct archive, all zero at first. */
struct hoard_owner {
	LIST_HEAD(kepts, kept) kept; /* guarded by the hoard's lock */
};

/* A hoard of at most max bytes, of which the caller has the first share.  What
 * is made of members may take half of them, so that those who use it cannot
 * take the other half from the archives.  NULL with errno ENOMEM. */
struct hoard *hoard_new(uint64_t max);

/* Take a share, give one back; with the last one goes the hoard, in which
 * nothing may be any more.  Any thread; drop takes NULL. */
struct hoard *hoard_keep(struct hoard *hoard);
void hoard_drop(struct hoard *hoard);

/* Take n of the max bytes for something else, and give them back.  What is kept
 * and not in use makes room.  False when there is none.  Any thread. */
bool hoard_take(struct hoard *hoard, uint64_t n);
void hoard_give(struct hoard *hoard, uint64_t n);

/* Bytes that are taken.  Any thread. */
uint64_t hoard_taken(struct hoard *hoard);

/* What it was made with. */
uint64_t hoard_max(const struct hoard *hoard);

/* Bytes that may be in it.  Any thread. */
uint64_t hoard_room(struct hoard *hoard);

/* A share of what there is for a member; NULL when there is nothing.  Any
 * thread. */
struct kept *hoard_find(struct hoard *hoard, struct hoard_owner *owner,
	uint32_t slot, enum hoard_kind kind);

/* Enter kept, which costs size bytes and of which the caller has the only
 * share; it keeps it.  False when another thread was faster, or there is no
 * room.  Any thread. */
bool hoard_enter(struct hoard *hoard, struct hoard_owner *owner, uint32_t slot,
	enum hoard_kind kind, struct kept *kept, size_t size);

/* What was entered is to cost size bytes from now on.  False when there is no
 * room for more than it costs, or it is not there.  Any thread that has a
 * share. */
bool hoard_resize(struct hoard *hoard, struct kept *kept, size_t size);

/* Let go of all that was made of owner's members.  Any thread. */
void hoard_forget(struct hoard *hoard, struct hoard_owner *owner);

/* Give a share back; the last one frees.  Any thread; takes NULL. */
void kept_drop(struct kept *kept);

#endif
