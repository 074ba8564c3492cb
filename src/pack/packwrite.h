/* Writes the members of a new archive, in order. */

#ifndef PACKWRITE_H
#define PACKWRITE_H

#include "base/fault.h"
#include "base/progress.h"
#include "pack/item.h"

struct packwrite {
	int directory; /* the names of files are relative to this */
	int fd;        /* of the archive */
	const char *path;
	int threads;
	struct progress *progress;
};

/* Write all items that are neither reused nor dropped, from offset *at on,
 * which moves to their end, and fill in the items.  Siblings that are not worth
 * having are marked as dropped.  The output depends only on files and offsets,
 * not on the number of threads.  A file of more than DEFLATE_PIECE bytes is not
 * held in memory as a whole, unless siblings are made of it.  -1 with fault,
 * also when a file is not the one that tree_walk saw, or changes while it is
 * read. */
int packwrite_members(const struct packwrite *packwrite,
	const struct items *items, uint64_t *at, struct fault *fault);

/* Compute the CRC-32 of a file's content.  -1 with fault, as above. */
int packwrite_crc(const struct packwrite *packwrite,
	const struct tree_file *file, uint32_t *crc, struct fault *fault);

#endif
