/* From a request to an archive's path and a member's name. */

#ifndef ROUTE_H
#define ROUTE_H

#include "base/status.h"
#include "http/request.h"
#include "http/site.h"

struct route {
	struct str archive; /* "ROOT//REST", for cache_get */
	struct str member;  /* normalised: no "/" at either end; may be empty */
	bool slash;         /* the request's path ended in "/" */
};

/* Find out what request asks for.  STATUS_GO and *route, whose text lies in
 * arena; else the status to answer with, which has been logged.  Any thread. */
enum status route_find(struct route *route, const struct request *request,
	const struct site *site, struct arena *arena);

/* The request's path with a "/" at the end and its query: where a directory is
 * to be asked for.  One leading slash, and only what may stand in a URL.  In
 * arena. */
struct str route_with_slash(const struct request *request, struct arena *arena);

#endif
