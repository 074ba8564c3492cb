/* The ways of storing a member: what source_open chooses from. */

#ifndef METHOD_H
#define METHOD_H

#include "archive/source.h"

/* As source_open, for members that are stored, deflated, or by a method that
 * libzip reads, which begin at 0 in any case. */
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
