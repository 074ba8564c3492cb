/* A response that needs inflating, unpacking, counting lines or sorting names
 * may cost seconds of processor time before its first byte, and many requests
 * can want that at once.  If each went back to epoll after every piece of work,
 * a cheap page would wait for all of them: with two threads and 20 requests for
 * the last byte of bzip2 members, its 0.15 ms became 7 s.
 *
 * So work is cut by time, not by bytes (conn.c: 2 ms), and a response that is
 * not done by then stands in line here.  A thread asks epoll first and takes
 * one out of the line only when there is no event.  One thread never does, so
 * that an event finds it free even while all others are inside a piece that
 * cannot be cut: libzip gives no byte of a bzip2 member before a block of 900
 * KB is decoded, and giving it out belongs to the same turn.
 *
 * The next turn goes to the archive whose last turn is longest ago; within it,
 * to the client whose last turn is longest ago; among that client's requests,
 * to the one that has waited longest.  The time of the last turn is stored in a
 * table of fixed size, indexed by a hash, so no memory can run out; two
 * archives or clients in the same slot share their turns.
 *
 * A request that finds in its turn that other work must be done first is
 * treated as if it had had no turn, and stands aside until another's turn has
 * ended.
 *
 * This file depends neither on the work nor on epoll, so threads that wait in
 * another way could use the same line. */

#include "fcgi/turns.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "base/hash.h"

enum { PLACES = 1024 };

TAILQ_HEAD(line, turn);

struct turns {
	/* Set once. */
	int most, wake;

	/* How many are in line, and aside.  Written with the lock held. */
	_Atomic int n, naside;

	/* turns_stir was called since those aside were last called back. */
	_Atomic bool stirred;

	pthread_mutex_t lock; /* guards what follows */
	struct line line;     /* longest waiting first */
	struct line aside;    /* those that wait for another's turn to end */
	int working;          /* threads */
	uint64_t ended;       /* turns that have ended */
	uint64_t count;       /* turns that have begun: used as the clock */
	uint64_t archives[PLACES], clients[PLACES]; /* last turns */
};

struct turns *
turns_new(int most, int wake)
{
	struct turns *turns = calloc(1, sizeof(*turns));

	if (turns == NULL)
		return NULL;
	turns->most = most;
	turns->wake = wake;
	pthread_mutex_init(&turns->lock, NULL);
	TAILQ_INIT(&turns->line);
	TAILQ_INIT(&turns->aside);
	return turns;
}

void
turns_free(struct turns *turns)
{
	if (turns == NULL)
		return;
	pthread_mutex_destroy(&turns->lock);
	free(turns);
}

static uint64_t *
place(uint64_t places[PLACES], uint64_t number)
{
	return &places[hash_number(number) >> 54];
}

/* With the lock held. */
static bool
ready(const struct turns *turns)
{
	return turns->n > 0 && turns->working < turns->most;
}

static void
wake(const struct turns *turns)
{
	/* It fails only when a thread is being woken already. */
	(void)eventfd_write(turns->wake, 1);
}

/* Undo the record of a turn in which nothing could be done, unless a later one
 * has replaced it. */
static void
take_back(struct turns *turns, const struct turn *turn)
{
	uint64_t *archive = place(turns->archives, turn->archive);
	uint64_t *client = place(turns->clients, turn->client);

	if (*archive == turn->served)
		*archive = turn->archive_before;
	if (*client == turn->served)
		*client = turn->client_before;
}

void
turns_add(struct turns *turns, struct turn *turn, bool waits)
{
	bool wanted;

	pthread_mutex_lock(&turns->lock);
	if (waits)
		take_back(turns, turn);
	/* If another turn ended meanwhile, the work may be done: try again. */
	if (waits && turn->ended == turns->ended) {
		TAILQ_INSERT_TAIL(&turns->aside, turn, next);
		turns->naside++;
	} else {
		TAILQ_INSERT_TAIL(&turns->line, turn, next);
		turns->n++;
	}
	wanted = ready(turns);
	pthread_mutex_unlock(&turns->lock);
	if (wanted)
		wake(turns);
}

bool
turns_ready(struct turns *turns)
{
	bool is;

	if (turns->n == 0)
		return false;
	pthread_mutex_lock(&turns->lock);
	is = ready(turns);
	pthread_mutex_unlock(&turns->lock);
	return is;
}

/* Whether a's turn comes before b's although b has waited longer. */
static bool
precedes(struct turns *turns, const struct turn *a, const struct turn *b)
{
	uint64_t of_a = *place(turns->archives, a->archive);
	uint64_t of_b = *place(turns->archives, b->archive);

	if (of_a != of_b)
		return of_a < of_b;
	return *place(turns->clients, a->client) <
		*place(turns->clients, b->client);
}

static struct turn *
next_turn(struct turns *turns)
{
	struct turn *best = TAILQ_FIRST(&turns->line), *turn;

	for (turn = best; turn != NULL; turn = TAILQ_NEXT(turn, next)) {
		if (precedes(turns, turn, best))
			best = turn;
	}
	return best;
}

static void
begin_turn(struct turns *turns, struct turn *turn)
{
	uint64_t *archive = place(turns->archives, turn->archive);
	uint64_t *client = place(turns->clients, turn->client);

	TAILQ_REMOVE(&turns->line, turn, next);
	turns->n--;
	turns->working++;
	turn->ended = turns->ended;
	turn->archive_before = *archive;
	turn->client_before = *client;
	turn->served = *archive = *client = ++turns->count;
}

struct turn *
turns_take(struct turns *turns)
{
	struct turn *turn = NULL;
	bool more = false;

	pthread_mutex_lock(&turns->lock);
	if (ready(turns)) {
		turn = next_turn(turns);
		begin_turn(turns, turn);
		more = ready(turns);
	}
	pthread_mutex_unlock(&turns->lock);
	if (more)
		wake(turns);
	return turn;
}

/* Put those that stand aside back in line.  With the lock held. */
static void
call_back(struct turns *turns)
{
	turns->stirred = false;
	TAILQ_CONCAT(&turns->line, &turns->aside, next);
	turns->n += turns->naside;
	turns->naside = 0;
}

/* Whether nobody's turn would end, so that those aside would wait for ever.
 * With the lock held. */
static bool
is_idle(const struct turns *turns)
{
	return turns->working == 0 && turns->n == 0;
}

void
turns_end(struct turns *turns, bool waits)
{
	pthread_mutex_lock(&turns->lock);
	turns->working--;
	turns->ended += !waits;
	/* What this turn waited for may have ended before it stood aside. */
	if (!waits || (turns->stirred && is_idle(turns)))
		call_back(turns);
	pthread_mutex_unlock(&turns->lock);
}

void
turns_lend(struct turns *turns)
{
	bool wanted;

	pthread_mutex_lock(&turns->lock);
	turns->working--;
	wanted = ready(turns);
	pthread_mutex_unlock(&turns->lock);
	if (wanted)
		wake(turns);
}

void
turns_resume(struct turns *turns)
{
	pthread_mutex_lock(&turns->lock);
	turns->working++;
	pthread_mutex_unlock(&turns->lock);
}

void
turns_stir(struct turns *turns)
{
	bool wanted;

	if (!turns->stirred)
		turns->stirred = true;
	if (turns->naside == 0)
		return;
	pthread_mutex_lock(&turns->lock);
	if (is_idle(turns))
		call_back(turns);
	wanted = ready(turns);
	pthread_mutex_unlock(&turns->lock);
	if (wanted)
		wake(turns);
}
