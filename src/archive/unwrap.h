/* Reads the text of a member that is a compressed file, or is in UTF-16 or
 * UTF-32, or both. */

#ifndef UNWRAP_H
#define UNWRAP_H

#include "archive/packing.h"

struct wrapping {
	enum packing packing; /* one that is supported */
	bool wide;            /* the text has a byte order mark: see wide.h */
	bool windows; /* it is not UTF-8, most likely Windows-1252: this is for
			 who shows it */
};

/* Make a source of the text of member, whose data start at start, in UTF-8 if
 * it is wide.  position is as for source_open; access points are used and left
 * where unwrap_points says.  NULL with errno.  Any thread, one at a time. */
struct source *unwrap_open(struct archive *archive, const struct member *member,
	uint64_t start, const struct wrapping *how, struct position *position);

/* The access points of that text, as points_get; NULL if it can only be read
 * from its beginning. */
struct points *unwrap_points(struct archive *archive,
	const struct member *member, const struct wrapping *how);

/* The most bytes of memory that such a source takes. */
uint64_t unwrap_memory(const struct archive *archive,
	const struct member *member, uint64_t start,
	const struct wrapping *how);

#endif
