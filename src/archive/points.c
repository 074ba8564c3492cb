/* A point holds what zlib needs to continue in the middle of a deflate stream:
 * the position of the next bit, and the 32 KiB of content before it, which are
 * stored compressed.  Points are set at the ends of deflate blocks, at first
 * one in each MiB of content.  When the points of a member take more than 8
 * MiB, every second one is dropped and the distance is doubled.  So they stay
 * evenly spaced, however large the content turns out to be and however well it
 * compresses. */

#include "archive/points.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "archive/made.h"

enum {
	DISTANCE = 1024 * 1024,    /* bytes of content, at first */
	SIZE_MAX_OF_ALL = 8 << 20, /* bytes of memory, for a member */
	WINDOW_ROOM = POINTS_WINDOW + 1024,
};

struct spot {
	struct point point;
	unsigned char *window; /* compressed; NULL: none is needed */
	size_t packed, size;   /* bytes of window, and of what it holds */
};

struct points {
	struct cached cached;
	struct membercache *membercache;

	pthread_mutex_t lock; /* guards what follows */
	struct spot *spots;   /* by offset */
	size_t n, room;
	size_t size; /* bytes of all windows and spots */
	uint64_t distance;
	bool finished;
	uint64_t lines; /* once finished */
};

static void
points_free(struct cached *cached)
{
	struct points *points = (struct points *)cached;

	for (size_t i = 0; i < points->n; i++)
		free(points->spots[i].window);
	free(points->spots);
	pthread_mutex_destroy(&points->lock);
	free(points);
}

static struct points *
make_points(struct archive *archive, const struct member *member,
	enum membercache_kind kind)
{
	struct points *points = calloc(1, sizeof(*points));
	struct cached *shared;

	if (points == NULL)
		return NULL;
	points->cached.free = points_free;
	points->cached.users = 1;
	points->membercache = archive->membercache;
	points->distance = DISTANCE;
	pthread_mutex_init(&points->lock, NULL);
	/* If it does not fit, points can still be used, but none can be added.
	 */
	shared = made_share(
		archive, member, kind, &points->cached, sizeof(*points));
	return shared ? (struct points *)shared : points;
}

static struct points *
share_points(struct archive *archive, const struct member *member,
	enum membercache_kind kind)
{
	struct cached *cached = made_find(archive, member, kind);

	return cached ? (struct points *)cached
		      : make_points(archive, member, kind);
}

struct points *
points_get(struct archive *archive, const struct member *member)
{
	if (archive->membercache == NULL || member->size <= POINTS_LEAST ||
		(member->method != ZIP_STORED &&
			member->method != ZIP_DEFLATED))
		return NULL;
	return share_points(archive, member, MEMBERCACHE_POINTS);
}

struct points *
points_get_gunzipped(struct archive *archive, const struct member *member)
{
	if (archive->membercache == NULL)
		return NULL;
	return share_points(archive, member, MEMBERCACHE_GUNZIPPED);
}

void
points_drop(struct points *points)
{
	if (points != NULL)
		cached_drop(&points->cached);
}

/* The number of spots at or before offset out.  With the lock held. */
static size_t
spots_to(const struct points *points, uint64_t out)
{
	size_t low = 0, high = points->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (points->spots[middle].point.out <= out)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
unpack(const struct spot *spot, unsigned char window[POINTS_WINDOW])
{
	uLongf n = POINTS_WINDOW;

	return spot->window == NULL ||
		(uncompress(window, &n, spot->window, spot->packed) == Z_OK &&
			n == spot->size);
}

struct point
points_nearest(struct points *points, uint64_t out,
	unsigned char window[POINTS_WINDOW], size_t *n)
{
	struct point point = {0};
	size_t i;

	*n = 0;
	pthread_mutex_lock(&points->lock);
	i = spots_to(points, out);
	/* unpack only fails for lack of memory. */
	if (i > 0 && unpack(&points->spots[i - 1], window)) {
		point = points->spots[i - 1].point;
		*n = points->spots[i - 1].size;
	}
	pthread_mutex_unlock(&points->lock);
	return point;
}

uint64_t
points_nearest_offset(struct points *points, uint64_t out)
{
	size_t i;

	pthread_mutex_lock(&points->lock);
	i = spots_to(points, out);
	out = i > 0 ? points->spots[i - 1].point.out : 0;
	pthread_mutex_unlock(&points->lock);
	return out;
}

uint64_t
points_before_line(struct points *points, uint64_t lines)
{
	size_t low = 0, high;
	uint64_t out;

	pthread_mutex_lock(&points->lock);
	high = points->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (points->spots[middle].point.lines < lines)
			low = middle + 1;
		else
			high = middle;
	}
	out = low > 0 ? points->spots[low - 1].point.out : 0;
	pthread_mutex_unlock(&points->lock);
	return out;
}

/* With the lock held. */
static uint64_t
next(const struct points *points)
{
	uint64_t last = 0;

	if (points->n > 0)
		last = points->spots[points->n - 1].point.out;
	return last + points->distance;
}

uint64_t
points_next(struct points *points)
{
	uint64_t out;

	pthread_mutex_lock(&points->lock);
	out = next(points);
	pthread_mutex_unlock(&points->lock);
	return out;
}

/* Drop every second spot. */
static void
thin_out(struct points *points)
{
	size_t n = 0;

	for (size_t i = 0; i < points->n; i++) {
		struct spot *spot = &points->spots[i];

		if (i % 2 == 1) {
			points->spots[n++] = *spot;
			continue;
		}
		points->size -= spot->packed;
		free(spot->window);
	}
	points->n = n;
	points->distance *= 2;
}

static bool
grow_spots(struct points *points)
{
	size_t room = points->room ? 2 * points->room : 16;
	struct spot *spots;

	if (points->n < points->room)
		return true;
	spots = realloc(points->spots, room * sizeof(*spots));
	if (spots == NULL)
		return false;
	points->size += (room - points->room) * sizeof(*spots);
	points->spots = spots;
	points->room = room;
	return true;
}

/* Compress the window; false when memory runs out. */
static bool
pack_window(struct spot *spot, const unsigned char *window, size_t n)
{
	uLongf packed = WINDOW_ROOM;
	unsigned char room[WINDOW_ROOM];

	spot->size = n;
	if (n == 0)
		return true;
	if (compress2(room, &packed, window, n, Z_BEST_SPEED) != Z_OK)
		return false;
	spot->packed = packed;
	spot->window = malloc(packed);
	if (spot->window == NULL)
		return false;
	memcpy(spot->window, room, packed);
	return true;
}

/* Tell membercache the present size; false when there is no room for it. */
static bool
fit(struct points *points)
{
	return membercache_resize(points->membercache, &points->cached,
		sizeof(*points) + points->size);
}

/* Add spot; false when it is too near to the last one, or there is no memory.
 */
static bool
enter_spot(struct points *points, const struct spot *spot)
{
	if (spot->point.out < next(points) || !grow_spots(points))
		return false;
	points->spots[points->n++] = *spot;
	points->size += spot->packed;
	if (points->size > SIZE_MAX_OF_ALL || !fit(points)) {
		thin_out(points);
		(void)fit(points);
	}
	return true;
}

void
points_add(struct points *points, const struct point *point,
	const unsigned char *window, size_t n)
{
	struct spot spot = {.point = *point};
	bool entered;

	if (!pack_window(&spot, window, n))
		return;
	pthread_mutex_lock(&points->lock);
	entered = enter_spot(points, &spot);
	pthread_mutex_unlock(&points->lock);
	if (!entered)
		free(spot.window);
}

void
points_finish(struct points *points, uint64_t lines)
{
	pthread_mutex_lock(&points->lock);
	points->finished = true;
	points->lines = lines;
	pthread_mutex_unlock(&points->lock);
}

bool
points_finished(struct points *points, uint64_t *lines)
{
	bool finished;

	pthread_mutex_lock(&points->lock);
	finished = points->finished;
	*lines = points->lines;
	pthread_mutex_unlock(&points->lock);
	return finished;
}

uint64_t
points_count_lines(const void *p, size_t n)
{
	/* Less than a byte can count, so that the compiler can vectorise the
	 * inner loop with bytes. */
	enum { STEP = 240 };
	const unsigned char *at = p;
	uint64_t lines = 0;

	for (; n >= STEP; n -= STEP, at += STEP) {
		unsigned char found = 0;

		for (int i = 0; i < STEP; i++)
			found = (unsigned char)(found + (at[i] == '\n'));
		lines += found;
	}
	while (n-- > 0)
		lines += *at++ == '\n';
	return lines;
}
