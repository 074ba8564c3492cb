/* What `wwz check` wants to know of a member's bytes. */

#ifndef CHECKMEMBER_H
#define CHECKMEMBER_H

#include "archive/archive.h"
#include "archive/sozip.h"
#include "base/progress.h"

/* Read the content of member, whose data start at offset start, to its end as
 * the server reads it.  false when it is not right, which has been logged. */
bool checkmember_read(struct archive *archive, const struct member *member,
	uint64_t start, struct progress *progress);

/* A stored member would be clearly smaller if it were deflated: so does a part
 * from its middle say. */
bool checkmember_is_compressible(const struct archive *archive,
	const struct member *member, uint64_t start);

/* Each chunk of a deflated member, inflated by itself from where index says,
 * gives its part of the content. */
bool checkmember_has_chunks(const struct archive *archive,
	const struct member *member, uint64_t start, const struct sozip *index);

#endif
