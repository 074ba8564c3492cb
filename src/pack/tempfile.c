#include "pack/tempfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#define END ".part"

enum { DIGITS = 16 };

static bool
is_leftover(struct str found, struct str name)
{
	return found.n == 1 + name.n + 1 + DIGITS + strlen(END) &&
		found.p[0] == '.' &&
		str_eq(str_slice(found, 1, 1 + name.n), name) &&
		found.p[1 + name.n] == '.' &&
		strspn(found.p + name.n + 2, "0123456789abcdef") == DIGITS &&
		str_ends(found, STR(END));
}

static void
remove_unlocked(int directory, const char *name)
{
	const int how = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	/* NFS needs O_RDWR for locking, but the file may already have the mode
	 * of a read-only archive. */
	int fd = openat(directory, name, O_RDWR | how);

	if (fd < 0)
		fd = openat(directory, name, O_RDONLY | how);
	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		(void)unlinkat(directory, name, 0);
	close(fd);
}

void
tempfile_clear(const struct trail *target)
{
	int fd = openat(
		target->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *found;

	if (directory == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((found = readdir(directory)) != NULL) {
		if (is_leftover(str_of(found->d_name), str_of(target->name)))
			remove_unlocked(fd, found->d_name);
	}
	closedir(directory);
}

/* Take over mode and owner of the file to be replaced, so that the same users
 * can read it.  Without the right to change owners, or where that user is
 * unknown (in a container's namespace), the owner stays the caller. */
static int
take_over(int fd, const struct stat *old)
{
	if (old == NULL)
		return 0;
	if (fchown(fd, old->st_uid, old->st_gid) < 0 && errno != EPERM &&
		errno != EINVAL)
		return -1;
	return fchmod(fd, old->st_mode & 0777);
}

/* If not everybody could read the old file, nobody else may read the new one,
 * not even before it has the old file's mode. */
int
tempfile_open(struct tempfile *file, const struct trail *target,
	const struct stat *old, struct fault *fault)
{
	struct stat st;
	uint64_t random;

	file->target = target;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return fault_errno(fault, str_of(target->path), errno);
	if (snprintf(file->name, sizeof(file->name), ".%s.%016" PRIx64 END,
		    target->name, random) >= (int)sizeof(file->name))
		return fault_errno(fault, str_of(target->path), ENAMETOOLONG);
	file->fd = openat(target->directory, file->name,
		O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, old ? 0600 : 0666);
	if (file->fd < 0)
		return fault_errno(fault, str_of(target->path), errno);
	if (flock(file->fd, LOCK_EX) < 0 || fstat(file->fd, &st) < 0 ||
		take_over(file->fd, old) < 0) {
		fault_errno(fault, str_of(target->path), errno);
		tempfile_discard(file);
		return -1;
	}
	if (st.st_nlink > 0)
		return 0;
	/* Before the file was locked, another process took it for a leftover
	 * and removed it. */
	close(file->fd);
	return tempfile_open(file, target, old, fault);
}

static int
sync_directory(const struct trail *target, struct fault *fault)
{
	int fd = openat(
		target->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = 0;

	/* EINVAL: the file system does not support or need it. */
	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
		result = fault_errno(fault, str_of(target->path), errno);
	if (fd >= 0)
		close(fd);
	return result;
}

int
tempfile_commit(
	struct tempfile *file, struct timespec modified, struct fault *fault)
{
	const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, modified};
	const struct trail *target = file->target;

	if (futimens(file->fd, times) < 0 || fsync(file->fd) < 0 ||
		renameat(target->directory, file->name, target->directory,
			target->name) < 0) {
		fault_errno(fault, str_of(target->path), errno);
		tempfile_discard(file);
		return -1;
	}
	close(file->fd);
	return sync_directory(target, fault);
}

void
tempfile_discard(struct tempfile *file)
{
	int saved = errno;

	(void)unlinkat(file->target->directory, file->name, 0);
	close(file->fd);
	errno = saved;
}
