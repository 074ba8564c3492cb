/* The sources for each way of storing a member.  source_open chooses one. */

#ifndef METHOD_H
#define METHOD_H

#include "archive/source.h"

/* As source_open, for members that are stored, that are deflated, that are
 * Zstandard data, and whose method libzip reads.  The last two always begin at
 * 0.  unzstd_open is for builds with libzstd.  If it notes the member as
 * ARCHIVE_ODD, too, the content is right, but the data are not what browsers
 * read to its end. */
struct source *stored_open(struct archive *archive, const struct member *member,
	uint64_t start, struct position *position);
struct source *inflate_open(struct archive *archive,
	const struct member *member, uint64_t start, struct position *position);
struct source *unzstd_open(const struct archive *archive,
	const struct member *member, uint64_t start);
struct source *unpack_open(const struct archive *archive,
	const struct member *member, uint64_t start);

/* As source_memory. */
uint64_t inflate_memory(void);
uint64_t unzstd_memory(const struct archive *archive,
	const struct member *member, uint64_t start);
uint64_t unpack_memory(void);

#endif
