/* Run a program, and once, right before its Nth system call that names a file,
 * exchange two names: what somebody can do who may write to their directory, at
 * a moment that is the same each time.
 *
 *	exchange N A B PROGRAM ARGUMENT...
 *
 * Where there is no A yet, B becomes A.  The exit status is the program's; 99
 * when it made fewer such calls than N. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

enum { NONE_LEFT = 99, FAILED = 98 };

/* Calls that find a file by its name, or list names. */
static int
names_a_file(unsigned long long call)
{
	static const long calls[] = {
#ifdef SYS_open
		SYS_open,
		SYS_stat,
		SYS_lstat,
		SYS_access,
		SYS_readlink,
		SYS_unlink,
		SYS_rename,
		SYS_chown,
		SYS_lchown,
		SYS_chmod,
#endif
		SYS_openat,
		SYS_openat2,
		SYS_newfstatat,
		SYS_statx,
		SYS_faccessat,
		SYS_faccessat2,
		SYS_readlinkat,
		SYS_unlinkat,
		SYS_renameat,
		SYS_renameat2,
		SYS_getdents64,
		SYS_fchownat,
		SYS_fchmodat,
		SYS_bind,
		SYS_listen,
		SYS_connect,
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if ((unsigned long long)calls[i] == call)
			return 1;
	}
	return 0;
}

static void
fail(const char *what)
{
	perror(what);
	exit(FAILED);
}

static void
start(char **command)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	execv(command[0], command);
	fail(command[0]);
}

/* Go on to the Nth call: 0, or -1 when the program has ended, with status. */
static int
run_to(pid_t pid, long n, int *status)
{
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
	int signal = 0;

	waitpid(pid, status, 0);
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL, options) < 0)
		fail("ptrace");
	for (;;) {
		struct ptrace_syscall_info info;

		ptrace(PTRACE_SYSCALL, pid, NULL, (long)signal);
		if (waitpid(pid, status, 0) < 0 || !WIFSTOPPED(*status))
			return -1;
		signal = WSTOPSIG(*status);
		if (signal == SIGTRAP)
			signal = 0;
		if (signal != (SIGTRAP | 0x80))
			continue;
		signal = 0;
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <
			0)
			fail("ptrace");
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY &&
			names_a_file(info.entry.nr) && --n == 0)
			return 0;
	}
}

int
main(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc < 5)
		return FAILED;
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0)
		start(argv + 4);
	if (run_to(pid, atol(argv[1]), &status) < 0)
		return NONE_LEFT;
	if (syscall(SYS_renameat2, AT_FDCWD, argv[2], AT_FDCWD, argv[3],
		    1 << 1) < 0 &&
		rename(argv[3], argv[2]) < 0)
		fail("rename");
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : FAILED;
}
