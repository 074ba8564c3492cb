/* inflate: seekable members that are read from their beginning, with indexes
 * that are right and wrong. */

#include <stddef.h>
#include <zlib.h>

#include "archive/guard.h"
#include "archive/source.h"
#include "unit.h"
#include "zipmake.h"

enum {
	CHUNK = 40000,      /* no power of 2, so one read shows who made it */
	ROOM = 64 * 1024,   /* of a buffer */
	SIZE = 1100 * 1000, /* more than what is kept whole */
	COUNT_OF_OFFSETS = (SIZE - 1) / CHUNK,
};

/* A content that refers to itself, some thousands of bytes back. */
static struct str
make_content(void)
{
	char *p = malloc(SIZE);

	assert_non_null(p);
	for (size_t i = 0; i < SIZE; i++) {
		if (i < 7000)
			p[i] = (char)('a' + i * i / 7 % 26);
		else
			p[i] = (char)(p[i - 7000] ^ (i % 997 == 0));
	}
	return (struct str){p, SIZE};
}

/* Deflate content, with flush after each chunk; where the others begin. */
static struct str
deflate_chunks(
	struct str content, int flush, uint64_t offsets[COUNT_OF_OFFSETS])
{
	z_stream z = {0};
	unsigned char *packed = malloc(content.n);
	int result;

	assert_non_null(packed);
	result = deflateInit2(&z, 6, Z_DEFLATED, -MAX_WBITS, 8, 0);
	assert_int_equal(result, Z_OK);
	z.next_out = packed;
	z.avail_out = (uInt)content.n;
	for (size_t i = 0; i <= COUNT_OF_OFFSETS; i++) {
		bool last = i == COUNT_OF_OFFSETS;

		z.next_in = (Bytef *)(uintptr_t)content.p + i * CHUNK;
		z.avail_in = last ? (uInt)(content.n - i * CHUNK) : (uInt)CHUNK;
		result = deflate(&z, last ? Z_FINISH : flush);
		assert_int_equal(result, last ? Z_STREAM_END : Z_OK);
		if (!last)
			offsets[i] = z.total_out;
	}
	deflateEnd(&z);
	return (struct str){(char *)packed, z.total_out};
}

static void
add_index(struct zipmake *z, struct str packed,
	const uint64_t offsets[COUNT_OF_OFFSETS])
{
	struct zipmake_buffer index = {0};
	struct zipmake hidden = {0};

	zipmake_numbers(&index,
		(const uint64_t[]){
			4, 1, 4, 0, 4, CHUNK, 4, 8, 8, SIZE, 8, packed.n, 0});
	for (size_t i = 0; i < COUNT_OF_OFFSETS; i++)
		zipmake_numbers(&index, (const uint64_t[]){8, offsets[i], 0});
	zipmake_add(&hidden,
		&(struct zipmake_member){.name = ".m.sozip.idx",
			.content = {(char *)index.p, index.n}});
	zipmake_put(&z->file, hidden.file.p, hidden.file.n);
	zipmake_free(&hidden);
	free(index.p);
}

static struct archive *
open_seekable(struct str content, struct str packed, const uint64_t *offsets)
{
	struct zipmake z = {0};
	struct archive *archive;
	char path[128];

	zipmake_add(&z,
		&(struct zipmake_member){.name = "m",
			.content = content,
			.method = 8,
			.packed = packed});
	add_index(&z, packed, offsets);
	zipmake_finish(&z, ZIP64_NONE, STR(""));
	zipmake_save(&z, "a.wwz");
	zipmake_free(&z);
	snprintf(path, sizeof(path), "%s//a.wwz", place);
	archive = archive_open(str_of(path), NULL, NULL, false);
	assert_non_null(archive);
	assert_int_equal(archive->status, STATUS_GO);
	return archive;
}

/* Read all that source gives; the number of reads that gave a chunk each. */
static int
read_all(struct source *source, struct str content)
{
	static char buffer[ROOM];
	size_t done = 0;
	int chunks = 0;
	ssize_t n;

	while ((n = source->read(source, buffer, sizeof(buffer))) != 0) {
		if (n == SOURCE_LATER)
			continue;
		assert_true(n > 0);
		chunks += n == CHUNK;
		assert_in_range(n, 1, content.n - done);
		assert_memory_equal(buffer, content.p + done, (size_t)n);
		done += (size_t)n;
	}
	assert_int_equal(done, content.n);
	return chunks;
}

static const struct {
	const char *what;
	int flush;
	size_t wrong; /* which offset */
	int by;       /* how much larger it is */
	int chunks;   /* how many are read by themselves */
} cases[] = {
	{"right", Z_FULL_FLUSH, 0, 0, COUNT_OF_OFFSETS},
	{"the first offset is too small", Z_FULL_FLUSH, 0, -1, 0},
	{"the first offset is too large", Z_FULL_FLUSH, 0, 1, 0},
	{"an offset is too small", Z_FULL_FLUSH, 9, -1, 9},
	{"an offset is too large", Z_FULL_FLUSH, 9, 1, 9},
	{"an offset behind the data", Z_FULL_FLUSH, 9, SIZE, 9},
	{"an offset before the last one", Z_FULL_FLUSH, 9, -SIZE, 9},
	{"the last offset is too large", Z_FULL_FLUSH, COUNT_OF_OFFSETS - 1, 1,
		COUNT_OF_OFFSETS - 1},
	{"chunks that refer to others", Z_SYNC_FLUSH, 0, 0, 1},
};

static void
test_whole(void **state)
{
	struct str content = make_content();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t offsets[COUNT_OF_OFFSETS], start;
		struct str packed =
			deflate_chunks(content, cases[i].flush, offsets);
		struct archive *archive;
		struct source *source;
		struct member member;

		print_message("%s\n", cases[i].what);
		offsets[cases[i].wrong] += (uint64_t)(int64_t)cases[i].by;
		archive = open_seekable(content, packed, offsets);
		assert_true(zipdir_find(archive->zipdir, STR("m"), &member));
		assert_int_equal(
			archive_locate(archive, &member, &start), STATUS_GO);
		source = source_open(archive, &member, start, NULL);
		assert_non_null(source);
		assert_int_equal(read_all(source, content), cases[i].chunks);
		source->close(source);
		assert_true(archive_notes(archive, &member) & ARCHIVE_CHECKED);
		archive_drop(archive);
		free((void *)(uintptr_t)packed.p);
	}
	free((void *)(uintptr_t)content.p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
	};

	log_catch();
	assert(guard_install() == 0);
	return cmocka_run_group_tests_name(
		"chunks", tests, place_make, place_remove);
}
