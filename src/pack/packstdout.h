/* Packing to standard output, which may be a pipe.  Headers are written behind
 * the data that they stand before, so the archive is made in a temporary file,
 * and copied once it has been read back. */

#ifndef PACKSTDOUT_H
#define PACKSTDOUT_H

#include <limits.h>
#include <sys/stat.h>

#include "base/fault.h"

/* Refuse a terminal: -1 with fault.  Else *st describes standard output, *mine
 * is the mode and owner of a file that nobody else may read, and path the name
 * of a file in TMPDIR, or /tmp, that a temporary file may stand for. */
int packstdout_open(struct stat *st, struct stat *mine, char path[PATH_MAX],
	struct fault *fault);

/* Copy a file of size bytes.  -1 with fault, also after a signal. */
int packstdout_copy(int fd, uint64_t size, struct fault *fault);

#endif
