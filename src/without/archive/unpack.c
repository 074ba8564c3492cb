/* Replaces archive/unpack.c when there is no libzip: members by bzip2 are
 * answered with 501. */

#include <errno.h>

#include "archive/method.h"

struct source *
unpack_open(const struct archive *archive, const struct member *member,
	uint64_t start)
{
	(void)archive;
	(void)member;
	(void)start;
	errno = ENOSYS;
	return NULL;
}

uint64_t
unpack_memory(void)
{
	return 0;
}

bool
unpack_supports(unsigned method)
{
	(void)method;
	return false;
}
