/* A row of a listing: a member, a directory, or a symbolic link to one. */

#ifndef LISTROW_H
#define LISTROW_H

#include "archive/link.h"

struct listrow {
	struct archive *archive;
	int64_t written; /* the archive's time */
	bool utf8; /* links are in UTF-8, not in the archive's own bytes */
	/* Of a link: the directory or the member that it leads to, with the
	 * link's name. */
	struct child child;
	struct str path;   /* that the link holds; p is NULL for others */
	enum link_end end; /* of the link, else LINK_FILE */
};

/* Make the row of child, a child in archive, whose file was written at that
 * time.  Links are followed.  What the row holds besides lies in arena. */
struct listrow listrow_of(struct archive *archive, int64_t written,
	const struct child *child, bool utf8, struct arena *arena);

/* The time of a member.  One that was recorded in an unknown zone may be hours
 * ahead, but not later than the archive.  Pure. */
int64_t listrow_time(const struct member *member, int64_t written);

/* Write it as a row of a table, or as a JSON object. */
void listrow_html(const struct listrow *row, struct text *text);
void listrow_json(const struct listrow *row, struct text *text);

#endif
