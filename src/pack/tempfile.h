/* A file that takes another one's place when it is whole, and not before.
 *
 * It stands beside the other as ".NAME.<16 digits>.part", and is locked as long
 * as it is written.  Whoever is killed leaves it behind, without the lock; the
 * next one clears it away. */

#ifndef TEMPFILE_H
#define TEMPFILE_H

#include <sys/stat.h>

#include "base/fault.h"
#include "base/trail.h"

struct tempfile {
	int fd;
	const struct trail *target; /* lent by the caller */
	char name[NAME_MAX + 1];    /* in the target's directory */
};

/* Remove what others left behind who wanted to replace target. */
void tempfile_clear(const struct trail *target);

/* Create one that will replace target; it gets mode and owner of old, as far as
 * that is allowed, or without one mode 0666 less the umask.  -1 with fault. */
int tempfile_open(struct tempfile *file, const struct trail *target,
	const struct stat *old, struct fault *fault);

/* Bring it to the disk and put it into target's place; modified becomes its
 * time.  -1 with fault, and target is as it was; but when only the directory
 * could not be brought to the disk, it is replaced.  In any case file is closed
 * and its own name gone. */
int tempfile_commit(
	struct tempfile *file, struct timespec modified, struct fault *fault);

/* Close and remove it.  Keeps errno. */
void tempfile_discard(struct tempfile *file);

#endif
