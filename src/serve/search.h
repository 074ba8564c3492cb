/* The search in all texts of an archive, or of a directory of it, as a page or
 * as JSON. */

#ifndef SEARCH_H
#define SEARCH_H

#include "http/site.h"
#include "serve/logpage.h"

enum {
	/* After so many steps without a line, of a piece of text or a member
	 * each, a blank is sent, so that a front end goes on waiting. */
	SEARCH_QUIET = 256,
};

struct search_view {
	struct str archive;   /* its file name */
	struct str directory; /* empty, or without "/" at the end */
	/* q, regex, context and json; with q empty there is only the form.
	 * from is the first line to look at in the first member. */
	struct logpage_view lines;
	/* The path below the directory of the member to begin at; empty: the
	 * first one. */
	struct str member;
};

/* Make a source of what is found in the members below the directory that walk,
 * which is at its beginning, leads over: in the byte order of their names, with
 * the limits of logresults.h.  Members that have no log page are passed over,
 * and so are symbolic links, hidden names, and files packed beside what they
 * hold.  What cannot be read is counted: encrypted and damaged members, and
 * those whose decoder needs more memory than can be borrowed.  While others
 * have that memory, the page ends before such a member, with a link to the
 * rest; if it would begin with it, the source fails, with errno ENOMEM.  When
 * the file itself cannot be read, the source fails.  The caller holds the
 * archive until the source is closed; text in view is copied, and site must
 * outlive the source.  NULL with errno ENOMEM.  Any thread, one at a time. */
struct source *search_open(struct archive *archive, struct zipdir_walk walk,
	const struct search_view *view, const struct site *site);

#endif
