/* deflate: pieces that are one stream, and when it is worth it. */

#include <errno.h>
#include <zlib.h>

#include "pack/deflate.h"
#include "unit.h"

enum { SIZE_MAX_TRIED = 2 * DEFLATE_PIECE + 5 };

/* A file of text with the start repeated, so that dictionaries matter. */
static int
make_file(unsigned char *content, size_t size)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	for (size_t i = 0; i < size; i++)
		content[i] =
			(unsigned char)('a' + i * i % 97 % 8 + i / 1000 % 3);
	assert_true(write(fd, content, size) == (ssize_t)size);
	return fd;
}

/* Deflate all pieces, the last one first. */
static size_t
deflate_all(int fd, size_t size, bool seekable, unsigned char *packed)
{
	struct deflater *deflater = deflater_new();
	size_t n = (size + DEFLATE_PIECE - 1) / DEFLATE_PIECE, total = 0;
	struct piece piece[3];

	assert_non_null(deflater);
	for (size_t i = n; i-- > 0;) {
		size_t rest = size - i * DEFLATE_PIECE;

		piece[i] = (struct piece){.fd = fd,
			.offset = i * DEFLATE_PIECE,
			.n = rest < DEFLATE_PIECE ? rest : DEFLATE_PIECE,
			.last = i + 1 == n,
			.seekable = seekable,
			.packed = malloc(DEFLATE_ROOM)};
		assert_int_equal(deflate_piece(deflater, &piece[i]), 0);
	}
	for (size_t i = 0; i < n; i++) {
		memcpy(packed + total, piece[i].packed, piece[i].npacked);
		total += piece[i].npacked;
		free(piece[i].packed);
	}
	deflater_free(deflater);
	return total;
}

static size_t
inflate_all(
	const unsigned char *packed, size_t n, unsigned char *raw, size_t room)
{
	z_stream z = {0};
	int result;

	assert_int_equal(inflateInit2(&z, -MAX_WBITS), Z_OK);
	z.next_in = (unsigned char *)(uintptr_t)packed;
	z.avail_in = (uInt)n;
	z.next_out = raw;
	z.avail_out = (uInt)room;
	result = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	assert_int_equal(result, Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	return z.total_out;
}

static void
test_pieces(void **state)
{
	static const size_t sizes[] = {1, DEFLATE_BLOCK, DEFLATE_BLOCK + 1,
		DEFLATE_PIECE - 1, DEFLATE_PIECE, DEFLATE_PIECE + 1,
		2 * DEFLATE_PIECE, SIZE_MAX_TRIED};
	unsigned char *content = malloc(SIZE_MAX_TRIED);
	unsigned char *raw = malloc(SIZE_MAX_TRIED + 1);
	unsigned char *packed = malloc(3 * DEFLATE_ROOM);
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		int fd = make_file(content, sizes[i]);

		for (int seekable = 0; seekable < 2; seekable++) {
			size_t n = deflate_all(
				fd, sizes[i], seekable == 1, packed);
			size_t size =
				inflate_all(packed, n, raw, SIZE_MAX_TRIED + 1);

			failed += differ_number("pieces", "size",
				(long long)size, (long long)sizes[i]);
			failed += differ_number("pieces", "content",
				memcmp(raw, content, sizes[i]), 0);
		}
		close(fd);
	}
	free(content);
	free(raw);
	free(packed);
	assert_int_equal(failed, 0);
}

/* A file that is shorter than it was. */
static void
test_short(void **state)
{
	struct deflater *deflater = deflater_new();
	unsigned char content[100];
	struct piece piece = {.fd = make_file(content, 100),
		.n = 101,
		.last = true,
		.packed = malloc(DEFLATE_ROOM)};

	(void)state;
	errno = 0;
	assert_int_equal(deflate_piece(deflater, &piece), -1);
	assert_int_equal(errno, EBUSY);
	free(piece.packed);
	close(piece.fd);
	deflater_free(deflater);
}

static void
test_saves(void **state)
{
	static const struct {
		uint64_t size, packed;
		int saves;
	} cases[] = {
		{0, 0, 0},
		{63, 0, 0},
		{64, 0, 1},
		{64, 1, 0},
		{1000, 936, 1},
		{1000, 937, 0},
		{10000, 9800, 1},
		{10000, 9801, 0},
		{100, 200, 0},
		{UINT64_C(5) << 32, UINT64_C(5) << 32, 0},
		{UINT64_C(5) << 32, UINT64_C(4) << 32, 1},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char what[64];

		snprintf(what, sizeof(what), "%llu to %llu",
			(unsigned long long)cases[i].size,
			(unsigned long long)cases[i].packed);
		failed += differ_number(what, "saves",
			deflate_saves(cases[i].size, cases[i].packed),
			cases[i].saves);
	}
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_saves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
