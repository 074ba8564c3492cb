/* Finds the archive's path and the member's name for a request. */

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

/* Find out which member of which archive request asks for.  STATUS_GO and
 * *route, whose text lies in arena; else the status to answer with, after
 * logging why.  Any thread. */
enum status route_find(struct route *route, const struct request *request,
	const struct site *site, struct arena *arena);

/* The path of the request's URL, encoded as it is there. */
struct str route_raw_path(const struct request *request);

/* The path of a URL for the member called name, normalised, of the archive that
 * request was routed to; slash appends one.  It begins with what stands before
 * the archive's own paths in the request's path, has exactly one leading slash,
 * and only bytes allowed in a URL.  In arena; p is NULL when the request's path
 * is not that of the member that was requested, as after a web server has
 * rewritten it. */
struct str route_to(const struct request *request, const struct route *route,
	struct str name, bool slash, struct arena *arena);

/* Add the request's query with its "?", if there is one, made safe. */
void route_add_query(struct text *text, const struct request *request);

/* The request's path, as it can be in a URL: it has exactly one leading slash.
 * In arena. */
struct str route_path(const struct request *request, struct arena *arena);

/* The request's path with a "/" appended, and its query: where to redirect a
 * request for a directory.  It has exactly one leading slash and only bytes
 * allowed in a URL.  In arena. */
struct str route_with_slash(const struct request *request, struct arena *arena);

#endif
