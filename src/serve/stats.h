/* What the process has done since it started: one set of counters for each
 * thread, which no other thread writes, added up when somebody reads them.  No
 * I/O. */

#ifndef STATS_H
#define STATS_H

#include "base/str.h"

enum count {
	COUNT_2XX, /* requests by the class of their status */
	COUNT_3XX,
	COUNT_4XX,
	COUNT_5XX,
	COUNT_BYTES,      /* of bodies that were sent */
	COUNT_GZIP,       /* members sent as gzip without inflating */
	COUNT_INFLATED,   /* members sent inflated, or unpacked by libzip */
	COUNT_AS_IT_LIES, /* members sent as they lie in the archive */
	COUNT_HANDED_OFF, /* members that the front end sent by itself */
	COUNT_CUT,        /* responses that did not become whole */
	COUNT_HITS,       /* requests whose archive was open */
	COUNT_MISSES,     /* and those that it had to be opened for */
	COUNT_ACCEPTED,   /* connections */
	COUNT_CLOSED,
	COUNTS
};

/* Where the time of a request goes. */
enum phase {
	PHASE_OPEN,    /* its archive is opened, perhaps by another thread */
	PHASE_WAIT,    /* the peer is to read, or other requests have a turn */
	PHASE_INFLATE, /* the answer is decided and made */
	PHASE_SEND,    /* it is handed to the system */
	PHASES
};

extern const char *const phase_names[PHASES];

enum {
	STATS_BOUNDS = 12,
	STATS_SLOWEST = 10,
	STATS_URI_SIZE = 256, /* what is longer is cut off */
};

/* The upper bounds of the histogram's buckets, in microseconds; the last bucket
 * has none. */
extern const uint32_t stats_bounds[STATS_BOUNDS];

struct slow_request {
	int64_t ns; /* from its beginning to its end */
	int64_t spent[PHASES];
	int64_t ended; /* seconds since 1970 */
	int status;
	size_t n;
	char uri[STATS_URI_SIZE]; /* n bytes, as they came */
};

struct stats;    /* of the process */
struct counters; /* of one thread */

/* Counters for so many threads.  NULL with errno ENOMEM. */
struct stats *stats_new(int threads);

/* Takes NULL. */
void stats_free(struct stats *stats);

/* Those of thread number i, lent. */
struct counters *stats_of(struct stats *stats, int i);

/* Count n.  Only the thread whose counters they are. */
void stats_count(struct counters *mine, enum count count, uint64_t n);

/* A request has taken so many nanoseconds.  True when it is among the slowest
 * of this thread: then stats_slow wants to know more.  As above. */
bool stats_time(struct counters *mine, int64_t ns);
void stats_slow(struct counters *mine, const struct slow_request *request);

struct stats_sum {
	uint64_t count[COUNTS];
	uint64_t bucket[STATS_BOUNDS + 1]; /* of this bucket alone */
	uint64_t requests;                 /* of all buckets */
	uint64_t ns;                       /* of all requests */
	int64_t uptime;                    /* seconds since stats_new */
	struct slow_request slowest[STATS_SLOWEST]; /* the slowest first */
	int nslowest;
};

/* Add all threads up.  A request that ends at this moment may be counted in one
 * place and not yet in another; no number ever goes down.  Any thread. */
void stats_read(struct stats *stats, struct stats_sum *sum);

/* Forget the slowest requests, to hear of new ones.  Any thread. */
void stats_forget_slowest(struct stats *stats);

#endif
