#include "serve/stats.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

enum { CACHE_LINE = 64 };

const char *const phase_names[PHASES] = {
	[PHASE_OPEN] = "open",
	[PHASE_WAIT] = "wait",
	[PHASE_INFLATE] = "inflate",
	[PHASE_SEND] = "send",
	[PHASE_PEER] = "peer",
};

const uint32_t stats_bounds[STATS_BOUNDS] = {50, 100, 250, 500, 1000, 2500,
	10000, 25000, 100000, 250000, 1000000, 10000000};

struct counters {
	/* Written by one thread, read by all. */
	alignas(CACHE_LINE) _Atomic uint64_t count[COUNTS];
	_Atomic uint64_t bucket[TIMES][STATS_BOUNDS + 1];
	_Atomic uint64_t ns[TIMES];
	/* A request must take longer to be among the slowest. */
	_Atomic int64_t least;

	pthread_mutex_t lock; /* guards what follows: rarely taken */
	struct slow_request slowest[STATS_SLOWEST]; /* the slowest first */
	int nslowest;
};

struct stats {
	int threads;
	int64_t started; /* clock_ns */
	int statm;       /* /proc/self/statm, or -1 */
	int opened;      /* /proc/self/fd, or -1 */
	uint64_t descriptors_max;
	struct counters counters[];
};

struct stats *
stats_new(int threads)
{
	size_t size = sizeof(struct stats) +
		(size_t)threads * sizeof(struct counters);
	struct stats *stats = aligned_alloc(CACHE_LINE, size);
	struct rlimit limit;

	if (stats == NULL)
		return NULL;
	memset(stats, 0, size);
	stats->threads = threads;
	stats->started = clock_ns();
	stats->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	stats->opened = open("/proc/self/fd", O_RDONLY | O_CLOEXEC);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		stats->descriptors_max = limit.rlim_cur;
	for (int i = 0; i < threads; i++)
		pthread_mutex_init(&stats->counters[i].lock, NULL);
	return stats;
}

void
stats_free(struct stats *stats)
{
	if (stats == NULL)
		return;
	for (int i = 0; i < stats->threads; i++)
		pthread_mutex_destroy(&stats->counters[i].lock);
	if (stats->statm >= 0)
		close(stats->statm);
	if (stats->opened >= 0)
		close(stats->opened);
	free(stats);
}

struct counters *
stats_of(struct stats *stats, int i)
{
	assert(i >= 0 && i < stats->threads);
	return &stats->counters[i];
}

static uint64_t
read_number(const _Atomic uint64_t *number)
{
	return atomic_load_explicit(number, memory_order_relaxed);
}

/* Only this thread writes, so no locked instruction is needed. */
static void
increase(_Atomic uint64_t *number, uint64_t n)
{
	atomic_store_explicit(
		number, read_number(number) + n, memory_order_relaxed);
}

void
stats_count(struct counters *mine, enum count count, uint64_t n)
{
	increase(&mine->count[count], n);
}

void
stats_time(struct counters *mine, enum stats_time time, int64_t ns)
{
	int i = 0;

	while (i < STATS_BOUNDS && ns > (int64_t)stats_bounds[i] * 1000)
		i++;
	increase(&mine->bucket[time][i], 1);
	increase(&mine->ns[time], (uint64_t)ns);
}

bool
stats_is_slow(const struct counters *mine, int64_t ns)
{
	return ns > atomic_load_explicit(&mine->least, memory_order_relaxed);
}

/* Insert request among the n slowest.  Returns how many there are then. */
static int
insert(struct slow_request *slowest, int n, const struct slow_request *request)
{
	int at = n;

	while (at > 0 && slowest[at - 1].ns < request->ns)
		at--;
	if (at == STATS_SLOWEST)
		return n;
	if (n < STATS_SLOWEST)
		n++;
	memmove(&slowest[at + 1], &slowest[at],
		(size_t)(n - 1 - at) * sizeof(*slowest));
	slowest[at] = *request;
	return n;
}

void
stats_slow(struct counters *mine, const struct slow_request *request)
{
	pthread_mutex_lock(&mine->lock);
	mine->nslowest = insert(mine->slowest, mine->nslowest, request);
	if (mine->nslowest == STATS_SLOWEST)
		atomic_store_explicit(&mine->least,
			mine->slowest[STATS_SLOWEST - 1].ns,
			memory_order_relaxed);
	pthread_mutex_unlock(&mine->lock);
}

static void
sum_times(struct stats_sum *sum, const struct counters *counters, int time)
{
	struct stats_times *times = &sum->times[time];

	for (int i = 0; i <= STATS_BOUNDS; i++) {
		uint64_t n = read_number(&counters->bucket[time][i]);

		times->bucket[i] += n;
		sum->requests += time == TIME_LAST ? n : 0;
	}
	times->ns += read_number(&counters->ns[time]);
}

static void
sum_counters(struct stats_sum *sum, struct counters *counters)
{
	for (int i = 0; i < COUNTS; i++)
		sum->count[i] += read_number(&counters->count[i]);
	for (int i = 0; i < TIMES; i++)
		sum_times(sum, counters, i);
	pthread_mutex_lock(&counters->lock);
	for (int i = 0; i < counters->nslowest; i++)
		sum->nslowest = insert(
			sum->slowest, sum->nslowest, &counters->slowest[i]);
	pthread_mutex_unlock(&counters->lock);
}

/* The second number of proc(5)'s statm, in bytes. */
static uint64_t
resident_memory(int statm)
{
	char line[128];
	ssize_t n = pread(statm, line, sizeof(line), 0);
	struct str rest = {line, n > 0 ? (size_t)n : 0};
	uint64_t pages;

	str_cut(&rest, ' ');
	return str_number(str_cut(&rest, ' '), UINT32_MAX, &pages)
		? pages * (uint64_t)sysconf(_SC_PAGESIZE)
		: 0;
}

/* Since Linux 6.2 the size of proc(5)'s fd is the number of descriptors. */
static uint64_t
open_descriptors(int opened)
{
	struct stat st;

	return fstat(opened, &st) == 0 ? (uint64_t)st.st_size : 0;
}

void
stats_read(struct stats *stats, struct stats_sum *sum)
{
	memset(sum, 0, sizeof(*sum));
	sum->uptime = (clock_ns() - stats->started) / CLOCK_SECOND;
	for (int i = 0; i < stats->threads; i++)
		sum_counters(sum, &stats->counters[i]);
	sum->resident = resident_memory(stats->statm);
	sum->descriptors = open_descriptors(stats->opened);
	sum->descriptors_max = stats->descriptors_max;
}

void
stats_forget_slowest(struct stats *stats)
{
	for (int i = 0; i < stats->threads; i++) {
		struct counters *counters = &stats->counters[i];

		pthread_mutex_lock(&counters->lock);
		counters->nslowest = 0;
		atomic_store_explicit(
			&counters->least, 0, memory_order_relaxed);
		pthread_mutex_unlock(&counters->lock);
	}
}
