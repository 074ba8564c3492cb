/* Makes the response to a request, for all callers: FastCGI, CGI, `wwz
 * explain`, tests. */

#ifndef SERVE_H
#define SERVE_H

#include "archive/cache.h"
#include "http/response.h"
#include "http/site.h"
#include "serve/account.h"

/* Shared by all requests. */
struct service {
	const struct site *site;
	struct cache *cache;
	/* NULL: no accounting.  With counters there is a status page. */
	const struct accounts *accounts;
	bool tell_front; /* send warnings as FCGI_STDERR */
	/* An archive that was at its path so many nanoseconds ago still counts
	 * as the one there. */
	int64_t revalidate_ns;
};

/* Make the response to request.  response need not be initialised, and the
 * caller must always response_free it.  Its text lies in arena or is lent by
 * request.  Any thread.
 *
 * at_once: false if this takes long work, which is to read a large central
 * directory, to sort many names, or to decompress blocks of libzip's methods.
 * response then has no body, and the answer is made by another call, in a turn
 * (turns.h).  There it is false while another thread does work that has to be
 * done first.  Else true. */
bool serve(const struct service *service, const struct request *request,
	struct arena *arena, struct response *response, bool at_once);

#endif
