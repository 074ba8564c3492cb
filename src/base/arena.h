/* Memory for one request, allocated in pieces and released all at once; and
 * text that grows in it. */

#ifndef ARENA_H
#define ARENA_H

#include "base/str.h"
#include <stdarg.h>

struct arena_block;

/* All zero when empty.  One thread at a time. */
struct arena {
	struct arena_block *blocks; /* newest first */
	size_t used, size;          /* of the newest */
	bool failed;                /* memory ran out since the last reset */
};

/* Allocate size bytes, aligned for any type, not cleared, and valid until
 * arena_reset or arena_free.  On failure NULL with errno ENOMEM, and
 * arena->failed is set. */
void *arena_get(struct arena *arena, size_t size);

/* A copy of s, followed by a NUL.  On failure p is NULL and n 0. */
struct str arena_copy(struct arena *arena, struct str s);

/* Text formatted as by printf, followed by a NUL.  On failure p is NULL and n
 * 0. */
struct str arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Bytes of memory that the arena takes. */
size_t arena_memory(const struct arena *arena);

/* Release everything; one block stays allocated for the next request. */
void arena_reset(struct arena *arena);

/* Release everything, including all blocks.  Preserves errno. */
void arena_free(struct arena *arena);

/* Text under construction in an arena.  When memory runs out, arena->failed is
 * set and the text is incomplete. */
struct text {
	struct arena *arena;
	char *p;
	size_t n, size;
};

void text_add(struct text *text, struct str s);

/* Add n in decimal; or in hexadecimal, padded with zeros to width digits. */
void text_number(struct text *text, uint64_t n);
void text_hex(struct text *text, uint64_t n, int width);
void text_printf(struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static inline void
text_byte(struct text *text, char c)
{
	if (text->n < text->size)
		text->p[text->n++] = c;
	else
		text_add(text, (struct str){&c, 1});
}

static inline struct str
text_str(const struct text *text)
{
	return (struct str){text->p, text->n};
}

#endif
