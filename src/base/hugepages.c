#include "base/hugepages.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)
#define PAGE_MAX  ((size_t)64 << 10) /* size of small pages, at most */

/* The number of bytes mapped for size bytes. */
static size_t
mapped(size_t size)
{
	return (size + PAGE_MAX - 1) / PAGE_MAX * PAGE_MAX;
}

/* Map more than needed, and unmap the ends so that the rest begins at a huge
 * page boundary. */
static void *
map(size_t size)
{
	size_t end = mapped(size), before;
	char *p;

	p = mmap(NULL, end + HUGE_PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)p % HUGE_PAGE;
	if (before > 0)
		munmap(p, before);
	munmap(p + before + end, HUGE_PAGE - before);
	/* Leave out the last part, which would not fill a huge page. */
	(void)madvise(p + before, end / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
	return p + before;
}

void *
hugepages_new(size_t size)
{
	/* C allows no larger object, and the size to map must not overflow. */
	if (size > PTRDIFF_MAX) {
		errno = ENOMEM;
		return NULL;
	}
	return size < HUGE_PAGE ? malloc(size) : map(size);
}

void
hugepages_free(void *p, size_t size)
{
	if (size < HUGE_PAGE)
		free(p);
	else if (p != NULL)
		munmap(p, mapped(size));
}
