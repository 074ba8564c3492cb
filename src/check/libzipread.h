/* The second opinion on an archive's members: that of libzip, which reads the
 * file by itself.  Without libzip (src/without) there is none. */

#ifndef LIBZIPREAD_H
#define LIBZIPREAD_H

#include "archive/archive.h"
#include "base/progress.h"

struct libzipread;

/* Let libzip open the file that archive has open.  NULL when it cannot, and
 * *why says for what reason: NULL when there is no libzip. */
struct libzipread *libzipread_open(
	const struct archive *archive, const char **why);

/* Read the content of member, which is record number i of the directory, from 0
 * on, to its end.  NULL when it is what the directory says, else what is wrong:
 * lent until the next call. */
const char *libzipread_fault(struct libzipread *second, uint64_t i,
	const struct member *member, struct progress *progress);

/* Takes NULL. */
void libzipread_close(struct libzipread *second);

#endif
