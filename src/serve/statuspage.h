/* The page that shows what the process has done, and what it holds. */

#ifndef STATUSPAGE_H
#define STATUSPAGE_H

#include "archive/cache.h"
#include "http/response.h"
#include "serve/stats.h"

/* Of the open archives, those used last are shown, at most this many. */
enum { STATUSPAGE_ARCHIVES = 1000 };

/* Make response, which says nothing yet, the page, in the format that query
 * asks for: text, or with format=json or format=prometheus these.  Any thread.
 */
void statuspage_answer(struct response *response, struct str query,
	struct stats *stats, struct cache *cache);

#endif
