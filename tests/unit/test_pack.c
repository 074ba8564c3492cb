/* pack: what is packed anew, what is reused, and what happens when it fails. */

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <zip.h>

#include "pack/pack.h"
#include "unit.h"
#include "zipmake.h"

static struct pack_options options;

/* Let path hold text; its time is so many seconds ago. */
static void
save(const char *path, const char *text, int age)
{
	struct timespec then = {time(NULL) - age, 0};
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(
		futimens(fd, (const struct timespec[]){then, then}), 0);
	close(fd);
}

/* Descriptor 1 or 2 while it writes to memory. */
struct output {
	int number, fd, saved;
};

static struct output catch (FILE *stream, int number)
{
	struct output output = {
		number, memfd_create("out", MFD_CLOEXEC), dup(number)};

	fflush(stream);
	assert_true(output.fd >= 0 && output.saved >= 0);
	assert_int_equal(dup2(output.fd, number), number);
	return output;
}

static void
release(struct output *output, FILE *stream, char *text, size_t size)
{
	ssize_t n;

	fflush(stream);
	dup2(output->saved, output->number);
	close(output->saved);
	n = pread(output->fd, text, size - 1, 0);
	assert_true(n >= 0);
	text[n] = '\0';
	close(output->fd);
}

static char out[4096], err[4096];

/* Pack tree into file; what it writes is in out and err.  Returns its status.
 */
static int
run(const char *tree, const char *file)
{
	struct output one = catch (stdout, STDOUT_FILENO);
	struct output two = catch (stderr, STDERR_FILENO);
	int status = pack(tree, file, &options);

	release(&two, stderr, err, sizeof(err));
	release(&one, stdout, out, sizeof(out));
	return status;
}

/* Pack "tree" into "a.wwz"; 0 when it says want, which follows the size. */
static unsigned
packs(const char *what, const char *want)
{
	unsigned failed =
		differ_number(what, "status", run("tree", "a.wwz"), 0);
	const char *said = strrchr(out, ':');

	if (said == NULL || strncmp(said + 2, want, strlen(want)) != 0) {
		print_error("%s: said %s%swant %s\n", what, out, err, want);
		failed++;
	}
	return failed;
}

/* The content of a member as libzip reads it; "" without one. */
static const char *
content_of(const char *name)
{
	static char text[4096];
	zip_t *zip = zip_open("a.wwz", ZIP_RDONLY | ZIP_CHECKCONS, NULL);
	zip_file_t *file = zip ? zip_fopen(zip, name, 0) : NULL;
	zip_int64_t n = file ? zip_fread(file, text, sizeof(text) - 1) : 0;

	assert_non_null(zip);
	assert_true(n >= 0);
	text[n] = '\0';
	if (file != NULL)
		zip_fclose(file);
	zip_discard(zip);
	return text;
}

static off_t
size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : -1;
}

/* The number of names in the current directory but these. */
static int
strangers(void)
{
	struct str known[] = {STR("."), STR(".."), STR("tree"), STR("a.wwz"),
		STR("twin.wwz")};
	DIR *directory = opendir(".");
	struct dirent *entry;
	int n = 0;

	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL) {
		size_t i = 0;

		while (i < COUNT(known) &&
			!str_eq(known[i], str_of(entry->d_name)))
			i++;
		n += i == COUNT(known);
	}
	closedir(directory);
	return n;
}

/* A tree with ten old files of one size each. */
static void
make_tree(void)
{
	char name[32], text[2000];

	assert_int_equal(mkdir("tree", 0755), 0);
	for (int i = 0; i < 10; i++) {
		struct str noise = zipmake_noise(sizeof(text) - 1, (unsigned)i);

		memcpy(text, noise.p, noise.n);
		text[noise.n] = '\0';
		free((char *)(uintptr_t)noise.p);
		snprintf(name, sizeof(name), "tree/%d.txt", i);
		save(name, text, 1000);
	}
}

static void
remove_all(void)
{
	nftw("tree", place_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	unlink("a.wwz");
	unlink("twin.wwz");
}

/* The files have just been made, so that their inodes' time makes pack compare
 * contents: what it says is the same. */
static void
test_again(void **state)
{
	unsigned failed = 0;
	off_t size;

	(void)state;
	make_tree();
	failed += packs("first", "10 packed, 0 kept, 0 removed");
	size = size_of("a.wwz");
	failed += packs("again", "unchanged");
	failed += differ_number("again", "size", size_of("a.wwz"), size);
	save("tree/new.txt", "a new file", 500);
	failed += packs("one more", "1 packed, 10 kept, 0 removed");
	failed += differ(
		"new.txt", str_of(content_of("new.txt")), STR("a new file"));
	save("tree/new.txt", "another file with this name", 400);
	failed += packs("one changed", "1 packed, 10 kept, 0 removed");
	failed += differ("new.txt", str_of(content_of("new.txt")),
		STR("another file with this name"));
	assert_int_equal(unlink("tree/new.txt"), 0);
	failed += packs("one less", "0 packed, 10 kept, 1 removed");
	failed += differ("new.txt", str_of(content_of("new.txt")), STR(""));
	failed += differ_number("left behind", "files", strangers(), 0);
	remove_all();
	assert_int_equal(failed, 0);
}

/* The same size and time, and another content: it was written in the second
 * in which the archive was packed. */
static void
test_same_time(void **state)
{
	unsigned failed = 0;

	(void)state;
	make_tree();
	save("tree/x.txt", "one", 500);
	failed += packs("first", "11 packed");
	save("tree/x.txt", "two", 500);
	failed += packs("again", "1 packed, 10 kept, 0 removed");
	failed += differ("x.txt", str_of(content_of("x.txt")), STR("two"));
	remove_all();
	assert_int_equal(failed, 0);
}

/* When a fifth of the archive would be of no use, all is packed anew, with the
 * same bytes as by a first run. */
static void
test_dead_part(void **state)
{
	unsigned failed = 0;

	(void)state;
	make_tree();
	failed += packs("first", "10 packed");
	assert_int_equal(unlink("tree/4.txt"), 0);
	failed += packs("one gone", "0 packed, 9 kept, 1 removed");
	assert_int_equal(unlink("tree/3.txt"), 0);
	assert_int_equal(unlink("tree/5.txt"), 0);
	failed += packs("three gone", "7 packed, 0 kept, 0 removed");
	failed += differ_number(
		"twin", "status", run("tree", "twin.wwz"), EXIT_SUCCESS);
	failed += differ_number(
		"twin", "size", size_of("twin.wwz"), size_of("a.wwz"));
	remove_all();
	assert_int_equal(failed, 0);
}

static void
test_fresh(void **state)
{
	unsigned failed = 0;

	(void)state;
	make_tree();
	failed += packs("first", "10 packed");
	options.fresh = true;
	failed += packs("fresh", "10 packed, 0 kept, 0 removed");
	options.fresh = false;
	options.seekable = 0;
	failed += packs("other options", "10 packed, 0 kept, 0 removed");
	options.seekable = 1 << 20;
	options.quiet = true;
	failed += differ_number("quiet", "status", run("tree", "a.wwz"), 0);
	failed += differ("quiet", str_of(out), STR(""));
	options.quiet = false;
	failed += packs("loud", "unchanged");
	remove_all();
	assert_int_equal(failed, 0);
}

static void
flip_byte(const char *path, off_t at)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char c;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &c, 1, at), 1);
	c ^= 0x55;
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
	close(fd);
}

/* A reused member that turns out to be damaged: all is packed anew, whether
 * anything else has changed or not. */
static void
test_damaged(void **state)
{
	unsigned failed = 0;

	(void)state;
	make_tree();
	failed += packs("first", "10 packed");
	flip_byte("a.wwz", 300);
	failed += packs("damaged", "10 packed, 0 kept, 0 removed");
	if (strstr(err, "; packing everything anew\n") == NULL) {
		print_error("damaged: said %s\n", err);
		failed++;
	}
	flip_byte("a.wwz", 300);
	save("tree/new.txt", "a new file", 500);
	failed += packs("damaged, one more", "11 packed, 0 kept, 0 removed");
	failed += packs("mended", "unchanged");
	failed += differ_number("left behind", "files", strangers(), 0);
	remove_all();
	assert_int_equal(failed, 0);
}

/* What is refused leaves what was there alone. */
static void
test_refused(void **state)
{
	static const struct {
		const char *tree, *file, *why;
	} table[] = {
		{"none", "a.wwz", "wwz: none: No such file or directory\n"},
		{"a.wwz", "twin.wwz", "wwz: a.wwz: Not a directory\n"},
		{"tree", "tree/sub",
			"wwz: tree/sub: it exists and is not a file\n"},
		{"tree", "none/a.wwz",
			"wwz: none/a.wwz: No such file or directory\n"},
		{"tree/bad", "a.wwz",
			"wwz: tree/bad/link: a symbolic link to nothing\n"},
	};
	unsigned failed = 0;

	(void)state;
	make_tree();
	failed += packs("first", "10 packed");
	assert_int_equal(mkdir("tree/sub", 0755), 0);
	assert_int_equal(mkdir("tree/bad", 0755), 0);
	assert_int_equal(symlink("nothing", "tree/bad/link"), 0);
	for (size_t i = 0; i < COUNT(table); i++) {
		off_t size = size_of("a.wwz");

		failed += differ_number(table[i].why, "status",
			run(table[i].tree, table[i].file), EXIT_FAILURE);
		failed += differ(table[i].why, str_of(out), STR(""));
		failed += differ("said", str_of(err), str_of(table[i].why));
		failed += differ_number(
			table[i].why, "size", size_of("a.wwz"), size);
	}
	failed += differ_number("left behind", "files", strangers(), 0);
	remove_all();
	assert_int_equal(failed, 0);
}

/* A signal ends packing, and the process once its temporary file is gone: where
 * the caller holds it, when the caller lets go. */
static void
test_interrupted(void **state)
{
	unsigned failed = 0;
	off_t size;
	pid_t child;
	int status;

	(void)state;
	make_tree();
	failed += packs("first", "10 packed");
	size = size_of("a.wwz");
	save("tree/new.txt", "a new file", 500);
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		sigset_t set;

		sigemptyset(&set);
		sigaddset(&set, SIGTERM);
		sigprocmask(SIG_BLOCK, &set, NULL);
		raise(SIGTERM);
		status = pack("tree", "a.wwz", &options);
		if (status == EXIT_FAILURE)
			sigprocmask(SIG_UNBLOCK, &set, NULL);
		_exit(status);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
	failed += differ_number("interrupted", "size", size_of("a.wwz"), size);
	failed += differ_number("left behind", "files", strangers(), 0);
	remove_all();
	assert_int_equal(failed, 0);
}

static int
begin(void **state)
{
	options.seekable = 1 << 20;
	options.threads = 2;
	return place_make(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_same_time),
		cmocka_unit_test(test_dead_part),
		cmocka_unit_test(test_fresh),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_interrupted),
	};

	return cmocka_run_group_tests(tests, begin, place_remove);
}
