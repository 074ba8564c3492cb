/* Writes the headers of a zip file (APPNOTE 6.3).  Choices that the format
 * leaves open are fixed here, so that the same content gives the same bytes:
 *
 * - Made by Unix, with mode 0644 (0755 for directories), since owners and
 *   permissions do not matter to a web server.  As a consequence, "\" in a name
 *   is an ordinary byte.
 * - Times are whole seconds, UTC: the extended timestamp (0x5455), modification
 *   only, and the DOS time, rounded down to even seconds.  A time that does not
 *   fit in 32 bits is only in the DOS time, which covers 1980 to 2107.
 * - A name with other bytes than ASCII carries the UTF-8 flag when it is valid
 *   UTF-8; when it is not, its bytes are written as they are.
 * - zip64 records are written only when a number needs them.
 * - A member's data are aligned by an extra field in its local header (0xd935,
 *   Android's).  Readers skip unknown fields, whereas a gap between members
 *   would stop those that read an archive from its beginning. */

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

/* The time that a reader of the archive will see for a member of this time. */
int64_t zipwrite_time(int64_t modified);

/* Write the local header for entry->offset into buffer, which has
 * ZIPWRITE_LOCAL_MAX bytes, and return its size.  The size depends on the
 * entry's name, size, modified and offset, but not on crc and packed.  The data
 * after the header start at a multiple of alignment, which is at most 4,096.
 * Pure. */
size_t zipwrite_local(unsigned char *buffer, const struct zip_entry *entry,
	unsigned alignment);

/* The alignment for the data of entry. */
unsigned zipwrite_alignment(const struct zip_entry *entry);

/* The size of the local header of entry in the file fd, if it is exactly as
 * zipwrite_local would write it; else 0. */
size_t zipwrite_find_local(
	int fd, const struct zip_entry *entry, unsigned alignment);

/* Write all n bytes, as pwrite(2).  -1 with errno. */
int zipwrite_bytes(int fd, const void *bytes, size_t n, uint64_t offset);

/* Write the central directory with n entries, in their order, and the end
 * records at offset.  *end is where the file ends.  -1 with errno. */
int zipwrite_directory(int fd, uint64_t offset, const struct zip_entry *entries,
	size_t n, struct str comment, uint64_t *end);

#endif
