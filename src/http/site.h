/* What an administrator decided about the answers: the same for all requests of
 * a process, never changed after start-up. */

#ifndef SITE_H
#define SITE_H

#include "base/str.h"
#include "http/mime.h"

struct site {
	struct str root; /* absolute, no "/" at the end; p NULL: per request */
	struct str root_given;   /* as it was written, where that differs */
	struct str suffix;       /* of archives' names: ".wwz" */
	const struct str *index; /* names of index files, the first one found */
	size_t nindex;
	bool listing;            /* of directories without an index file */
	const struct mime *mime; /* NULL: the compiled-in table */
	int64_t max_age; /* of Cache-Control, in seconds; -1: no such field */
	bool immutable;  /* say so of names that hold a hash */
	bool untrusted;  /* members may not act in the site's name */
	bool sendfile;   /* lighttpd sends from the archive by itself */
};

#endif
