/* The rules of _redirects: where an archive's author sends requests.
 *
 * A line is "FROM TO [STATUS[!]]".  FROM is a pattern (rulepath.h).  TO is a
 * path of the archive, or a URL of another site with http or https, and may
 * name what placeholders and the splat of FROM stand for, after the host.
 * STATUS is 301 if it is left out, another redirection, 200 or 404 for a
 * member that is sent in place of what was requested. */

#ifndef REDIRECTS_H
#define REDIRECTS_H

#include "base/status.h"
#include "http/rulelines.h"
#include "http/rulepath.h"

struct redirect;

struct redirects {
	struct redirect *of; /* in the order of the file; in an arena */
	size_t n;
	bool forced; /* some of them are, by "!" */
};

/* Where a rule sends a request. */
struct redirect_target {
	enum status status; /* OK, NOT_FOUND, or a redirection */
	unsigned line;      /* of the rule */
	/* "https://host" of another site; empty: a place in the archive. */
	struct str host;
	/* Of another site: encoded.  Of the archive: decoded and normalised. */
	struct str path;
	bool slash; /* path of the archive, with a "/" behind it */
	/* Encoded; p is NULL where there is none. */
	struct str query, fragment;
};

/* Read all lines.  Wrong ones are refused.  What is made lies in the arena of
 * lines, whose text it also needs. */
void redirects_read(struct redirects *redirects, struct rulelines *lines);

/* Find the first rule that matches, among those with "!" only if forced.  false
 * when there is none, or it leads to the very path that was requested, out of
 * the archive, or to more than 8,000 bytes.  Text of *target lies in arena.
 * Pure; the cost depends on the size of the file and, once, on the path. */
bool redirects_find(const struct redirects *redirects,
	const struct ruled *ruled, bool forced, struct redirect_target *target,
	struct arena *arena);

#endif
