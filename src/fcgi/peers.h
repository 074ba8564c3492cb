/* Manages the connections of front ends and the listeners that accept them:
 * decides which thread owns a connection, when it times out, and how all
 * connections are ended. */

#ifndef PEERS_H
#define PEERS_H

#include "fcgi/conn.h"
#include "fcgi/listener.h"
#include "fcgi/storageline.h"
#include "fcgi/turns.h"
#include "fcgi/watch.h"

/* One connection.  Its struct watch is its first member. */
struct peer;

struct peers;

/* How many connections are allowed at a time in a process that may have so many
 * descriptors.  A quarter of these and a few more are reserved for archives and
 * everything else. */
size_t peers_max(uint64_t descriptors);

/* The arguments of peers_new. */
struct peers_needs {
	const struct service *service;
	const struct listeners *listeners;
	int64_t timeout_ms; /* without a byte received or sent */
	int64_t storage_ms; /* that are waited for storage */
	int epoll;
	int wake; /* eventfd: the time of peers_next has become earlier */
	struct turns *turns;             /* for connections with long work */
	struct storageline *storageline; /* for those that need slow storage */
};

/* Make the set of connections accepted from the listeners, which are watched
 * once peers_listen is called.  What needs points to remains the caller's.
 * NULL with errno ENOMEM. */
struct peers *peers_new(const struct peers_needs *needs);

/* Begin to watch the listeners.  -1 with errno.  To be called once. */
int peers_listen(struct peers *peers);

/* Release peers, once no thread runs a connection.  Takes NULL. */
void peers_free(struct peers *peers);

/* The functions that follow may be called by any thread. */

/* Make a connection on fd and take ownership of fd, even on failure.  The
 * calling thread owns the connection and must pass it to peers_run or
 * peers_hand_over.  NULL with errno ENOMEM. */
struct peer *peers_add(struct peers *peers, int fd);

/* Do what peer can do without blocking, and hand it over.  Only the thread that
 * owns peer may call this: the one that added it or got its event.  counters
 * are that thread's, or NULL. */
void peers_run(
	struct peers *peers, struct peer *peer, struct counters *counters);

/* The same for the peer whose turn turns_take returned, which becomes *running
 * before it runs. */
void peers_take_turn(struct peers *peers, struct turn *turn,
	struct peer **running, struct counters *counters);

/* The same for the peer whose place storageline_take returned, which becomes
 * *running before it runs. */
void peers_take_place(struct peers *peers, struct storageplace *place,
	struct peer **running, struct counters *counters);

/* The thread that runs peer waits for storage, and has waited. */
void peers_begin_wait(struct peers *peers, struct peer *peer);
void peers_end_wait(struct peers *peers, struct peer *peer);

/* Give up ownership of peer, which waits for wait: the thread that gets its
 * next event owns it.  The caller must not touch it any more. */
void peers_hand_over(
	struct peers *peers, struct peer *peer, enum conn_wait wait);

size_t peers_count(struct peers *peers);

/* The functions that follow are for the main thread. */

/* peers_next is the time of the next check for timeouts, or INT64_MAX when none
 * is due.  peers_look makes that check if now has reached it.  Milliseconds of
 * clock_ms. */
int64_t peers_next(struct peers *peers);
void peers_look(struct peers *peers, int64_t now);

/* Stop watching the listeners, and close each connection after the response it
 * is sending. */
void peers_refuse(struct peers *peers);

/* Shut down all connections, or idle ones only.  how is that of shutdown(2).
 * With SHUT_RD, a request that has already arrived is still read and answered;
 * later ones are not read.  Connections that become idle afterwards are shut
 * down as well.  After peers_refuse. */
void peers_shut(struct peers *peers, int how, bool idle);

/* Give up all that wait for storage. */
void peers_give_up(struct peers *peers);

/* Wait at most ms milliseconds for all connections to end.  true when none is
 * left but those whose thread waits for storage although they were given up. */
bool peers_wait(struct peers *peers, int64_t ms);

#endif
