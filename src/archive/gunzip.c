#include "archive/gunzip.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

enum {
	INPUT_SIZE = 64 * 1024,
	GZIP_BITS = 15 + 16,   /* window size, and gzip format */
	ZLIB_SIZE = 48 * 1024, /* its state and its window */
};

struct gunzip {
	struct source source;
	struct source *packed;
	const struct archive *archive;
	struct member member;
	z_stream z;
	bool inside; /* inside a gzip member */
	bool first;  /* no gzip member has ended yet */
	bool over;
	unsigned char input[INPUT_SIZE];
};

static ssize_t
gunzip_fault(const struct gunzip *g, const char *why)
{
	return archive_fault(g->archive, &g->member, why);
}

/* Read more input.  Returns as read of packed. */
static ssize_t
refill_packed(struct gunzip *g)
{
	ssize_t n = g->packed->read(g->packed, g->input, sizeof(g->input));

	if (n > 0) {
		g->z.next_in = g->input;
		g->z.avail_in = (uInt)n;
	}
	return n;
}

/* The input has ended. */
static ssize_t
finish_gunzip(struct gunzip *g)
{
	g->over = true;
	return g->inside || g->first
		? gunzip_fault(g, "the gzip data end early")
		: 0;
}

/* Act on the result of zlib, which has written n bytes. */
static ssize_t
judge(struct gunzip *g, int result, size_t n)
{
	if (result == Z_STREAM_END) {
		g->inside = g->first = false;
		if (inflateReset(&g->z) != Z_OK)
			return gunzip_fault(g, "zlib cannot go on");
	} else if (result != Z_OK && result != Z_BUF_ERROR) {
		g->over = true;
		/* Input after a gzip member that does not begin with gzip's two
		 * magic bytes is ignored. */
		if (g->first || g->z.total_in > 2)
			return gunzip_fault(
				g, g->z.msg ? g->z.msg : "not gzip");
		return (ssize_t)n;
	}
	return n > 0 ? (ssize_t)n : SOURCE_LATER;
}

static ssize_t
gunzip_read(struct source *source, void *buffer, size_t n)
{
	struct gunzip *g = (struct gunzip *)source;
	int result;

	if (n > INPUT_SIZE)
		n = INPUT_SIZE;
	if (!g->over && g->z.avail_in == 0) {
		ssize_t got = refill_packed(g);

		if (got < 0)
			return got;
		if (got == 0)
			return finish_gunzip(g);
	}
	if (g->over)
		return 0;
	g->inside = true;
	g->z.next_out = buffer;
	g->z.avail_out = (uInt)n;
	result = inflate(&g->z, Z_NO_FLUSH);
	return judge(g, result, n - g->z.avail_out);
}

static void
gunzip_close(struct source *source)
{
	struct gunzip *g = (struct gunzip *)source;

	g->packed->close(g->packed);
	inflateEnd(&g->z);
	free(g);
}

struct source *
gunzip_open(struct source *packed, const struct archive *archive,
	const struct member *member)
{
	struct gunzip *g = calloc(1, sizeof(*g));

	if (g == NULL || inflateInit2(&g->z, GZIP_BITS) != Z_OK) {
		free(g);
		packed->close(packed);
		errno = ENOMEM;
		return NULL;
	}
	g->source.read = gunzip_read;
	g->source.close = gunzip_close;
	g->packed = packed;
	g->archive = archive;
	g->member = *member;
	g->first = true;
	return &g->source;
}

uint64_t
gunzip_memory(void)
{
	return sizeof(struct gunzip) + ZLIB_SIZE;
}
