#include "tempfile.h"

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

/* Cut path after its last "/": the name; *directory is what stands before. */
static struct str
split(const char *path, char directory[PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		snprintf(directory, PATH_MAX, "./");
	else
		snprintf(directory, PATH_MAX, "%.*s", (int)(slash + 1 - path),
			path);
	return str_of(slash ? slash + 1 : path);
}

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
	/* To lock it NFS wants O_RDWR; it may have the mode of an archive that
	 * nobody is to write. */
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
tempfile_clear(const char *target)
{
	char path[PATH_MAX];
	struct str name = split(target, path);
	DIR *directory = opendir(path);
	const struct dirent *found;

	if (directory == NULL)
		return;
	while ((found = readdir(directory)) != NULL) {
		if (is_leftover(str_of(found->d_name), name))
			remove_unlocked(dirfd(directory), found->d_name);
	}
	closedir(directory);
}

/* Mode and owner are those of the file that is replaced: who could read it
 * can.  Without the right to give files away, or where that user is unknown (a
 * container's namespace), they stay the caller's. */
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

int
tempfile_open(struct tempfile *file, const char *target, const struct stat *old,
	struct fault *fault)
{
	char directory[PATH_MAX];
	struct str name = split(target, directory);
	struct stat st;
	uint64_t random;

	file->target = target;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return fault_errno(fault, str_of(target), errno);
	if (snprintf(file->path, PATH_MAX, "%s.%s.%016" PRIx64 END, directory,
		    name.p, random) >= PATH_MAX)
		return fault_errno(fault, str_of(target), ENAMETOOLONG);
	file->fd =
		open(file->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (file->fd < 0)
		return fault_errno(fault, str_of(file->path), errno);
	if (flock(file->fd, LOCK_EX) < 0 || fstat(file->fd, &st) < 0 ||
		take_over(file->fd, old) < 0) {
		fault_errno(fault, str_of(file->path), errno);
		tempfile_discard(file);
		return -1;
	}
	if (st.st_nlink > 0)
		return 0;
	/* Before it was locked it was taken for a leftover, and removed. */
	close(file->fd);
	return tempfile_open(file, target, old, fault);
}

static int
sync_directory(const char *target, struct fault *fault)
{
	char directory[PATH_MAX];
	int fd, result = 0;

	split(target, directory);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Some file systems cannot, and need not. */
	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
		result = fault_errno(fault, str_of(directory), errno);
	if (fd >= 0)
		close(fd);
	return result;
}

int
tempfile_commit(
	struct tempfile *file, struct timespec modified, struct fault *fault)
{
	const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, modified};

	if (futimens(file->fd, times) < 0 || fsync(file->fd) < 0 ||
		rename(file->path, file->target) < 0) {
		fault_errno(fault, str_of(file->target), errno);
		tempfile_discard(file);
		return -1;
	}
	close(file->fd);
	return sync_directory(file->target, fault);
}

void
tempfile_discard(struct tempfile *file)
{
	int saved = errno;

	(void)unlink(file->path);
	close(file->fd);
	errno = saved;
}
