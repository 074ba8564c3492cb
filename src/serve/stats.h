/* Counters since the process started: one set for each thread, which no other
 * thread writes; they are added up when they are read. */

#ifndef STATS_H
#define STATS_H

#include "base/str.h"

enum count {
	COUNT_2XX, /* requests, by class of status */
	COUNT_3XX,
	COUNT_4XX,
	COUNT_5XX,
	COUNT_BYTES,      /* sent, of bodies */
	COUNT_GZIP,       /* members sent as gzip without inflating */
	COUNT_INFLATED,   /* members sent inflated, or unpacked by libzip */
	COUNT_AS_IT_LIES, /* members sent unchanged */
	COUNT_HANDED_OFF, /* members sent by the front end itself */
	COUNT_CUT,        /* responses that were cut */
	COUNT_HITS,       /* requests whose archive was open already */
	COUNT_MISSES,     /* requests whose archive had to be opened */
	COUNT_ACCEPTED,   /* connections */
	COUNT_CLOSED,
	COUNT_WAITS,  /* for storage, begun... */
	COUNT_WAITED, /* ...and ended */
	COUNTS
};

/* The phases of a request whose times are measured. */
enum phase {
	PHASE_OPEN,    /* opening the archive, or waiting for that */
	PHASE_WAIT,    /* waiting for a turn, or for another response's work */
	PHASE_INFLATE, /* making the response */
	PHASE_SEND,    /* sending */
	PHASE_PEER,    /* waiting until the peer takes more */
	PHASES
};

extern const char *const phase_names[PHASES];

enum {
	STATS_BOUNDS = 12,
	STATS_SLOWEST = 10,
	STATS_URI_SIZE = 256, /* longer ones are cut off */
};

/* Times since a request came, of which there are histograms. */
enum stats_time {
	TIME_FIRST, /* until the first bytes of its response were sent */
	TIME_LAST,  /* until the last ones were */
	TIMES
};

/* The upper bounds of a histogram's buckets, in microseconds; the last bucket
 * has none. */
extern const uint32_t stats_bounds[STATS_BOUNDS];

struct slow_request {
	int64_t ns; /* how long it took, without PHASE_PEER */
	int64_t spent[PHASES];
	int64_t ended; /* seconds since 1970 */
	int status;
	size_t n;
	char uri[STATS_URI_SIZE]; /* n bytes, as received */
};

struct stats;    /* of the process */
struct counters; /* of one thread */

/* Make counters for that many threads.  NULL with errno ENOMEM.  To be called
 * before the process is confined, which keeps it out of /proc. */
struct stats *stats_new(int threads);

/* Takes NULL. */
void stats_free(struct stats *stats);

/* The counters of thread number i, lent. */
struct counters *stats_of(struct stats *stats, int i);

/* Add n.  Only by the thread that mine belongs to. */
void stats_count(struct counters *mine, enum count count, uint64_t n);

/* Count a time of a request.  Only by the thread that mine belongs to. */
void stats_time(struct counters *mine, enum stats_time time, int64_t ns);

/* Whether a request that took so long is among the slowest of this thread; then
 * pass it to stats_slow.  Only by the thread that mine belongs to. */
bool stats_is_slow(const struct counters *mine, int64_t ns);
void stats_slow(struct counters *mine, const struct slow_request *request);

struct stats_times {
	uint64_t bucket[STATS_BOUNDS + 1]; /* in this bucket only */
	uint64_t ns;                       /* of all requests */
};

struct stats_sum {
	uint64_t count[COUNTS];
	struct stats_times times[TIMES];
	uint64_t requests; /* in the buckets of TIME_LAST */
	int64_t uptime;    /* seconds since stats_new */
	uint64_t resident; /* bytes of the process's memory; 0: not known */
	/* That are open (0 before Linux 6.2: not known), and that may be. */
	uint64_t descriptors, descriptors_max;
	struct slow_request slowest[STATS_SLOWEST]; /* the slowest first */
	int nslowest;
};

/* Add up the counters of all threads.  A request that is just ending may be
 * counted in one place and not yet in another; no number ever decreases.  Any
 * thread. */
void stats_read(struct stats *stats, struct stats_sum *sum);

/* Clear the slowest requests, so that new ones are recorded.  Any thread. */
void stats_forget_slowest(struct stats *stats);

#endif
