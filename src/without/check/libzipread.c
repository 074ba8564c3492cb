/* In place of ../second.c where there is no libzip to link with. */

#include "check/libzipread.h"

struct second *
second_open(const struct archive *archive, const char **why)
{
	(void)archive;
	*why = NULL;
	return NULL;
}

const char *
second_fault(struct second *second, uint64_t i, const struct member *member,
	struct progress *progress)
{
	(void)second;
	(void)i;
	(void)member;
	(void)progress;
	return NULL;
}

void
second_close(struct second *second)
{
	(void)second;
}
