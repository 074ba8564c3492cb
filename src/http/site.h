/* The administrator's settings for responses: the same for all requests of a
 * process, and never changed after start-up. */

#ifndef SITE_H
#define SITE_H

#include "base/str.h"
#include "http/mime.h"

/* Instead of a max_age. */
enum {
	SITE_NO_CACHE = -1, /* Cache-Control: no-cache */
	SITE_NO_FIELD = -2, /* no Cache-Control at all */
};

struct logerrors;

struct site {
	struct str root; /* absolute, no "/" at the end; p NULL: per request */
	struct str root_given;   /* as given, where that differs */
	struct str suffix;       /* of archives' names: ".wwz", ".wwz,.zip" */
	const struct str *index; /* names of index files, by preference */
	size_t nindex;
	bool listing;            /* of directories without an index file */
	bool clean_urls;         /* NAME stands for a member NAME.html */
	bool dotfiles;           /* show hidden names (hiddenname.h), too */
	const struct mime *mime; /* NULL: the compiled-in table */
	const struct logerrors *log_errors; /* the site's own; NULL: none */
	struct str charset; /* of text that is not UTF-8; empty: not known */
	bool no_charset;    /* send none at all */
	int64_t max_age; /* of Cache-Control, in seconds, or one of the above */
	bool immutable;  /* send "immutable" for names that hold a hash */
	bool untrusted;  /* members' scripts may not act as the site */
	bool scripts;    /* but may run, if untrusted, in a sandbox */
	uint32_t settings; /* changes with wwz and with what listings show */
	bool sendfile;     /* let lighttpd send from the archive itself */
};

#endif
