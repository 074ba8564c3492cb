/* The parts that a Range field selects from a body of known size (RFC 9110,
 * section 14). */

#ifndef RANGE_H
#define RANGE_H

#include "base/str.h"

enum { RANGE_NONE = -1 };

/* The bytes from first up to but not including end. */
struct span {
	uint64_t first, end;
};

/* Read field against a body of size bytes into parts, at most max of them, in
 * the order asked, overlapping and adjacent ones joined.  Returns how many, 0
 * when the field is to be ignored (it is not understood, asks for too many
 * parts, or for the end of an empty body), RANGE_NONE when none can be
 * satisfied.  Pure; any thread. */
int range_read(struct str field, uint64_t size, struct span parts[], int max);

#endif
