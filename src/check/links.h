/* Links of an archive's pages that will not work once it is served: those that
 * begin at the server's top and so leave the archive, and those to nothing. */

#ifndef LINKS_H
#define LINKS_H

#include "check/report.h"

struct archive;
struct links;
struct member;

/* Begin with an archive whose file has this name.  The caller keeps the archive
 * as long.  NULL with errno ENOMEM. */
struct links *links_new(struct archive *archive, struct str file);

/* Takes NULL. */
void links_free(struct links *links);

/* Look at the links of member, a sound HTML page whose data start at start: at
 * those in its first MiB. */
void links_look(
	struct links *links, const struct member *member, uint64_t start);

/* Report what was found as advice, once for each target, with the first page
 * that leads there. */
void links_report(const struct links *links, struct report *report);

#endif
