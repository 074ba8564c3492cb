/* For test_confine.py: what code that somebody has brought into the responder
 * would try.  It is preloaded.  Whenever a connection is accepted, each attempt
 * is made; what came of it is written into the file that TRYCALLS names, which
 * the test maps, too: 0, or the errno. */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The order is that of test_confine.py. */
enum {
	EXECVE,
	FORK,
	SOCKET,
	PTRACE,
	KILL,
	CHMOD,
	RENAME,
	SETUID,
	IO_URING,
	MEMFD,
	UNSHARE,
	EXECUTABLE,
	MADE_EXECUTABLE,
	ATTEMPTS
};

static int *results;
static char page[1 << 16] __attribute__((aligned(1 << 16)));

__attribute__((constructor)) static void
open_results(void)
{
	int fd = open(getenv("TRYCALLS"), O_RDWR);

	results = mmap(NULL, ATTEMPTS * sizeof(int), PROT_READ | PROT_WRITE,
		MAP_SHARED, fd, 0);
	close(fd);
	if (results == MAP_FAILED)
		abort();
}

static void
note(int attempt, long result)
{
	results[attempt] = result == -1 ? errno : 0;
}

static void
try_all(void)
{
	char *const none[] = {NULL};
	long child;

	/* With no such file nothing happens if it is allowed. */
	note(EXECVE, syscall(SYS_execve, "", none, none));
	child = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (child == 0)
		_exit(0);
	note(FORK, child);
	note(SOCKET, syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
	note(PTRACE, syscall(SYS_ptrace, -1L, 0L, NULL, NULL));
	note(KILL, syscall(SYS_tgkill, 1, 1, 0));
	note(CHMOD, syscall(SYS_fchmodat, AT_FDCWD, "", 0600));
	note(RENAME, syscall(SYS_renameat2, AT_FDCWD, "", AT_FDCWD, "", 0));
	note(SETUID, syscall(SYS_setuid, geteuid()));
	note(IO_URING, syscall(SYS_io_uring_setup, 0, NULL));
	note(MEMFD, syscall(SYS_memfd_create, "x", 0));
	note(UNSHARE, syscall(SYS_unshare, 0));
	note(EXECUTABLE,
		syscall(SYS_mmap, NULL, sizeof(page), PROT_READ | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L));
	note(MADE_EXECUTABLE,
		mprotect(page, sizeof(page), PROT_READ | PROT_EXEC));
}

int
accept4(int fd, struct sockaddr *address, socklen_t *n, int flags)
{
	int (*real)(int, struct sockaddr *, socklen_t *, int) =
		(__typeof__(real))dlsym(RTLD_NEXT, "accept4");

	try_all();
	return real(fd, address, n, flags);
}
