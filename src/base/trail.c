#include "base/trail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINKS_MAX = 40, OTHERS_WRITE = S_IWGRP | S_IWOTH };

struct walk {
	int at;         /* the current directory */
	struct stat st; /* of it */
	bool of_root;   /* only root can have interfered so far */
	int links;      /* followed */
	bool linked;    /* a link was the last component of a file's path */
	char left[PATH_MAX]; /* the rest of the path */
	char name[NAME_MAX + 1];
};

static void
close_keeping_errno(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
}

/* Make fd the current directory; the walk owns it.  fd may be -1. */
static int
enter(struct walk *walk, int fd)
{
	close_keeping_errno(walk->at);
	walk->at = fd;
	if (fd < 0 || fstat(fd, &walk->st) < 0)
		return -1;
	if (!S_ISDIR(walk->st.st_mode)) {
		errno = ENOTDIR;
		return -1;
	}
	/* In a sticky directory, others cannot replace entries of root. */
	if (walk->st.st_uid != 0 ||
		((walk->st.st_mode & OTHERS_WRITE) != 0 &&
			(walk->st.st_mode & S_ISVTX) == 0))
		walk->of_root = false;
	return 0;
}

static int
begin(struct walk *walk, const char *path)
{
	*walk = (struct walk){.at = -1, .of_root = true};
	if (*path == '\0') {
		errno = ENOENT;
		return -1;
	}
	if (strlen(path) >= sizeof(walk->left)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(walk->left, path);
	return enter(walk,
		open(*path == '/' ? "/" : ".",
			O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/* Cut the next component off the rest.  Returns 1, 0 when there is none, or -1
 * with errno. */
static int
next_name(struct walk *walk)
{
	char *left = walk->left + strspn(walk->left, "/");
	size_t n = strcspn(left, "/");

	if (n == 0)
		return 0;
	if (n > NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(walk->name, left, n);
	walk->name[n] = '\0';
	memmove(walk->left, left + n, strlen(left + n) + 1);
	return 1;
}

/* Put the target of the symbolic link fd before the rest of the path. */
static int
follow_link(struct walk *walk, int fd, uid_t owner)
{
	char text[PATH_MAX], left[PATH_MAX];
	ssize_t n = readlinkat(fd, "", text, sizeof(text) - 1);

	if (n < 0)
		return -1;
	text[n] = '\0';
	errno = owner != 0 && owner != geteuid() ? EPERM
		: ++walk->links > LINKS_MAX      ? ELOOP
						 : 0;
	if (errno != 0)
		return -1;
	if (snprintf(left, sizeof(left), "%s%s", text, walk->left) >=
		(int)sizeof(left)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(walk->left, left);
	if (owner != 0)
		walk->of_root = false;
	return *text == '/'
		? enter(walk, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC))
		: 0;
}

/* Enter the component that was cut off, or follow it if it is a symbolic link.
 * Returns 0; 1 without entering it when it is the last component of a file's
 * path; or -1 with errno. */
static int
trail_step(struct walk *walk, bool to_file)
{
	bool last = to_file && walk->left[0] == '\0';
	int fd = openat(walk->at, walk->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int result;

	if (fd < 0 && last && errno == ENOENT) {
		errno = ENOLINK;
		return walk->linked ? -1 : 1;
	}
	if (fd < 0 || fstat(fd, &st) < 0) {
		close_keeping_errno(fd);
		return -1;
	}
	if (!S_ISLNK(st.st_mode) && !last)
		return enter(walk, fd);
	walk->linked |= last;
	result = S_ISLNK(st.st_mode) ? follow_link(walk, fd, st.st_uid) : 1;
	close_keeping_errno(fd);
	return result;
}

/* Walk to the end of path, or to the directory of its last component. */
static int
go(struct walk *walk, const char *path, bool to_file)
{
	int result = begin(walk, path);

	while (result == 0) {
		result = next_name(walk);
		if (result > 0)
			result = trail_step(walk, to_file);
		else if (result == 0)
			return 0;
	}
	if (result < 0)
		close_keeping_errno(walk->at);
	return result;
}

int
trail_directory(const char *path)
{
	struct walk walk;

	return go(&walk, path, false) < 0 ? -1 : walk.at;
}

int
trail_file(struct trail *trail, const char *path)
{
	struct walk walk;
	int result = go(&walk, path, true);

	if (result < 0)
		return -1;
	if (result == 0) {
		errno = EISDIR;
		close_keeping_errno(walk.at);
		return -1;
	}
	*trail = (struct trail){.path = path,
		.directory = walk.at,
		.of_root = walk.of_root,
		.shared = (walk.st.st_mode & OTHERS_WRITE) != 0};
	strcpy(trail->name, walk.name);
	return 0;
}
