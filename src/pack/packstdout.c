#include "pack/packstdout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "pack/deflate.h"

enum { BUFFER_SIZE = 1 << 16 };

#define SHOWN STR("standard output")

int
packstdout_open(struct stat *st, struct stat *mine, char path[PATH_MAX],
	struct fault *fault)
{
	const char *directory = getenv("TMPDIR");

	if (directory == NULL || *directory == '\0')
		directory = "/tmp";
	if (isatty(STDOUT_FILENO))
		return fault_file(fault, SHOWN,
			"a terminal: send it to a file or a program");
	if (fstat(STDOUT_FILENO, st) < 0)
		return fault_errno(fault, SHOWN, errno);
	*mine = (struct stat){
		.st_mode = 0600, .st_uid = geteuid(), .st_gid = getegid()};
	if (snprintf(path, PATH_MAX, "%s/wwz", directory) >= PATH_MAX)
		return fault_errno(fault, str_of(directory), ENAMETOOLONG);
	return 0;
}

/* -1 with errno. */
static int
write_all(const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t written = write(STDOUT_FILENO, bytes, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		bytes += written;
		n -= (size_t)written;
	}
	return 0;
}

int
packstdout_copy(int fd, uint64_t size, struct fault *fault)
{
	char buffer[BUFFER_SIZE];

	for (uint64_t at = 0; at < size;) {
		size_t n = size - at < sizeof(buffer) ? (size_t)(size - at)
						      : sizeof(buffer);

		if (interrupt_pending())
			return fault_file(fault, SHOWN, "interrupted");
		if (deflate_read(fd, buffer, n, at) < 0 ||
			write_all(buffer, n) < 0)
			return fault_errno(fault, SHOWN, errno);
		at += n;
	}
	return 0;
}
