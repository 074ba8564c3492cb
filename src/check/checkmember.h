/* Checks of a member's content, for `wwz check`. */

#ifndef CHECKMEMBER_H
#define CHECKMEMBER_H

#include "archive/archive.h"
#include "archive/sozip.h"
#include "base/progress.h"

/* Read the whole content of member, whose data start at offset start, as the
 * server does.  false when it is damaged, which has been logged. */
bool checkmember_read(struct archive *archive, const struct member *member,
	uint64_t start, struct progress *progress);

/* Read the beginning of a sound member into buffer, at most n bytes.  Returns
 * how many; 0 when there is no memory. */
size_t checkmember_start(struct archive *archive, const struct member *member,
	uint64_t start, char *buffer, size_t n);

/* Whether a stored member would be clearly smaller if it were deflated, judging
 * by a sample from its middle. */
bool checkmember_is_compressible(const struct archive *archive,
	const struct member *member, uint64_t start);

/* Whether each chunk of a deflated member, inflated by itself from its offset
 * in index, gives its part of the content. */
bool checkmember_has_chunks(const struct archive *archive,
	const struct member *member, uint64_t start, const struct sozip *index);

#endif
