/* For test_faults.py: a C library whose system calls fail when they are told
 * to.  It is preloaded.  In the file that FAILSYS names, which the test maps,
 * too, each function that may fail has a slot: there the test says which of its
 * calls fail, and how, and the library counts them. */

#define _GNU_SOURCE

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* As in faults.py. */
struct slot {
	char name[32];
	/* errno; 0: the call takes or gives fewer bytes; HELD: it does not
	 * fail, but waits until the test says otherwise. */
	_Atomic int error;
	int first;  /* of the calls that fail, from 1 on; 0: none does */
	int every;  /* of those from the first on; 0: only the first */
	int chance; /* that any other one fails, in 65,536 */
	unsigned seed;
	_Atomic int calls, failed;
};

#define SLOTS 128
#define HELD  (-1)

static struct slot none, *slots = &none;
static size_t nslots;

__attribute__((constructor)) static void
open_slots(void)
{
	const size_t size = SLOTS * sizeof(*slots);
	const char *path = getenv("FAILSYS");
	int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR) : -1;

	if (fd < 0)
		return;
	slots = (struct slot *)syscall(SYS_mmap, NULL, size,
		PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	syscall(SYS_close, fd);
	if (slots == MAP_FAILED)
		abort();
	nslots = SLOTS;
}

/* That of a function; one that never fails when the test gave it none. */
static struct slot *
slot_of(const char *name)
{
	for (size_t i = 0; i < nslots; i++) {
		if (strcmp(slots[i].name, name) == 0)
			return &slots[i];
	}
	return &none;
}

/* A number that depends on both alone. */
static unsigned
mix(unsigned seed, unsigned n)
{
	unsigned h = (n + 1) * 2654435761u ^ seed * 2246822519u;

	h = (h ^ h >> 15) * 2246822519u;
	return h ^ h >> 13;
}

/* This call is to fail.  errno is set. */
static int
fails(const char *name)
{
	const struct timespec pause = {.tv_nsec = 1000 * 1000};
	struct slot *slot = slot_of(name);
	int n = atomic_fetch_add(&slot->calls, 1) + 1, after = n - slot->first;
	int chosen = slot->first > 0 && after >= 0 &&
		(slot->every > 0 ? after % slot->every == 0 : after == 0);

	if (!chosen && slot->chance > 0)
		chosen = (int)(mix(slot->seed, (unsigned)n) & 0xffff) <
			slot->chance;
	if (!chosen)
		return 0;
	slot->failed++;
	if (slot->error == HELD) {
		while (slot->error == HELD)
			clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
		return 0;
	}
	errno = slot->error;
	return 1;
}

/* Of n bytes, those that a call that falls short takes. */
static size_t
fewer(size_t n)
{
	return n > 1 ? n / 2 : n;
}

/* The function that would have been called. */
static void *
next(const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);

	if (p == NULL)
		abort();
	return p;
}

#define NEXT(name) ((__typeof__(&(name)))next(#name))

/* A function that fails with what the type has for that, or not. */
#define FAILING(type, name, failure, parameters, arguments)       \
	type name parameters                                      \
	{                                                         \
		static __typeof__(&(name)) real;                  \
		if (real == NULL)                                 \
			real = NEXT(name);                        \
		return fails(#name) ? (failure) : real arguments; \
	}
#define FAILS(name, parameters, arguments) \
	FAILING(int, name, -1, parameters, arguments)

/* One that moves bytes, and may move fewer of n. */
#define MOVES(name, parameters, arguments)       \
	ssize_t name parameters                  \
	{                                        \
		static __typeof__(&(name)) real; \
		if (real == NULL)                \
			real = NEXT(name);       \
		if (fails(#name)) {              \
			if (errno != 0)          \
				return -1;       \
			n = fewer(n);            \
		}                                \
		return real arguments;           \
	}

FAILS(accept4, (int fd, struct sockaddr *a, socklen_t *n, int flags),
	(fd, a, n, flags))
FAILS(access, (const char *path, int mode), (path, mode))
FAILS(bind, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n))
FAILS(connect, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n))
FAILS(dup, (int fd), (fd))
FAILS(dup3, (int from, int to, int flags), (from, to, flags))
FAILS(epoll_create1, (int flags), (flags))
FAILS(epoll_ctl, (int epoll, int what, int fd, struct epoll_event *event),
	(epoll, what, fd, event))
FAILS(epoll_wait, (int epoll, struct epoll_event *events, int n, int ms),
	(epoll, events, n, ms))
FAILS(eventfd, (unsigned count, int flags), (count, flags))
FAILS(fchmod, (int fd, mode_t mode), (fd, mode))
FAILS(fchown, (int fd, uid_t u, gid_t g), (fd, u, g))
FAILS(fchownat, (int fd, const char *path, uid_t u, gid_t g, int flags),
	(fd, path, u, g, flags))
FAILS(flock, (int fd, int how), (fd, how))
FAILS(fstat, (int fd, struct stat *st), (fd, st))
FAILS(fstatat, (int fd, const char *path, struct stat *st, int flags),
	(fd, path, st, flags))
FAILS(fsync, (int fd), (fd))
FAILS(ftruncate, (int fd, off_t n), (fd, n))
FAILS(futimens, (int fd, const struct timespec times[2]), (fd, times))
FAILS(getrlimit, (__rlimit_resource_t what, struct rlimit *limit),
	(what, limit))
FAILS(getsockopt, (int fd, int level, int name, void *value, socklen_t *n),
	(fd, level, name, value, n))
FAILS(initgroups, (const char *user, gid_t g), (user, g))
FAILS(listen, (int fd, int n), (fd, n))
FAILS(lstat, (const char *path, struct stat *st), (path, st))
FAILS(madvise, (void *p, size_t n, int advice), (p, n, advice))
FAILS(memfd_create, (const char *name, unsigned flags), (name, flags))
FAILS(munmap, (void *p, size_t n), (p, n))
FAILS(nanosleep, (const struct timespec *time, struct timespec *left),
	(time, left))
FAILS(poll, (struct pollfd * fds, nfds_t n, int ms), (fds, n, ms))
FAILS(renameat, (int d, const char *from, int e, const char *to),
	(d, from, e, to))
FAILS(setgid, (gid_t g), (g))
FAILS(setrlimit, (__rlimit_resource_t what, const struct rlimit *limit),
	(what, limit))
FAILS(setsockopt, (int fd, int level, int name, const void *value, socklen_t n),
	(fd, level, name, value, n))
FAILS(setuid, (uid_t u), (u))
FAILS(shutdown, (int fd, int how), (fd, how))
FAILS(sigaction, (int n, const struct sigaction *a, struct sigaction *old),
	(n, a, old))
FAILS(signalfd, (int fd, const sigset_t *set, int flags), (fd, set, flags))
FAILS(socket, (int domain, int type, int protocol), (domain, type, protocol))
FAILS(socketpair, (int domain, int type, int protocol, int fds[2]),
	(domain, type, protocol, fds))
FAILS(stat, (const char *path, struct stat *st), (path, st))
FAILS(unlink, (const char *path), (path))
FAILS(unlinkat, (int fd, const char *path, int flags), (fd, path, flags))

FAILING(DIR *, fdopendir, NULL, (int fd), (fd))
FAILING(FILE *, fopen, NULL, (const char *path, const char *mode), (path, mode))
FAILING(struct dirent *, readdir, NULL, (DIR * directory), (directory))
FAILING(void *, mmap, MAP_FAILED,
	(void *p, size_t n, int access_, int flags, int fd, off_t at),
	(p, n, access_, flags, fd, at))

/* These return their errno. */
FAILING(int, pthread_create, errno,
	(pthread_t * thread, const pthread_attr_t *attr, void *(*start)(void *),
		void *data),
	(thread, attr, start, data))

MOVES(copy_file_range,
	(int from, off_t *at, int to, off_t *where, size_t n, unsigned flags),
	(from, at, to, where, n, flags))
MOVES(getrandom, (void *p, size_t n, unsigned flags), (p, n, flags))
MOVES(pread, (int fd, void *p, size_t n, off_t at), (fd, p, n, at))

/* The first part is what moves. */
ssize_t
preadv2(int fd, const struct iovec *iov, int count, off_t at, int flags)
{
	static __typeof__(&preadv2) real;
	struct iovec first = iov[0];

	if (real == NULL)
		real = NEXT(preadv2);
	if (!fails("preadv2"))
		return real(fd, iov, count, at, flags);
	if (errno != 0)
		return -1;
	first.iov_len = fewer(first.iov_len);
	return real(fd, &first, 1, at, flags);
}

MOVES(pwrite, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at))
MOVES(read, (int fd, void *p, size_t n), (fd, p, n))
MOVES(readlinkat, (int fd, const char *path, char *p, size_t n),
	(fd, path, p, n))
MOVES(recv, (int fd, void *p, size_t n, int flags), (fd, p, n, flags))
MOVES(send, (int fd, const void *p, size_t n, int flags), (fd, p, n, flags))
MOVES(sendto,
	(int fd, const void *p, size_t n, int flags, const struct sockaddr *a,
		socklen_t size),
	(fd, p, n, flags, a, size))
MOVES(write, (int fd, const void *p, size_t n), (fd, p, n))

/* Whatever it says, the descriptor is closed (close(2)). */
int
close(int fd)
{
	int error = fails("close") ? errno : 0;
	int result = NEXT(close)(fd);

	if (error == 0)
		return result;
	errno = error;
	return -1;
}

/* The first bytes of the message: whole parts, and half of one. */
ssize_t
sendmsg(int fd, const struct msghdr *message, int flags)
{
	struct msghdr part = *message;
	struct iovec iov;

	if (!fails("sendmsg"))
		return NEXT(sendmsg)(fd, message, flags);
	if (errno != 0)
		return -1;
	part.msg_iovlen = (part.msg_iovlen + 1) / 2;
	if (part.msg_iovlen == 1) {
		iov = part.msg_iov[0];
		iov.iov_len = fewer(iov.iov_len);
		part.msg_iov = &iov;
	}
	return NEXT(sendmsg)(fd, &part, flags);
}

static mode_t
mode_of(int flags, va_list args)
{
	return flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

int
open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return fails("open") ? -1 : NEXT(open)(path, flags, mode);
}

int
openat(int fd, const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_of(flags, args);
	va_end(args);
	return fails("openat") ? -1 : NEXT(openat)(fd, path, flags, mode);
}

int
fcntl(int fd, int what, ...)
{
	va_list args;
	void *value;

	va_start(args, what);
	value = va_arg(args, void *);
	va_end(args);
	return fails("fcntl") ? -1 : NEXT(fcntl)(fd, what, value);
}

int
ioctl(int fd, unsigned long what, ...)
{
	va_list args;
	void *value;

	va_start(args, what);
	value = va_arg(args, void *);
	va_end(args);
	return fails("ioctl") ? -1 : NEXT(ioctl)(fd, what, value);
}

int
prctl(int what, ...)
{
	unsigned long a[4];
	va_list args;

	va_start(args, what);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(args, unsigned long);
	va_end(args);
	if (fails("prctl"))
		return -1;
	return NEXT(prctl)(what, a[0], a[1], a[2], a[3]);
}

/* Those that have no function of their own. */
static const char *
name_of(long number)
{
	switch (number) {
	case SYS_openat2:
		return "openat2";
	case SYS_seccomp:
		return "seccomp";
	case SYS_landlock_create_ruleset:
	case SYS_landlock_add_rule:
	case SYS_landlock_restrict_self:
		return "landlock";
	default:
		return "";
	}
}

long
syscall(long number, ...)
{
	va_list args;
	long a[6];

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (fails(name_of(number)))
		return -1;
	return NEXT(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* What a compiler makes of calls when it checks them. */

int __openat_2(int fd, const char *path, int flags);
int __open_2(const char *path, int flags);
char *__realpath_chk(const char *path, char *out, size_t room);
ssize_t __read_chk(int fd, void *p, size_t n, size_t room);
ssize_t __pread_chk(int fd, void *p, size_t n, off_t at, size_t room);
ssize_t __recv_chk(int fd, void *p, size_t n, size_t room, int flags);

int
__openat_2(int fd, const char *path, int flags)
{
	return openat(fd, path, flags);
}

int
__open_2(const char *path, int flags)
{
	return open(path, flags);
}

char *
realpath(const char *path, char *out)
{
	return fails("realpath") ? NULL : NEXT(realpath)(path, out);
}

char *
__realpath_chk(const char *path, char *out, size_t room)
{
	(void)room;
	return realpath(path, out);
}

ssize_t
__read_chk(int fd, void *p, size_t n, size_t room)
{
	(void)room;
	return read(fd, p, n);
}

ssize_t
__pread_chk(int fd, void *p, size_t n, off_t at, size_t room)
{
	(void)room;
	return pread(fd, p, n, at);
}

ssize_t
__recv_chk(int fd, void *p, size_t n, size_t room, int flags)
{
	(void)room;
	return recv(fd, p, n, flags);
}

/* With offsets of 64 bits functions have other names; where all are so wide,
 * these mean the same. */
#if __SIZEOF_LONG__ == 8
#define ALSO(other, name) __asm__(".globl " #other "\n.set " #other ", " #name);

ALSO(__open64_2, __open_2)
ALSO(__openat64_2, __openat_2)
ALSO(__pread64_chk, __pread_chk)
ALSO(fcntl64, fcntl)
ALSO(fopen64, fopen)
ALSO(fstat64, fstat)
ALSO(fstatat64, fstatat)
ALSO(ftruncate64, ftruncate)
ALSO(getrlimit64, getrlimit)
ALSO(lstat64, lstat)
ALSO(mmap64, mmap)
ALSO(open64, open)
ALSO(openat64, openat)
ALSO(pread64, pread)
ALSO(preadv64v2, preadv2)
ALSO(pwrite64, pwrite)
ALSO(readdir64, readdir)
ALSO(setrlimit64, setrlimit)
ALSO(stat64, stat)
#endif
