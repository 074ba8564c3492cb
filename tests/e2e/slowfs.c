/* For test_storage.py and the bench: a file system that shows a directory, and
 * does to what lies there as it is told.
 *
 *	slowfs DIRECTORY CONTROL COUNTS MOUNT-POINT
 *
 * Each line of the file CONTROL, which is read at every call, is a call (stat,
 * open, read or flush), how paths of archives begin that it counts for, and
 * what happens:
 *
 *	NUMBER	it takes so many milliseconds, give or take a half: not all that
 *		have begun together end together
 *	-NUMBER	it fails with that error
 *	hang	it lasts as long as the line is there and the caller lives
 *	direct	(of open) the kernel keeps none of the file
 *
 * In COUNTS are two numbers of 64 bits: the calls that wait now, and those that
 * have been answered. */

#define FUSE_USE_VERSION 314
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 2, TEXT_SIZE = 4096, MOST = 256 };

struct counts {
	_Atomic uint64_t waiting, done;
};

static const char *control;
static struct counts *counts;
static int top;

/* The rule for a call on path: milliseconds, or an error below 0. */
enum { NO_RULE = 0, HANG = 1 << 30, DIRECT };

static int
meaning(const char *word)
{
	if (strcmp(word, "hang") == 0)
		return HANG;
	return strcmp(word, "direct") == 0 ? DIRECT : atoi(word);
}

static int
rule_for(const char *call, const char *path)
{
	char text[TEXT_SIZE + 1], one[16], begin[256], what[16];
	int fd, n, used;
	const char *at = text;

	if (strchr(path, '.') == NULL)
		return NO_RULE;
	fd = open(control, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : (int)read(fd, text, TEXT_SIZE);
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	for (; sscanf(at, "%15s %255s %15s%n", one, begin, what, &used) == 3;
		at += used) {
		if (strcmp(one, call) == 0 &&
			strncmp(path + 1, begin, strlen(begin)) == 0)
			return meaning(what);
	}
	return NO_RULE;
}

static void
rest(int ms)
{
	struct timespec time = {ms / 1000, ms % 1000 * 1000000L};

	nanosleep(&time, NULL);
}

/* Do as the rule says; 0 or the error. */
static int
obey(const char *call, const char *path)
{
	int rule = rule_for(call, path);

	counts->waiting++;
	if (rule > 0 && rule < HANG)
		rest(rule / 2 + rand() % (rule + 1));
	while (rule == HANG && !fuse_interrupted()) {
		rest(TICK_MS);
		rule = rule_for(call, path);
	}
	if (rule == HANG)
		rule = -EINTR;
	counts->waiting--;
	counts->done++;
	return rule < 0 ? rule : 0;
}

static const char *
below(const char *path)
{
	return path[1] ? path + 1 : ".";
}

static int
do_getattr(const char *path, struct stat *st, struct fuse_file_info *file)
{
	int error = obey("stat", path);

	(void)file;
	if (error == 0 &&
		fstatat(top, below(path), st, AT_SYMLINK_NOFOLLOW) < 0)
		error = -errno;
	return error;
}

static int
do_open(const char *path, struct fuse_file_info *file)
{
	int error = obey("open", path);
	int fd = error ? -1 : openat(top, below(path), O_RDONLY | O_CLOEXEC);

	if (error != 0)
		return error;
	if (fd < 0)
		return -errno;
	file->fh = (uint64_t)fd;
	file->direct_io = rule_for("open", path) == DIRECT;
	return 0;
}

static int
do_read(const char *path, char *buffer, size_t n, off_t at,
	struct fuse_file_info *file)
{
	int error = obey("read", path);
	ssize_t got = error ? error : pread((int)file->fh, buffer, n, at);

	return got < 0 && error == 0 ? -errno : (int)got;
}

static int
do_flush(const char *path, struct fuse_file_info *file)
{
	(void)file;
	return obey("flush", path);
}

static int
do_release(const char *path, struct fuse_file_info *file)
{
	(void)path;
	close((int)file->fh);
	return 0;
}

/* What the kernel knows of names and files, it asks for every time.  Without
 * the first line it would read ahead only 12 times at a time. */
static void *
do_init(struct fuse_conn_info *conn, struct fuse_config *config)
{
	conn->max_background = MOST;
	config->entry_timeout = config->attr_timeout = 0;
	config->negative_timeout = 0;
	config->intr = 1; /* fuse_interrupted() tells of those who have gone */
	return NULL;
}

static void
do_nothing(int signal)
{
	(void)signal;
}

static const struct fuse_operations operations = {
	.getattr = do_getattr,
	.open = do_open,
	.read = do_read,
	.flush = do_flush,
	.release = do_release,
	.init = do_init,
};

int
main(int argc, char *argv[])
{
	/* Without root, the responder is the same user. */
	char *others = geteuid() == 0 ? "allow_other" : "default_permissions";
	char *more[] = {argv[0], "-f", "-o", others,
		"-omax_threads=256,max_idle_threads=64", argv[4], NULL};
	/* libfuse sends it to threads whose callers have gone, and catches it
	 * only if it has been told so before do_init. */
	const struct sigaction interrupted = {.sa_handler = do_nothing};
	int fd;

	if (argc != 5)
		return 2;
	sigaction(SIGUSR1, &interrupted, NULL);
	top = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
	control = argv[2];
	fd = open(argv[3], O_RDWR | O_CLOEXEC);
	if (top < 0 || fd < 0)
		return 1;
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED,
		fd, 0);
	if (counts == MAP_FAILED)
		return 1;
	return fuse_main(6, more, &operations, NULL);
}
