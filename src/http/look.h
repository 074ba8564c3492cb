/* Looks at the first bytes of a member, to find out whether they are text, and
 * in which charset. */

#ifndef LOOK_H
#define LOOK_H

#include "archive/packing.h"

enum {
	LOOK_SIZE = 16 * 1024, /* bytes that are looked at */
};

/* What the bytes are.  The numbers are those noted in the archive. */
enum look {
	LOOK_NOTHING, /* they have not been looked at, or cannot be read here */
	LOOK_UTF8,    /* text in UTF-8, or in ASCII only */
	LOOK_OTHER,   /* text in another charset, which is not known */
	LOOK_NAMED,   /* text that says itself in which other charset it is */
	LOOK_BINARY,
	LOOK_BROKEN, /* cannot be unpacked as its name says */
	LOOK_GZIP,   /* how a file of Unity's is packed */
	LOOK_BROTLI,
};

/* How a content is read. */
struct look_as {
	enum packing packing; /* what is looked at is what is packed in it */
	struct str type;      /* of that */
};

/* Look at bytes, the first ones of a content, of which they are all or
 * LOOK_SIZE (whole is false then).  They are
 * - LOOK_NAMED with a byte order mark of UTF-16 or UTF-32; as text/html with a
 *   <meta> in the first KiB that names a charset other than UTF-8; as text/css
 *   if such an @charset comes first;
 * - LOOK_BINARY if there is a NUL in the first 512 bytes, or if these are not
 *   UTF-8 and have a control character that text does not have;
 * - else LOOK_UTF8 if all of them are; a character that is cut at the end of
 *   them does not count, unless they are whole.
 * type is that of the content.  Pure. */
enum look look_at(struct str bytes, bool whole, struct str type);

/* The same for member, whose data start at start.  It is looked at once: the
 * answer is noted in the archive.  How it is read must be the same each time.
 * STATUS_GO; STATUS_ERROR when it is damaged, which has been logged, if it is
 * not what is packed in it; or STATUS_UNAVAILABLE when memory runs out.  What
 * is packed and cannot be read here is LOOK_NOTHING.  Any thread. */
enum status look_member(struct archive *archive, const struct member *member,
	uint64_t start, const struct look_as *as, enum look *look);

#endif
