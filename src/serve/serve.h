/* From a request to its response, whoever asks: FastCGI, CGI, `wwz explain`, a
 * test. */

#ifndef SERVE_H
#define SERVE_H

#include "archive/cache.h"
#include "http/response.h"
#include "http/site.h"
#include "serve/account.h"

/* What all requests share. */
struct service {
	const struct site *site;
	struct cache *cache;
	/* NULL: nobody wants to know.  With counters there is a page that
	 * shows them. */
	const struct accounts *accounts;
	bool tell_front; /* of warnings, as FCGI_STDERR */
};

/* Decide what request gets.  response, not initialised before, is the caller's
 * to response_free in any case; its text lies in arena or is lent by request.
 * Any thread. */
void serve(const struct service *service, const struct request *request,
	struct arena *arena, struct response *response);

#endif
