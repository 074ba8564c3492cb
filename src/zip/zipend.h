/* Finding the central directory from the end of a zip file (APPNOTE 6.3,
 * sections 4.3.14 to 4.3.16).  zipdir.h says how doubtful cases are read. */

#ifndef ZIPEND_H
#define ZIPEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "zip/zipresult.h"

struct zipend {
	uint64_t start;  /* of the central directory in the file */
	uint64_t size;   /* of the central directory */
	uint64_t count;  /* members, as the end record says */
	uint64_t prefix; /* bytes before the archive, added to all offsets */
	uint64_t behind; /* bytes behind the archive */
	uint64_t record; /* where the end record lies, which gives count */
	uint64_t shift;  /* from the locator's offset to the zip64 record */
	uint64_t wraps;  /* offsets are modulo 4 GiB: how often, at most */
	bool zip64;      /* count is exact, not modulo 65,536 */
};

/* Fill *end from the file that fd is open for and that has size bytes.  On
 * ZIPDIR_OK start + size lies within the file.  Results as zipdir_open. */
enum zipdir_result zipend_read(
	struct zipend *end, int fd, uint64_t size, struct fault *fault);

/* The most members that a directory of that size and count can have.  Pure. */
uint64_t zipend_members(const struct zipend *end);

/* Check that the headers in copy, the directory described by end, fill it
 * exactly and that their number, *count, is the one recorded. */
enum zipdir_result zipend_check(const struct zipend *end,
	const unsigned char *copy, uint64_t *count, struct fault *fault);

/* Set fault to one sentence that says what is wrong and at which offset of the
 * file.  Always gives ZIPDIR_DAMAGED. */
#define zip_damaged(...) (fault_set(__VA_ARGS__), ZIPDIR_DAMAGED)

/* Read size bytes at offset.  ZIPDIR_FAILED with errno; ZIPDIR_DAMAGED when the
 * file ends before that. */
enum zipdir_result zip_read(int fd, void *buffer, size_t size, uint64_t offset,
	struct fault *fault);

#endif
