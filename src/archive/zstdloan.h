/* Memory for the windows of Zstandard frames, borrowed while they are read. */

#ifndef ZSTDLOAN_H
#define ZSTDLOAN_H

#include "archive/archive.h"
#include "archive/zstdframe.h"

struct zstdloan {
	const struct archive *archive;
	struct zstdframe frame;
	uint64_t looked; /* offset in the file up to which frame has seen it */
	uint64_t window; /* for which there is memory */
	uint64_t lent;   /* of that, borrowed here */
};

/* Begin at start, where the member's data of n bytes begin.  Its caller has
 * borrowed zstdloan_first() bytes. */
void zstdloan_begin(struct zstdloan *loan, const struct archive *archive,
	uint64_t start, uint64_t n);

/* The window of the first frame; 0 when there is none within the first bytes,
 * or when it is larger than libzstd takes.  Any thread. */
uint64_t zstdloan_first(
	const struct archive *archive, uint64_t start, uint64_t n);

/* The n bytes at offset at of the file have been read.  They may have been read
 * before.  false when a window begins for which there is no memory, which has
 * been logged. */
bool zstdloan_follow(
	struct zstdloan *loan, uint64_t at, const char *bytes, uint64_t n);

/* Give back what was borrowed. */
void zstdloan_end(struct zstdloan *loan);

#endif
