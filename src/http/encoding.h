/* Content codings, and the weights that an Accept-Encoding field gives them
 * (RFC 9110, section 12.5.3). */

#ifndef ENCODING_H
#define ENCODING_H

#include "base/str.h"

/* Of codings with equal weights, the last one here is preferred. */
enum coding {
	CODING_IDENTITY,
	CODING_GZIP,
	CODING_ZSTD,
	CODING_BR,
	CODINGS,
	CODING_NONE = CODINGS, /* nothing is acceptable */
};

/* The values of Content-Encoding; identity's is empty. */
extern const struct str encoding_names[CODINGS];

/* The suffixes of the names of files in each coding, such as ".gz"; identity's
 * is empty. */
extern const struct str encoding_suffixes[CODINGS];

/* Why a coding was chosen. */
enum chosen {
	CHOSEN_BY_WEIGHT,   /* it has the highest weight */
	CHOSEN_BY_IF_MATCH, /* If-Match names its entity tag */
	CHOSEN_BY_IF_RANGE, /* If-Range names its entity tag */
	CHOSEN_FOR_RANGE, /* identity, for a range without a tag in If-Range */
};

/* Weights in thousandths; 0 is "not acceptable". */
struct accept {
	uint16_t weight[CODINGS];
};

/* Read a field.  An absent or empty one accepts identity only.  Elements that
 * are not understood are ignored.  Identity is acceptable, as the last choice,
 * unless it is excluded.  Pure. */
struct accept encoding_read(struct str field);

/* The preferred one of the codings available (bits 1 << coding), or
 * CODING_NONE.  Pure. */
enum coding encoding_choose(const struct accept *accept, unsigned available);

#endif
