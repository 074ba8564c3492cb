/* What speaks to a FastCGI socket in another protocol, mostly by mistake: a
 * browser, a web server that was told to proxy HTTP, a scanner. */

#ifndef FOREIGN_H
#define FOREIGN_H

#include "base/str.h"

struct foreign {
	const char *why;   /* for the log */
	struct str answer; /* empty: none that the peer would understand */
};

/* Recognize the protocol of a connection that begins with start.  Pure. */
struct foreign foreign_read(struct str start);

#endif
