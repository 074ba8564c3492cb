#include "serve/gzip.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

enum {
	INPUT_STEP = 32 * 1024, /* compressed at a time, about a millisecond */
	LEVEL = 5,              /* 6 takes 1.5 times as long and saves 1 % */
	GZIP_FILE = 16,         /* added to zlib's number of window bits */
	ZLIB_MEMORY = 272 * 1024,
};

struct gzipper {
	struct source source;
	struct source *plain;
	z_stream z;
	int flush; /* under way; Z_NO_FLUSH: the input is done with */
	bool ended;
	unsigned char input[INPUT_STEP];
};

/* Get more input.  Returns as read of a source. */
static ssize_t
refill_plain(struct gzipper *g)
{
	ssize_t got = g->plain->read(g->plain, g->input, sizeof(g->input));

	g->source.amid = g->plain->amid;
	if (got < 0)
		return got;
	g->z.next_in = g->input;
	g->z.avail_in = (uInt)got;
	g->flush = got > 0 ? Z_SYNC_FLUSH : Z_FINISH;
	return got;
}

static ssize_t
gzipper_read(struct source *source, void *buffer, size_t n)
{
	struct gzipper *g = (struct gzipper *)source;

	assert(n >= GZIP_READ_LEAST);
	g->z.next_out = buffer;
	g->z.avail_out = (uInt)n;
	while (g->z.avail_out == n && !g->ended) {
		if (g->flush == Z_NO_FLUSH) {
			ssize_t got = refill_plain(g);

			if (got < 0)
				return got;
		}
		g->ended = deflate(&g->z, g->flush) == Z_STREAM_END;
		/* Room that is left over shows that all of it is out. */
		if (g->z.avail_out > 0 && g->flush == Z_SYNC_FLUSH)
			g->flush = Z_NO_FLUSH;
	}
	return (ssize_t)(n - g->z.avail_out);
}

static void
gzipper_pause(struct source *source)
{
	struct source *plain = ((struct gzipper *)source)->plain;

	plain->pause(plain);
}

static void
gzipper_close(struct source *source)
{
	struct gzipper *g = (struct gzipper *)source;

	deflateEnd(&g->z);
	g->plain->close(g->plain);
	free(g);
}

struct source *
gzip_open(struct source *plain)
{
	struct gzipper *g;

	if (plain == NULL)
		return NULL;
	g = calloc(1, sizeof(*g));
	if (g == NULL ||
		deflateInit2(&g->z, LEVEL, Z_DEFLATED, MAX_WBITS + GZIP_FILE,
			MAX_MEM_LEVEL - 1, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(g);
		plain->close(plain);
		errno = ENOMEM;
		return NULL;
	}
	g->plain = plain;
	g->flush = Z_NO_FLUSH;
	g->source.read = gzipper_read;
	g->source.close = gzipper_close;
	g->source.pause = plain->pause ? gzipper_pause : NULL;
	g->source.late = plain->late;
	g->source.memory = plain->memory + sizeof(*g) + ZLIB_MEMORY;
	return &g->source;
}
