/* The rules of _headers: header fields that an archive's author adds to
 * answers.
 *
 * A path (rulepath.h) is followed by lines "Name: value", and "! Name", which
 * removes what came before.  All paths that match count, in the order of the
 * file.  Values of one field are joined with commas (RFC 9110, section 5.3);
 * of a field that takes one value the last counts.
 *
 * Only fields that say something about a representation, how long it may be
 * kept, or what a browser may do with it are allowed (headers.c). */

#ifndef HEADERS_H
#define HEADERS_H

#include "http/response.h"
#include "http/rulelines.h"
#include "http/rulepath.h"

enum {
	HEADERS_OWN_MAX = 64, /* different fields "X-..." in a file */
	HEADERS_FIELDS_MAX = HEADERS_OWN_MAX + 40,
};

struct header_block;
struct header_line;

/* All in an arena. */
struct headers {
	struct header_block *blocks; /* in the order of the file */
	size_t nblocks;
	struct header_line *lines; /* of all blocks */
	size_t nlines;
	struct str own[HEADERS_OWN_MAX]; /* names "X-..." */
	size_t nown;
};

/* The fields for one path. */
struct header_set;

/* Read all lines.  Wrong ones are refused.  What is made lies in the arena of
 * lines, whose text it also needs. */
void headers_read(struct headers *headers, struct rulelines *lines);

/* Find the fields for a path.  They lie in arena; NULL when there are none, or
 * arena fails.  Pure. */
struct header_set *headers_find(const struct headers *headers,
	const struct ruled *ruled, struct arena *arena);

/* The Content-Type; empty if it is not given. */
struct str headers_type(const struct header_set *set);

/* Set the other fields in response, as far as they belong to its status: those
 * about the representation to 200 and 206, those for caches to 304, too (RFC
 * 9110, section 15.4.5), and those about what is allowed to all answers. */
void headers_apply(const struct header_set *set, struct response *response);

#endif
