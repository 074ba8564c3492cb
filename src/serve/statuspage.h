/* The status page: counters of the process, and its open archives. */

#ifndef STATUSPAGE_H
#define STATUSPAGE_H

#include "archive/cache.h"
#include "http/response.h"
#include "serve/stats.h"

/* The page shows at most this many open archives, the most recently used; to
 * Prometheus, which keeps what it has once seen, only the busiest. */
enum { STATUSPAGE_ARCHIVES = 1000, STATUSPAGE_BUSIEST = 50 };

/* Turn response, which is freshly initialised, into the page.  Its format is
 * HTML, or, if query has format=text, json or prometheus, one of these.
 * revalidate_ns is that of serve.h.  Any thread. */
void statuspage_answer(struct response *response, struct str query,
	struct stats *stats, struct cache *cache, int64_t revalidate_ns);

#endif
