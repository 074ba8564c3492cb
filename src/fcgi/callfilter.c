/* The list is short because everything else has been done before: sockets are
 * open, threads run, the user has changed.  The calls on it act on memory, on
 * open descriptors, and on files, which Landlock restricts.
 * tests/e2e/test_confine.py compares the list with what strace sees.
 *
 * Any other call fails with ENOSYS and does not end the process.  The C library
 * of another release may try newer calls first (openat2, statx, clone3), and
 * falls back to older ones; and an omission in this list must not stop the
 * service.  The kernel logs such a call.  Only calls of another architecture
 * end the process: no library makes them, only an attempt to get around the
 * list.
 *
 * The kernel (from 5.11) evaluates the filter once for each number that it
 * always allows, not at each call.  libseccomp would only add the numbers of
 * other architectures, which are not wanted here. */

#include "fcgi/callfilter.h"

#include <assert.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/net.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__) && defined(__LP64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define ARCHITECTURE AUDIT_ARCH_I386
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__arm__) && defined(__ARM_EABI__)
#define ARCHITECTURE AUDIT_ARCH_ARM
#elif defined(__s390x__)
#define ARCHITECTURE AUDIT_ARCH_S390X
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define ARCHITECTURE AUDIT_ARCH_PPC64LE
#endif

#if defined(ARCHITECTURE) && !defined(WWZ_UNCONFINED)

/* The calls, whichever function makes them.  A function may use another call on
 * another processor, or one of two where 64-bit time needs its own. */
static const unsigned allowed[] = {
	/* Connections. */
	SYS_accept4,
	SYS_epoll_ctl,
	SYS_epoll_pwait,
	SYS_recvfrom,
	SYS_sendmsg,
	SYS_sendto,
	SYS_setsockopt,
	SYS_shutdown,
	SYS_ppoll,
#ifdef SYS_epoll_wait
	SYS_epoll_wait,
#endif
#ifdef SYS_poll
	SYS_poll,
#endif
#ifdef SYS_ppoll_time64
	SYS_ppoll_time64,
#endif

	/* Archives, the access log, standard error, the sockets' names. */
	SYS_close,
	SYS_dup3,
	SYS_fstat,
	SYS_fstatfs,
	SYS_openat,
	SYS_openat2,
	SYS_pread64,
	SYS_preadv2,
	SYS_read,
	SYS_statx,
	SYS_unlinkat,
	SYS_write,
#ifdef SYS_newfstatat
	SYS_newfstatat,
#endif
#ifdef SYS_fstatfs64
	SYS_fstatfs64,
#endif
#ifdef SYS_fstat64
	SYS_fstat64,
	SYS_fstatat64,
#endif
#ifdef SYS_unlink
	SYS_unlink,
#endif

	/* Memory; mmap and mprotect are below. */
	SYS_brk,
	SYS_madvise,
	SYS_mremap,
	SYS_munmap,
	SYS_sysinfo,           /* qsort(3) asks for the size of memory, and */
	SYS_sched_getaffinity, /* malloc(3) for the number of processors */
#ifdef __s390x__
	SYS_mmap, /* unchecked: its arguments lie in memory */
#endif

	/* Starting, waiting for and ending threads; see clone below. */
	SYS_exit,
	SYS_exit_group,
	SYS_futex,
	SYS_nanosleep,
	SYS_clock_nanosleep,
	SYS_rseq,
	SYS_set_robust_list,
#ifdef SYS_futex_time64
	SYS_futex_time64,
	SYS_clock_nanosleep_time64,
#endif

	/* Signals; see tgkill below. */
	SYS_getpid,
	SYS_geteuid, /* reopening the access log differs for root */
#ifdef SYS_geteuid32
	SYS_geteuid32,
#endif
	SYS_gettid,
	SYS_restart_syscall,
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
#ifdef SYS_sigreturn
	SYS_sigreturn,
#endif

	/* Random bytes, time where the vDSO does not have it, and the exit. */
	SYS_clock_gettime,
	SYS_getrandom,
	SYS_lseek, /* exit(3), for streams that were read */
#ifdef SYS__llseek
	SYS__llseek,
#endif
#ifdef SYS_clock_gettime64
	SYS_clock_gettime64,
#endif
};

/* Calls allowed only without PROT_EXEC in the third argument, so that written
 * memory is never executed. */
static const unsigned not_executing[] = {
	SYS_mprotect,
#if defined(SYS_mmap2)
	SYS_mmap2,
#elif !defined(__s390x__)
	SYS_mmap,
#endif
};

#ifdef SYS_socketcall
/* Where one call, socketcall(2), stands for all that concern sockets, its first
 * argument must be one of these. */
static const unsigned socket_calls[] = {
	SYS_ACCEPT4,
	SYS_RECV,
	SYS_RECVFROM,
	SYS_SEND,
	SYS_SENDMSG,
	SYS_SENDTO,
	SYS_SETSOCKOPT,
	SYS_SHUTDOWN,
};
#endif

#define COUNT(array)    (sizeof(array) / sizeof((array)[0]))
#define MOST            256 /* instructions */
#define LOAD            (BPF_LD | BPF_W | BPF_ABS)
#define IF_EQUAL(k, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 0, no)
#define RETURN(action)  BPF_STMT(BPF_RET | BPF_K, action)
#define DENY            (SECCOMP_RET_ERRNO | ENOSYS)

/* The offset of the low half of an argument. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define ARGUMENT(i) (offsetof(struct seccomp_data, args[i]) + 4)
#else
#define ARGUMENT(i) (offsetof(struct seccomp_data, args[i]))
#endif

#ifdef __s390x__
#define CLONE_FLAGS ARGUMENT(1)
#else
#define CLONE_FLAGS ARGUMENT(0)
#endif

struct program {
	struct sock_filter code[MOST];
	size_t n;
};

static void
add_code(struct program *program, const struct sock_filter *code, size_t n)
{
	assert(program->n + n <= MOST);
	for (size_t i = 0; i < n; i++)
		program->code[program->n++] = code[i];
}

#define ADD(program, ...)                                            \
	add_code(program, (const struct sock_filter[]){__VA_ARGS__}, \
		COUNT(((const struct sock_filter[]){__VA_ARGS__})))

static void
compile_list(struct program *program)
{
	program->n = 0;
	ADD(program, BPF_STMT(LOAD, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(LOAD, offsetof(struct seccomp_data, nr)));
	for (size_t i = 0; i < COUNT(allowed); i++)
		ADD(program, IF_EQUAL(allowed[i], 1),
			RETURN(SECCOMP_RET_ALLOW));
	for (size_t i = 0; i < COUNT(not_executing); i++)
		ADD(program, IF_EQUAL(not_executing[i], 4),
			BPF_STMT(LOAD, ARGUMENT(2)),
			BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0),
			RETURN(SECCOMP_RET_ALLOW), RETURN(DENY));
	/* A thread.  Without clone3(2), whose arguments lie in memory, the C
	 * library calls this. */
	ADD(program, IF_EQUAL(SYS_clone, 4), BPF_STMT(LOAD, CLONE_FLAGS),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1),
		RETURN(SECCOMP_RET_ALLOW), RETURN(DENY));
	/* A signal to this process: abort(3). */
	ADD(program, IF_EQUAL(SYS_tgkill, 4), BPF_STMT(LOAD, ARGUMENT(0)),
		IF_EQUAL((unsigned)getpid(), 1), RETURN(SECCOMP_RET_ALLOW),
		RETURN(DENY));
#ifdef SYS_socketcall
	ADD(program, IF_EQUAL(SYS_socketcall, 2 + 2 * COUNT(socket_calls)),
		BPF_STMT(LOAD, ARGUMENT(0)));
	for (size_t i = 0; i < COUNT(socket_calls); i++)
		ADD(program, IF_EQUAL(socket_calls[i], 1),
			RETURN(SECCOMP_RET_ALLOW));
	ADD(program, RETURN(DENY));
#endif
	/* The number of unsent bytes in a socket. */
	ADD(program, IF_EQUAL(SYS_ioctl, 3), BPF_STMT(LOAD, ARGUMENT(1)),
		IF_EQUAL(SIOCOUTQ, 1), RETURN(SECCOMP_RET_ALLOW), RETURN(DENY));
}

int
callfilter_install(void)
{
	struct program program;
	struct sock_fprog filter = {.filter = program.code};
	const unsigned flags =
		SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG;
	long result;

	compile_list(&program);
	filter.len = (unsigned short)program.n;
	result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
	if (result > 0) /* the ID of a thread that has a filter of its own */
		errno = EBUSY;
	return result == 0 ? 0 : -1;
}

#else

int
callfilter_install(void)
{
	errno = ENOSYS;
	return -1;
}

#endif
