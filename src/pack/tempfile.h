/* A temporary file that replaces another one when it is complete.
 *
 * It lies beside the other as ".NAME.<16 digits>.part", and is locked while it
 * is written.  A process that is killed leaves its file behind, unlocked; the
 * next one removes it. */

#ifndef TEMPFILE_H
#define TEMPFILE_H

#include <sys/stat.h>

#include "base/fault.h"
#include "base/trail.h"

struct tempfile {
	int fd;
	const struct trail *target; /* lent by the caller */
	char name[NAME_MAX + 1];    /* in the directory of target */
};

/* Remove the temporary files that killed processes left for target. */
void tempfile_clear(const struct trail *target);

/* Create a file that will replace target.  It gets mode and owner of old, as
 * far as permitted; without old, mode 0666 less the umask.  -1 with fault. */
int tempfile_open(struct tempfile *file, const struct trail *target,
	const struct stat *old, struct fault *fault);

/* Sync the file, set its time to modified and rename it to target.  -1 with
 * fault; target is unchanged then, unless only syncing the directory failed.
 * In any case file is closed and its temporary name is gone. */
int tempfile_commit(
	struct tempfile *file, struct timespec modified, struct fault *fault);

/* Close and remove the file.  Preserves errno. */
void tempfile_discard(struct tempfile *file);

#endif
