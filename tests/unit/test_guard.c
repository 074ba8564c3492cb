/* guard: reading from a mapping whose file has become shorter. */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "archive/guard.h"
#include "unit.h"
#include "zipmake.h"

enum { PAGES = 4, THREADS = 8, ROUNDS = 200 };

/* A mapping of a file of PAGES pages, the first byte of each its number. */
static unsigned char *
map_file(int *fd)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *map;

	*fd = memfd_create("guard", MFD_CLOEXEC);
	assert_true(*fd >= 0);
	assert_int_equal(ftruncate(*fd, (off_t)(PAGES * page)), 0);
	for (unsigned char i = 0; i < PAGES; i++)
		assert_int_equal(
			pwrite(*fd, &i, 1, (off_t)((size_t)i * page)), 1);
	map = mmap(NULL, PAGES * page, PROT_READ, MAP_SHARED, *fd, 0);
	assert_true(map != MAP_FAILED);
	return map;
}

static void
unmap_file(unsigned char *map, int fd)
{
	munmap(map, PAGES * (size_t)sysconf(_SC_PAGESIZE));
	close(fd);
}

static void
test_copy(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	/* In pages: where a copy begins and ends, and the file. */
	const struct {
		size_t from, to, file;
		int want;
	} table[] = {
		{0, PAGES, PAGES, 0},
		{0, 1, 1, 0},
		{1, 2, 1, -1},
		{0, 2, 1, -1},
		{0, 1, 1, 0},
		{3, 4, 1, -1},
		{3, 4, 0, -1},
		{0, 1, 0, -1},
		{0, 0, 0, 0},
		{0, PAGES, PAGES, 0},
	};
	unsigned char *copy = malloc(PAGES * page), *map;
	unsigned failed = 0;
	int fd;

	(void)state;
	/* cmocka takes SIGBUS for itself at the beginning of each test. */
	assert_int_equal(guard_install(), 0);
	map = map_file(&fd);
	for (size_t i = 0; i < COUNT(table); i++) {
		size_t n = (table[i].to - table[i].from) * page;
		int got;

		assert_int_equal(
			ftruncate(fd, (off_t)(table[i].file * page)), 0);
		errno = 0;
		got = guard_copy(copy, map + table[i].from * page, n);
		if (got == table[i].want && errno == (got < 0 ? EIO : 0))
			continue;
		print_error("case %zu: got %d, errno %d, want %d\n", i, got,
			errno, table[i].want);
		failed++;
	}
	assert_int_equal(failed, 0);
	unmap_file(map, fd);
	free(copy);
}

static void
test_bytes(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *copy = malloc(PAGES * page), *map;
	int fd;

	(void)state;
	assert_int_equal(guard_install(), 0);
	map = map_file(&fd);
	assert_int_equal(guard_copy(copy, map, PAGES * page), 0);
	assert_memory_equal(copy, map, PAGES * page);
	assert_int_equal(guard_copy(copy, map + 3 * page, 1), 0);
	assert_int_equal(copy[0], 3);
	assert_int_equal(copy[1], map[1]);
	unmap_file(map, fd);
	free(copy);
}

static const unsigned char *shared;

/* How often the page that is there could not be read, or the other could. */
static void *
work(void *data)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char copy[64];
	intptr_t wrong = 0;

	(void)data;
	for (int i = 0; i < ROUNDS; i++) {
		wrong += guard_copy(copy, shared, sizeof(copy)) != 0;
		wrong += guard_copy(copy, shared + page, sizeof(copy)) != -1;
	}
	return (void *)wrong;
}

static void
test_threads(void **state)
{
	pthread_t threads[THREADS];
	unsigned char *map;
	int fd;

	(void)state;
	assert_int_equal(guard_install(), 0);
	map = map_file(&fd);
	shared = map;
	assert_int_equal(ftruncate(fd, sysconf(_SC_PAGESIZE)), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, work, NULL), 0);
	for (int i = 0; i < THREADS; i++) {
		void *wrong;

		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_int_equal((intptr_t)wrong, 0);
	}
	unmap_file(map, fd);
}

/* Whoever touches the page without a guard still ends the process, before as
 * after guard_copy has failed. */
static void
test_unguarded(void **state)
{
	unsigned char *map;
	int fd;

	(void)state;
	map = map_file(&fd);
	assert_int_equal(ftruncate(fd, 0), 0);
	for (int before = 0; before < 2; before++) {
		int status;
		pid_t child = fork();

		if (child == 0) {
			unsigned char byte;

			if (guard_install() < 0)
				_exit(3);
			if (before && guard_copy(&byte, map, 1) != -1)
				_exit(4);
			_exit(*(volatile unsigned char *)map == 0);
		}
		assert_true(child > 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGBUS);
	}
	unmap_file(map, fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_unguarded),
	};

	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
