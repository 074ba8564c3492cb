/* archive, beneath: opening what is below a root, and nothing else; and seeing
 * when it changes. */

#include <errno.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "archive/archive.h"
#include "archive/guard.h"
#include "base/clock.h"
#include "base/openbelow.h"
#include "unit.h"
#include "zipmake.h"

enum { NOBODY = 65534 };

static struct archive *
open_path(const char *rest)
{
	char path[8192];
	struct archive *archive;

	/* cmocka takes SIGBUS for itself at the beginning of each test. */
	assert_int_equal(guard_install(), 0);
	snprintf(path, sizeof(path), "%s//%s", place, rest);
	archive = archive_open(str_of(path), NULL, NULL, false);
	assert_non_null(archive);
	return archive;
}

static void
save(const char *path, const char *content)
{
	struct zipmake z = {0};

	zipmake_add_text(&z, "m", content);
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_save(&z, path);
	zipmake_free(&z);
}

/* While this is not 0, it is what the time is: an age is then exact however
 * long a test takes. */
static time_t stopped;

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	long number = SYS_clock_gettime;

#ifdef SYS_clock_gettime64
	if (sizeof(now->tv_sec) > sizeof(long))
		number = SYS_clock_gettime64;
#endif
	if (clock != CLOCK_REALTIME || stopped == 0)
		return (int)syscall(number, clock, now);
	*now = (struct timespec){stopped, 0};
	return 0;
}

/* Write text to a file that was last changed so many seconds ago. */
static void
save_text(const char *path, const char *text, int age)
{
	struct timespec then = {clock_seconds() - age, 0};
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(
		futimens(fd, (const struct timespec[]){then, then}), 0);
	close(fd);
}

/* "root" with all that can lie in it, and "outside" beside it. */
static int
make_tree(void **state)
{
	struct sockaddr_un address = {AF_UNIX, "root/socket"};
	char absolute[128], inside[128];
	int fd;

	if (place_make(state) < 0)
		return -1;
	log_catch();
	mkdir("root", 0755);
	mkdir("root/dir", 0755);
	mkdir("root/closed", 0700);
	save("root/file", "in");
	save("root/dir/file", "in");
	save("root/closed/file", "in");
	save("root/secret", "in");
	chmod("root/secret", 0600);
	save("outside", "out");
	mkdir("elsewhere", 0755);
	save("elsewhere/file", "out");
	snprintf(absolute, sizeof(absolute), "%s/outside", place);
	snprintf(inside, sizeof(inside), "%s/root/file", place);
	if (symlink("file", "root/link") < 0 ||
		symlink("../outside", "root/link-out") < 0 ||
		symlink(absolute, "root/link-absolute") < 0 ||
		symlink(inside, "root/link-absolute-inside") < 0 ||
		symlink("dir", "root/dir-link") < 0 ||
		symlink("../elsewhere", "root/dir-out") < 0 ||
		symlink("../file", "root/dir/link-up") < 0 ||
		symlink("../../outside", "root/dir/link-up-out") < 0 ||
		symlink("loop", "root/loop") < 0 ||
		symlink("none", "root/dangling") < 0 ||
		mkfifo("root/fifo", 0644) < 0)
		return -1;
	if (mknod("root/null", S_IFCHR | 0666, makedev(1, 3)) < 0 &&
		(errno != EPERM || geteuid() == 0))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	close(fd);
	return 0;
}

/* Without root there is no device to be tried. */
static bool
left_out(const char *name)
{
	if (geteuid() == 0 || strstr(name, "null") == NULL)
		return false;
	print_message("skipped: only root makes devices\n");
	return true;
}

/* beneath */

static const struct {
	const char *root, *rest;
	int want;  /* errno, 0 for a descriptor */
	int steps; /* the same on a kernel without openat2 */
} paths[] = {
	{"root", "file", 0, 0},
	{"root", "dir/file", 0, 0},
	{"root", "./file", 0, 0},
	{"root", "dir//file", 0, 0},
	{"root", "link", 0, EXDEV},
	{"root", "dir-link/file", 0, ENOTDIR},
	{"root", "dir/link-up", 0, EXDEV},
	{"root/dir", "file", 0, 0},
	{"root/dir", "link-up", EXDEV, EXDEV},
	{"root", "link-out", EXDEV, EXDEV},
	{"root", "link-absolute", EXDEV, EXDEV},
	{"root", "link-absolute-inside", EXDEV, EXDEV},
	{"root", "dir-out/file", EXDEV, ENOTDIR},
	{"root", "dir/link-up-out", EXDEV, EXDEV},
	{"root", "../outside", EXDEV, EXDEV},
	{"root", "dir/../../outside", EXDEV, EXDEV},
	{"root", "..", EXDEV, EXDEV},
	{"root", "loop", ELOOP, EXDEV},
	{"root", "dangling", ENOENT, EXDEV},
	{"root", "none", ENOENT, ENOENT},
	{"root", "none/file", ENOENT, ENOENT},
	{"root", "file/x", ENOTDIR, ENOTDIR},
	{"root", "dir", EISDIR, EISDIR},
	{"root", ".", EISDIR, EISDIR},
	{"root", "fifo", ENXIO, ENXIO},
	{"root", "null", ENXIO, ENXIO},
	{"root", "socket", ENXIO, ENXIO},
	{"none", "file", ENOENT, ENOENT},
	{"root/file", "file", ENOTDIR, ENOTDIR},
	{"dangling-root", "file", ENOENT, ENOENT},
};

/* How many descriptors are open. */
static int
count_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static unsigned
check_path(const char *root, const char *rest, int want)
{
	int before = count_descriptors();
	int fd = openbelow_path(root, rest);
	int error = fd < 0 ? errno : 0;
	char magic[4] = "";
	unsigned failed = 0;

	if (error != want) {
		print_error("%s, %s: got \"%s\", want \"%s\"\n", root, rest,
			strerror(error), strerror(want));
		failed = 1;
	} else if (fd >= 0 &&
		(pread(fd, magic, 4, 0) != 4 || memcmp(magic, "PK", 2) != 0 ||
			(fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY ||
			(fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0)) {
		print_error("%s, %s: another descriptor\n", root, rest);
		failed = 1;
	}
	if (fd >= 0)
		close(fd);
	if (count_descriptors() != before) {
		print_error("%s, %s: %d descriptors, were %d\n", root, rest,
			count_descriptors(), before);
		failed = 1;
	}
	return failed;
}

static void
test_paths(void **state)
{
	unsigned failed = 0;

	(void)state;
	emulated("openat2");
	for (size_t i = 0; i < COUNT(paths); i++)
		failed += !left_out(paths[i].rest) &&
			check_path(paths[i].root, paths[i].rest, paths[i].want);
	assert_int_equal(failed, 0);
}

/* Run check in a child process; it returns how much failed. */
static void
in_child(unsigned (*check)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit((int)check());
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* From now on the kernel knows nothing of openat2. */
static int
forbid_openat2(int error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K,
			SECCOMP_RET_ERRNO | ((unsigned)error & 0xffff)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {COUNT(code), code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static unsigned
check_steps(void)
{
	unsigned failed = forbid_openat2(ENOSYS) < 0;

	for (size_t i = 0; i < COUNT(paths); i++)
		failed += !left_out(paths[i].rest) &&
			check_path(
				paths[i].root, paths[i].rest, paths[i].steps);
	return failed;
}

static unsigned
check_forbidden_call(void)
{
	return (forbid_openat2(EPERM) < 0) + check_path("root", "file", 0) +
		check_path("root", "../outside", EXDEV);
}

static void
test_paths_without_openat2(void **state)
{
	(void)state;
	emulated("filter of system calls");
	in_child(check_steps);
	in_child(check_forbidden_call);
}

/* Files of this user, who may not read them all the same; root is nobody. */
static int
give_up_permission(void)
{
	if (chmod("root/secret", 0) < 0 || chmod("root/closed", 0) < 0)
		return -1;
	if (geteuid() == 0 && (setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
		return -1;
	return 0;
}

static void
in_child_without_permission(unsigned (*check)(void))
{
	in_child(check);
	assert_int_equal(chmod("root/secret", 0600), 0);
	assert_int_equal(chmod("root/closed", 0700), 0);
}

static unsigned
check_as_nobody(void)
{
	if (give_up_permission() < 0)
		return 1;
	return check_path("root", "file", 0) +
		check_path("root", "secret", EACCES) +
		check_path("root", "closed/file", EACCES) +
		check_path("root/closed", "file", EACCES);
}

static void
test_paths_without_permission(void **state)
{
	(void)state;
	in_child_without_permission(check_as_nobody);
}

/* archive_open */

static unsigned
check_status(const char *path, enum status want, const char *word)
{
	struct archive *archive;
	const char *log;
	unsigned failed = 0;

	log_take();
	archive = open_path(path);
	log = log_take();
	if (archive->status != want ||
		(want == STATUS_GO ? log[0] != '\0'
				   : strstr(log, word) == NULL)) {
		print_error("%s: got %d, logged \"%s\", want %d, \"%s\"\n",
			path, (int)archive->status, log, (int)want, word);
		failed = 1;
	}
	if (want != STATUS_GO &&
		(archive->fd >= 0 || archive->map || archive->zipdir)) {
		print_error("%s: a failure holds a file\n", path);
		failed = 1;
	}
	archive_drop(archive);
	return failed;
}

static void
test_status(void **state)
{
	static char long_name[5000], long_component[300];
	static const struct {
		const char *path;
		enum status want;
		const char *word;
	} table[] = {
		{"root/file", STATUS_GO, ""},
		{"root/link", STATUS_GO, ""},
		{"root/none", STATUS_NOT_FOUND, "info archive-missing"},
		{"root/file/x", STATUS_NOT_FOUND, "info archive-missing"},
		{"root/dangling", STATUS_NOT_FOUND, "info archive-missing"},
		{long_name, STATUS_NOT_FOUND, "info archive-missing"},
		{long_component, STATUS_NOT_FOUND, "info archive-missing"},
		{"root/dir", STATUS_NOT_FOUND, "warn archive-no-file"},
		{"root/fifo", STATUS_NOT_FOUND, "warn archive-no-file"},
		{"root/null", STATUS_NOT_FOUND, "warn archive-no-file"},
		{"root/socket", STATUS_NOT_FOUND, "warn archive-no-file"},
		{"root/loop", STATUS_FORBIDDEN, "warn archive-outside"},
		{"link-outside", STATUS_FORBIDDEN, "warn archive-outside"},
		{"old", STATUS_ERROR, "warn archive-damaged"},
		{"limit", STATUS_ERROR, "warn archive-damaged"},
		{"young", STATUS_UNAVAILABLE, "warn archive-incomplete"},
		{"future", STATUS_ERROR, "warn archive-damaged"},
		{"empty", STATUS_ERROR, "warn archive-damaged"},
		{"young-empty", STATUS_UNAVAILABLE, "warn archive-incomplete"},
		{"damaged", STATUS_ERROR, "warn archive-damaged"},
	};
	struct zipmake z = {0};
	unsigned failed = 0;

	(void)state;
	emulated("openat2");
	stopped = clock_seconds();
	memset(long_name, 'x', sizeof(long_name) - 1);
	memset(long_component, 'x', sizeof(long_component) - 1);
	assert_int_equal(symlink("/etc/passwd", "link-outside"), 0);
	save_text("old", "PK\3\4", 60);
	save_text("limit", "PK\3\4", 5);
	save_text("future", "PK\3\4", -60);
	save_text("empty", "", 60);
	/* It has an end record: this is no upload under way. */
	zipmake_add_text(&z, "m", "content");
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_set(&z, z.start, 4, 0);
	zipmake_save(&z, "damaged");
	zipmake_free(&z);
	save_text("young", "PK\3\4", 4);
	save_text("young-empty", "", 0);
	for (size_t i = 0; i < COUNT(table); i++)
		failed += !left_out(table[i].path) &&
			check_status(
				table[i].path, table[i].want, table[i].word);
	stopped = 0;
	assert_int_equal(failed, 0);
}

/* Where an address has 32 bits, half of them are all that one object may have:
 * a size that fits into 32 bits, and one of which only the low ones would. */
static void
test_too_large(void **state)
{
	static const int64_t holes[] = {INT64_C(2) << 30, INT64_C(5) << 30};
	bool fits = sizeof(size_t) > 4;
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(holes); i++) {
		struct zipmake z = {0};
		int fd = open("large", O_WRONLY | O_CREAT | O_TRUNC, 0644);

		zipmake_add_text(&z, "m", "content");
		zipmake_finish(&z, ZIP64_NONE, STR(""));
		assert_int_equal(lseek(fd, holes[i], SEEK_SET), holes[i]);
		zipmake_write(&z, fd);
		close(fd);
		zipmake_free(&z);
		failed += check_status("large", fits ? STATUS_GO : STATUS_ERROR,
			fits ? "" : "warn archive-too-large");
	}
	assert_int_equal(failed, 0);
}

static unsigned
check_status_as_nobody(void)
{
	if (give_up_permission() < 0)
		return 1;
	return check_status("root/secret", STATUS_FORBIDDEN,
		       "warn archive-forbidden") +
		check_status("root/closed/file", STATUS_FORBIDDEN,
			"warn archive-forbidden");
}

static void
test_status_without_permission(void **state)
{
	(void)state;
	in_child_without_permission(check_status_as_nobody);
}

/* Out of descriptors it is not the archive's fault. */
static unsigned
check_without_descriptors(void)
{
	const struct rlimit few = {64, 64};

	if (setrlimit(RLIMIT_NOFILE, &few) < 0)
		return 1;
	while (dup(0) >= 0)
		;
	return check_status("root/file", STATUS_UNAVAILABLE, "");
}

static void
test_without_descriptors(void **state)
{
	(void)state;
	in_child(check_without_descriptors);
}

/* Freshness. */

enum change {
	NOTHING,
	TOUCH,
	APPEND,
	SHORTEN,
	OVERWRITE,
	CHMOD,
	REPLACE,
	REMOVE,
	MOVE_AND_BACK,
	MAKE, /* what was missing */
};

static void
do_change(enum change change)
{
	int fd = open(
		"f", O_RDWR | O_CLOEXEC | (change == MAKE ? O_CREAT : 0), 0644);
	struct timespec times[2] = {{1, 0}, {1, 0}};

	switch (change) {
	case NOTHING:
	case MAKE:
		break;
	case TOUCH:
		assert_int_equal(futimens(fd, times), 0);
		break;
	case APPEND:
		assert_int_equal(pwrite(fd, "x", 1, lseek(fd, 0, SEEK_END)), 1);
		break;
	case SHORTEN:
		assert_int_equal(ftruncate(fd, 10), 0);
		break;
	case OVERWRITE:
		assert_int_equal(pwrite(fd, "X", 1, 0), 1);
		break;
	case CHMOD:
		assert_int_equal(fchmod(fd, 0640), 0);
		break;
	case REPLACE:
		save("f", "another");
		break;
	case REMOVE:
		assert_int_equal(unlink("f"), 0);
		break;
	case MOVE_AND_BACK:
		assert_int_equal(rename("f", "g"), 0);
		assert_int_equal(rename("g", "f"), 0);
		break;
	}
	close(fd);
}

/* The file of this name was written, and has changed, some time ago, so that
 * times that count in ticks show another change. */
static void
let_age(void)
{
	struct timespec now;
	struct stat st;

	if (stat("f", &st) < 0)
		return;
	/* The clock that files' times are taken from. */
	do
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	while (now.tv_sec == st.st_ctim.tv_sec &&
		now.tv_nsec == st.st_ctim.tv_nsec);
}

static void
test_freshness(void **state)
{
	static const struct {
		enum change change;
		const char *what;
		bool fresh, intact;
	} table[] = {
		{NOTHING, "nothing", true, true},
		{TOUCH, "touched", false, false},
		{APPEND, "appended to", false, false},
		{SHORTEN, "cut off", false, false},
		{OVERWRITE, "overwritten", false, false},
		{CHMOD, "mode changed", false, true},
		{REPLACE, "replaced", false, true},
		{REMOVE, "removed", false, true},
		{MOVE_AND_BACK, "moved away and back", false, true},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct archive *archive;
		bool fresh, intact;

		save("f", "content");
		let_age();
		archive = open_path("f");
		assert_int_equal(archive->status, STATUS_GO);
		assert_true(archive_is_fresh(archive));
		assert_true(archive_is_intact(archive));
		do_change(table[i].change);
		fresh = archive_is_fresh(archive);
		intact = archive_is_intact(archive);
		if (fresh != table[i].fresh || intact != table[i].intact) {
			print_error("%s: got fresh %d intact %d, want %d %d\n",
				table[i].what, fresh, intact, table[i].fresh,
				table[i].intact);
			failed++;
		}
		archive_drop(archive);
	}
	assert_int_equal(failed, 0);
}

/* A failure is one until the file changes, or a second is over. */
static void
test_freshness_of_failures(void **state)
{
	static const struct {
		const char *text; /* NULL: missing */
		enum change change;
		bool fresh;
	} table[] = {
		{"no zip file", NOTHING, true},
		{"no zip file", TOUCH, false},
		{"no zip file", APPEND, false},
		{"no zip file", REPLACE, false},
		{"no zip file", REMOVE, false},
		{NULL, NOTHING, true},
		{NULL, MAKE, false},
	};
	struct archive *archives[COUNT(table)];
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		bool fresh;

		unlink("f");
		if (table[i].text != NULL)
			save_text("f", table[i].text, 60);
		let_age();
		archives[i] = open_path("f");
		assert_int_not_equal(archives[i]->status, STATUS_GO);
		/* However long the rest takes. */
		archives[i]->opened += 3600 * CLOCK_SECOND;
		assert_true(archive_is_fresh(archives[i]));
		if (table[i].change != NOTHING || table[i].text == NULL)
			do_change(table[i].change);
		fresh = archive_is_fresh(archives[i]);
		if (fresh != table[i].fresh) {
			print_error("case %zu: got %d\n", i, fresh);
			failed++;
		}
	}
	assert_int_equal(failed, 0);
	for (size_t i = 0; i < COUNT(table); i++)
		archive_drop(archives[i]);
	save_text("f", "no zip file", 60);
	archives[0] = open_path("f");
	/* It is remembered for a second, and no longer. */
	archives[0]->opened = clock_ns() - CLOCK_SECOND;
	assert_false(archive_is_fresh(archives[0]));
	archives[0]->opened = clock_ns() + CLOCK_SECOND;
	assert_true(archive_is_fresh(archives[0]));
	archive_drop(archives[0]);
	log_take();
}

/* Members. */

enum { LOCAL = 1, ENTRY = 2, BOTH = 3 };

static void
test_locate(void **state)
{
	static const struct {
		const char *what;
		bool descriptor, zip64;
		unsigned method;
		/* A field of these headers is given another value, or so much
		 * more. */
		int headers;
		unsigned local_field, entry_field;
		int n;
		uint64_t value;
		bool add;
		const char *why; /* in the log; NULL: it is right */
	} table[] = {
		{"unchanged", 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL},
		{"deflated", 0, 0, 8, 0, 0, 0, 0, 0, 0, NULL},
		{"descriptor", true, 0, 0, 0, 0, 0, 0, 0, 0, NULL},
		{"zip64", 0, true, 0, 0, 0, 0, 0, 0, 0, NULL},
		{"zip64, descriptor", true, true, 8, 0, 0, 0, 0, 0, 0, NULL},
		{"signature", 0, 0, 0, LOCAL, 0, 0, 1, 'Q', 0,
			"no local header"},
		{"other name", 0, 0, 0, LOCAL, AT_LOCAL_NAME, 0, 1, 'n', 0,
			"name"},
		{"longer name", 0, 0, 0, LOCAL, AT_LOCAL_NAME_N, 0, 2, 2, 0,
			"name"},
		{"longest name", 0, 0, 0, LOCAL, AT_LOCAL_NAME_N, 0, 2, 65535,
			0, "reach into the central directory"},
		{"longer extra", 0, 0, 0, LOCAL, AT_LOCAL_EXTRA_N, 0, 2, 65535,
			0, "reach into the central directory"},
		{"method", 0, 0, 0, LOCAL, AT_LOCAL_METHOD, 0, 2, 8, 0,
			"method"},
		{"directory's method", 0, 0, 0, ENTRY, 0, AT_ENTRY_METHOD, 2, 8,
			0, "method"},
		{"encrypted", 0, 0, 0, LOCAL, AT_LOCAL_FLAGS, 0, 2, 1, 0,
			"encryption"},
		{"not encrypted", 0, 0, 0, ENTRY, 0, AT_ENTRY_FLAGS, 2, 1, 0,
			"encryption"},
		{"other flags", 0, 0, 0, LOCAL, AT_LOCAL_FLAGS, 0, 2, 0x800, 0,
			NULL},
		{"size", 0, 0, 0, LOCAL, AT_LOCAL_SIZE, 0, 4, 1, true, "size"},
		{"size of 0", 0, 0, 0, LOCAL, AT_LOCAL_SIZE, 0, 4, 0, 0,
			"size"},
		{"size beside a descriptor", true, 0, 0, LOCAL, AT_LOCAL_SIZE,
			0, 4, 1, 0, "size"},
		{"packed", 0, 0, 8, LOCAL, AT_LOCAL_PACKED, 0, 4, 1, true,
			"compressed size"},
		{"packed of 0", 0, 0, 8, LOCAL, AT_LOCAL_PACKED, 0, 4, 0, 0,
			"compressed size"},
		{"packed beside a descriptor", true, 0, 8, LOCAL,
			AT_LOCAL_PACKED, 0, 4, 1, 0, "compressed size"},
		{"up to the directory", 0, 0, 8, BOTH, AT_LOCAL_PACKED,
			AT_ENTRY_PACKED, 4, 100, true, NULL},
		{"into the directory", 0, 0, 8, BOTH, AT_LOCAL_PACKED,
			AT_ENTRY_PACKED, 4, 101, true,
			"reach into the central directory"},
		{"largest packed", 0, 0, 8, BOTH, AT_LOCAL_PACKED,
			AT_ENTRY_PACKED, 4, UINT32_MAX, 0,
			"reach into the central directory"},
		{"stored, sizes differ", 0, 0, 0, BOTH, AT_LOCAL_PACKED,
			AT_ENTRY_PACKED, 4, 1, true, "two sizes differ"},
		{"size that deflate cannot reach", 0, 0, 8, BOTH, AT_LOCAL_SIZE,
			AT_ENTRY_SIZE, 4, UINT32_MAX - 1, 0,
			"more than its data can hold"},
		{"offset one more", 0, 0, 0, ENTRY, 0, AT_ENTRY_OFFSET, 4, 1,
			true, "no local header"},
		{"offset of the directory", 0, 0, 0, ENTRY, 0, AT_ENTRY_OFFSET,
			4, 190, 0, "no room for a local header"},
		{"largest offset", 0, 0, 0, ENTRY, 0, AT_ENTRY_OFFSET, 4,
			UINT32_MAX, 0, "no room for a local header"},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct zipmake z = {0};
		struct archive *archive;
		struct member m;
		enum status got;
		uint64_t start = 0;
		const char *log;
		char behind[100] = "";
		bool wrong;
		size_t at;

		zipmake_bytes(&z, STR("front"));
		zipmake_add(&z,
			&(struct zipmake_member){.name = "m",
				.content = STR("content"),
				.method = table[i].method,
				.local_extra = STR("zz\4\0...."),
				.descriptor = table[i].descriptor,
				.zip64 = table[i].zip64});
		zipmake_bytes(&z, (struct str){behind, sizeof(behind)});
		zipmake_finish(&z, ZIP64_NONE, STR(""));
		at = 5 + table[i].local_field;
		if (table[i].headers & LOCAL)
			zipmake_set(&z, at, table[i].n,
				table[i].value +
					(table[i].add ? zipmake_get(&z, at,
								table[i].n)
						      : 0));
		at = zipmake_entry(&z, 0) + table[i].entry_field;
		if (table[i].headers & ENTRY)
			zipmake_set(&z, at, table[i].n,
				table[i].value +
					(table[i].add ? zipmake_get(&z, at,
								table[i].n)
						      : 0));
		zipmake_save(&z, "f");
		zipmake_free(&z);
		archive = open_path("f");
		assert_int_equal(archive->status, STATUS_GO);
		assert_true(zipdir_find(archive->zipdir, STR("m"), &m));
		log_take();
		got = archive_locate(archive, &m, &start);
		log = log_take();
		if (table[i].why == NULL)
			wrong = got != STATUS_GO || log[0] != '\0' ||
				(table[i].method == ZIP_STORED &&
					memcmp(archive->map + start, "content",
						7) != 0);
		else
			wrong = got != STATUS_ERROR || errno != EILSEQ ||
				strstr(log, table[i].why) == NULL ||
				strstr(log, "member=m ") == NULL;
		if (wrong) {
			print_error("%s: got %d, logged \"%s\", want \"%s\"\n",
				table[i].what, (int)got, log,
				table[i].why ? table[i].why : "");
			failed++;
		}
		/* The second time from memory. */
		assert_int_equal(archive_locate(archive, &m, &start), got);
		archive_drop(archive);
	}
	log_take();
	assert_int_equal(failed, 0);
}

static void
test_locate_in_truncated_file(void **state)
{
	struct archive *archive;
	struct member m;
	uint64_t start;
	char byte;

	(void)state;
	save("f", "content");
	archive = open_path("f");
	assert_true(zipdir_find(archive->zipdir, STR("m"), &m));
	assert_int_equal(archive_read(archive, 0, &byte, 1), 0);
	assert_int_equal(byte, 'P');
	assert_int_equal(truncate("f", 0), 0);
	log_take();
	assert_int_equal(archive_locate(archive, &m, &start), STATUS_ERROR);
	assert_int_equal(errno, EIO);
	assert_non_null(strstr(log_take(), "the file has become shorter"));
	errno = 0;
	assert_int_equal(archive_read(archive, 0, &byte, 1), -1);
	assert_int_equal(errno, EIO);
	/* The directory is a copy. */
	assert_true(zipdir_find(archive->zipdir, STR("m"), &m));
	archive_drop(archive);
}

/* Notes beside the local header's size, which they must not touch. */
static void
test_notes(void **state)
{
	struct archive *archive;
	struct member m;
	uint64_t start, again;

	(void)state;
	save("f", "content");
	archive = open_path("f");
	assert_true(zipdir_find(archive->zipdir, STR("m"), &m));
	assert_int_equal(archive_notes(archive, &m), 0);
	archive_note(archive, &m, ARCHIVE_CHECKED);
	assert_int_equal(archive_locate(archive, &m, &start), STATUS_GO);
	archive_note(
		archive, &m, (unsigned)ARCHIVE_LOOK_MASK << ARCHIVE_LOOK_SHIFT);
	assert_int_equal(archive_notes(archive, &m),
		(unsigned)ARCHIVE_CHECKED |
			(unsigned)ARCHIVE_LOOK_MASK << ARCHIVE_LOOK_SHIFT);
	assert_int_equal(archive_locate(archive, &m, &again), STATUS_GO);
	assert_true(again == start);
	archive_drop(archive);
}

static void
test_walk(void **state)
{
	struct zipdir_walk walk;
	struct archive *archive;
	struct child child;

	(void)state;
	save("f", "content");
	archive = open_path("f");
	assert_int_equal(
		archive_walk(archive, STR("none"), &walk), STATUS_NOT_FOUND);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			archive_walk(archive, STR(""), &walk), STATUS_GO);
		assert_true(zipdir_next(&walk, &child));
		assert_true(str_eq(child.name, STR("m")));
		assert_false(zipdir_next(&walk, &child));
	}
	archive_drop(archive);
}

static void
test_shares(void **state)
{
	struct archive *archive;
	int before;

	(void)state;
	save("f", "content");
	before = count_descriptors();
	archive = open_path("f");
	assert_int_equal(count_descriptors(), before + 1);
	assert_ptr_equal(archive_keep(archive), archive);
	archive_drop(archive);
	assert_int_equal(count_descriptors(), before + 1);
	assert_true(archive_memory(archive) >= zipdir_copied(archive->zipdir) +
			zipdir_indexed(archive->zipdir));
	errno = EXDEV;
	archive_drop(archive);
	archive_drop(NULL);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(count_descriptors(), before);
}

static void
test_rules_are_noticed(void **state)
{
	static const struct {
		const char *name;
		bool ruled;
	} table[] = {
		{"_redirects", true},
		{"_headers", true},
		{"_headers.br", false},
		{"a/_headers", false},
		{"_headers/a", false},
		{"_HEADERS", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct zipmake z = {0};
		struct archive *archive;

		zipmake_add_text(&z, table[i].name, "");
		zipmake_finish(&z, ZIP64_NONE, STR(""));
		zipmake_save(&z, "ruled");
		zipmake_free(&z);
		archive = open_path("ruled");
		assert_int_equal(archive->ruled, table[i].ruled);
		archive_drop(archive);
	}
}

/* What is attached to an archive, and how often it was freed. */
struct attached {
	struct attachment attachment;
	int freed;
};

static void
count_free(struct attachment *attachment)
{
	((struct attached *)attachment)->freed++;
}

/* The first attachment stays until the archive is closed, and takes memory. */
static void
test_attachments(void **state)
{
	struct membercache *membercache = membercache_new(100000);
	struct attached large = {{count_free, 100000}, 0};
	struct attached first = {{count_free, 5000}, 0};
	struct attached second = {{count_free, 6000}, 0};
	struct archive *archive;
	char path[8192];
	uint64_t taken;
	size_t memory;

	(void)state;
	assert_non_null(membercache);
	assert_int_equal(guard_install(), 0);
	save("f", "content");
	snprintf(path, sizeof(path), "%s//f", place);
	archive = archive_open(str_of(path), membercache, NULL, false);
	assert_non_null(archive);
	taken = membercache_taken(membercache);
	memory = archive_memory(archive);
	log_take();
	assert_null(archive_attach(archive, &large.attachment));
	assert_non_null(strstr(log_take(), "archive-unavailable"));
	assert_int_equal(large.freed, 1);
	assert_ptr_equal(
		archive_attach(archive, &first.attachment), &first.attachment);
	assert_int_equal(membercache_taken(membercache), taken + 5000);
	assert_int_equal(archive_memory(archive), memory + 5000);
	assert_ptr_equal(
		archive_attach(archive, &second.attachment), &first.attachment);
	assert_int_equal(second.freed, 1);
	assert_int_equal(membercache_taken(membercache), taken + 5000);
	assert_int_equal(first.freed, 0);
	archive_drop(archive);
	assert_int_equal(first.freed, 1);
	assert_int_equal(membercache_taken(membercache), 0);
	membercache_drop(membercache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_paths_without_openat2),
		cmocka_unit_test(test_paths_without_permission),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_status_without_permission),
		cmocka_unit_test(test_without_descriptors),
		cmocka_unit_test(test_freshness),
		cmocka_unit_test(test_freshness_of_failures),
		cmocka_unit_test(test_locate),
		cmocka_unit_test(test_locate_in_truncated_file),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_rules_are_noticed),
		cmocka_unit_test(test_attachments),
	};

	return cmocka_run_group_tests_name(
		"archive", tests, make_tree, place_remove);
}
