/* Reads what the query of a log page's address asks for. */

#ifndef LOGQUERY_H
#define LOGQUERY_H

#include "base/arena.h"
#include "serve/logpage.h"
#include "serve/logquery.h"

/* The view that a query asks for: "from=LINE", "lines=N" or "tail=N",
 * "refresh=SECONDS", "error=first|last|next|previous"; without any of these it
 * jumps to the last error; or "q=TEXT", which comes first and is left encoded,
 * "context=LINES", "format=json".  Numbers that are too large are reduced to
 * the maximum; anything else is ignored.  The fields set by the caller are left
 * empty. Pure. */
struct logpage_view logquery_view(struct str query);

/* The text that q, as it is in a query, stands for (application/
 * x-www-form-urlencoded).  In arena. */
struct str logquery_text(struct str q, struct arena *arena);

#endif
