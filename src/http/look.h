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
	LOOK_GZIP,   /* a file made by Unity, packed with gzip */
	LOOK_BROTLI,
};

/* What to look at in a member. */
struct look_as {
	enum packing packing; /* if not PACKING_NONE: the content of the
				 compressed file */
	struct str type;      /* the media type of that content */
	bool at_once;         /* not if that takes long */
};

/* Look at bytes, which are the whole of a content, or its first LOOK_SIZE bytes
 * if whole is false.  They are
 * - LOOK_NAMED if they begin with a byte order mark of UTF-16 or UTF-32; if
 *   type is text/html and a <meta> in the first KiB names a charset other than
 *   UTF-8; or if type is text/css and they begin with an @charset that does;
 * - LOOK_BINARY if there is a NUL in the first 512 bytes, or if those are not
 *   UTF-8 and have a control character that text does not have;
 * - else LOOK_UTF8 if all of them are UTF-8 (if whole is false, the last
 *   character may be cut off), and LOOK_OTHER if not.  type is that of the
 *   content.  Pure. */
enum look look_at(struct str bytes, bool whole, struct str type);

/* The same for member, whose data start at start.  It is looked at once: the
 * answer is noted in the archive.  as must be the same each time.  A compressed
 * file that is damaged, or is not what its name says, is LOOK_BROKEN.  What
 * cannot be read here is LOOK_NOTHING.  STATUS_GO; STATUS_ERROR when a member
 * that is not looked at as a compressed file is damaged, which has been logged;
 * STATUS_UNAVAILABLE when memory runs out; or STATUS_LATER if as->at_once and
 * blocks would have to be decompressed.  Any thread. */
enum status look_member(struct archive *archive, const struct member *member,
	uint64_t start, const struct look_as *as, enum look *look);

#endif
