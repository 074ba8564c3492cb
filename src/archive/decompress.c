/* All decompression libraries decode streams of bytes that have an end and may
 * be followed by other streams.  A codec makes the bytes of one stream. */

#include <errno.h>
#include <stdlib.h>

#ifdef WWZ_BZIP2
#include <bzlib.h>
#endif
#ifdef WWZ_LZMA
#include <lzma.h>
#endif
#ifdef WWZ_ZSTD
#include <zstd.h>
#include <zstd_errors.h>
#endif

#include "archive/packing.h"
#include "base/log.h"

enum {
	INPUT_SIZE = 64 * 1024,
	BZIP2_MEMORY = 4 * 1024 * 1024, /* for blocks of 900 KB */
	ZSTD_WINDOW_LOG = 23,           /* 8 MiB, RFC 8878, section 3.1.1.1.2 */
	ZSTD_MEMORY = (1 << ZSTD_WINDOW_LOG) + 512 * 1024,
};

/* Returned by the step of a codec; STEP_EARLY is what the end of the input in
 * the middle of a stream means. */
enum step {
	STEP_MORE,
	STEP_END,
	STEP_WRONG,
	STEP_EARLY,
	STEP_TOO_LARGE,
	STEP_NO_MEMORY
};

struct decompressor;

struct codec {
	uint64_t memory;
	unsigned char first; /* byte of a stream; 0: any */
	/* Begin a stream: 0, or -1 with errno ENOMEM. */
	int (*begin)(struct decompressor *d);
	/* Move bytes from in to out, both of which are advanced. */
	enum step (*step)(struct decompressor *d);
	void (*end)(struct decompressor *d);
};

struct decompressor {
	struct source source;
	struct source *packed;
	const struct archive *archive;
	struct member member;
	const struct codec *codec;
	union {
#ifdef WWZ_BZIP2
		bz_stream bzip2;
#endif
#ifdef WWZ_LZMA
		lzma_stream lzma;
#endif
#ifdef WWZ_ZSTD
		ZSTD_DStream *zstd;
#endif
		char nothing;
	} state;
	unsigned char *in, *out;
	size_t nin, nout;
	bool between; /* streams */
	bool full;    /* the last output was, so more may come without input */
	bool over;
	enum step failed; /* what ended it, or STEP_MORE */
	unsigned char input[INPUT_SIZE];
};

#ifdef WWZ_BZIP2
static int
bzip2_begin(struct decompressor *d)
{
	d->state.bzip2 = (bz_stream){0};
	if (BZ2_bzDecompressInit(&d->state.bzip2, 0, 0) == BZ_OK)
		return 0;
	errno = ENOMEM;
	return -1;
}

static enum step
bzip2_step(struct decompressor *d)
{
	bz_stream *z = &d->state.bzip2;
	int result;

	z->next_in = (char *)d->in;
	z->avail_in = (unsigned)d->nin;
	z->next_out = (char *)d->out;
	z->avail_out = (unsigned)d->nout;
	result = BZ2_bzDecompress(z);
	d->in = (unsigned char *)z->next_in;
	d->nin = z->avail_in;
	d->out = (unsigned char *)z->next_out;
	d->nout = z->avail_out;
	if (result == BZ_STREAM_END)
		return STEP_END;
	if (result == BZ_MEM_ERROR)
		return STEP_NO_MEMORY;
	return result == BZ_OK ? STEP_MORE : STEP_WRONG;
}

static void
bzip2_end(struct decompressor *d)
{
	BZ2_bzDecompressEnd(&d->state.bzip2);
}

static const struct codec bzip2 = {
	BZIP2_MEMORY, 'B', bzip2_begin, bzip2_step, bzip2_end};
#endif

#ifdef WWZ_LZMA
static int
xz_begin(struct decompressor *d)
{
	d->state.lzma = (lzma_stream)LZMA_STREAM_INIT;
	if (lzma_stream_decoder(&d->state.lzma, PACKING_MEMORY, 0) == LZMA_OK)
		return 0;
	errno = ENOMEM;
	return -1;
}

static enum step
xz_step(struct decompressor *d)
{
	lzma_stream *z = &d->state.lzma;
	lzma_ret result;

	z->next_in = d->in;
	z->avail_in = d->nin;
	z->next_out = d->out;
	z->avail_out = d->nout;
	result = lzma_code(z, LZMA_RUN);
	d->in += d->nin - z->avail_in;
	d->nin = z->avail_in;
	d->out = z->next_out;
	d->nout = z->avail_out;
	switch (result) {
	case LZMA_OK:
	case LZMA_BUF_ERROR:
		return STEP_MORE;
	case LZMA_STREAM_END:
		return STEP_END;
	case LZMA_MEMLIMIT_ERROR:
		return STEP_TOO_LARGE;
	case LZMA_MEM_ERROR:
		return STEP_NO_MEMORY;
	default:
		return STEP_WRONG;
	}
}

static void
xz_end(struct decompressor *d)
{
	lzma_end(&d->state.lzma);
}

static const struct codec xz = {
	PACKING_MEMORY, 0xfd, xz_begin, xz_step, xz_end};
#endif

#ifdef WWZ_ZSTD
static int
zstd_begin(struct decompressor *d)
{
	d->state.zstd = ZSTD_createDStream();
	if (d->state.zstd != NULL &&
		!ZSTD_isError(ZSTD_DCtx_setParameter(
			d->state.zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG)))
		return 0;
	ZSTD_freeDStream(d->state.zstd);
	errno = ENOMEM;
	return -1;
}

static enum step
zstd_step(struct decompressor *d)
{
	ZSTD_inBuffer in = {d->in, d->nin, 0};
	ZSTD_outBuffer out = {d->out, d->nout, 0};
	size_t result = ZSTD_decompressStream(d->state.zstd, &out, &in);

	d->in += in.pos;
	d->nin -= in.pos;
	d->out += out.pos;
	d->nout -= out.pos;
	if (!ZSTD_isError(result))
		return result == 0 ? STEP_END : STEP_MORE;
	switch (ZSTD_getErrorCode(result)) {
	case ZSTD_error_frameParameter_windowTooLarge:
		return STEP_TOO_LARGE;
	case ZSTD_error_memory_allocation:
		return STEP_NO_MEMORY;
	default:
		return STEP_WRONG;
	}
}

static void
zstd_end(struct decompressor *d)
{
	ZSTD_freeDStream(d->state.zstd);
}

static const struct codec zstd = {
	ZSTD_MEMORY, 0, zstd_begin, zstd_step, zstd_end};
#endif

static const struct codec *
codec_of(enum packing packing)
{
	switch (packing) {
#ifdef WWZ_BZIP2
	case PACKING_BZIP2:
		return &bzip2;
#endif
#ifdef WWZ_LZMA
	case PACKING_XZ:
		return &xz;
#endif
#ifdef WWZ_ZSTD
	case PACKING_ZSTD:
		return &zstd;
#endif
	default:
		return NULL;
	}
}

/* Fail, once it is known that the archive is not to blame. */
static ssize_t
fail_decompressor(struct decompressor *d)
{
	ssize_t got;

	if (d->failed == STEP_NO_MEMORY) {
		errno = ENOMEM;
		return -1;
	}
	got = packing_drain(d->packed);
	if (got != 0)
		return got;
	if (d->failed == STEP_TOO_LARGE)
		log_pairs(LOG_WARN, "member-unsupported",
			{"archive", str_of(d->archive->path)},
			{"member", d->member.name},
			{"why", STR("it needs more memory to decompress than is allowed")});
	else
		archive_fault(d->archive, &d->member,
			d->failed == STEP_EARLY
				? "its compressed content ends early"
				: "its compressed content is damaged");
	errno = EBADMSG;
	return -1;
}

/* Expect another stream behind padding.  Returns 1, 0 when there is none, -1
 * with errno, or SOURCE_LATER when more input is needed. */
static ssize_t
next_stream(struct decompressor *d)
{
	while (d->nin > 0 && *d->in == 0) {
		d->in++;
		d->nin--;
	}
	if (d->nin == 0)
		return SOURCE_LATER;
	if (!(d->codec->first == 0 ? *d->in == 0x28 || *d->in >> 4 == 5
				   : *d->in == d->codec->first)) {
		d->over = true;
		return 0;
	}
	d->codec->end(d);
	d->between = false;
	if (d->codec->begin(d) == 0)
		return 1;
	d->codec = NULL;
	d->failed = STEP_NO_MEMORY;
	return fail_decompressor(d);
}

/* Read more input, if it is needed.  As read of a source, but more than 0 when
 * there is something to do. */
static ssize_t
refill_compressed(struct decompressor *d)
{
	ssize_t n;

	if (d->nin > 0 || d->full)
		return 1;
	n = d->packed->read(d->packed, d->input, sizeof(d->input));
	if (n > 0) {
		d->in = d->input;
		d->nin = (size_t)n;
	} else if (n == 0) {
		d->over = d->between;
		d->failed = d->between ? STEP_MORE : STEP_EARLY;
		if (!d->over)
			return fail_decompressor(d);
	}
	return n;
}

static ssize_t
decompressor_read(struct source *source, void *buffer, size_t n)
{
	struct decompressor *d = (struct decompressor *)source;
	enum step step;
	ssize_t got;

	if (d->over)
		return 0;
	if (d->failed != STEP_MORE)
		return fail_decompressor(d);
	if (n > INPUT_SIZE)
		n = INPUT_SIZE;
	got = refill_compressed(d);
	if (got > 0 && d->between)
		got = next_stream(d);
	if (got <= 0)
		return got;
	d->out = buffer;
	d->nout = n;
	step = d->codec->step(d);
	d->full = d->nout == 0 && step == STEP_MORE;
	d->between = step == STEP_END;
	if (step > STEP_END)
		d->failed = step;
	return d->nout < n ? (ssize_t)(n - d->nout) : SOURCE_LATER;
}

static void
decompressor_close(struct source *source)
{
	struct decompressor *d = (struct decompressor *)source;

	if (d->codec != NULL)
		d->codec->end(d);
	d->packed->close(d->packed);
	free(d);
}

struct source *
decompress_open(enum packing packing, struct source *packed,
	const struct archive *archive, const struct member *member)
{
	struct decompressor *d = calloc(1, sizeof(*d));

	if (d != NULL)
		d->codec = codec_of(packing);
	if (d != NULL && d->codec != NULL && d->codec->begin(d) == 0) {
		d->source.read = decompressor_read;
		d->source.close = decompressor_close;
		d->packed = packed;
		d->archive = archive;
		d->member = *member;
		return &d->source;
	}
	free(d);
	packed->close(packed);
	errno = ENOMEM;
	return NULL;
}

uint64_t
decompress_memory(enum packing packing)
{
	const struct codec *codec = codec_of(packing);

	return codec ? sizeof(struct decompressor) + codec->memory : 0;
}
