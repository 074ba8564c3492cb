/* Members of a new archive, from files to bytes, in order. */

#ifndef PACKWRITE_H
#define PACKWRITE_H

#include "base/fault.h"
#include "base/progress.h"
#include "pack/item.h"

struct packwrite {
	int directory; /* the files' names begin there */
	int fd;        /* of the archive */
	const char *path;
	int threads;
	struct progress *progress;
};

/* Write all items that are neither kept nor dropped, from offset *at on, which
 * moves to where they end, and fill them in; siblings that are not worth it
 * become dropped.  What comes out depends on files and offsets only, not on the
 * number of threads.  A file of more than DEFLATE_PIECE bytes is never whole in
 * memory, one that gets siblings excepted.  -1 with fault: also when a file is
 * not what the walk over the tree saw, or changes while it is read. */
int packwrite_members(const struct packwrite *packwrite,
	const struct items *items, uint64_t *at, struct fault *fault);

/* The CRC-32 of a file's content.  -1 with fault, as above. */
int packwrite_crc(const struct packwrite *packwrite,
	const struct tree_file *file, uint32_t *crc, struct fault *fault);

#endif
