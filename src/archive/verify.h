/* Looks through a member's data before they are sent in the coding in which
 * they are stored: deflate as gzip, or Zstandard.
 *
 * No response ends as if it were complete before its data were found to be
 * right: one whole stream, whose content has the size and the CRC-32 that the
 * directory gives.  That is found out once for each member of an open archive
 * and noted in the index; afterwards it only costs looking at a bit.  A small
 * member is looked through before it is answered.  A large one is looked
 * through while it is sent, so that the answer starts at once, and its last
 * bytes wait for the verdict. */

#ifndef VERIFY_H
#define VERIFY_H

#include "archive/source.h"

enum verdict {
	VERDICT_NONE,  /* not looked through yet, or found wrong */
	VERDICT_RIGHT, /* the data are a whole stream of the right content */
	VERDICT_ODD,   /* the content is right, but the stream is not whole */
};

/* What is known about member's data.  Any thread. */
enum verdict verify_verdict(
	const struct archive *archive, const struct member *member);

/* Whether the member is small enough to be looked through at once. */
bool verify_is_quick(const struct member *member);

/* ...but this is long work: ms, or blocks of libzip's methods. */
bool verify_is_long(const struct member *member);

/* Look through the whole of a small member, whose data start at start.
 * STATUS_GO: there is a verdict.  STATUS_ERROR, which has been logged: it is
 * damaged.  STATUS_UNAVAILABLE when memory runs out.  Any thread. */
enum status verify_at_once(
	struct archive *archive, const struct member *member, uint64_t start);

/* A look through a large member, shared by all who send it meanwhile. */
struct verifier;

/* Get a share of the look through member, whose data start at start.  The
 * caller gives it back by verify_drop, and must hold its share of archive until
 * then.  NULL when memory runs out.  Any thread. */
struct verifier *verify_get(
	struct archive *archive, const struct member *member, uint64_t start);
void verify_drop(struct verifier *verifier);

/* Bytes of memory that the verifier takes outside of the membercache, when
 * there was no room for it there; else 0.  Any thread. */
uint64_t verify_memory(const struct verifier *verifier);

/* Do one step, unless the share part / whole of the content has been seen
 * already.  part == whole asks for the verdict.  buffer has n bytes for
 * scratch.  1 when the data are right; 0 when that share has been seen; -1 when
 * they are odd, damaged or cannot be read, which has been logged; SOURCE_LATER
 * after a step, or SOURCE_WAITS while another thread does one.  Any thread. */
int verify_step(struct verifier *verifier, uint64_t part, uint64_t whole,
	char *buffer, size_t n);

#endif
