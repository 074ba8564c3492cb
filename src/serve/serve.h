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

/* What names below any archive stand for when they are the responder's own. */
enum serve_page {
	SERVE_NO_PAGE,
	SERVE_LISTING, /* "…/-wwz-index" */
	SERVE_ARCHIVE, /* "-wwz-archive" */
	SERVE_LOG,     /* "…/NAME/-wwz-log", "…/-wwz-log/NAME" */
	SERVE_STATUS,  /* "-wwz-status" */
};

/* Which of them name, normalised, is: a member of that name cannot be asked
 * for.  Pure. */
enum serve_page serve_page_named(struct str name);

/* Decide what request gets.  response, not initialised before, is the caller's
 * to response_free in any case; its text lies in arena or is lent by request.
 * Any thread. */
void serve(const struct service *service, const struct request *request,
	struct arena *arena, struct response *response);

#endif
