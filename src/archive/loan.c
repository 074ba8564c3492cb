#include "archive/loan.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"

bool
loan_exceeds(const struct archive *archive, uint64_t n, uint64_t own)
{
	struct membercache *membercache = archive->membercache;

	return membercache != NULL &&
		n + own > membercache_max(membercache) / 2;
}

bool
loan_take(const struct archive *archive, uint64_t n)
{
	struct membercache *membercache = archive->membercache;
	char why[160];

	if (n == 0 || membercache == NULL || membercache_lend(membercache, n))
		return true;
	snprintf(why, sizeof(why),
		"it needs %" PRIu64
		" bytes, and of half of --max-memory, %" PRIu64
		", other responses have %" PRIu64,
		n, membercache_max(membercache) / 2,
		membercache_lent(membercache));
	log_pairs(LOG_WARN, "memory-in-use", {"archive", str_of(archive->path)},
		{"why", str_of(why)});
	return false;
}

void
loan_give(const struct archive *archive, uint64_t n)
{
	if (n > 0 && archive->membercache != NULL)
		membercache_return(archive->membercache, n);
}
