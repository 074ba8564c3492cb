/* trail: where a path leads, and whether others can change that. */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/trail.h"
#include "unit.h"

enum { NOBODY = 65534 };

static char place[] = "/tmp/wwz-XXXXXX";

static void
link_to(const char *target, const char *name, bool foreign)
{
	assert_int_equal(symlink(target, name), 0);
	if (foreign && geteuid() == 0)
		assert_int_equal(lchown(name, NOBODY, NOBODY), 0);
}

static int
make_files(void **state)
{
	char absolute[64];

	(void)state;
	if (mkdtemp(place) == NULL || chdir(place) < 0 ||
		mkdir("d", 0755) < 0 || mkdir("d/e", 0755) < 0 ||
		mkdir("all", 0755) < 0 || chmod("all", 01777) < 0 ||
		mkdir("all/d", 0755) < 0 || mkdir("group", 0755) < 0 ||
		chmod("group", 0775) < 0 || mkdir("group/d", 0755) < 0 ||
		close(creat("d/f", 0644)) < 0)
		return -1;
	snprintf(absolute, sizeof(absolute), "%s/d", place);
	link_to(absolute, "absolute", false);
	link_to("d/e/", "relative", false);
	link_to("relative/../f", "to-file", false);
	link_to("none", "to-nothing", false);
	link_to("to-nothing", "to-that", false);
	link_to("loop", "loop", false);
	link_to("d", "foreign", true);
	link_to("../d/f", "d/foreign", true);
	link_to("foreign/f", "by-foreign", false);
	return 0;
}

static int
remove_files(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", place);
	return chdir("/") < 0 || system(command) != 0 ? -1 : 0;
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static void
test_file(void **state)
{
	static const struct {
		const char *path;
		int error; /* or 0, and: */
		const char *directory, *name;
		bool of_root, shared;
	} table[] = {
		{"d/f", 0, "d", "f", true, false},
		{"d//./e/../f", 0, "d", "f", true, false},
		{"d/none", 0, "d", "none", true, false},
		{"none", 0, ".", "none", true, false},
		{"absolute/f", 0, "d", "f", true, false},
		{"absolute/none", 0, "d", "none", true, false},
		{"relative/f", 0, "d/e", "f", true, false},
		{"to-file", 0, "d", "f", true, false},
		{"d/e", 0, "d", "e", true, false},
		{"all/x", 0, "all", "x", true, true},
		{"all/d/x", 0, "all/d", "x", true, false},
		{"group/x", 0, "group", "x", false, true},
		{"group/d/x", 0, "group/d", "x", false, false},
		{"to-nothing", ENOLINK, NULL, NULL, false, false},
		{"to-that", ENOLINK, NULL, NULL, false, false},
		{"to-nothing/f", ENOENT, NULL, NULL, false, false},
		{"loop", ELOOP, NULL, NULL, false, false},
		{"d/e/", EISDIR, NULL, NULL, false, false},
		{"relative/", EISDIR, NULL, NULL, false, false},
		{"/", EISDIR, NULL, NULL, false, false},
		{"d/f/", ENOTDIR, NULL, NULL, false, false},
		{"d/f/x", ENOTDIR, NULL, NULL, false, false},
		{"none/x", ENOENT, NULL, NULL, false, false},
		{"", ENOENT, NULL, NULL, false, false},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *path = table[i].path;
		struct trail trail = {.directory = -1};
		struct stat got, want;
		int error = trail_file(&trail, path) < 0 ? errno : 0;

		failed += differ_number(path, "errno", error, table[i].error);
		if (error != 0 || table[i].error != 0)
			continue;
		failed +=
			differ(path, str_of(trail.name), str_of(table[i].name));
		failed += differ_number(path, "of root", trail.of_root,
			table[i].of_root && geteuid() == 0);
		failed += differ_number(
			path, "shared", trail.shared, table[i].shared);
		assert_int_equal(fstat(trail.directory, &got), 0);
		assert_int_equal(stat(table[i].directory, &want), 0);
		failed += differ_number(
			path, "directory", same_file(&got, &want), true);
		close(trail.directory);
	}
	assert_int_equal(failed, 0);
}

/* Somebody else's link is not followed, wherever it stands. */
static void
test_foreign(void **state)
{
	static const char *const paths[] = {
		"foreign/f", "foreign/none", "d/foreign", "by-foreign"};
	struct trail trail;
	int fd;

	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < COUNT(paths); i++) {
		assert_int_equal(trail_file(&trail, paths[i]), -1);
		assert_int_equal(errno, EPERM);
	}
	assert_int_equal(trail_directory("foreign"), -1);
	assert_int_equal(errno, EPERM);
	fd = trail_directory("absolute/e/..");
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(trail_directory("d/f"), -1);
	assert_int_equal(errno, ENOTDIR);
}

/* A path, and a link in it, that are too long, and what was opened by then. */
static void
test_too_long(void **state)
{
	static char path[PATH_MAX + 2], name[NAME_MAX + 2];
	struct trail trail;
	int before = dup(0), after;

	(void)state;
	close(before);
	memset(path, '/', sizeof(path) - 1);
	assert_int_equal(trail_file(&trail, path), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	memset(name, 'x', sizeof(name) - 1);
	assert_int_equal(trail_file(&trail, name), -1);
	assert_int_equal(errno, ENAMETOOLONG);
	assert_int_equal(trail_file(&trail, "to-nothing"), -1);
	assert_int_equal(trail_directory("loop"), -1);
	after = dup(0);
	close(after);
	assert_int_equal(after, before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests_name(
		"trail", tests, make_files, remove_files);
}
