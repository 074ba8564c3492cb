#include "base/arena.h"

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	BLOCK_SIZE = 8192,
	SMALL_TEXT = 256, /* printed text up to this size needs one attempt */
	DIGITS_MAX = 20,  /* of 64 bits in decimal */
};

struct arena_block {
	struct arena_block *next;
	size_t size; /* of data */
	alignas(max_align_t) char data[];
};

static bool
arena_grow(struct arena *arena, size_t size)
{
	size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
	struct arena_block *block = NULL;

	if (room <= SIZE_MAX - sizeof(*block))
		block = malloc(sizeof(*block) + room);
	if (block == NULL) {
		arena->failed = true;
		errno = ENOMEM;
		return false;
	}
	block->next = arena->blocks;
	block->size = room;
	arena->blocks = block;
	arena->used = 0;
	arena->size = room;
	return true;
}

void *
arena_get(struct arena *arena, size_t size)
{
	const size_t unit = alignof(max_align_t);
	size_t rounded = (size + unit - 1) / unit * unit;
	void *p;

	if (rounded < size) {
		arena->failed = true;
		errno = ENOMEM;
		return NULL;
	}
	if ((arena->blocks == NULL || rounded > arena->size - arena->used) &&
		!arena_grow(arena, rounded))
		return NULL;
	p = arena->blocks->data + arena->used;
	arena->used += rounded;
	return p;
}

struct str
arena_copy(struct arena *arena, struct str s)
{
	char *p = arena_get(arena, s.n + 1);

	if (p == NULL)
		return (struct str){NULL, 0};
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return (struct str){p, s.n};
}

struct str
arena_printf(struct arena *arena, const char *format, ...)
{
	char small[SMALL_TEXT], *p;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(small, sizeof(small), format, args);
	va_end(args);
	if (n >= 0 && n < SMALL_TEXT)
		return arena_copy(arena, (struct str){small, (size_t)n});
	p = n < 0 ? NULL : arena_get(arena, (size_t)n + 1);
	if (p == NULL)
		return (struct str){NULL, 0};
	va_start(args, format);
	vsnprintf(p, (size_t)n + 1, format, args);
	va_end(args);
	return (struct str){p, (size_t)n};
}

void
arena_reset(struct arena *arena)
{
	struct arena_block *oldest = arena->blocks;

	while (oldest != NULL && oldest->next != NULL) {
		struct arena_block *next = oldest->next;

		free(oldest);
		oldest = next;
	}
	*arena = (struct arena){.blocks = oldest};
	/* The oldest block is at least this large. */
	arena->size = oldest ? BLOCK_SIZE : 0;
}

size_t
arena_memory(const struct arena *arena)
{
	const struct arena_block *block;
	size_t n = 0;

	for (block = arena->blocks; block != NULL; block = block->next)
		n += sizeof(*block) + block->size;
	return n;
}

void
arena_free(struct arena *arena)
{
	int saved = errno;

	arena_reset(arena);
	free(arena->blocks);
	*arena = (struct arena){0};
	errno = saved;
}

/* Make room for n more bytes and a NUL. */
static bool
text_grow(struct text *text, size_t n)
{
	size_t size = text->size ? text->size * 2 : 256;
	char *p;

	if (size < text->n + n + 1)
		size = text->n + n + 1;
	p = arena_get(text->arena, size);
	if (p == NULL)
		return false;
	if (text->n > 0)
		memcpy(p, text->p, text->n);
	text->p = p;
	text->size = size;
	return true;
}

void
text_add(struct text *text, struct str s)
{
	if (s.n == 0)
		return;
	if (s.n >= text->size - text->n && !text_grow(text, s.n))
		return;
	memcpy(text->p + text->n, s.p, s.n);
	text->n += s.n;
}

void
text_number(struct text *text, uint64_t n)
{
	char digits[DIGITS_MAX], *p = digits + DIGITS_MAX;

	do {
		*--p = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	text_add(text, (struct str){p, (size_t)(digits + DIGITS_MAX - p)});
}

void
text_hex(struct text *text, uint64_t n, int width)
{
	char digits[DIGITS_MAX], *p = digits + DIGITS_MAX;

	assert(width <= DIGITS_MAX);
	do {
		*--p = "0123456789abcdef"[n & 15];
		n >>= 4;
	} while (n > 0 || digits + DIGITS_MAX - p < width);
	text_add(text, (struct str){p, (size_t)(digits + DIGITS_MAX - p)});
}

void
text_printf(struct text *text, const char *format, ...)
{
	size_t room = text->size - text->n;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(room ? text->p + text->n : NULL, room, format, args);
	va_end(args);
	if (n < 0)
		return;
	if ((size_t)n >= room) {
		if (!text_grow(text, (size_t)n))
			return;
		va_start(args, format);
		vsnprintf(text->p + text->n, (size_t)n + 1, format, args);
		va_end(args);
	}
	text->n += (size_t)n;
}
