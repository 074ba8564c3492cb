/* Who waits for storage, in the line of storageline.h or in a thread that is in
 * the kernel, is in a list, the longest waiting first.  The main thread gives
 * up those who wait for too long: it answers in their place.  It owns those
 * that stand in line once it has taken them out.  A thread in the kernel still
 * owns its connection; but it has to take the lock before it goes on, and then
 * finds the connection shut down, whatever it does. */

#include "base/clock.h"
#include "base/line.h"
#include "base/log.h"
#include "fcgi/aside.h"
#include "fcgi/peerset.h"

static void
wait_locked(struct peers *peers, struct peer *peer, bool in_line)
{
	if (peer->gone || peer->late)
		return;
	peer->waits = clock_ms();
	peer->in_line = in_line;
	TAILQ_INSERT_TAIL(&peers->waiting, peer, wait);
	if (peers->next <= peer->waits + peers->storage_ms)
		return;
	peers->next = peer->waits + peers->storage_ms;
	peers_wake_main(peers);
}

static void
end_wait_locked(struct peers *peers, struct peer *peer)
{
	if (peer->waits > 0)
		TAILQ_REMOVE(&peers->waiting, peer, wait);
	peer->waits = 0;
}

void
peers_begin_wait(struct peers *peers, struct peer *peer)
{
	pthread_mutex_lock(&peers->lock);
	wait_locked(peers, peer, false);
	pthread_mutex_unlock(&peers->lock);
}

void
peers_end_wait(struct peers *peers, struct peer *peer)
{
	pthread_mutex_lock(&peers->lock);
	end_wait_locked(peers, peer);
	pthread_mutex_unlock(&peers->lock);
}

void
peerwait_stand(struct peers *peers, struct peer *peer)
{
	peer->place.device = storageline_device(
		peers->storageline, conn_directory(peer->conn));
	pthread_mutex_lock(&peers->lock);
	wait_locked(peers, peer, true);
	storageline_add(peers->storageline, &peer->place);
	pthread_mutex_unlock(&peers->lock);
}

/* Give up the first peer that waits for storage, if it does so since `since` or
 * before: answer for its thread, or for the one that would have run it.  The
 * thread cannot go on meanwhile, because of the lock.  Later it finds the
 * connection shut down.  false when there is no such peer. */
static bool
give_up_first(struct peers *peers, int64_t since)
{
	struct peer *peer;
	struct line archive = {.n = 0};
	bool ours;

	pthread_mutex_lock(&peers->lock);
	peer = TAILQ_FIRST(&peers->waiting);
	if (peer == NULL || peer->waits > since) {
		pthread_mutex_unlock(&peers->lock);
		return false;
	}
	end_wait_locked(peers, peer);
	ours = peer->in_line &&
		storageline_remove(peers->storageline, &peer->place);
	if (!ours && peer->in_line) {
		/* A thread has just taken it. */
		pthread_mutex_unlock(&peers->lock);
		return true;
	}
	line_add(&archive, peer->conn->response.archive);
	aside_give_up(peer->conn);
	peer->late = !ours;
	peers->nlate += !ours;
	if (peers->n == peers->nlate)
		pthread_cond_signal(&peers->empty);
	pthread_mutex_unlock(&peers->lock);
	if (ours) {
		peers_free_peer(peers, peer);
		turns_stir(peers->turns);
	}
	log_pairs(LOG_WARN, "storage-timeout",
		{"archive", (struct str){archive.p, archive.n}});
	return true;
}

void
peerwait_give_up(struct peers *peers, int64_t since)
{
	while (give_up_first(peers, since))
		;
}

void
peers_give_up(struct peers *peers)
{
	peerwait_give_up(peers, INT64_MAX);
}
