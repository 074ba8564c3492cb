/* What peers.c and peerwait.c share. */

#ifndef PEERSET_H
#define PEERSET_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "fcgi/peers.h"

enum stage {
	SERVING,
	DRAINING, /* connections are closed after their response */
	SHUTTING, /* so are those that have not sent a request yet */
};

struct peer {
	struct watch watch;
	/* While the peer is in one of the lines, no thread owns it. */
	struct turn turn;
	struct storageplace place;
	struct conn *conn;
	/* epoll has this peer.  Stored before arming and loaded after an event:
	 * epoll orders the two, but C11 does not know that. */
	_Atomic bool armed;

	/* A response was sent, and no other request has begun. */
	_Atomic bool idle;

	_Atomic bool parked; /* written with peers->lock held */

	/* Guarded by peers->lock. */
	LIST_ENTRY(peer) all;
	TAILQ_ENTRY(peer) park;
	int64_t progress; /* when a byte last came, went or was taken */
	int unsent;       /* bytes in the socket at the last look */
	TAILQ_ENTRY(peer) wait;
	int64_t waits;   /* for storage since then; 0: it does not */
	bool in_line;    /* of storageline, while it waits */
	bool late, gone; /* given up although its thread waits; removed */
};

LIST_HEAD(peer_list, peer);
TAILQ_HEAD(park, peer);
TAILQ_HEAD(waiting, peer);

struct peers {
	/* Set once. */
	const struct service *service;
	int64_t timeout_ms, storage_ms;
	int epoll;
	int wake; /* eventfd that the main thread polls */
	struct turns *turns;
	struct storageline *storageline;
	struct watch listeners[LISTENERS_MAX];
	int nlisteners;
	size_t max; /* connections; see peers_max */

	struct intake_pool pool; /* for incomplete requests */
	_Atomic enum stage stage;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t empty; /* the last peer has gone */
	struct peer_list all;
	bool deaf; /* max is reached: the listeners are not watched */
	struct park parked;
	struct waiting waiting; /* for storage, the longest first */
	size_t nlate;           /* peers that are late */

	/* Written with the lock held. */
	_Atomic size_t n;
	_Atomic int64_t next; /* check of these two; INT64_MAX: none */
};

/* Let the main thread look at the time. */
void peers_wake_main(struct peers *peers);

/* Remove and release peer, which the caller owns. */
void peers_free_peer(struct peers *peers, struct peer *peer);

/* Put peer in line for storage. */
void peerwait_stand(struct peers *peers, struct peer *peer);

/* Give up those that wait for storage since that time or before. */
void peerwait_give_up(struct peers *peers, int64_t since);

#endif
