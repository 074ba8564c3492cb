/* Members whose content is a compressed file. */

#ifndef PACKING_H
#define PACKING_H

#include "archive/source.h"

enum packing {
	PACKING_NONE,
	PACKING_GZIP,
	PACKING_ZSTD,
	PACKING_XZ,
	PACKING_BZIP2,
	PACKING_BR,
	PACKING_UNITYWEB, /* gzip or Brotli, as the content says; not read */
};

/* Whether such files can be read: wwz was built with the library for them. */
bool packing_supports(enum packing packing);

/* Blocks are decompressed whole, which takes long. */
static inline bool
packing_is_slow(enum packing packing)
{
	return packing == PACKING_XZ || packing == PACKING_BZIP2;
}

/* Whether the n bytes at p are the beginning of such a file.  n is at least 6
 * unless the file is shorter.  Always true for Brotli, which has no signature.
 */
bool packing_begins(enum packing packing, const unsigned char *p, size_t n);

/* The compressed file that packed, a source of member's content, gives proved
 * to be damaged: tell damage of the file from damage of the archive, by reading
 * packed to its end, where the member's CRC-32 is compared if packed began at
 * its beginning.  SOURCE_LATER as long as there is more to read; as read of
 * packed if that fails; else 0.  Any thread, one at a time. */
ssize_t packing_drain(struct source *packed);

/* Make a source of the unpacked content of a file that is packed in any way but
 * PACKING_NONE and PACKING_UNITYWEB, which
 * owns packed, a source of the file (member of archive, for the log).  Several
 * streams in a row are one content.  Data behind them that do not begin another
 * stream are ignored.  A file that needs more than PACKING_MEMORY is as good as
 * a damaged one, but another line in the log says so.  NULL with errno ENOMEM;
 * packed is closed then, too.  Any thread, one at a time. */
enum { PACKING_MEMORY = 16 * 1024 * 1024 };
struct source *decompress_open(enum packing packing, struct source *packed,
	const struct archive *archive, const struct member *member);

/* The same, for a look through a file that is to be sent in its content coding.
 * It has to be what browsers read to its end: one whole stream, or frames of
 * Zstandard, and nothing behind.  At the end member is noted as ARCHIVE_WHOLE.
 * Otherwise it is noted as ARCHIVE_BROKEN, which is logged, and read gives -1
 * with errno EBADMSG.  decompress_taken is how many bytes of packed it has
 * read.
 */
struct source *decompress_strictly(enum packing packing, struct source *packed,
	const struct archive *archive, const struct member *member);
uint64_t decompress_taken(const struct source *source);

/* The most bytes of memory that it takes, not counting packed. */
uint64_t decompress_memory(enum packing packing);

#endif
