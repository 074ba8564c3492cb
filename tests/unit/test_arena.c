/* arena: memory by pieces, and text in it. */

#include <errno.h>
#include <stdalign.h>
#include <stddef.h>

#include "base/arena.h"
#include "unit.h"

/* Pieces of all sizes are aligned and keep what is written to them. */
static void
test_get(void **state)
{
	enum { PIECES = 2000 };
	static unsigned char *piece[PIECES];
	struct arena arena = {0};
	unsigned failed = 0;

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < PIECES; i++) {
			size_t size = i * 7 % 300;

			piece[i] = arena_get(&arena, size);
			assert_non_null(piece[i]);
			failed +=
				(uintptr_t)piece[i] % alignof(max_align_t) != 0;
			memset(piece[i], (int)(i & 0xff), size);
		}
		for (size_t i = 0; i < PIECES; i++) {
			for (size_t k = 0; k < i * 7 % 300; k++)
				failed += piece[i][k] != (i & 0xff);
		}
		assert_int_equal(failed, 0);
		assert_false(arena.failed);
		arena_reset(&arena);
	}
	arena_free(&arena);
}

/* A piece larger than any block, behind and in front of small ones. */
static void
test_get_large(void **state)
{
	static const size_t sizes[] = {
		8191, 8192, 8193, 1, 1000000, 0, 8192, 16, 8176};
	unsigned char *piece[COUNT(sizes)];
	struct arena arena = {0};

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < COUNT(sizes); i++) {
			piece[i] = arena_get(&arena, sizes[i]);
			assert_non_null(piece[i]);
			memset(piece[i], (int)i + 1, sizes[i]);
		}
		for (size_t i = 0; i < COUNT(sizes); i++) {
			for (size_t k = 0; k < sizes[i]; k++)
				assert_int_equal(piece[i][k], i + 1);
		}
		arena_reset(&arena);
	}
	arena_free(&arena);
}

/* What is more than there can be. */
static void
test_get_too_much(void **state)
{
	static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 14,
		SIZE_MAX - 15, SIZE_MAX - 16, SIZE_MAX - 20, SIZE_MAX - 31,
		SIZE_MAX - 32, SIZE_MAX - 47, SIZE_MAX - 4096, SIZE_MAX / 2 + 1,
		SIZE_MAX / 2, SIZE_MAX / 2 - 1};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct arena arena = {0};
		void *p;
		int code;

		errno = 0;
		p = arena_get(&arena, sizes[i]);
		code = errno;
		if (p != NULL || code != ENOMEM || !arena.failed) {
			print_error("SIZE_MAX - %zu: got %p, errno %d, failed "
				    "%d, want NULL, %d, 1\n",
				SIZE_MAX - sizes[i], p, code, arena.failed,
				ENOMEM);
			failed++;
		}
		arena_free(&arena);
	}
	assert_int_equal(failed, 0);
}

static void
test_reset(void **state)
{
	struct arena arena = {0};
	void *first;

	(void)state;
	arena_reset(&arena);
	arena_free(&arena);
	first = arena_get(&arena, 100);
	assert_non_null(first);
	assert_null(arena_get(&arena, SIZE_MAX));
	assert_true(arena.failed);
	/* A failure does not end it. */
	assert_non_null(arena_get(&arena, 100));
	assert_true(arena.failed);
	arena_reset(&arena);
	assert_false(arena.failed);
	/* The block that is kept is used again. */
	assert_ptr_equal(arena_get(&arena, 100), first);
	errno = EXDEV;
	arena_free(&arena);
	assert_int_equal(errno, EXDEV);
	assert_null(arena.blocks);
	arena_free(&arena);
	assert_int_equal(errno, EXDEV);
}

static void
test_copy(void **state)
{
	static const struct str table[] = {
		{NULL, 0}, BYTES(""), BYTES("a"), BYTES("a\0b"), BYTES("\xff")};
	struct arena arena = {0};
	struct str copy;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		copy = arena_copy(&arena, table[i]);
		assert_int_equal(differ("copy", copy, table[i]), 0);
		assert_non_null(copy.p);
		assert_ptr_not_equal(copy.p, table[i].p);
		assert_int_equal(copy.p[copy.n], '\0');
	}
	/* Nothing is read of what cannot be copied. */
	copy = arena_copy(&arena, (struct str){"", SIZE_MAX / 2});
	assert_null(copy.p);
	assert_int_equal(copy.n, 0);
	assert_true(arena.failed);
	arena_free(&arena);
}

static void
test_printf(void **state)
{
	struct arena arena = {0};
	struct str text = arena_printf(&arena, "%s-%d", "a", 7);

	(void)state;
	assert_int_equal(differ("text", text, STR("a-7")), 0);
	assert_int_equal(text.p[text.n], '\0');
	text = arena_printf(&arena, "%s", "");
	assert_int_equal(text.n, 0);
	assert_string_equal(text.p, "");
	/* Longer than a block. */
	text = arena_printf(&arena, "%20000d", 7);
	assert_int_equal(text.n, 20000);
	assert_int_equal(strlen(text.p), 20000);
	arena_free(&arena);
}

/* Text grows byte by byte, by pieces and by formats, from any length. */
static void
test_text(void **state)
{
	static char want[2000];
	struct arena arena = {0};
	unsigned failed = 0;

	(void)state;
	memset(want, 'a', sizeof(want));
	for (size_t n = 0; n < 600; n++) {
		for (int how = 0; how < 3; how++) {
			struct text text = {.arena = &arena};

			for (size_t i = 0; i < n; i++)
				text_byte(&text, 'a');
			if (how == 0)
				text_byte(&text, 'a');
			else if (how == 1)
				text_add(&text, (struct str){want, n});
			else
				text_printf(&text, "%.*s", (int)n, want);
			text_printf(&text, "%s", "");
			text_add(&text, (struct str){NULL, 0});
			failed += differ("text", text_str(&text),
				(struct str){want, how == 0 ? n + 1 : 2 * n});
		}
		arena_reset(&arena);
		assert_int_equal(failed, 0);
	}
	arena_free(&arena);
}

/* Text that fills a block to its last byte has room for its NUL, too. */
static void
test_text_block(void **state)
{
	(void)state;
	for (int n = 1; n <= 17000; n++) {
		struct arena arena = {0};
		struct text text = {.arena = &arena};

		text_printf(&text, "%*d", n, 7);
		assert_int_equal(text.n, n);
		assert_int_equal(text.p[n - 1], '7');
		arena_free(&arena);
	}
}

/* Adding text to itself, where it moves. */
static void
test_text_doubled(void **state)
{
	struct arena arena = {0};
	struct text text = {.arena = &arena};

	(void)state;
	text_byte(&text, 'a');
	for (int i = 0; i < 12; i++)
		text_add(&text, text_str(&text));
	assert_int_equal(text.n, 4096);
	for (size_t i = 0; i < text.n; i++)
		assert_int_equal(text.p[i], 'a');
	arena_free(&arena);
}

/* Two texts that grow by turns. */
static void
test_text_two(void **state)
{
	struct arena arena = {0};
	struct text a = {.arena = &arena}, b = {.arena = &arena};

	(void)state;
	for (int i = 0; i < 5000; i++) {
		text_byte(&a, 'a');
		text_byte(&b, 'b');
	}
	for (size_t i = 0; i < 5000; i++) {
		assert_int_equal(a.p[i], 'a');
		assert_int_equal(b.p[i], 'b');
	}
	arena_free(&arena);
}

/* What does not fit into memory is lost; the arena tells. */
static void
test_text_lost(void **state)
{
	struct arena arena = {0};
	struct text text = {.arena = &arena};

	(void)state;
	text_add(&text, STR("before"));
	text_add(&text, (struct str){"", SIZE_MAX / 2});
	assert_true(arena.failed);
	assert_int_equal(differ("text", text_str(&text), STR("before")), 0);
	text_add(&text, STR("behind"));
	assert_true(arena.failed);
	arena_free(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_get_large),
		cmocka_unit_test(test_get_too_much),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_printf),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_block),
		cmocka_unit_test(test_text_doubled),
		cmocka_unit_test(test_text_two),
		cmocka_unit_test(test_text_lost),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
