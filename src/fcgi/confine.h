/* Drops the rights that the process does not need once its sockets are open. */

#ifndef CONFINE_H
#define CONFINE_H

#include <stddef.h>
#include <sys/types.h>

struct confine_user {
	const char *name; /* lent by the caller */
	uid_t uid;
	gid_t gid;
};

/* Find the user called name.  -1 with errno, which is EINVAL when there is
 * none. */
int confine_find(struct confine_user *user, const char *name);

/* The words for errno after confine_find and confine_become. */
const char *confine_why(int error);

/* Become user permanently, with that user's groups.  -1 with errno. */
int confine_become(const struct confine_user *user);

/* Restrict this process from now on: executing a file grants no privileges, no
 * other process may trace this one, and in the file system it can only read
 * below root (NULL: anywhere), remove files in the n directories of removable,
 * and create and write files in writable (NULL: nowhere).  A kernel without
 * Landlock does not enforce the part about files.  To be called before threads
 * start.  -1 with errno. */
int confine_process(const char *root, const char *const *removable, size_t n,
	const char *writable);

/* The version of Landlock that the kernel has; 0: none, or one that this build
 * does not use. */
int confine_version(void);

#endif
