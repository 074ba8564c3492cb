/* Content codings, and what an Accept-Encoding field thinks of them (RFC 9110,
 * section 12.5.3). */

#ifndef ENCODING_H
#define ENCODING_H

#include "base/str.h"

/* The ones preferred among equals come last. */
enum coding {
	CODING_IDENTITY,
	CODING_GZIP,
	CODING_ZSTD,
	CODING_BR,
	CODINGS,
	CODING_NONE = CODINGS, /* nothing is acceptable */
};

/* The names that Content-Encoding uses; identity's is empty. */
extern const struct str encoding_names[CODINGS];

/* Why a coding was chosen. */
enum chosen {
	CHOSEN_BY_WEIGHT,   /* it has the highest one */
	CHOSEN_BY_IF_RANGE, /* which names its entity tag */
	CHOSEN_FOR_RANGE,   /* identity, for If-Range names no entity tag */
};

/* Weights in thousandths; 0 is "not acceptable". */
struct accept {
	uint16_t weight[CODINGS];
};

/* Read a field; an absent or empty one accepts identity alone.  Elements that
 * are not understood are passed over.  Identity is acceptable, as the last
 * choice, unless it is excluded.  Pure. */
struct accept encoding_read(struct str field);

/* The best of the codings available (bits 1 << coding), or CODING_NONE.  Pure.
 */
enum coding encoding_choose(const struct accept *accept, unsigned available);

#endif
