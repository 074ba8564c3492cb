/* The second opinion on an archive's members: that of libzip, which reads the
 * file by itself.  Without libzip (src/without) there is none. */

#ifndef LIBZIPREAD_H
#define LIBZIPREAD_H

#include "archive/archive.h"
#include "base/progress.h"

struct second;

/* Let libzip open the file that archive has open.  NULL when it cannot, and
 * *why says for what reason: NULL when there is no libzip. */
struct second *second_open(const struct archive *archive, const char **why);

/* Read the content of member, which is record number i of the directory, from 0
 * on, to its end.  NULL when it is what the directory says, else what is wrong:
 * lent until the next call. */
const char *second_fault(struct second *second, uint64_t i,
	const struct member *member, struct progress *progress);

/* Takes NULL. */
void second_close(struct second *second);

#endif
