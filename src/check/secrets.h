/* Members that most likely nobody meant to publish, for `wwz check`. */

#ifndef SECRETS_H
#define SECRETS_H

#include "archive/archive.h"

/* What member, whose data start at offset start, gives away: passwords, by its
 * name; the history of a repository, of which it is the one file that each has;
 * or a private key, by its name and its content.  NULL when it is none of
 * these.  Static. */
const char *secrets_find(
	struct archive *archive, const struct member *member, uint64_t start);

#endif
