/* The parts of an archive's file that its members occupy, and which overlap. */

#ifndef EXTENTS_H
#define EXTENTS_H

#include "archive/archive.h"

#define EXTENTS_NOWHERE SIZE_MAX

/* The part of the file that a member occupies, from its local header on. */
struct extent {
	uint64_t start, end;
	size_t at;   /* of its record, for zipdir_record */
	size_t with; /* record of a member that overlaps it, or _NOWHERE */
};

struct extents {
	struct extent *of; /* in the order of the records */
	size_t n;
	uint64_t total; /* the sizes of the contents that can be read */
};

/* Find the extents of all members of archive that are files and whose local
 * headers are right.  The others are logged.  The caller frees extents->of.
 * -1 with errno ENOMEM. */
int extents_find(struct extents *extents, struct archive *archive);

#endif
