/* The index that allows a deflated member to be read from the middle (SOZip
 * 0.5.0).  It says where in the data each chunk of the content starts.  The
 * index of "a/b" lies behind the data of "a/b" as a stored member
 * "a/.b.sozip.idx", which is not in the central directory.  Nothing in it is
 * trusted. */

#ifndef SOZIP_H
#define SOZIP_H

#include "archive/archive.h"

struct sozip {
	uint64_t chunk;  /* bytes of content in each chunk but the last */
	uint64_t count;  /* chunks after the first, each with an offset */
	uint64_t table;  /* where the offsets lie in the file */
	uint64_t packed; /* of the member: all offsets are below this */
};

enum sozip_result {
	SOZIP_FOUND,
	SOZIP_NONE,    /* there is no index */
	SOZIP_DAMAGED, /* there is one, but it is wrong */
};

/* An index in the file begins with its local header, whose size ziplocal_size
 * gives, followed by SOZIP_HEADER_SIZE bytes and then the offsets. */
enum { SOZIP_HEADER_SIZE = 32 };

/* Read local header and index header for member, behind whose data they lie.
 * room is the number of bytes from there to the central directory.
 * index->table is set relative to header.  With SOZIP_DAMAGED, *why says what
 * is wrong.  Pure. */
enum sozip_result sozip_read(struct sozip *index, const unsigned char *header,
	uint64_t room, const struct member *member, const char **why);

/* Find the index of member, which is deflated and whose data start at start, as
 * given by archive_locate.  It lies behind the data and the data descriptor, if
 * there is one.  This takes a few reads, whatever the size of the index; the
 * offsets are not checked.  Any thread. */
enum sozip_result sozip_find(struct sozip *index, const struct archive *archive,
	const struct member *member, uint64_t start, const char **why);

/* Read where in member's data chunk i (0 to index->count) starts.  false when
 * the offset does not lie after that of the chunk before and before the end of
 * the data, or the file has become shorter.  Only inflating shows whether a
 * chunk really starts there.  Any thread. */
bool sozip_offset(const struct sozip *index, const struct archive *archive,
	uint64_t i, uint64_t *offset);

#endif
