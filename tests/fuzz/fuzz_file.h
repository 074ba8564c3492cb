/* What the fuzzers share that need a file. */

#ifndef FUZZ_FILE_H
#define FUZZ_FILE_H

#include <sys/mman.h>
#include <unistd.h>

#include "archive/guard.h"
#include "base/log.h"
#include "fuzz.h"

/* Before the first input, with whatever main there is.  What an input can cause
 * is logged below LOG_ERROR, and not to be seen. */
__attribute__((constructor)) static void
fuzz_prepare(void)
{
	log_limit = LOG_ERROR;
	if (guard_install() < 0)
		abort();
}

/* Let the file that fd is open for hold content and nothing else. */
static inline void
fuzz_write(int fd, struct str content)
{
	if (ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)content.n) < 0 ||
		pwrite(fd, content.p, content.n, 0) != (ssize_t)content.n)
		abort();
}

/* A nameless file, open until the end. */
static inline int
fuzz_memory_file(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0)
		abort();
	return fd;
}

#endif
