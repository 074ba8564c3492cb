/* Reads what the query of a log page's address asks for. */

#ifndef LOGQUERY_H
#define LOGQUERY_H

#include "serve/logpage.h"
#include "serve/logquery.h"

/* The view that a query asks for: "from=LINE", "lines=N" or "tail=N",
 * "refresh=SECONDS", "mark=LINE" or "mark=LINE-LINE", which is shown from some
 * lines before it on unless "from" says otherwise, and
 * "error=first|last|next|previous"; without any of these it
 * jumps to the last error.  "json=raw", "time=off" and "wrap=off" go with all
 * of them.  Or "q=TEXT", which comes first and is left to the caller, with
 * "re=1", "context=LINES" and "format=json".  Numbers that are too large are
 * reduced to the maximum; anything else is ignored.  The fields set by the
 * caller are left empty.  Pure. */
struct logpage_view logquery_view(struct str query);

#endif
