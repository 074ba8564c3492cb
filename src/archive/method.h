/* The sources for each way of storing a member.  source_open chooses one. */

#ifndef METHOD_H
#define METHOD_H

#include "archive/source.h"

/* As source_open, for members that are stored, that are deflated, and whose
 * method libzip reads.  The last one always begins at 0. */
struct source *stored_open(struct archive *archive, const struct member *member,
	uint64_t start, struct position *position);
struct source *inflate_open(struct archive *archive,
	const struct member *member, uint64_t start, struct position *position);
struct source *unpack_open(const struct archive *archive,
	const struct member *member, uint64_t start);

/* As source_memory. */
uint64_t inflate_memory(void);
uint64_t unpack_memory(const struct archive *archive,
	const struct member *member, uint64_t start);

#endif
