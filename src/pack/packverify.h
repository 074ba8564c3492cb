/* Reads an archive back before it is trusted: with libzip, which did not write
 * it, and with the index used for serving. */

#ifndef PACKVERIFY_H
#define PACKVERIFY_H

#include "base/fault.h"
#include "base/progress.h"
#include "pack/item.h"

/* Whether this program was built with libzip. */
bool packverify_is_possible(void);

struct verify_file {
	const char *path; /* its name in messages */
	int fd;           /* the file, open for reading */
	int directory;    /* the directory that contains name */
	const char *name;
};

/* Verify that the file holds exactly items.  Every member is read and its
 * CRC-32 compared, by so many threads.  -1 with fault, also when name refers to
 * another file than fd. */
int packverify_archive(const struct verify_file *file,
	const struct items *items, int threads, struct progress *progress,
	struct fault *fault);

#endif
