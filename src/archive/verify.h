/* Looks through a member before it is sent in a content coding: its data, if
 * they are deflated or Zstandard, or its content, if that is a compressed file.
 *
 * No response ends as if it were complete before its data were found to be
 * right: one whole stream, whose content, if the data are the member's own, has
 * the size and the CRC-32 that the directory gives.  That is found out once for
 * each member of an open archive and noted in the index; afterwards it only
 * costs looking at a bit.  A small member is looked through before it is
 * answered.  A large one is looked through while it is sent, so that the answer
 * starts at once, and its last bytes wait for the verdict.
 *
 * In all functions packing says how the content is compressed, PACKING_NONE if
 * it is the data that are to be sent.  It must be supported (packing.h), and
 * the same for a member each time. */

#ifndef VERIFY_H
#define VERIFY_H

#include "archive/packing.h"

enum verdict {
	VERDICT_NONE,    /* not looked through yet */
	VERDICT_RIGHT,   /* one whole stream of the right content */
	VERDICT_ODD,     /* the content is right, but no whole stream */
	VERDICT_DAMAGED, /* the content is wrong */
};

enum {
	VERIFY_QUICK_SIZE = 1024 * 1024, /* takes 2 or 3 ms to inflate */
	VERIFY_STEP_SIZE = 16 * 1024,    /* of a buffer on the stack */
};

/* What is known about member.  Any thread. */
enum verdict verify_verdict(const struct archive *archive,
	const struct member *member, enum packing packing);

/* Whether the member is small enough to be looked through at once. */
bool verify_is_quick(const struct member *member);

/* ...but this is long work: ms, or blocks of libzip's methods. */
bool verify_is_long(const struct member *member, enum packing packing);

/* Look through member, whose data start at start, but not through more than
 * most bytes of what a compressed file holds.  STATUS_GO: there is a verdict,
 * or there were more.  STATUS_ERROR: it cannot be read, which has been logged.
 * STATUS_UNAVAILABLE when memory runs out.  Any thread. */
enum status verify_at_once(struct archive *archive, const struct member *member,
	uint64_t start, enum packing packing, uint64_t most);

/* A look through a large member, shared by all who send it meanwhile. */
struct verifier;

/* Get a share of the look through member, whose data start at start.  The
 * caller gives it back by verify_drop, and must hold its share of archive until
 * then.  NULL when memory runs out.  Any thread. */
struct verifier *verify_get(struct archive *archive,
	const struct member *member, uint64_t start, enum packing packing);
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
