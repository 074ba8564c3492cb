/* sozip: the index behind a member's data, right ones and wrong ones. */

#include <stddef.h>

#include "archive/guard.h"
#include "archive/sozip.h"
#include "unit.h"
#include "zipmake.h"

/* Offsets of the fields of an index, from the end of its local header. */
enum {
	AT_VERSION = 0,
	AT_SKIP = 4,
	AT_CHUNK = 8,
	AT_OFFSET_SIZE = 12,
	AT_SIZE = 16,
	AT_PACKED = 24,
	AT_OFFSETS = 32,
};

#define INDEX_NAME "d/.a.bin.sozip.idx"

enum {
	CONTENT_SIZE = 10000,
	PACKED_SIZE = 900,
	CHUNK_SIZE = 4096, /* so there are two offsets: */
	FIRST = 300,
	SECOND = 700,
	LOCAL_SIZE = 30 + sizeof(INDEX_NAME) - 1,
};

/* An index that is wrong in some way, and what comes of it. */
struct damage {
	const char *what;
	size_t at; /* of what is changed, from the index's local header on */
	int n;
	uint64_t value;
	enum sozip_result result;
	const char *why;
};

/* A member of which nothing but the sizes is right, and its index. */
static void
make(struct zipmake *z, bool descriptor, const char *index_name, size_t *local)
{
	static char content[CONTENT_SIZE], packed[PACKED_SIZE];
	struct zipmake_buffer index = {0};
	struct zipmake hidden = {0};

	*z = (struct zipmake){0};
	zipmake_add(z,
		&(struct zipmake_member){.name = "d/a.bin",
			.content = {content, sizeof(content)},
			.method = 8,
			.packed = {packed, sizeof(packed)},
			.descriptor = descriptor});
	zipmake_numbers(&index,
		(const uint64_t[]){4, 1, 4, 0, 4, CHUNK_SIZE, 4, 8, 8,
			CONTENT_SIZE, 8, PACKED_SIZE, 8, FIRST, 8, SECOND, 0});
	zipmake_add(&hidden,
		&(struct zipmake_member){.name = index_name,
			.content = {(char *)index.p, index.n}});
	*local = z->file.n;
	zipmake_put(&z->file, hidden.file.p, hidden.file.n);
	zipmake_free(&hidden);
	free(index.p);
}

static struct archive *
open_made(struct zipmake *z, struct member *member, uint64_t *start)
{
	char path[128];
	struct archive *archive;

	assert_int_equal(guard_install(), 0);
	zipmake_save(z, "a.wwz");
	zipmake_free(z);
	snprintf(path, sizeof(path), "%s//a.wwz", place);
	archive = archive_open(str_of(path), NULL, NULL, false);
	assert_non_null(archive);
	assert_int_equal(archive->status, STATUS_GO);
	assert_true(zipdir_find(archive->zipdir, STR("d/a.bin"), member));
	assert_int_equal(archive_locate(archive, member, start), STATUS_GO);
	return archive;
}

/* What is found in z, finished; and the offsets. */
static enum sozip_result
find(struct zipmake *z, const char **why, struct sozip *index,
	uint64_t offsets[3], unsigned *right)
{
	struct member member;
	uint64_t start;
	struct archive *archive = open_made(z, &member, &start);
	enum sozip_result result;

	*why = NULL;
	*right = 0;
	result = sozip_find(index, archive, &member, start, why);
	for (uint64_t i = 0; result == SOZIP_FOUND && i <= index->count; i++)
		*right |= (unsigned)sozip_offset(index, archive, i, &offsets[i])
			<< i;
	archive_drop(archive);
	return result;
}

static void
test_right(void **state)
{
	struct zipmake z;
	struct sozip index;
	uint64_t offsets[3];
	const char *why;
	unsigned right;
	size_t local;

	(void)state;
	for (int descriptor = 0; descriptor < 2; descriptor++) {
		make(&z, descriptor, INDEX_NAME, &local);
		zipmake_finish(&z, ZIP64_NONE, STR(""));
		assert_int_equal(
			find(&z, &why, &index, offsets, &right), SOZIP_FOUND);
		assert_int_equal(index.chunk, CHUNK_SIZE);
		assert_int_equal(index.count, 2);
		assert_int_equal(index.packed, PACKED_SIZE);
		assert_int_equal(index.table, local + LOCAL_SIZE + AT_OFFSETS);
		assert_int_equal(right, 7);
		assert_int_equal(offsets[0], 0);
		assert_int_equal(offsets[1], FIRST);
		assert_int_equal(offsets[2], SECOND);
	}
}

/* All forms of a data descriptor: with and without signature, 32 and 64 bits.
 */
static void
test_descriptors(void **state)
{
	static const unsigned sizes[] = {12, 16, 20, 24};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		static const unsigned char filler[8] = {0};
		struct zipmake z;
		struct zipmake_buffer *file = &z.file;
		struct sozip index;
		uint64_t offsets[3];
		const char *why;
		unsigned right;
		size_t local, moved;
		enum sozip_result result;

		make(&z, true, INDEX_NAME, &local);
		/* The descriptor made is one of 16 bytes. */
		zipmake_put(file, filler, sizeof(filler));
		moved = local - 16 + sizes[i];
		memmove(file->p + moved, file->p + local, file->n - local - 8);
		file->n += moved - local - 8;
		zipmake_finish(&z, ZIP64_NONE, STR(""));
		result = find(&z, &why, &index, offsets, &right);
		if (result != SOZIP_FOUND || right != 7) {
			print_error("descriptor of %u bytes: got %d, %u\n",
				sizes[i], (int)result, right);
			failed++;
		}
	}
	assert_int_equal(failed, 0);
}

static const struct damage damages[] = {
	{"no signature", 0, 4, 0, SOZIP_NONE, NULL},
	{"deflated", AT_LOCAL_METHOD, 2, 8, SOZIP_DAMAGED, "stored"},
	{"encrypted", AT_LOCAL_FLAGS, 2, 1, SOZIP_DAMAGED, "stored"},
	{"sizes to follow", AT_LOCAL_FLAGS, 2, 8, SOZIP_DAMAGED, "stored"},
	{"two sizes", AT_LOCAL_SIZE, 4, 47, SOZIP_DAMAGED, "stored"},
	{"another's name", AT_LOCAL_NAME + 3, 1, 'b', SOZIP_NONE, NULL},
	{"another's directory", AT_LOCAL_NAME, 1, 'e', SOZIP_NONE, NULL},
	{"no dot", AT_LOCAL_NAME + 2, 1, 'a', SOZIP_NONE, NULL},
	{"another end", AT_LOCAL_NAME + 17, 1, 'y', SOZIP_NONE, NULL},
	{"a short name", AT_LOCAL_NAME_N, 2, 17, SOZIP_NONE, NULL},
	{"a long name", AT_LOCAL_NAME_N, 2, 65535, SOZIP_NONE, NULL},
	{"a long extra field", AT_LOCAL_EXTRA_N, 2, 65535, SOZIP_NONE, NULL},
	{"version 0", LOCAL_SIZE + AT_VERSION, 4, 0, SOZIP_DAMAGED, "version"},
	{"version 2", LOCAL_SIZE + AT_VERSION, 4, 2, SOZIP_DAMAGED, "version"},
	{"skip 8", LOCAL_SIZE + AT_SKIP, 4, 8, SOZIP_DAMAGED, "number"},
	{"skip 1", LOCAL_SIZE + AT_SKIP, 4, 1, SOZIP_DAMAGED, "number"},
	{"skip 17", LOCAL_SIZE + AT_SKIP, 4, 17, SOZIP_DAMAGED, "number"},
	{"skip all ones", LOCAL_SIZE + AT_SKIP, 4, UINT32_MAX, SOZIP_DAMAGED,
		"number"},
	{"chunks of 0", LOCAL_SIZE + AT_CHUNK, 4, 0, SOZIP_DAMAGED, "empty"},
	{"chunks of 1", LOCAL_SIZE + AT_CHUNK, 4, 1, SOZIP_DAMAGED, "number"},
	{"small chunks", LOCAL_SIZE + AT_CHUNK, 4, 3333, SOZIP_DAMAGED,
		"number"},
	{"large chunks", LOCAL_SIZE + AT_CHUNK, 4, 5000, SOZIP_DAMAGED,
		"number"},
	{"one chunk", LOCAL_SIZE + AT_CHUNK, 4, CONTENT_SIZE, SOZIP_DAMAGED,
		"one chunk"},
	{"chunks of all ones", LOCAL_SIZE + AT_CHUNK, 4, UINT32_MAX,
		SOZIP_DAMAGED, "one chunk"},
	{"offsets of 4", LOCAL_SIZE + AT_OFFSET_SIZE, 4, 4, SOZIP_DAMAGED,
		"8 bytes"},
	{"another size", LOCAL_SIZE + AT_SIZE, 8, CONTENT_SIZE + 1,
		SOZIP_DAMAGED, "sizes"},
	{"another packed size", LOCAL_SIZE + AT_PACKED, 8, PACKED_SIZE - 1,
		SOZIP_DAMAGED, "sizes"},
};

static void
test_damaged(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(damages); i++) {
		const struct damage *d = &damages[i];
		struct zipmake z;
		struct sozip index;
		uint64_t offsets[3];
		const char *why;
		unsigned right;
		size_t local;
		enum sozip_result result;

		make(&z, false, INDEX_NAME, &local);
		zipmake_finish(&z, ZIP64_NONE, STR(""));
		zipmake_set(&z, local + d->at, d->n, d->value);
		result = find(&z, &why, &index, offsets, &right);
		if (result == d->result &&
			(d->why == NULL || strstr(why, d->why) != NULL))
			continue;
		print_error("%s: got %d, \"%s\", want %d, \"%s\"\n", d->what,
			(int)result, why ? why : "", (int)d->result,
			d->why ? d->why : "");
		failed++;
	}
	assert_int_equal(failed, 0);
}

/* Sizes in the index's local header: both of them. */
static void
test_size(void **state)
{
	static const struct {
		uint64_t size;
		const char *why;
	} rows[] = {
		{0, "stored"},
		{31, "stored"},
		{32, "number"},
		{47, "number"},
		{49, "central directory"},
		{UINT32_MAX, "central directory"},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct zipmake z;
		struct sozip index;
		uint64_t offsets[3];
		const char *why;
		unsigned right;
		size_t local;

		make(&z, false, INDEX_NAME, &local);
		zipmake_finish(&z, ZIP64_NONE, STR(""));
		zipmake_set(&z, local + AT_LOCAL_SIZE, 4, rows[i].size);
		zipmake_set(&z, local + AT_LOCAL_PACKED, 4, rows[i].size);
		if (find(&z, &why, &index, offsets, &right) == SOZIP_DAMAGED &&
			strstr(why, rows[i].why) != NULL)
			continue;
		print_error("size %llu: got \"%s\", want \"%s\"\n",
			(unsigned long long)rows[i].size, why ? why : "",
			rows[i].why);
		failed++;
	}
	assert_int_equal(failed, 0);
}

static void
test_offsets(void **state)
{
	static const struct {
		uint64_t first, second;
		unsigned right; /* bits of the offsets that are */
	} rows[] = {
		{1, 2, 7},
		{1, PACKED_SIZE - 1, 7},
		{FIRST, FIRST, 3},
		{SECOND, FIRST, 3},
		{0, SECOND, 5},
		{FIRST, PACKED_SIZE, 3},
		{PACKED_SIZE, PACKED_SIZE + 1, 1},
		{UINT64_MAX, 0, 1},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct zipmake z;
		struct sozip index;
		uint64_t offsets[3];
		const char *why;
		unsigned right;
		size_t local, at;

		make(&z, false, INDEX_NAME, &local);
		zipmake_finish(&z, ZIP64_NONE, STR(""));
		at = local + LOCAL_SIZE + AT_OFFSETS;
		zipmake_set(&z, at, 8, rows[i].first);
		zipmake_set(&z, at + 8, 8, rows[i].second);
		if (find(&z, &why, &index, offsets, &right) == SOZIP_FOUND &&
			right == rows[i].right)
			continue;
		print_error("%llu, %llu: got %u, want %u\n",
			(unsigned long long)rows[i].first,
			(unsigned long long)rows[i].second, right,
			rows[i].right);
		failed++;
	}
	assert_int_equal(failed, 0);
}

/* Bytes between the header and the offsets. */
static void
test_skip(void **state)
{
	static const unsigned char filler[24] = {0};
	struct zipmake z;
	struct sozip index;
	uint64_t offsets[3];
	const char *why;
	unsigned right;
	size_t local, at;

	(void)state;
	make(&z, false, INDEX_NAME, &local);
	at = local + LOCAL_SIZE + AT_OFFSETS;
	zipmake_put(&z.file, filler, sizeof(filler));
	memmove(z.file.p + at + 24, z.file.p + at, 16);
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_set(&z, local + LOCAL_SIZE + AT_SKIP, 4, 24);
	zipmake_set(&z, local + AT_LOCAL_SIZE, 4, 32 + 24 + 16);
	zipmake_set(&z, local + AT_LOCAL_PACKED, 4, 32 + 24 + 16);
	assert_int_equal(find(&z, &why, &index, offsets, &right), SOZIP_FOUND);
	assert_int_equal(index.table, at + 24);
	assert_int_equal(offsets[2], SECOND);
}

/* The member is the last thing before the directory. */
static void
test_none(void **state)
{
	unsigned failed = 0;

	(void)state;
	/* Of a header that would reach into the directory there are n bytes. */
	for (size_t n = 0; n < LOCAL_SIZE + AT_OFFSETS; n++) {
		struct zipmake z;
		struct sozip index;
		uint64_t offsets[3];
		const char *why;
		unsigned right;
		size_t local;

		make(&z, false, INDEX_NAME, &local);
		z.file.n = local + n;
		zipmake_finish(&z, ZIP64_NONE, STR(""));
		failed += find(&z, &why, &index, offsets, &right) != SOZIP_NONE;
	}
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_offsets),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests_name(
		"sozip", tests, place_make, place_remove);
}
