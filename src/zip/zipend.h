/* Finding the central directory from the end of a zip file (APPNOTE 6.3,
 * sections 4.3.14 to 4.3.16).  zipdir.h says how doubtful cases are read. */

#ifndef ZIPEND_H
#define ZIPEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zip/zipresult.h"

struct zipend {
	uint64_t start; /* of the central directory in the file */
	uint64_t size;  /* of the central directory; start + size is in the file
			 */
	uint64_t count; /* members, as the end record says */
	uint64_t
		prefix; /* bytes in front of the archive: add them to offsets */
	uint64_t record; /* where that end record lies */
	uint64_t shift;  /* of a zip64 end record from where its locator says */
	bool zip64;      /* count is exact, not modulo 65,536 */
};

/* Fill *end from the file of size bytes that fd is open for; as zipdir_open. */
enum zipdir_result zipend_read(
	struct zipend *end, int fd, uint64_t size, struct zip_fault *fault);

/* How many members there may be in a directory of that size, with that count.
 * Pure. */
uint64_t zipend_members(const struct zipend *end);

/* Check and count the headers in copy, the directory that end tells of: they
 * fill it, and are as many as end says. */
enum zipdir_result zipend_check(const struct zipend *end,
	const unsigned char *copy, uint64_t *count, struct zip_fault *fault);

/* Write what is wrong into fault; always ZIPDIR_DAMAGED. */
enum zipdir_result zip_damaged(struct zip_fault *fault, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Read size bytes at offset.  ZIPDIR_FAILED with errno; ZIPDIR_DAMAGED when the
 * file ends before that. */
enum zipdir_result zip_read(int fd, void *buffer, size_t size, uint64_t offset,
	struct zip_fault *fault);

#endif
