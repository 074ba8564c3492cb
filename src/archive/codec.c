#include "archive/codec.h"

#include <errno.h>

#ifdef WWZ_ZSTD
#include <zstd_errors.h>
#endif

enum {
	GZIP_BITS = 15 + 16,     /* window size, and gzip format */
	GZIP_MEMORY = 48 * 1024, /* state and window */
	/* The largest window of RFC 7932, and tables. */
	BROTLI_MEMORY = 17 * 1024 * 1024,
	BZIP2_MEMORY = 4 * 1024 * 1024, /* for blocks of 900 KB */
	ZSTD_WINDOW_LOG = 23,           /* 8 MiB, RFC 8878, section 3.1.1.1.2 */
	ZSTD_MEMORY = (1 << ZSTD_WINDOW_LOG) + 512 * 1024,
};

static int
gzip_begin(struct coder *c)
{
	c->state.gzip = (z_stream){0};
	if (inflateInit2(&c->state.gzip, GZIP_BITS) == Z_OK)
		return 0;
	errno = ENOMEM;
	return -1;
}

static enum step
gzip_step(struct coder *c)
{
	z_stream *z = &c->state.gzip;
	int result;

	z->next_in = c->in;
	z->avail_in = (uInt)c->nin;
	z->next_out = c->out;
	z->avail_out = (uInt)c->nout;
	result = inflate(z, Z_NO_FLUSH);
	c->in = z->next_in;
	c->nin = z->avail_in;
	c->out = z->next_out;
	c->nout = z->avail_out;
	switch (result) {
	case Z_OK:
	case Z_BUF_ERROR:
		return STEP_MORE;
	case Z_STREAM_END:
		return STEP_END;
	case Z_MEM_ERROR:
		return STEP_NO_MEMORY;
	default:
		return STEP_WRONG;
	}
}

static void
gzip_end(struct coder *c)
{
	inflateEnd(&c->state.gzip);
}

static const struct codec gzip = {
	GZIP_MEMORY, 0x1f, false, gzip_begin, gzip_step, gzip_end};

#ifdef WWZ_BROTLI
static int
brotli_begin(struct coder *c)
{
	c->state.brotli = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	if (c->state.brotli != NULL)
		return 0;
	errno = ENOMEM;
	return -1;
}

static enum step
brotli_step(struct coder *c)
{
	const uint8_t *in = c->in;
	int error;

	switch (BrotliDecoderDecompressStream(
		c->state.brotli, &c->nin, &in, &c->nout, &c->out, NULL)) {
	case BROTLI_DECODER_RESULT_SUCCESS:
		c->in += in - c->in;
		return STEP_END;
	case BROTLI_DECODER_RESULT_ERROR:
		error = BrotliDecoderGetErrorCode(c->state.brotli);
		return error <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
				error >=
					BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES
			? STEP_NO_MEMORY
			: STEP_WRONG;
	default:
		c->in += in - c->in;
		return STEP_MORE;
	}
}

static void
brotli_end(struct coder *c)
{
	BrotliDecoderDestroyInstance(c->state.brotli);
}

static const struct codec brotli = {
	BROTLI_MEMORY, 0, false, brotli_begin, brotli_step, brotli_end};
#endif

#ifdef WWZ_BZIP2
static int
bzip2_begin(struct coder *c)
{
	c->state.bzip2 = (bz_stream){0};
	if (BZ2_bzDecompressInit(&c->state.bzip2, 0, 0) == BZ_OK)
		return 0;
	errno = ENOMEM;
	return -1;
}

static enum step
bzip2_step(struct coder *c)
{
	bz_stream *z = &c->state.bzip2;
	int result;

	z->next_in = (char *)c->in;
	z->avail_in = (unsigned)c->nin;
	z->next_out = (char *)c->out;
	z->avail_out = (unsigned)c->nout;
	result = BZ2_bzDecompress(z);
	c->in = (unsigned char *)z->next_in;
	c->nin = z->avail_in;
	c->out = (unsigned char *)z->next_out;
	c->nout = z->avail_out;
	if (result == BZ_STREAM_END)
		return STEP_END;
	if (result == BZ_MEM_ERROR)
		return STEP_NO_MEMORY;
	return result == BZ_OK ? STEP_MORE : STEP_WRONG;
}

static void
bzip2_end(struct coder *c)
{
	BZ2_bzDecompressEnd(&c->state.bzip2);
}

static const struct codec bzip2 = {
	BZIP2_MEMORY, 'B', false, bzip2_begin, bzip2_step, bzip2_end};
#endif

#ifdef WWZ_LZMA
static int
xz_begin(struct coder *c)
{
	c->state.lzma = (lzma_stream)LZMA_STREAM_INIT;
	if (lzma_stream_decoder(&c->state.lzma, PACKING_MEMORY, 0) == LZMA_OK)
		return 0;
	errno = ENOMEM;
	return -1;
}

static enum step
xz_step(struct coder *c)
{
	lzma_stream *z = &c->state.lzma;
	lzma_ret result;

	z->next_in = c->in;
	z->avail_in = c->nin;
	z->next_out = c->out;
	z->avail_out = c->nout;
	result = lzma_code(z, LZMA_RUN);
	c->in += c->nin - z->avail_in;
	c->nin = z->avail_in;
	c->out = z->next_out;
	c->nout = z->avail_out;
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
xz_end(struct coder *c)
{
	lzma_end(&c->state.lzma);
}

static const struct codec xz = {
	PACKING_MEMORY, 0xfd, false, xz_begin, xz_step, xz_end};
#endif

#ifdef WWZ_ZSTD
static int
zstd_begin(struct coder *c)
{
	c->state.zstd = ZSTD_createDStream();
	if (c->state.zstd != NULL &&
		!ZSTD_isError(ZSTD_DCtx_setParameter(
			c->state.zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG)))
		return 0;
	ZSTD_freeDStream(c->state.zstd);
	errno = ENOMEM;
	return -1;
}

static enum step
zstd_step(struct coder *c)
{
	ZSTD_inBuffer in = {c->in, c->nin, 0};
	ZSTD_outBuffer out = {c->out, c->nout, 0};
	size_t result = ZSTD_decompressStream(c->state.zstd, &out, &in);

	c->in += in.pos;
	c->nin -= in.pos;
	c->out += out.pos;
	c->nout -= out.pos;
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
zstd_end(struct coder *c)
{
	ZSTD_freeDStream(c->state.zstd);
}

static const struct codec zstd = {
	ZSTD_MEMORY, 0, true, zstd_begin, zstd_step, zstd_end};
#endif

const struct codec *
codec_of(enum packing packing)
{
	switch (packing) {
	case PACKING_GZIP:
		return &gzip;
#ifdef WWZ_BROTLI
	case PACKING_BR:
		return &brotli;
#endif
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
