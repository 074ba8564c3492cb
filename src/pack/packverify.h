/* Reading an archive back before it is trusted: by libzip, which did not write
 * it, and by the index that serves it. */

#ifndef PACKVERIFY_H
#define PACKVERIFY_H

#include "base/fault.h"
#include "base/progress.h"
#include "pack/item.h"

/* This program was built with libzip. */
bool packverify_is_possible(void);

struct verify_file {
	const char *path; /* how to call it */
	int fd;           /* the file, open for reading */
	int directory;    /* where it is called name */
	const char *name;
};

/* The file holds items, all of them and nothing else; every member is read and
 * its CRC-32 compared, by so many threads.  -1 with fault: also when name
 * stands for another file than fd. */
int packverify_archive(const struct verify_file *file,
	const struct items *items, int threads, struct progress *progress,
	struct fault *fault);

#endif
