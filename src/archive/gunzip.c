/* Access points of the content lie inside deflate streams.  A source that
 * begins at one reads the rest of that stream as raw deflate data, passes over
 * the 8 bytes behind it, and is in the same state then as one that has come
 * from the beginning. */

#include "archive/gunzip.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "archive/blocks.h"
#include "archive/packing.h"

enum {
	INPUT_SIZE = 64 * 1024,
	GZIP_BITS = 15 + 16,   /* window size, and gzip format */
	ZLIB_SIZE = 48 * 1024, /* its state and its window */
	TRAILER_SIZE = 8,      /* of a gzip member: CRC-32 and size */
};

struct gunzip {
	struct source source;
	struct source *packed;
	const struct archive *archive;
	struct member member;
	z_stream z;
	struct blocks blocks;
	uint64_t read; /* offset in packed behind the input */
	uint64_t skip; /* bytes of packed to pass over */
	unsigned bits; /* of the byte behind them, that come first */
	bool raw; /* z began inside a deflate stream, and is not at its end */
	bool inside; /* inside a gzip member */
	bool first;  /* no gzip member has ended yet */
	bool over;
	const char *damage; /* why the file cannot be read on, else NULL */
	unsigned char input[INPUT_SIZE];
};

/* Fail, once it is known that the archive is not to blame. */
static ssize_t
fail_gunzip(struct gunzip *g)
{
	ssize_t got = packing_drain(g->packed);

	if (got != 0)
		return got;
	archive_fault(g->archive, &g->member, g->damage);
	errno = EBADMSG;
	return -1;
}

/* Read more input.  Returns as read of packed. */
static ssize_t
refill_packed(struct gunzip *g)
{
	ssize_t n = g->packed->read(g->packed, g->input, sizeof(g->input));

	if (n > 0) {
		g->read += (uint64_t)n;
		g->z.next_in = g->input;
		g->z.avail_in = (uInt)n;
	}
	return n;
}

/* Pass over input, up to where zlib goes on.  false when more is needed. */
static bool
skip_input(struct gunzip *g)
{
	uInt n = g->skip < g->z.avail_in ? (uInt)g->skip : g->z.avail_in;

	g->z.next_in += n;
	g->z.avail_in -= n;
	g->skip -= n;
	if (g->z.avail_in == 0)
		return false;
	if (g->raw && !g->inside) {
		(void)blocks_prime(&g->z, g->bits, *g->z.next_in++);
		g->z.avail_in--;
	}
	g->inside = true;
	return true;
}

/* The input has ended. */
static ssize_t
finish_gunzip(struct gunzip *g)
{
	g->over = true;
	if (!g->inside && !g->first && g->skip == 0)
		return 0;
	g->damage = "the gzip data end early";
	return fail_gunzip(g);
}

/* Expect another gzip member. */
static int
end_gzip_member(struct gunzip *g)
{
	g->inside = g->first = false;
	g->blocks.begun += g->z.total_out;
	g->skip = g->raw ? TRAILER_SIZE : 0;
	g->raw = false;
	return inflateReset2(&g->z, GZIP_BITS);
}

/* Act on the result of zlib, which has written n bytes. */
static ssize_t
judge(struct gunzip *g, int result, size_t n)
{
	if (result == Z_STREAM_END) {
		if (end_gzip_member(g) != Z_OK)
			g->damage = "zlib cannot go on";
	} else if (result != Z_OK && result != Z_BUF_ERROR) {
		g->over = true;
		/* Input after a gzip member that does not begin with gzip's two
		 * magic bytes is ignored. */
		if (g->first || g->z.total_in > 2)
			g->damage = g->z.msg ? g->z.msg : "not gzip";
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
	if (g->damage != NULL)
		return fail_gunzip(g);
	if (!g->over && g->z.avail_in == 0) {
		ssize_t got = refill_packed(g);

		if (got < 0)
			return got;
		if (got == 0)
			return finish_gunzip(g);
	}
	if (g->over)
		return 0;
	if (!skip_input(g))
		return SOURCE_LATER;
	g->z.next_out = buffer;
	g->z.avail_out = (uInt)n;
	blocks_begin_output(&g->blocks, &g->z);
	result = blocks_inflate(&g->blocks, &g->z, g->read);
	blocks_count(&g->blocks, &g->z);
	return judge(g, result, n - g->z.avail_out);
}

static void
gunzip_close(struct source *source)
{
	struct gunzip *g = (struct gunzip *)source;

	if (g->packed != NULL)
		g->packed->close(g->packed);
	inflateEnd(&g->z);
	points_drop(g->blocks.points);
	free(g);
}

/* Open packed, to be read from offset on. */
static int
open_packed(struct gunzip *g, struct archive *archive, uint64_t start,
	uint64_t offset)
{
	struct position position = {offset, POSITION_ANY_LINES};

	g->packed = source_open(archive, &g->member, start, &position);
	g->read = position.offset;
	g->skip = offset - position.offset;
	return g->packed == NULL ? -1 : 0;
}

/* Begin at the nearest point at or before offset wanted, or at the beginning.
 * -1 with errno. */
static int
begin_gunzip(struct gunzip *g, struct archive *archive, uint64_t start,
	uint64_t wanted)
{
	unsigned char window[POINTS_WINDOW];
	struct point point = {0};
	size_t n = 0;

	if (g->blocks.points != NULL)
		point = points_nearest(g->blocks.points, wanted, window, &n);
	if (point.out == 0)
		return open_packed(g, archive, start, 0);
	g->raw = true;
	g->bits = point.bits;
	g->blocks.begun = point.out;
	g->blocks.lines = point.lines;
	if (inflateReset2(&g->z, -MAX_WBITS) != Z_OK ||
		inflateSetDictionary(&g->z, window, (uInt)n) != Z_OK) {
		errno = ENOMEM;
		return -1;
	}
	/* The first bits are in the byte before. */
	return open_packed(g, archive, start, point.in - 1);
}

struct source *
gunzip_open(struct archive *archive, const struct member *member,
	uint64_t start, struct position *position)
{
	struct gunzip *g = calloc(1, sizeof(*g));

	if (g == NULL || inflateInit2(&g->z, GZIP_BITS) != Z_OK) {
		free(g);
		errno = ENOMEM;
		return NULL;
	}
	g->source.read = gunzip_read;
	g->source.close = gunzip_close;
	g->archive = archive;
	g->member = *member;
	g->first = true;
	g->blocks.size = UINT64_MAX;
	g->blocks.points = points_get_gunzipped(archive, member);
	if (begin_gunzip(g, archive, start, position->offset) < 0) {
		int saved = errno;

		gunzip_close(&g->source);
		errno = saved;
		return NULL;
	}
	*position = (struct position){g->blocks.begun, g->blocks.lines};
	return &g->source;
}

uint64_t
gunzip_memory(void)
{
	return sizeof(struct gunzip) + ZLIB_SIZE;
}
