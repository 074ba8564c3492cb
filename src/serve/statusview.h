/* What the formats of the status page share: the numbers, and their names. */

#ifndef STATUSVIEW_H
#define STATUSVIEW_H

#include "archive/cache.h"
#include "base/arena.h"
#include "serve/stats.h"

/* The numbers that the page shows, and the page itself. */
struct statusview {
	struct text text;
	struct stats_sum sum;
	struct cache_state state;
	struct cache_item *items;
	size_t nitems;
	int64_t now;       /* clock_ns */
	double revalidate; /* seconds */
};

/* A number, with its names in the formats. */
struct statusview_row {
	const char *says;            /* text and HTML */
	const char *key;             /* JSON */
	const char *metric, *labels; /* Prometheus */
	const char *help; /* for the first row of a metric, else NULL */
};

/* Numbers beside those of stats.h; the last ones are gauges. */
enum { STATUSVIEW_REST = 11, STATUSVIEW_GAUGES = 8 };

/* What the number of seconds is that stands beside these. */
#define STATUSVIEW_REVALIDATE \
	"seconds for which an archive is served without looking at its path"

extern const struct statusview_row statusview_counts[COUNTS];
extern const struct statusview_row statusview_rest[STATUSVIEW_REST];

void statusview_values(
	const struct statusview *v, uint64_t values[STATUSVIEW_REST]);

/* The path and the number of members of open archive number i. */
struct str statusview_path(const struct statusview *v, size_t i);
uint64_t statusview_members(const struct statusview *v, size_t i);

/* Add the page as HTML. */
void statusview_html(struct statusview *v);

#endif
