/* Writes the headers of a zip file (APPNOTE 6.3).  Choices that the format
 * leaves open are fixed here, so that the same content gives the same bytes:
 *
 * - Made by Unix, with mode 0644 (0755 for directories) unless an entry has
 *   another one, since owners and permissions do not matter to a web server.
 *   As a consequence, "\" in a name is an ordinary byte.
 * - Times are whole seconds, UTC: the extended timestamp (0x5455), modification
 *   only, and the DOS time, rounded down to even seconds.  A time that does not
 *   fit in 32 bits, or whose zone is not known, is only in the DOS time, which
 *   covers 1980 to 2107.
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
	/* What wwz packs: names, and local headers with an alignment. */
	ZIPWRITE_NAME_MAX = PATH_MAX + 64,
	ZIPWRITE_LOCAL_MAX = 30 + ZIPWRITE_NAME_MAX + 20 + 9 + 6 + 4096,
	/* What the format has room for: names; headers that are not aligned;
	 * comments, as far as they are needed here; and the end records. */
	ZIPWRITE_LONGEST_NAME = UINT16_MAX,
	ZIPWRITE_HEADER_MAX = 46 + ZIPWRITE_LONGEST_NAME + 28 + 9,
	ZIPWRITE_COMMENT_MAX = 256,
	ZIPWRITE_END_MAX = 56 + 20 + 22 + ZIPWRITE_COMMENT_MAX,
};

struct zip_entry {
	struct str name;  /* of ZIPWRITE_LONGEST_NAME bytes at most */
	int64_t modified; /* as zipwrite_time gives it */
	uint64_t size, packed, offset;
	uint32_t crc;
	uint16_t method;
	uint16_t flags; /* that the method has, bits 1 and 2 */
	uint16_t mode;  /* of Unix, with the type; 0: see above */
	bool local;     /* modified is in an unknown time zone */
};

/* The time that a reader of the archive will see for a member of this time. */
int64_t zipwrite_time(int64_t modified);

/* Write the local header for entry->offset into buffer, and return its size.
 * The size depends on the entry's name, times and offset, and on whether a size
 * needs zip64.  The data after the header start at a multiple of alignment,
 * which is at most 4,096.  buffer has ZIPWRITE_LOCAL_MAX bytes for a name of up
 * to ZIPWRITE_NAME_MAX; without an alignment, which is 1, ZIPWRITE_HEADER_MAX
 * for any.  Any thread. */
size_t zipwrite_local(unsigned char *buffer, const struct zip_entry *entry,
	unsigned alignment);

/* Write the header of entry in the central directory into buffer, which has
 * ZIPWRITE_HEADER_MAX bytes, and return its size.  Any thread. */
size_t zipwrite_central(unsigned char *buffer, const struct zip_entry *entry);

/* The sizes of the two headers without an alignment.  Pure. */
size_t zipwrite_local_size(const struct zip_entry *entry);
size_t zipwrite_central_size(const struct zip_entry *entry);

/* Write the end records behind a central directory of n entries that lies at
 * offset and has size bytes, and return how many bytes they are.  buffer has
 * ZIPWRITE_END_MAX bytes.  Pure. */
size_t zipwrite_end(unsigned char *buffer, uint64_t offset, uint64_t size,
	uint64_t n, struct str comment);

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
