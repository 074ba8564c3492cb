/* Replaces check/libzipread.c when there is no libzip. */

#include "check/libzipread.h"

struct libzipread *
libzipread_open(const struct archive *archive, const char **why)
{
	(void)archive;
	*why = NULL;
	return NULL;
}

const char *
libzipread_fault(struct libzipread *libzip, uint64_t i,
	const struct member *member, struct progress *progress)
{
	(void)libzip;
	(void)i;
	(void)member;
	(void)progress;
	return NULL;
}

bool
libzipread_supports(const struct member *member)
{
	(void)member;
	return false;
}

void
libzipread_close(struct libzipread *libzip)
{
	(void)libzip;
}
