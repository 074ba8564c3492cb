/* An entry of the central directory: the header of a member there (APPNOTE 6.3,
 * section 4.3.12).  All functions are pure. */

#ifndef ZIPENTRY_H
#define ZIPENTRY_H

#include "base/str.h"

enum zip_method {
	ZIP_STORED = 0,
	ZIP_DEFLATED = 8,
	ZIP_DEFLATE64 = 9,
	ZIP_ZSTD = 93,
};

enum {
	ZIP_ENCRYPTED = 1 << 0,  /* general purpose flags, section 4.4.4 */
	ZIP_DESCRIPTOR = 1 << 3, /* sizes follow the data */
	ZIP_UTF8 = 1 << 11,      /* the name is UTF-8 */
};

/* A member as described by the central directory.  Nothing in it has been
 * checked against the rest of the file. */
struct member {
	struct str name; /* for requests; lent by the zipdir, as recorded is */
	struct str recorded; /* the name of the local header */
	uint64_t size;       /* of the content */
	uint64_t packed;     /* of the data in the archive */
	uint64_t offset;  /* of its local header, from the start of the file */
	int64_t modified; /* seconds since 1970, UTC unless local */
	uint32_t crc;
	uint32_t slot; /* for zipdir_notes, or ZIPDIR_NO_SLOT */
	uint16_t method;
	uint16_t flags;
	uint16_t mode; /* of Unix, with the type; 0: not recorded */
	bool local;    /* modified was recorded in an unknown time zone */
	bool link;     /* a symbolic link, whose content is a path */
};

/* The slot of a member that did not come from zipdir_find. */
#define ZIPDIR_NO_SLOT UINT32_MAX

enum { ZIPENTRY_SIZE = 46 }; /* the part of fixed size */

/* The size of the whole entry, from its first ZIPENTRY_SIZE bytes; 0 when they
 * are not an entry.  The functions below need the whole entry and lend text
 * that lies in it. */
size_t zipentry_size(const unsigned char *entry);

/* The name as recorded, and as requests use it: see zipname_settle, which must
 * have seen the entry. */
struct str zipentry_recorded(const unsigned char *entry);
struct str zipentry_name(const unsigned char *entry);

/* Make name, which lies in entry's name or extra fields, the result of
 * zipentry_name.  Its place and length are stored in two fields of the entry
 * that are not needed: the disk number and the internal attributes. */
void zipentry_set_name(unsigned char *entry, struct str name);

/* Keep a word with an entry, in fields that are not needed: the two versions,
 * and the attributes of MS-DOS.  zipentry_clear_word comes first, in one
 * thread. zipentry_word gives false before a word has been set; it is always
 * the same one.  Any thread. */
void zipentry_clear_word(unsigned char *entry);
void zipentry_set_word(unsigned char *entry, uint32_t word);
bool zipentry_word(const unsigned char *entry, uint32_t *word);

struct str zipentry_extra(const unsigned char *entry);

/* The name is in the character set of names without the UTF-8 flag; else it is
 * UTF-8 as far as it is valid. */
bool zipentry_is_legacy(const unsigned char *entry);

/* Whether the entry is a symbolic link, in the way that Unix systems mark it.
 */
bool zipentry_is_link(const unsigned char *entry);

/* Decode an entry.  prefix is added to the offset. */
void zipentry_read(
	const unsigned char *entry, uint64_t prefix, struct member *member);

/* Sort order, which holds the offsets of n entries in entries, by the names of
 * the entries. */
void zipentry_sort(unsigned char *entries, uint32_t *order, size_t n);

/* name without one slash in front, and then without any "./" in front, as unzip
 * reads it. */
struct str zipentry_plain(struct str name);

/* The reason why no request can name the member called name, since route_find
 * would never give that name; NULL when one can.  Only the name of a directory
 * may end in an empty component.  *hidden becomes true if hiddenname_is name,
 * as far as it was looked at; else it stays.  hidden may be NULL. */
const char *zipentry_unreachable(struct str name, bool *hidden);

/* Update member from extra fields (section 4.5): zip64 sizes and offset, where
 * member's are all ones; and, if member's time is local, a time in UTC, from
 * the extended timestamp or else from NTFS's field. */
void zipentry_read_extra(struct member *member, struct str extra);

#endif
