/* The table of devices has a fixed size, so no memory can run out, and is never
 * cleared: numbers of file systems that have gone are given to others.  When it
 * is full, further devices share what is for one. */

#include "fcgi/storageline.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "base/hash.h"

enum {
	PLACES = 1024, /* directories whose device is known */
};

TAILQ_HEAD(places, storageplace);

struct device {
	_Atomic uint64_t key; /* its number and 1; 0: of none yet; set once */
	_Atomic int waiting;  /* threads; written with the lock held */
	struct places line;   /* guarded by the lock */
};

struct storageline {
	/* Set once. */
	int most, wake;

	/* Written with the lock held. */
	_Atomic int standing, waiting; /* in all */
	struct device devices[STORAGELINE_DEVICES];

	/* The device of the place with that hash; 0: not known. */
	_Atomic uint64_t known[PLACES];

	pthread_mutex_t lock;
};

struct storageline *
storageline_new(int most, int wake)
{
	struct storageline *line = calloc(1, sizeof(*line));

	if (line == NULL)
		return NULL;
	line->most = most;
	line->wake = wake;
	for (int i = 0; i < STORAGELINE_DEVICES; i++)
		TAILQ_INIT(&line->devices[i].line);
	pthread_mutex_init(&line->lock, NULL);
	return line;
}

void
storageline_free(struct storageline *line)
{
	if (line == NULL)
		return;
	pthread_mutex_destroy(&line->lock);
	free(line);
}

/* Find the device, or enter it.  Any thread. */
static struct device *
device_of(struct storageline *line, uint64_t number)
{
	const unsigned first = (unsigned)(hash_number(number) >> 32);
	struct device *device;

	for (unsigned i = 0; i < STORAGELINE_DEVICES; i++) {
		uint64_t key;

		device = &line->devices[(first + i) % STORAGELINE_DEVICES];
		key = device->key;
		if (key == 0 &&
			atomic_compare_exchange_strong(
				&device->key, &key, number + 1))
			return device;
		if (key == number + 1)
			return device;
	}
	return &line->devices[first % STORAGELINE_DEVICES];
}

/* Whether another thread may wait for device.  One always may, whatever others
 * do. */
static bool
has_room(const struct storageline *line, const struct device *device)
{
	int others = line->waiting - device->waiting;
	int share = (line->most - others) * 3 / 4;

	return device->waiting < (share > 0 ? share : 1);
}

/* The device whose turn it is, or NULL.  With the lock held. */
static struct device *
next_device(struct storageline *line)
{
	struct device *best = NULL;

	for (int i = 0; i < STORAGELINE_DEVICES; i++) {
		struct device *device = &line->devices[i];

		if (!TAILQ_EMPTY(&device->line) && has_room(line, device) &&
			(best == NULL || device->waiting < best->waiting))
			best = device;
	}
	return best;
}

static void
call_thread(const struct storageline *line)
{
	/* It fails only when a thread is being woken already. */
	(void)eventfd_write(line->wake, 1);
}

void
storageline_add(struct storageline *line, struct storageplace *place)
{
	struct device *device = device_of(line, place->device);
	bool wanted;

	pthread_mutex_lock(&line->lock);
	TAILQ_INSERT_TAIL(&device->line, place, next);
	place->stands = true;
	line->standing++;
	wanted = has_room(line, device);
	pthread_mutex_unlock(&line->lock);
	if (wanted)
		call_thread(line);
}

/* With the lock held. */
static void
leave_line(struct storageline *line, struct storageplace *place)
{
	TAILQ_REMOVE(&device_of(line, place->device)->line, place, next);
	place->stands = false;
	line->standing--;
}

bool
storageline_remove(struct storageline *line, struct storageplace *place)
{
	bool stood;

	pthread_mutex_lock(&line->lock);
	stood = place->stands;
	if (stood)
		leave_line(line, place);
	pthread_mutex_unlock(&line->lock);
	return stood;
}

bool
storageline_ready(struct storageline *line)
{
	bool is;

	if (line->standing == 0)
		return false;
	pthread_mutex_lock(&line->lock);
	is = next_device(line) != NULL;
	pthread_mutex_unlock(&line->lock);
	return is;
}

struct storageplace *
storageline_take(struct storageline *line)
{
	struct storageplace *place = NULL;
	struct device *device;
	bool more = false;

	pthread_mutex_lock(&line->lock);
	device = next_device(line);
	if (device != NULL) {
		place = TAILQ_FIRST(&device->line);
		leave_line(line, place);
		device->waiting++;
		line->waiting++;
		more = next_device(line) != NULL;
	}
	pthread_mutex_unlock(&line->lock);
	if (more)
		call_thread(line);
	return place;
}

void
storageline_enter(struct storageline *line, uint64_t device)
{
	pthread_mutex_lock(&line->lock);
	device_of(line, device)->waiting++;
	line->waiting++;
	pthread_mutex_unlock(&line->lock);
}

void
storageline_leave(struct storageline *line, uint64_t device)
{
	bool wanted;

	pthread_mutex_lock(&line->lock);
	device_of(line, device)->waiting--;
	line->waiting--;
	wanted = line->standing > 0 && next_device(line) != NULL;
	pthread_mutex_unlock(&line->lock);
	if (wanted)
		call_thread(line);
}

bool
storageline_is_full(struct storageline *line, uint64_t device)
{
	return !has_room(line, device_of(line, device));
}

static _Atomic uint64_t *
known(struct storageline *line, uint64_t place)
{
	return &line->known[hash_number(place) >> 54];
}

uint64_t
storageline_device(struct storageline *line, uint64_t place)
{
	return *known(line, place);
}

void
storageline_learn(struct storageline *line, uint64_t place, uint64_t device)
{
	_Atomic uint64_t *slot = known(line, place);

	if (*slot != device)
		*slot = device;
}

int
storageline_waiting(struct storageline *line)
{
	return line->waiting;
}

int
storageline_standing(struct storageline *line)
{
	return line->standing;
}
