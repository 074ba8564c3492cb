#include "base/readall.h"

#include <errno.h>
#include <unistd.h>

#include "base/blocking.h"

static ssize_t
read_whole(int fd, void *buffer, size_t n, uint64_t offset)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = pread(fd, (char *)buffer + have, n - have,
			(off_t)(offset + have));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

ssize_t
readall(int fd, void *buffer, size_t n, uint64_t offset)
{
	ssize_t got;

	blocking_begin(0);
	got = read_whole(fd, buffer, n, offset);
	blocking_end();
	return got;
}
