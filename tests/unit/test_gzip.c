/* gzip: a source whose bytes come in pieces, late, or not at all. */

#include "unit.h"

#include <errno.h>
#include <zlib.h>

#include "serve/gzip.h"

enum { ROOM = 1 << 20 };

struct plain {
	struct source source;
	const ssize_t *script; /* what each read gives; ends with 0 or -1 */
	unsigned char next;
	bool closed, paused;
};

static ssize_t
plain_read(struct source *source, void *buffer, size_t n)
{
	struct plain *p = (struct plain *)source;
	ssize_t give = *p->script;

	if (give == -1)
		errno = EILSEQ;
	if (give > 0 && (size_t)give > n)
		give = (ssize_t)n;
	if (give != 0 && give != -1)
		p->script++;
	for (ssize_t i = 0; i < give; i++) {
		p->next = (unsigned char)(p->next * 5 + (p->next >> 3) + 17);
		((unsigned char *)buffer)[i] = p->next;
	}
	return give;
}

static void
plain_close(struct source *source)
{
	((struct plain *)source)->closed = true;
}

static void
plain_pause(struct source *source)
{
	((struct plain *)source)->paused = true;
}

static struct plain
make_plain(const ssize_t *script)
{
	return (struct plain){.script = script,
		.source = {.read = plain_read,
			.close = plain_close,
			.pause = plain_pause,
			.late = true,
			.memory = 1000}};
}

/* Inflate what came, and compare it with what an equal source gives. */
static void
check_bytes(z_stream *z, struct plain *plain, const unsigned char *got,
	size_t n, size_t *seen)
{
	static unsigned char out[ROOM];
	int result;

	z->next_in = (unsigned char *)(uintptr_t)got;
	z->avail_in = (uInt)n;
	do {
		z->next_out = out;
		z->avail_out = sizeof(out);
		result = inflate(z, Z_SYNC_FLUSH);
		assert_true(result == Z_OK || result == Z_STREAM_END ||
			result == Z_BUF_ERROR);
		for (size_t i = 0; i < sizeof(out) - z->avail_out; i++) {
			plain->next = (unsigned char)(plain->next * 5 +
				(plain->next >> 3) + 17);
			assert_int_equal(out[i], plain->next);
		}
		*seen += sizeof(out) - z->avail_out;
	} while (result == Z_OK && z->avail_out == 0);
}

static const ssize_t scripts[][8] = {
	{0},
	{1, 0},
	{1, SOURCE_LATER, 5, SOURCE_WAITS, SOURCE_LATER, 1000, 0},
	{32768, 32768, 1, 0},
	{100, -1},
	{SOURCE_LATER, 0},
};

/* Through room of any size, all that the source has given can be seen before
 * it is asked for more. */
static void
test_scripts(void **state)
{
	static const size_t rooms[] = {GZIP_READ_LEAST, 31, 100, 65536};

	(void)state;
	for (size_t i = 0; i < COUNT(scripts) * COUNT(rooms); i++) {
		struct plain plain = make_plain(scripts[i / COUNT(rooms)]);
		struct plain same = plain;
		size_t room = rooms[i % COUNT(rooms)], seen = 0, given = 0;
		struct source *gzip = gzip_open(&plain.source);
		unsigned char buffer[65536];
		z_stream z = {0};
		ssize_t n;

		assert_non_null(gzip);
		assert_true(gzip->late && gzip->memory > 1000 + 256 * 1024);
		assert_int_equal(inflateInit2(&z, MAX_WBITS + 16), Z_OK);
		do {
			const ssize_t *before = plain.script;

			n = gzip->read(gzip, buffer, room);
			if (plain.script != before)
				assert_int_equal(seen, given);
			if (plain.script != before && *before > 0)
				given += (size_t)*before;
			if (n > 0)
				check_bytes(
					&z, &same, buffer, (size_t)n, &seen);
		} while (n > 0 || n == SOURCE_LATER || n == SOURCE_WAITS);
		assert_int_equal(seen, given);
		assert_int_equal(n, *plain.script);
		if (n == 0)
			assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
		else
			assert_int_equal(errno, EILSEQ);
		assert_int_equal(gzip->read(gzip, buffer, room), n);
		gzip->pause(gzip);
		gzip->close(gzip);
		assert_true(plain.paused && plain.closed);
		inflateEnd(&z);
	}
}

static void
test_nothing(void **state)
{
	(void)state;
	assert_null(gzip_open(NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests_name("gzip", tests, NULL, NULL);
}
