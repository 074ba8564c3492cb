/* For test_limits.py: an allocator that fails when it is told to.  It is
 * preloaded; the file that FAILMALLOC names, mapped by the test too, tells it
 * which call is to fail. */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A library that ends the process when it has no memory; that there is enough
 * is seen to before it is called. */
#define SPARED "libfcgi"

struct control {
	_Atomic int left; /* calls until one fails; below 1: none does */
	_Atomic int all;  /* not only that one fails, but all from then on */
	_Atomic int failed;
};

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);

static struct control *control;

__attribute__((constructor)) static void
open_control(void)
{
	const char *path = getenv("FAILMALLOC");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map;

	if (fd < 0)
		return;
	map = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED,
		fd, 0);
	close(fd);
	if (map != MAP_FAILED)
		control = map;
}

static int
spared(const void *caller)
{
	Dl_info info;

	return dladdr(caller, &info) != 0 && info.dli_fname != NULL &&
		strstr(info.dli_fname, SPARED) != NULL;
}

/* This call is to fail. */
static int
fails(const void *caller)
{
	int left;

	if (control == NULL || control->left < 1 || spared(caller))
		return 0;
	left = atomic_fetch_sub(&control->left, 1);
	if (left > 1)
		return 0;
	if (control->all)
		control->left = 1;
	control->failed++;
	errno = ENOMEM;
	return 1;
}

void *
malloc(size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL
						  : __libc_calloc(count, size);
}

void *
realloc(void *p, size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL
						  : __libc_realloc(p, size);
}
