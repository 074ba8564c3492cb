/* Giving up what the process does not need once its sockets are open. */

#ifndef CONFINE_H
#define CONFINE_H

#include <stddef.h>
#include <sys/types.h>

struct confine_user {
	const char *name; /* lent by the caller */
	uid_t uid;
	gid_t gid;
};

/* The user called name.  -1 with errno: EINVAL when there is none. */
int confine_find(struct confine_user *user, const char *name);

/* Become user, with its groups, for good.  -1 with errno. */
int confine_become(const struct confine_user *user);

/* From here on: nothing can be gained by executing a file, no other process may
 * look into this one, and of the file system it can only read what lies below
 * root (NULL: anything), remove files in the n directories given, and make and
 * write files in writable (NULL: nowhere).  What the kernel lacks (Landlock) is
 * left out.  Before threads start.  -1 with errno. */
int confine_process(const char *root, const char *const *removable, size_t n,
	const char *writable);

/* The version of Landlock that the kernel has; 0: none, or one that this build
 * does not use. */
int confine_version(void);

#endif
