/* What is sent of an archive besides its members: its file, and pages that are
 * made of it. */

#ifndef OWNFORM_H
#define OWNFORM_H

#include "http/represent.h"

/* Fill in the only representation of the archive itself.  The name under which
 * browsers save it is made from name, the archive's name.  Status as represent.
 */
enum status ownform_archive(struct representations *found,
	struct archive *archive, struct str name, const struct site *site,
	struct arena *arena);

/* Fill in the only representation of the zip file of a directory, which has
 * been measured and must outlive it.  Browsers save it as name followed by
 * ".zip".  The entity tag changes with the archive, with the directory and what
 * is left out of it, and with the version of wwz.  STATUS_GO or
 * STATUS_UNAVAILABLE. */
enum status ownform_subzip(struct representations *found,
	const struct subzip *zip, struct str name, const struct site *site,
	struct arena *arena);

/* The entity tag of a listing of the archive, for a query and in a coding: it
 * changes with the archive, with the version of wwz, and with the settings in
 * site that affect listings.  In arena. */
struct str ownform_listing_tag(const struct archive *archive, struct str query,
	enum coding coding, const struct site *site, struct arena *arena);

/* The entity tag of a search in the archive, in the same way.  It is weak,
 * since what is found depends on the memory that can be borrowed.  In arena. */
struct str ownform_search_tag(const struct archive *archive, struct str query,
	enum coding coding, const struct site *site, struct arena *arena);

/* The entity tag of a page of the log in member, in the same way.  It changes
 * with the member's content, and else as that of a listing.  It is weak,
 * because a page says how many lines there are only if they have been counted
 * before.  In arena. */
struct str ownform_log_tag(const struct member *member, struct str query,
	enum coding coding, const struct site *site, struct arena *arena);

#endif
