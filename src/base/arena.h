/* Memory for one request: handed out piece by piece, given back all at once.
 * And text that grows in it. */

#ifndef ARENA_H
#define ARENA_H

#include "base/str.h"
#include <stdarg.h>

struct arena_block;

/* All zero is an empty arena.  One thread at a time. */
struct arena {
	struct arena_block *blocks; /* newest first */
	size_t used, size;          /* of the newest */
	bool failed;                /* memory ran out since the last reset */
};

/* size bytes, aligned for anything, not cleared; valid until arena_reset or
 * arena_free.  NULL with errno ENOMEM, and arena->failed is set. */
void *arena_get(struct arena *arena, size_t size);

/* A copy of s with a NUL behind it.  On failure p is NULL and n 0. */
struct str arena_copy(struct arena *arena, struct str s);

/* Text as from printf, with a NUL behind it; may be cut off by an n of 0 as in
 * arena_copy. */
struct str arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Take everything back; one block is kept for the next request. */
void arena_reset(struct arena *arena);

/* Take everything back and release it.  Keeps errno. */
void arena_free(struct arena *arena);

/* Text under construction in an arena.  When memory runs out, arena->failed is
 * set, and the text lacks something. */
struct text {
	struct arena *arena;
	char *p;
	size_t n, size;
};

void text_add(struct text *text, struct str s);

/* Add n in decimal; in hexadecimal, with zeros in front up to width digits. */
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
