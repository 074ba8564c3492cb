#include "base/openbelow.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TRIES = 100 };

static void
close_quietly(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

/* For kernels before 5.6, and where a filter forbids openat2: open each
 * component in turn and follow no symbolic link, so that nothing leads out. */
static int
open_by_steps(int dir, const char *rest, int flags)
{
	char *path = strdup(rest), *left, *name, *next;
	int at = dir;

	if (path == NULL)
		return -1;
	name = strtok_r(path, "/", &left);
	for (; name != NULL && at >= 0; name = next) {
		int below = -1;

		next = strtok_r(NULL, "/", &left);
		if (strcmp(name, "..") == 0)
			errno = EXDEV;
		else
			below = openat(at, name,
				(next ? O_PATH | O_DIRECTORY : flags) |
					O_NOFOLLOW | O_CLOEXEC);
		if (at != dir)
			close_quietly(at);
		at = below;
	}
	free(path);
	if (at < 0 && errno == ELOOP)
		errno = EXDEV;
	return at;
}

/* resolve holds further RESOLVE_ flags. */
static int
openat2_below(int dir, const char *rest, int flags, unsigned resolve)
{
	struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve,
	};
	long fd;
	int tries = 0;

	/* EAGAIN: a rename happened while ".." in a link was resolved. */
	do {
		fd = syscall(SYS_openat2, dir, rest, &how, sizeof(how));
	} while (fd < 0 && errno == EAGAIN && ++tries < TRIES);
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return open_by_steps(dir, rest, flags);
	return (int)fd;
}

/* Returns 0 when fd is a regular file, else -1 with errno. */
static int
regular(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	if (S_ISREG(st.st_mode))
		return 0;
	errno = S_ISDIR(st.st_mode)   ? EISDIR
		: S_ISLNK(st.st_mode) ? EXDEV
				      : ENXIO;
	return -1;
}

/* Opening a device or a FIFO can have side effects, so check the type first. */
static int
open_regular(int dir, const char *rest, unsigned resolve)
{
	int look = openat2_below(dir, rest, O_PATH, resolve);
	int fd = -1;

	if (look < 0)
		return -1;
	if (regular(look) == 0)
		fd = openat2_below(
			dir, rest, O_RDONLY | O_NONBLOCK | O_NOCTTY, resolve);
	close_quietly(look);
	/* The file may have been replaced in between. */
	if (fd >= 0 && regular(fd) < 0) {
		close_quietly(fd);
		return -1;
	}
	return fd;
}

int
openbelow_path(const char *root, const char *rest)
{
	int dir, fd;

	if (*rest == '\0') {
		errno = EISDIR;
		return -1;
	}
	dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -1;
	fd = open_regular(dir, rest, 0);
	close_quietly(dir);
	return fd;
}

int
openbelow_file(int top, const char *way)
{
	return open_regular(top, way, RESOLVE_NO_SYMLINKS);
}

int
openbelow_directory(int top, const char *way)
{
	return openat2_below(
		top, way, O_RDONLY | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
}

int
openbelow_look(int top, const char *way)
{
	return openat2_below(
		top, way, O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
}
