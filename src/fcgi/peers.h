/* The connections of front ends, and the listeners that they come by: who owns
 * a connection, what it is reminded of, and how all of them come to an end. */

#ifndef PEERS_H
#define PEERS_H

#include "fcgi/conn.h"
#include "fcgi/listener.h"
#include "fcgi/turns.h"

enum watch_kind {
	WATCH_LISTENER,
	WATCH_PEER,
	WATCH_TURNS,
	WATCH_PING,
	WATCH_END
};

/* What an event of epoll belongs to. */
struct watch {
	enum watch_kind kind;
	int fd;
};

/* Let epoll wait for events of watch.  -1 with errno. */
int watch_add(struct watch *watch, int epoll, uint32_t events);

/* One connection: its watch comes first. */
struct peer;

struct peers;

/* How many connections there may be at a time, of so many descriptors: a
 * quarter of them, and some, are for archives and the rest. */
size_t peers_max(uint64_t descriptors);

/* Those who come by listeners, once peers_listen is called.  wake is an
 * eventfd, written to when peers_next has come closer; long work takes turns.
 * These three and epoll remain the caller's.  NULL with errno ENOMEM. */
struct peers *peers_new(const struct service *service,
	const struct listeners *listeners, int64_t timeout_ms, int epoll,
	int wake, struct turns *turns);

/* Watch the listeners, from now on.  -1 with errno.  Once. */
int peers_listen(struct peers *peers);

/* When there are no connections any more.  Takes NULL. */
void peers_free(struct peers *peers);

/* What follows is for any thread. */

/* A connection on fd, which this owns from now on.  It belongs to the caller,
 * who is to peers_run it, or to peers_hand_over.  NULL with errno ENOMEM. */
struct peer *peers_add(struct peers *peers, int fd);

/* Do what peer can do without waiting, and hand it over; by the thread that
 * owns it: it has added it or got its event.  counters are that thread's, or
 * NULL. */
void peers_run(
	struct peers *peers, struct peer *peer, struct counters *counters);

/* The same for a peer whose turn it is: turns_take gave it. */
void peers_take_turn(
	struct peers *peers, struct turn *turn, struct counters *counters);

/* Hand peer, which waits for wait, over to whoever gets its next event.  The
 * caller must not touch it any more. */
void peers_hand_over(
	struct peers *peers, struct peer *peer, enum conn_wait wait);

size_t peers_count(struct peers *peers);

/* What follows is for the main thread. */

/* When connections are to be looked at, INT64_MAX: never; and look at them, if
 * it is time.  Milliseconds of clock_ms. */
int64_t peers_next(struct peers *peers);
void peers_look(struct peers *peers, int64_t now);

/* From now on nobody is let in, and connections end behind an answer. */
void peers_refuse(struct peers *peers);

/* Let connections, or idle ones only, bring no other request: a request that is
 * there already is still read, all others find the end, as do connections that
 * come to wait for one later.  how as shutdown(2).  After peers_refuse. */
void peers_shut(struct peers *peers, int how, bool idle);

/* Wait until there are no connections, for at most ms.  They are all gone. */
bool peers_wait(struct peers *peers, int64_t ms);

#endif
