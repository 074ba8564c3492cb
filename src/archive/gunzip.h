/* What a gzip file among the members holds. */

#ifndef GUNZIP_H
#define GUNZIP_H

#include "archive/source.h"

/* The content of packed, a source of member's bytes that is the result's from
 * then on (RFC 1952; several parts one after another are one content, and what
 * follows them is passed over, as gzip does).  NULL with errno ENOMEM, and
 * packed is closed. */
struct source *gunzip_open(struct source *packed, const struct archive *archive,
	const struct member *member);

#endif
