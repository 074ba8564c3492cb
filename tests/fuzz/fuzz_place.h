/* What the fuzzers share that need a directory of files. */

#ifndef FUZZ_PLACE_H
#define FUZZ_PLACE_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fuzz_file.h"

/* A directory in memory; empty before fuzz_place is called. */
static char fuzz_root[32];

static int
fuzz_remove_one(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
fuzz_remove_place(void)
{
	(void)nftw(fuzz_root, fuzz_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Make the directory; it is removed when the process exits. */
static inline void
fuzz_place(void)
{
	strcpy(fuzz_root, "/dev/shm/wwz-fuzz-XXXXXX");
	if (mkdtemp(fuzz_root) == NULL || atexit(fuzz_remove_place) != 0)
		abort();
}

/* The path of name in the directory. */
struct fuzz_path {
	char p[64];
};

static inline struct fuzz_path
fuzz_path(const char *name)
{
	struct fuzz_path path;

	snprintf(path.p, sizeof(path.p), "%s/%s", fuzz_root, name);
	return path;
}

/* Let a new file of that content, last changed at modified, take the place of
 * what name is. */
static inline void
fuzz_put(const char *name, struct str content, time_t modified)
{
	const struct timespec times[2] = {
		{.tv_sec = modified}, {.tv_sec = modified}};
	struct fuzz_path made = fuzz_path("new"), path = fuzz_path(name);
	int fd = open(made.p, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		abort();
	fuzz_write(fd, content);
	if (futimens(fd, times) < 0 || close(fd) < 0 ||
		rename(made.p, path.p) < 0)
		abort();
}

#endif
