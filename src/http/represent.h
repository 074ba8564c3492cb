/* The representations of a member that an archive can provide (RFC 9110,
 * section 8). */

#ifndef REPRESENT_H
#define REPRESENT_H

#include "archive/unwrap.h"
#include "base/arena.h"
#include "http/encoding.h"
#include "http/site.h"

enum form {
	FORM_CONTENT, /* the member's content */
	FORM_PACKED,  /* its data, unchanged */
	FORM_GZIP,    /* its data between a gzip header and trailer */
	FORM_SUBZIP,  /* the zip file of a directory; no member */
};

struct subzip;

struct representation {
	enum form form;
	const struct subzip *subzip; /* of FORM_SUBZIP; lent */
	struct member member;        /* the one whose bytes are sent */
	uint64_t start;              /* of its data in the file */
	uint64_t size;               /* of what is sent */
	uint32_t data_crc;      /* datacrc_of, unless form is FORM_CONTENT */
	struct str type;        /* Content-Type */
	bool guessed;           /* type comes from the content, not the name */
	enum packing packing;   /* of a coded form that is a file of its own */
	bool unverified;        /* it must be looked through (verify.h) */
	struct str etag;        /* strong, quoted; in the arena */
	struct str disposition; /* Content-Disposition; mostly empty */
};

struct representations {
	bool at_once; /* set by the caller: no work that takes long */
	struct representation of[CODINGS];
	unsigned available; /* bits 1 << coding */
	bool damaged;       /* the member is, as was known before */
	int64_t modified;   /* Last-Modified */
};

/* Find the representations of member.  The entity tag of each is made of the
 * member's CRC-32 and size; of a coded form also of its size and coding and,
 * unless the CRC-32 is that of the coded form itself, as for siblings, of
 * datacrc_of: other bytes have another tag.  (Of data of more than 1 MiB
 * encoded anew to the same size, pieces are compared.)  Nothing else counts, so
 * a tag is the same in all archives and on all hosts.  They are:
 * - its content as identity;
 * - its deflate stream as gzip, or its Zstandard frames as zstd, unchanged,
 *   unless they are known to be odd;
 * - siblings, members of the same name followed by ".gz", ".zst" or ".br", for
 *   codings not found yet; a sibling itself has none;
 * - for packed logs and assets (packedname.h) instead of these: what they hold,
 *   with the type of that, in the coding in which they are packed.
 * Forms that are known to be damaged or no whole streams are left out, so there
 * may be none.  STATUS_GO;
 *   STATUS_UNSUPPORTED when member is encrypted or its method is not supported,
 *   STATUS_ERROR when it is damaged, both logged; STATUS_UNAVAILABLE when
 *   memory runs out; STATUS_LATER if found->at_once and a member has to be
 *   looked at for the first time, which takes long.  Any thread. */
enum status represent(struct representations *found, struct archive *archive,
	const struct member *member, const struct site *site,
	struct arena *arena);

/* Last-Modified of all that archive holds: the file's time.  A member's own may
 * stay when its bytes change, since many builds give all members one date.
 * Never in the future (RFC 9110, section 8.8.2.1). */
int64_t represent_modified(const struct archive *archive);

/* Let browsers save all representations, in a file called name (RFC 6266),
 * which has a plain form for those that do not know the extended one of RFC
 * 8187. */
void represent_to_save(
	struct representations *found, struct str name, struct arena *arena);

/* Let all representations have this type, if it is not empty. */
void represent_as(struct representations *found, struct str type);

/* If the representation in coding is unverified and small, look through it.  If
 * it proves odd or damaged, it is no longer available.  STATUS_GO, or as
 * verify_at_once; with found->at_once STATUS_LATER if that takes long.  Any
 * thread. */
enum status represent_confirm(struct representations *found,
	struct archive *archive, enum coding coding);

/* Log that member is encrypted or that its method is not supported, as
 * represent does itself.  Returns STATUS_UNSUPPORTED. */
enum status represent_unsupported(
	const struct archive *archive, const struct member *member);

/* Log that member has no identity among found, because it is damaged, when no
 * other form is acceptable.  Returns STATUS_ERROR. */
enum status represent_missing(const struct representations *found,
	const struct archive *archive, const struct member *member);

/* How member, whose data start at start, is packed, if it is a file that is
 * sent in its content coding: a packed log or asset, or a sibling. PACKING_NONE
 * if not, or if the first bytes of a log or an asset are not in that coding. */
enum packing represent_packing(
	struct archive *archive, const struct member *member, uint64_t start);

/* The text of a log. */
struct logtext {
	bool at_once;        /* as in struct representations */
	uint64_t start;      /* of the member's data in the file */
	struct wrapping how; /* it is read */
};

/* Find out whether member can be shown as a log, and how.  STATUS_GO if so;
 * STATUS_NOT_FOUND when it is not text, or packed in a way that cannot be read
 * here; other statuses as represent.  Any thread. */
enum status represent_log(struct logtext *text, struct archive *archive,
	const struct member *member, const struct site *site);

#endif
