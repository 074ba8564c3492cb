/* Giving up what the process does not need once its sockets are open. */

#ifndef CONFINE_H
#define CONFINE_H

#include <stddef.h>

/* Become user (a name), with its groups, for good, and hand the n sockets over.
 * -1 with errno; EINVAL when there is no such user. */
int confine_user(const char *user, char *const *sockets, int n);

/* From here on: nothing can be gained by executing a file, no other process may
 * look into this one, and of the file system it can only read what lies below
 * root (NULL: anything), remove files in the n directories given, and make and
 * write files in writable (NULL: nowhere).  What the kernel lacks (Landlock) is
 * left out.  Before threads start.  -1 with errno. */
int confine_process(const char *root, const char *const *removable, size_t n,
	const char *writable);

#endif
