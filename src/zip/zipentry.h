/* An entry of the central directory: the header that stands there for a member
 * (APPNOTE 6.3, section 4.3.12).  Pure, all of it. */

#ifndef ZIPENTRY_H
#define ZIPENTRY_H

#include "base/str.h"

enum zip_method {
	ZIP_STORED = 0,
	ZIP_DEFLATED = 8,
	ZIP_ZSTD = 93,
};

enum {
	ZIP_ENCRYPTED = 1 << 0,  /* general purpose flags, section 4.4.4 */
	ZIP_DESCRIPTOR = 1 << 3, /* sizes follow the data */
	ZIP_UTF8 = 1 << 11,      /* the name is UTF-8 */
};

/* What the directory says of a member; nothing in it has been checked against
 * the rest of the file yet. */
struct member {
	struct str name;  /* lent by the zipdir */
	uint64_t size;    /* as it comes out */
	uint64_t packed;  /* as it lies in the archive */
	uint64_t offset;  /* of its local header, from the start of the file */
	int64_t modified; /* seconds since 1970, UTC */
	uint32_t crc;
	uint32_t slot; /* for zipdir_notes, or ZIPDIR_NO_SLOT */
	uint16_t method;
	uint16_t flags;
};

/* The slot of a member that zipdir_find does not give. */
#define ZIPDIR_NO_SLOT UINT32_MAX

enum { ZIPENTRY_SIZE = 46 }; /* the part of fixed size */

/* The whole entry's size, from its first ZIPENTRY_SIZE bytes; 0 when they are
 * none.  What follows needs it whole, and lends what lies in it. */
size_t zipentry_size(const unsigned char *entry);

/* Its name as it stands there, and as requests use it: without "./" in front.
 */
struct str zipentry_recorded(const unsigned char *entry);
struct str zipentry_name(const unsigned char *entry);

struct str zipentry_extra(const unsigned char *entry);

/* Its name is in CP437, else in UTF-8 as far as it is valid. */
bool zipentry_is_cp437(const unsigned char *entry);

/* All that it says, offsets with prefix added. */
void zipentry_read(
	const unsigned char *entry, uint64_t prefix, struct member *member);

/* Put n entries, each by its offset in entries, in the order of their names. */
void zipentry_sort(unsigned char *entries, uint32_t *order, size_t n);

/* The name that requests use for the one in a record. */
struct str zipentry_plain(struct str recorded);

/* Why no request can ask for name, NULL when one can: what routes are after
 * normalisation.  Only a directory's name ends in an empty component. */
const char *zipentry_unreachable(struct str name);

/* Take from extra fields (section 4.5) what matters here: zip64 sizes and
 * offset, where member's are all ones, and the extended timestamp. */
void zipentry_read_extra(struct member *member, struct str extra);

#endif
