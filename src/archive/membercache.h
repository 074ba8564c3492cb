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

struct membercache;

enum membercache_kind {
	MEMBERCACHE_CONTENT, /* struct content */
	MEMBERCACHE_POINTS,  /* struct points */
	MEMBERCACHE_SEARCH,  /* struct search */
};

/* What is kept begins with this. */
struct cached {
	/* Set before it is entered. */
	void (*free)(struct cached *cached);
	_Atomic unsigned users; /* shares: 1 at first */

	/* The membercache's own. */
	struct membercache_owner *owner;
	uint32_t slot;
	enum membercache_kind kind;
	size_t size;
	TAILQ_ENTRY(cached) use;
	LIST_ENTRY(cached) chain;
	LIST_ENTRY(cached) mate; /* of one owner */
};

/* Whose members it was made of: a part of struct archive, all zero at first. */
struct membercache_owner {
	LIST_HEAD(cached_list, cached)
	cached; /* guarded by the membercache's lock */
};

/* A membercache of at most max bytes, of which the caller has the first share.
 * What is made of members may take half of them, so that those who use it
 * cannot take the other half from the archives.  NULL with errno ENOMEM. */
struct membercache *membercache_new(uint64_t max);

/* Take a share, give one back; with the last one goes the membercache, in which
 * nothing may be any more.  Any thread; drop takes NULL. */
struct membercache *membercache_keep(struct membercache *membercache);
void membercache_drop(struct membercache *membercache);

/* Take n of the max bytes for something else, and give them back.  What is kept
 * and not in use makes room.  False when there is none.  Any thread. */
bool membercache_take(struct membercache *membercache, uint64_t n);
void membercache_give(struct membercache *membercache, uint64_t n);

/* Bytes that are taken.  Any thread. */
uint64_t membercache_taken(struct membercache *membercache);

/* What it was made with. */
uint64_t membercache_max(const struct membercache *membercache);

/* Bytes that may be in it.  Any thread. */
uint64_t membercache_room(struct membercache *membercache);

/* A share of what there is for a member; NULL when there is nothing.  Any
 * thread. */
struct cached *membercache_find(struct membercache *membercache,
	struct membercache_owner *owner, uint32_t slot,
	enum membercache_kind kind);

/* Enter kept, which costs size bytes and of which the caller has the only
 * share; it keeps it.  False when another thread was faster, or there is no
 * room.  Any thread. */
bool membercache_enter(struct membercache *membercache,
	struct membercache_owner *owner, uint32_t slot,
	enum membercache_kind kind, struct cached *cached, size_t size);

/* What was entered is to cost size bytes from now on.  False when there is no
 * room for more than it costs, or it is not there.  Any thread that has a
 * share. */
bool membercache_resize(
	struct membercache *membercache, struct cached *cached, size_t size);

/* Let go of all that was made of owner's members.  Any thread. */
void membercache_forget(
	struct membercache *membercache, struct membercache_owner *owner);

/* Give a share back; the last one frees.  Any thread; takes NULL. */
void cached_drop(struct cached *cached);

#endif
