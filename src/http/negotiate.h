/* Chooses the representation of a member, and whether it is sent whole, in
 * parts or not at all (RFC 9110, sections 12 to 14). */

#ifndef NEGOTIATE_H
#define NEGOTIATE_H

#include "http/range.h"
#include "http/represent.h"
#include "http/request.h"

enum { PARTS_MAX = 32 };

struct negotiation {
	enum status status; /* OK, PARTIAL, NOT_MODIFIED, FAILED_CONDITION,
			     * NOT_ACCEPTABLE, RANGE */
	enum coding coding; /* CODING_NONE with NOT_ACCEPTABLE */
	enum chosen chosen;
	uint16_t weight;              /* of the coding, in thousandths */
	struct span parts[PARTS_MAX]; /* with PARTIAL, in the order asked */
	int nparts;
};

/* Decide how to answer a GET or HEAD.  now is in seconds since 1970.  Pure. */
void negotiate(struct negotiation *result, const struct request *request,
	const struct representations *found, int64_t now);

/* The coding of one of the responder's own pages: gzip, if that is acceptable
 * and not less than identity.  Pure. */
enum coding negotiate_page_coding(const struct request *request);

/* Decide whether such a page is sent in answer to a GET or HEAD.  It has no
 * date.  etag is its entity tag in the coding chosen, empty if it has none.
 * STATUS_GO, STATUS_NOT_MODIFIED or STATUS_FAILED_CONDITION. Pure. */
enum status negotiate_page(const struct request *request, struct str etag);

#endif
