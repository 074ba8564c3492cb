/* The representations that an archive has of a member (RFC 9110, section 8). */

#ifndef REPRESENT_H
#define REPRESENT_H

#include "archive/archive.h"
#include "base/arena.h"
#include "http/encoding.h"
#include "http/site.h"

enum form {
	FORM_CONTENT, /* the member's content */
	FORM_PACKED,  /* its data as they lie in the archive */
	FORM_GZIP,    /* these between a header and a trailer of gzip */
};

struct representation {
	enum form form;
	struct member member;   /* whose bytes are sent */
	uint64_t start;         /* of its data in the file */
	uint64_t size;          /* of what is sent */
	struct str type;        /* Content-Type */
	struct str etag;        /* strong, quoted; in the arena */
	struct str disposition; /* Content-Disposition; mostly empty */
};

struct representations {
	struct representation of[CODINGS];
	unsigned available; /* bits 1 << coding */
	int64_t modified;   /* Last-Modified */
};

/* Find the representations of member:
 * - its content as identity;
 * - its deflate stream as gzip, its Zstandard frame as zstd, as they lie;
 * - siblings, members with ".gz", ".zst" or ".br" behind the name, where there
 *   is no such form yet; not of a member that is one itself;
 * - of "x.log.gz" and "x.txt.gz" the text x.log or x.txt as gzip.
 * STATUS_GO; STATUS_UNSUPPORTED when it is encrypted or by a method that cannot
 * be read, STATUS_ERROR when it is damaged, both logged; STATUS_UNAVAILABLE
 * without memory.  Any thread. */
enum status represent(struct representations *found, struct archive *archive,
	const struct member *member, const struct site *site,
	struct arena *arena);

/* The content of member can be had: it is not encrypted, and by a method that
 * can be read here. */
bool represent_readable(const struct member *member);

/* Log that member is encrypted or by a method that cannot be read here: what
 * represent does, and what is left to do when such a member has a coded form,
 * but the client does not accept it.  STATUS_UNSUPPORTED. */
enum status represent_unsupported(
	const struct archive *archive, const struct member *member);

/* Whether member can be shown as a log: STATUS_GO, and where its data start,
 * and whether they hold a gzip file whose content is the log; STATUS_NOT_FOUND
 * when it is no text; else as represent.  Any thread. */
enum status represent_log(struct archive *archive, const struct member *member,
	uint64_t *start, bool *gzip);

/* The one representation of the archive itself, to be saved under a name made
 * of name, its own.  Status as above. */
enum status represent_archive(struct representations *found,
	const struct archive *archive, struct str name, const struct site *site,
	struct arena *arena);

#endif
