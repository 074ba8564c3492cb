/* cache: archives by path, opened once, the least recently used ones closed. */

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>
#include <time.h>

#include "archive/cache.h"
#include "archive/guard.h"
#include "unit.h"
#include "zipmake.h"

enum { THREADS = 16, MANY = 1000000000 };

/* Files "0" to "5" are archives, "bad" is none, "none" is missing. */
static int
make_files(void **state)
{
	struct zipmake z = {0};
	int fd;

	if (place_make(state) < 0)
		return -1;
	log_catch();
	zipmake_add_text(&z, "m", "content");
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	for (int i = 0; i < 6; i++)
		zipmake_save(&z, (char[]){(char)('0' + i), '\0'});
	zipmake_free(&z);
	/* It is no upload under way, however slow the machine. */
	fd = open("bad", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	futimens(fd, (const struct timespec[]){{0, 0}, {0, 0}});
	close(fd);
	return 0;
}

static struct archive *
get_by(struct cache *cache, const char *name, bool at_once)
{
	char path[128];

	snprintf(path, sizeof(path), "%s//%s", place, name);
	return cache_get(cache, str_of(path), at_once);
}

static struct archive *
get(struct cache *cache, const char *name)
{
	struct archive *archive = get_by(cache, name, true);

	assert_non_null(archive);
	return archive;
}

/* The cache has a share beside the one that is held here. */
static bool
is_cached(const struct archive *archive)
{
	assert_in_range(archive->users, 1, 2);
	return archive->users == 2;
}

static void
test_same_again(void **state)
{
	struct cache *cache = cache_new(4, MANY, NULL);
	struct archive *a = get(cache, "0"), *b = get(cache, "0");
	struct archive *c = get(cache, "1");

	(void)state;
	assert_ptr_equal(a, b);
	assert_ptr_not_equal(a, c);
	assert_int_equal(a->status, STATUS_GO);
	assert_int_equal(a->users, 3);
	archive_drop(b);
	cache_free(cache);
	assert_int_equal(a->users, 1);
	assert_true(archive_is_fresh(a));
	archive_drop(a);
	archive_drop(c);
	cache_free(NULL);
}

/* One path is written in one way: others are others. */
static void
test_paths_are_bytes(void **state)
{
	struct cache *cache = cache_new(4, MANY, NULL);
	struct archive *a = get(cache, "0"), *b = get(cache, "./0");

	(void)state;
	assert_ptr_not_equal(a, b);
	archive_drop(a);
	archive_drop(b);
	cache_free(cache);
}

/* What is open, by name; in use or not. */
static void
list_open(struct cache *cache, char names[8])
{
	struct cache_state state;
	struct cache_item items[7];
	size_t n = cache_list(cache, &state, items, COUNT(items));
	bool open['9' + 1] = {false};

	assert_int_equal(n, state.archives);
	for (size_t i = 0; i < n; i++) {
		const char *path = items[i].archive->path;

		open[(unsigned char)path[strlen(path) - 1]] = true;
		archive_drop(items[i].archive);
	}
	n = 0;
	for (char name = '0'; name <= '9'; name++) {
		if (open[(unsigned char)name])
			names[n++] = name;
	}
	names[n] = '\0';
}

static void
expect_open(struct cache *cache, const char *wanted)
{
	char names[8];

	list_open(cache, names);
	assert_string_equal(names, wanted);
}

static void
test_least_recently_used(void **state)
{
	/* What is asked for in turn, and what is open then. */
	static const struct {
		char ask;
		const char *open;
	} steps[] = {
		{'0', "0"},
		{'1', "01"},
		{'2', "012"},
		{'3', "123"},
		{'1', "123"},
		{'4', "134"},
		{'0', "014"},
		{'1', "014"},
		{'5', "015"},
		{'4', "145"},
	};
	struct cache *cache = cache_new(3, MANY, NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		archive_drop(get(cache, (char[]){steps[i].ask, '\0'}));
		expect_open(cache, steps[i].open);
	}
	cache_free(cache);
}

/* What is in use is not closed for others, nor opened a second time. */
static void
test_in_use_stays(void **state)
{
	struct cache *cache = cache_new(1, MANY, NULL);
	struct archive *a = get(cache, "0"), *b = get(cache, "1");

	(void)state;
	expect_open(cache, "01");
	archive_drop(get(cache, "2"));
	expect_open(cache, "012");
	archive_drop(get(cache, "3"));
	expect_open(cache, "013");
	archive_drop(b);
	b = get(cache, "0");
	assert_ptr_equal(a, b);
	archive_drop(b);
	archive_drop(get(cache, "4"));
	expect_open(cache, "04");
	archive_drop(a);
	cache_trim(cache);
	expect_open(cache, "4");
	cache_trim(cache);
	expect_open(cache, "4");
	cache_free(cache);
}

static size_t
memory_of(struct cache *cache)
{
	struct cache_state state;

	cache_list(cache, &state, NULL, 0);
	return (size_t)state.memory;
}

/* What an archive costs. */
static size_t
cost_of_one(void)
{
	struct cache *cache = cache_new(100, MANY, NULL);
	struct archive *archive = get(cache, "0");
	size_t each = archive_memory(archive);

	assert_int_equal(memory_of(cache), each);
	archive_drop(archive);
	cache_free(cache);
	return each;
}

static void
test_memory_limit(void **state)
{
	size_t each = cost_of_one();
	struct cache *cache = cache_new(100, 3 * each - 1, NULL);
	struct archive *a, *b, *c;

	(void)state;
	archive_drop(get(cache, "0"));
	archive_drop(get(cache, "1"));
	archive_drop(get(cache, "2"));
	expect_open(cache, "12");
	assert_int_equal(memory_of(cache), 2 * each);
	/* What is in use counts, and is not closed. */
	a = get(cache, "1");
	archive_drop(get(cache, "3"));
	expect_open(cache, "13");
	b = get(cache, "3");
	log_take();
	c = get(cache, "4");
	assert_int_equal(c->status, STATUS_UNAVAILABLE);
	assert_non_null(strstr(log_take(), "archive-unavailable"));
	archive_drop(c);
	/* Also what the cache has let go of. */
	cache_forget(cache, b);
	assert_int_equal(memory_of(cache), 2 * each);
	c = get(cache, "4");
	assert_int_equal(c->status, STATUS_UNAVAILABLE);
	archive_drop(c);
	archive_drop(b);
	assert_int_equal(memory_of(cache), each);
	c = get(cache, "4");
	assert_int_equal(c->status, STATUS_GO);
	cache_free(cache);
	archive_drop(a);
	archive_drop(c);
	log_take();
}

/* One may take half of the memory. */
/* Out of descriptors, a few idle archives are closed, not all of them. */
static void
test_descriptors(void **state)
{
	enum { DESCRIPTORS = 200, KEPT = 100 };
	struct cache *cache = cache_new(2 * DESCRIPTORS, MANY, NULL);
	struct rlimit before, few = {.rlim_cur = DESCRIPTORS};
	struct cache_state seen = {0};
	char name[16];

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (int i = 0; i < DESCRIPTORS; i++) {
		struct archive *archive;

		snprintf(name, sizeof(name), "many%d", i);
		assert_int_equal(link("0", name), 0);
		archive = get(cache, name);
		assert_int_equal(archive->status, STATUS_GO);
		archive_drop(archive);
		unlink(name);
		cache_list(cache, &seen, NULL, 0);
		if (i >= KEPT)
			assert_true(seen.archives > KEPT);
	}
	assert_true(seen.evicted > 0);
	cache_free(cache);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void
test_share(void **state)
{
	size_t each = cost_of_one();
	struct cache *cache = cache_new(100, 2 * each, NULL);
	struct archive *a = get(cache, "0");

	(void)state;
	assert_int_equal(a->status, STATUS_GO);
	archive_drop(a);
	cache_free(cache);
	cache = cache_new(100, 2 * each - 1, NULL);
	log_take();
	a = get(cache, "0");
	assert_int_equal(a->status, STATUS_ERROR);
	assert_non_null(strstr(log_take(), "archive-too-large"));
	assert_int_equal(memory_of(cache), 0);
	archive_drop(a);
	cache_free(cache);
}

static void
test_failures(void **state)
{
	struct cache *cache = cache_new(4, MANY, NULL);
	struct archive *bad = get(cache, "bad"), *again = get(cache, "bad");
	struct archive *none = get(cache, "none"), *other = get(cache, "none");

	(void)state;
	assert_int_equal(bad->status, STATUS_ERROR);
	assert_ptr_equal(bad, again);
	assert_int_equal(none->status, STATUS_NOT_FOUND);
	assert_ptr_not_equal(none, other);
	assert_int_equal(none->users, 1);
	cache_free(cache);
	archive_drop(bad);
	archive_drop(again);
	archive_drop(none);
	archive_drop(other);
	log_take();
}

/* However many failures there are, they push out each other only. */
/* Open so many archives, and give them back. */
static void
open_idle(struct cache *cache, int first, int end)
{
	char name[16];

	for (int i = first; i < end; i++) {
		struct archive *archive;

		snprintf(name, sizeof(name), "idle%d", i);
		if (link("0", name) < 0)
			assert_int_equal(errno, EEXIST);
		archive = get(cache, name);
		assert_int_equal(archive->status, STATUS_GO);
		archive_drop(archive);
	}
}

/* What malloc takes for n bytes. */
static size_t
taken_for(size_t n)
{
	void *p = malloc(n);
	size_t usable = malloc_usable_size(p);

	assert_non_null(p);
	free(p);
	return usable + sizeof(size_t);
}

/* What an archive that is only kept open costs beyond its index. */
static void
test_memory_of_idle_ones(void **state)
{
	enum { FIRST = 10, ARCHIVES = 100, MOST = 400 };
	struct cache *cache;
	struct archive *archive;
	size_t before, each, index;

	(void)state;
	if (mallinfo2().uordblks == 0)
		skip(); /* a sanitizer has an allocator of its own */
	cache = cache_new(FIRST + ARCHIVES, MANY, NULL);
	open_idle(cache, 0, FIRST);
	before = mallinfo2().uordblks;
	open_idle(cache, FIRST, FIRST + ARCHIVES);
	each = (mallinfo2().uordblks - before) / ARCHIVES;
	archive = get(cache, "idle0");
	/* The sorted order is counted beforehand, and there is none yet. */
	index = taken_for(zipdir_copied(archive->zipdir) + 1) +
		taken_for(zipdir_indexed(archive->zipdir) - sizeof(uint32_t));
	assert_in_range(each, index + sizeof(*archive), index + MOST);
	archive_drop(archive);
	cache_free(cache);
}

/* As long as there is room for all, each is opened once, however often and in
 * whatever order they are asked for. */
static void
test_each_is_opened_once(void **state)
{
	enum { ARCHIVES = 5000, STEP = 1237, ROUNDS = 3 };
	struct cache *cache;
	struct rlimit before, many;
	struct cache_state seen;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	if (before.rlim_max < ARCHIVES + 100)
		skip(); /* this machine lets nobody open so many files */
	many = (struct rlimit){before.rlim_max, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &many), 0);
	cache = cache_new(ARCHIVES, MANY, NULL);
	for (int i = 0; i < ROUNDS * ARCHIVES; i++) {
		int which = (int)((long)i * STEP % ARCHIVES);

		open_idle(cache, which, which + 1);
	}
	cache_list(cache, &seen, NULL, 0);
	assert_int_equal(seen.opened, ARCHIVES);
	assert_int_equal(seen.archives, ARCHIVES);
	assert_int_equal(seen.evicted, 0);
	cache_free(cache);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* Those with most requests, as far as there is room, whichever was used last.
 */
static void
test_busiest(void **state)
{
	enum { SHOWN = 3 };
	static const uint64_t requests[] = {3, 1, 0, 4, 2};
	static const char *const wanted[SHOWN] = {"3", "0", "4"};
	struct cache *cache = cache_new(9, MANY, NULL);
	struct cache_item items[SHOWN];
	struct cache_state seen;
	char name[] = "0";

	(void)state;
	assert_int_equal(cache_busiest(cache, &seen, items, SHOWN), 0);
	for (size_t i = 0; i < COUNT(requests); i++, name[0]++) {
		struct archive *archive = get(cache, name);

		for (uint64_t n = 0; n < requests[i]; n++)
			archive_count(archive, 1ull << 40);
		archive_drop(archive);
	}
	assert_int_equal(cache_busiest(cache, &seen, NULL, 0), 0);
	assert_int_equal(cache_busiest(cache, &seen, items, SHOWN), SHOWN);
	assert_int_equal(seen.archives, COUNT(requests));
	for (int i = 0; i < SHOWN; i++) {
		assert_string_equal(
			strrchr(items[i].archive->path, '/') + 1, wanted[i]);
		assert_int_equal(
			items[i].requests, requests[wanted[i][0] - '0']);
		assert_int_equal(items[i].bytes, items[i].requests << 40);
		assert_int_equal(
			items[i].memory, archive_memory(items[i].archive));
		archive_drop(items[i].archive);
	}
	cache_free(cache);
}

static void
test_failures_have_their_own_room(void **state)
{
	enum { FILES = 1000, KEPT = 128 };
	struct cache *cache = cache_new(2, MANY, NULL);
	struct archive *a = get(cache, "0"), *b = get(cache, "1"), *bad;
	struct archive *first = NULL, *last;
	struct cache_state before, after;
	struct cache_item items[4];
	char name[16];

	(void)state;
	assert_int_equal(cache_list(cache, &before, items, 0), 0);
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "bad%d", i);
		assert_int_equal(symlink("bad", name), 0);
		archive_drop(get(cache, name));
		if (i == 0)
			first = get(cache, name);
	}
	last = get(cache, name);
	assert_true(is_cached(a) && is_cached(b));
	assert_int_equal(first->users, 1);
	assert_int_equal(last->users, 2);
	assert_int_equal(cache_list(cache, &after, items, 4), 2);
	for (int i = 0; i < 2; i++)
		archive_drop(items[i].archive);
	assert_int_equal(after.archives, 2);
	assert_int_equal(after.memory, before.memory);
	assert_int_equal(after.evicted, 0);
	assert_int_equal(after.refused, FILES);

	/* The last so many are remembered, the one before is not; what is asked
	 * for again stays longest. */
	snprintf(name, sizeof(name), "bad%d", FILES - KEPT);
	bad = get(cache, name);
	assert_int_equal(bad->users, 2);
	archive_drop(get(cache, "bad0"));
	assert_int_equal(bad->users, 2);
	assert_int_equal(cache_list(cache, &after, items, 0), 0);
	assert_int_equal(after.refused, FILES + 1);

	/* Archives that are open push out no failure. */
	archive_drop(get(cache, "2"));
	archive_drop(get(cache, "3"));
	assert_int_equal(last->users, 2);
	assert_int_equal(a->users, 2); /* in use: it stays */
	cache_clear(cache);
	assert_int_equal(last->users, 1);
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "bad%d", i);
		unlink(name);
	}
	cache_free(cache);
	archive_drop(a);
	archive_drop(b);
	archive_drop(bad);
	archive_drop(first);
	archive_drop(last);
	log_take();
}

static void
test_forget(void **state)
{
	struct cache *cache = cache_new(4, MANY, NULL);
	struct archive *a = get(cache, "0"), *b;

	(void)state;
	cache_forget(cache, a);
	assert_int_equal(a->users, 1);
	cache_forget(cache, a);
	assert_int_equal(a->users, 1);
	b = get(cache, "0");
	assert_ptr_not_equal(a, b);
	/* The old one is not what the cache has. */
	cache_forget(cache, a);
	assert_true(is_cached(b));
	cache_free(cache);
	archive_drop(a);
	archive_drop(b);
}

static void
test_clear(void **state)
{
	struct cache *cache = cache_new(4, MANY, NULL);
	struct archive *a = get(cache, "0"), *b;
	struct cache_state counts;

	(void)state;
	archive_drop(get(cache, "1"));
	cache_clear(cache);
	expect_open(cache, "0");
	b = get(cache, "0");
	assert_ptr_equal(a, b);
	archive_drop(b);
	archive_drop(a);
	cache_clear(cache);
	expect_open(cache, "");
	assert_int_equal(memory_of(cache), 0);
	cache_list(cache, &counts, NULL, 0);
	assert_int_equal(counts.evicted, 0);
	cache_free(cache);
}

/* Threads. */

static struct cache *shared;
static pthread_barrier_t barrier;

static void *
get_at_once(void *name)
{
	pthread_barrier_wait(&barrier);
	return get(shared, name);
}

/* NULL if another thread opens it. */
static void *
get_for_long(void *name)
{
	struct archive *archive;

	pthread_barrier_wait(&barrier);
	archive = get_by(shared, name, false);
	assert_true(archive != NULL || errno == EAGAIN);
	return archive;
}

/* All threads ask for name at the same time. */
static void
all_get(void *(*how)(void *), const char *name, struct archive *got[THREADS])
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, how,
					 (void *)(uintptr_t)name),
			0);
	for (int i = 0; i < THREADS; i++) {
		void *archive;

		assert_int_equal(pthread_join(threads[i], &archive), 0);
		got[i] = archive;
	}
}

static void
test_one_opening(void **state)
{
	struct archive *got[THREADS];

	(void)state;
	shared = cache_new(4, MANY, NULL);
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int round = 0; round < 50; round++) {
		all_get(get_at_once, "0", got);
		assert_int_equal(got[0]->users, THREADS + 1);
		for (int i = 1; i < THREADS; i++)
			assert_ptr_equal(got[i], got[0]);
		for (int i = 0; i < THREADS; i++)
			archive_drop(got[i]);
		cache_clear(shared);
	}
	cache_free(shared);
}

/* While a thread opens it as long work, no other one waits for that. */
static void
test_one_long_opening(void **state)
{
	struct archive *got[THREADS], *opened;
	struct cache_state counts;

	(void)state;
	shared = cache_new(4, MANY, NULL);
	for (int round = 1; round <= 50; round++) {
		unsigned n = 0;

		all_get(get_for_long, "0", got);
		opened = get(shared, "0");
		for (int i = 0; i < THREADS; i++)
			n += got[i] != NULL;
		assert_true(n > 0);
		assert_int_equal(opened->users, n + 2);
		cache_list(shared, &counts, NULL, 0);
		assert_int_equal(counts.opened, round);
		for (int i = 0; i < THREADS; i++)
			archive_drop(got[i]);
		archive_drop(opened);
		cache_clear(shared);
	}
	cache_free(shared);
}

static unsigned
count(const char *text, const char *word)
{
	unsigned n = 0;

	while ((text = strstr(text, word)) != NULL) {
		text += strlen(word);
		n++;
	}
	return n;
}

/* A failure is found out, and logged, once. */
static void
test_one_failure(void **state)
{
	struct archive *got[THREADS];

	(void)state;
	shared = cache_new(4, MANY, NULL);
	log_take();
	all_get(get_at_once, "bad", got);
	assert_int_equal(count(log_take(), "archive-damaged"), 1);
	for (int i = 0; i < THREADS; i++) {
		assert_ptr_equal(got[i], got[0]);
		archive_drop(got[i]);
	}
	/* Of a file that is missing each has its own. */
	all_get(get_at_once, "none", got);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(got[i]->status, STATUS_NOT_FOUND);
		assert_int_equal(got[i]->users, 1);
		archive_drop(got[i]);
	}
	pthread_barrier_destroy(&barrier);
	cache_free(shared);
	log_take();
}

/* Get, read, forget and clear, in a random order: how often it went wrong. */
static void *
do_all(void *seed)
{
	uint32_t x = (uint32_t)(uintptr_t)seed;
	uintptr_t wrong = 0;

	for (int i = 0; i < 1000; i++) {
		struct archive *archive;
		struct member m;
		uint64_t start;
		char content[7];

		x = x * 1664525 + 1013904223;
		archive = get_by(shared,
			(char[]){(char)('0' + x % 7 % 6), '\0'}, x >> 20 & 1);
		if (archive == NULL && errno == EAGAIN)
			continue;
		wrong += archive->status != STATUS_GO ||
			!zipdir_find(archive->zipdir, STR("m"), &m) ||
			archive_locate(archive, &m, &start) != STATUS_GO ||
			archive_read(archive, start, content, 7) < 0 ||
			memcmp(content, "content", 7) != 0;
		if ((x >> 8) % 8 == 0)
			cache_forget(shared, archive);
		if ((x >> 12) % 64 == 0)
			cache_clear(shared);
		archive_drop(archive);
	}
	return (void *)wrong;
}

static void
test_all_at_once(void **state)
{
	pthread_t threads[8];
	struct archive *archive;

	(void)state;
	assert_int_equal(guard_install(), 0);
	shared = cache_new(3, MANY, NULL);
	for (uintptr_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, do_all,
					 (void *)(i + 1)),
			0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		void *wrong;

		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_int_equal((uintptr_t)wrong, 0);
	}
	archive = get(shared, "0");
	assert_true(is_cached(archive));
	cache_free(shared);
	assert_int_equal(archive->users, 1);
	archive_drop(archive);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_again),
		cmocka_unit_test(test_paths_are_bytes),
		cmocka_unit_test(test_least_recently_used),
		cmocka_unit_test(test_in_use_stays),
		cmocka_unit_test(test_memory_limit),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_share),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_failures_have_their_own_room),
		cmocka_unit_test(test_memory_of_idle_ones),
		cmocka_unit_test(test_each_is_opened_once),
		cmocka_unit_test(test_busiest),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_one_opening),
		cmocka_unit_test(test_one_long_opening),
		cmocka_unit_test(test_one_failure),
		cmocka_unit_test(test_all_at_once),
	};

	return cmocka_run_group_tests_name(
		"cache", tests, make_files, place_remove);
}
