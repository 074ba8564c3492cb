/* A source of given bytes, for what reads one: a few at a time, and none yet at
 * each other read. */

#ifndef GIVEN_H
#define GIVEN_H

#include <stdlib.h>
#include <string.h>

#include "archive/source.h"
#include "unit.h"

struct given {
	struct source source;
	struct str bytes;
	size_t piece;
	bool later;
	int *closed;
};

static ssize_t
given_read(struct source *source, void *buffer, size_t n)
{
	struct given *g = (struct given *)source;

	assert_true(n > 0);
	g->later = !g->later;
	if (g->later)
		return SOURCE_LATER;
	if (n > g->piece)
		n = g->piece;
	if (n > g->bytes.n)
		n = g->bytes.n;
	if (n > 0)
		memcpy(buffer, g->bytes.p, n);
	g->bytes = str_slice(g->bytes, n, g->bytes.n);
	return (ssize_t)n;
}

static void
given_close(struct source *source)
{
	++*((struct given *)source)->closed;
	free(source);
}

/* Closing the source adds 1 to *closed. */
static struct source *
given_open(struct str bytes, size_t piece, int *closed)
{
	struct given *g = calloc(1, sizeof(*g));

	assert_non_null(g);
	*g = (struct given){{.read = given_read, .close = given_close}, bytes,
		piece, false, closed};
	return &g->source;
}

#endif
