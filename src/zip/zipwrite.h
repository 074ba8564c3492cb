/* Headers of a zip file that is written (APPNOTE 6.3).  What the format leaves
 * open is settled here, so that the same content gives the same bytes:
 *
 * - Made by Unix, with mode 0644 (0755 for directories): whose files they are,
 *   and who may read them, does not matter to a web server.  So "\" in a name
 *   is a byte like others, too.
 * - Times are whole seconds, UTC: the extended timestamp (0x5455), modification
 *   only, and the DOS time, rounded down to even seconds.  A time that 32 bits
 *   do not hold is in the DOS time only, which knows 1980 to 2107.
 * - A name with other bytes than ASCII carries the UTF-8 flag when it is valid
 *   UTF-8; when it is not, its bytes are written as they are.
 * - zip64 records are there when a number needs them, and only then.
 * - A member's data are aligned by an extra field in its local header (0xd935,
 *   Android's).  Readers pass over unknown fields; a gap between members would
 *   end the walk of those that read an archive from its beginning. */

#ifndef ZIPWRITE_H
#define ZIPWRITE_H

#include <limits.h>

#include "zip/zipdir.h"

enum {
	ZIPWRITE_NAME_MAX = PATH_MAX + 64,
	ZIPWRITE_LOCAL_MAX = 30 + ZIPWRITE_NAME_MAX + 20 + 9 + 6 + 4096,
};

struct zip_entry {
	struct str name;
	int64_t modified; /* as zipwrite_time gives it */
	uint64_t size, packed, offset;
	uint32_t crc;
	uint16_t method;
};

/* What reading the archive will give for a member of this time. */
int64_t zipwrite_time(int64_t modified);

/* Put the local header that stands at entry->offset into buffer, which has
 * ZIPWRITE_LOCAL_MAX bytes: its size.  That depends on the entry's name, size,
 * modified and offset, not on crc and packed; data behind it start at a
 * multiple of alignment, at most 4,096.  Pure. */
size_t zipwrite_local(unsigned char *buffer, const struct zip_entry *entry,
	unsigned alignment);

/* What alignment the data of entry get. */
unsigned zipwrite_alignment(const struct zip_entry *entry);

/* The size of the local header of entry in the file fd, when it stands there
 * just as zipwrite_local makes it; else 0. */
size_t zipwrite_find_local(
	int fd, const struct zip_entry *entry, unsigned alignment);

/* pwrite(2) of all n bytes.  -1 with errno. */
int zipwrite_bytes(int fd, const void *bytes, size_t n, uint64_t offset);

/* Write n entries, in their order, and the end records at offset: *end is where
 * the file ends.  -1 with errno. */
int zipwrite_directory(int fd, uint64_t offset, const struct zip_entry *entries,
	size_t n, struct str comment, uint64_t *end);

#endif
