#include "fcgi/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* All rights of Landlock's first version (Linux 5.13): to read, write, execute,
 * create and remove. */
#define ALL_RIGHTS  ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)
#define READ_RIGHTS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_RIGHTS \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG)

int
confine_find(struct confine_user *user, const char *name)
{
	const struct passwd *entry = getpwnam(name);

	if (entry == NULL) {
		errno = EINVAL;
		return -1;
	}
	*user = (struct confine_user){name, entry->pw_uid, entry->pw_gid};
	return 0;
}

const char *
confine_why(int error)
{
	return error == EINVAL ? "there is no such user"
			       : strerrordesc_np(error);
}

int
confine_become(const struct confine_user *user)
{
	if (initgroups(user->name, user->gid) < 0 || setgid(user->gid) < 0 ||
		setuid(user->uid) < 0)
		return -1;
	return 0;
}

#ifdef WWZ_UNCONFINED

int
confine_process(const char *root, const char *const *removable, size_t n,
	const char *writable)
{
	(void)root;
	(void)removable;
	(void)n;
	(void)writable;
	return 0;
}

int
confine_version(void)
{
	return 0;
}

#else

static int
allow(int ruleset, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = rights,
		.parent_fd = open(path, O_PATH | O_CLOEXEC),
	};
	long result;
	int saved;

	if (rule.parent_fd < 0)
		return -1;
	result = syscall(SYS_landlock_add_rule, ruleset,
		LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	saved = errno;
	close(rule.parent_fd);
	errno = saved;
	return result < 0 ? -1 : 0;
}

static int
restrict_to(int ruleset, const char *root, const char *const *removable,
	size_t n, const char *writable)
{
	if (allow(ruleset, root, READ_RIGHTS) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (allow(ruleset, removable[i],
			    LANDLOCK_ACCESS_FS_REMOVE_FILE) < 0)
			return -1;
	}
	if (writable != NULL && allow(ruleset, writable, WRITE_RIGHTS) < 0)
		return -1;
	return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -1 : 0;
}

int
confine_process(const char *root, const char *const *removable, size_t n,
	const char *writable)
{
	struct landlock_ruleset_attr attr = {.handled_access_fs = ALL_RIGHTS};
	long ruleset;
	int result, saved;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -1;
	ruleset = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP || errno == EPERM
			? 0
			: -1;
	result = restrict_to(
		(int)ruleset, root ? root : "/", removable, n, writable);
	saved = errno;
	close((int)ruleset);
	errno = saved;
	return result;
}

int
confine_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
		LANDLOCK_CREATE_RULESET_VERSION);

	return version > 0 ? (int)version : 0;
}

#endif
