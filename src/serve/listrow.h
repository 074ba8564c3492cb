/* A row of a listing: a member, a directory, or a symbolic link to one. */

#ifndef LISTROW_H
#define LISTROW_H

#include "archive/link.h"
#include "serve/kind.h"

/* What the rows of a listing share. */
struct listed {
	struct archive *archive;
	int64_t written;      /* the archive's time */
	struct str directory; /* as it was requested */
	bool utf8;  /* URLs are in UTF-8, not in the archive's own bytes */
	bool hides; /* links to hidden names lead to nothing */
	const struct mime *mime;
	bool images; /* small ones are shown */
};

enum {
	LISTROW_IMAGE_MAX = 256 * 1024, /* bytes of an image that is shown */
};

struct listrow {
	const struct listed *in;
	/* A member or a directory.  For a link, the one that it leads to, with
	 * the link's name. */
	struct child child;
	struct str path; /* the path that a link holds; p is NULL for others */
	enum link_end end; /* of the link, else LINK_FILE */
};

/* Make the row of child, which a walk over the directory gave.  If it is a
 * link, it is followed from where the row's URL leads; a row whose URL would be
 * answered with 404 has none.  Text that the row adds lies in arena. */
struct listrow listrow_of(const struct listed *in, const struct child *child,
	struct arena *arena);

/* Whether child, which a walk gave, is a small image that browsers show. */
bool listrow_is_image(const struct listed *in, const struct child *child);

/* The time of a member.  A time recorded in an unknown zone may be hours ahead;
 * it is taken to be no later than that of the archive.  Pure. */
int64_t listrow_time(const struct member *member, int64_t written);

/* Write row as a row of an HTML table, or as a JSON object. */
void listrow_html(const struct listrow *row, struct text *text);
void listrow_json(const struct listrow *row, struct text *text);

/* Write the part of such an object that has a member's figures, with a comma in
 * front.  modified is in seconds of POSIX. */
void listrow_json_figures(
	const struct member *member, int64_t modified, struct text *text);

#endif
