/* Gives a second opinion on an archive's members: reads them with libzip, which
 * opens the file itself.  Without libzip (src/without) there is none. */

#ifndef LIBZIPREAD_H
#define LIBZIPREAD_H

#include "archive/archive.h"
#include "base/progress.h"

struct libzipread;

/* Let libzip open the file of archive.  NULL when it cannot; *why is the
 * reason, or NULL when there is no libzip. */
struct libzipread *libzipread_open(
	const struct archive *archive, const char **why);

/* Whether libzip reads member's method. */
bool libzipread_supports(const struct member *member);

/* Read the whole content of member, which is record number i (from 0) of the
 * central directory.  NULL when it is what the directory says, else what is
 * wrong, lent until the next call. */
const char *libzipread_fault(struct libzipread *libzip, uint64_t i,
	const struct member *member, struct progress *progress);

/* Takes NULL. */
void libzipread_close(struct libzipread *libzip);

#endif
