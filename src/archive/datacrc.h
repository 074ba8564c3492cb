/* Tells one coded form of a content from another, for entity tags. */

#ifndef DATACRC_H
#define DATACRC_H

#include "archive/archive.h"

/* Find the CRC-32 of member's data as they lie in the archive from offset start
 * on: of all of them up to 1 MiB, and of 16 pieces of 64 KiB, the first, the
 * last and 14 at equal distances between them, of more.  So an answer never
 * waits for more than 1 MiB, and it is the same wherever the data lie and
 * whatever was asked before.  It is found once and kept in the index.
 * STATUS_GO, or STATUS_ERROR when the data cannot be read, which has been
 * logged.  Any thread. */
enum status datacrc_of(const struct archive *archive,
	const struct member *member, uint64_t start, uint32_t *crc);

/* The same for the whole file of the archive. */
enum status datacrc_of_file(struct archive *archive, uint32_t *crc);

#endif
