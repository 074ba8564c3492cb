/* tempfile: several that replace the same file. */

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "pack/tempfile.h"
#include "unit.h"

/* One that clears leftovers away all the time does not take a new file, though
 * that is locked only after it is there. */
static void
test_clear(void **state)
{
	char directory[] = "/tmp/wwz-XXXXXX", path[64];
	struct trail target;
	unsigned failed = 0;
	pid_t clearer;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/x.wwz", directory);
	assert_int_equal(trail_file(&target, path), 0);
	clearer = fork();
	assert_int_not_equal(clearer, -1);
	if (clearer == 0) {
		alarm(60);
		for (;;)
			tempfile_clear(&target);
	}
	for (int i = 0; i < 3000 && failed == 0; i++) {
		struct tempfile file;
		struct fault fault = {""};
		int result = tempfile_open(&file, &target, NULL, &fault);

		failed += differ("open", str_of(fault.text), str_of(""));
		if (result < 0)
			break;
		failed += differ_number("open", "there",
			faccessat(target.directory, file.name, F_OK, 0), 0);
		tempfile_discard(&file);
	}
	kill(clearer, SIGKILL);
	waitpid(clearer, NULL, 0);
	close(target.directory);
	rmdir(directory);
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
