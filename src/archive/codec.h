/* Decoders of compressed files.  All libraries decode streams of bytes that
 * have an end and may be followed by other streams; a codec makes the bytes of
 * one stream. */

#ifndef CODEC_H
#define CODEC_H

#ifdef WWZ_BROTLI
#include <brotli/decode.h>
#endif
#ifdef WWZ_BZIP2
#include <bzlib.h>
#endif
#ifdef WWZ_LZMA
#include <lzma.h>
#endif
#ifdef WWZ_ZSTD
#include <zstd.h>
#endif
#include <zlib.h>

#include "archive/packing.h"

/* What a step of a codec gives; STEP_EARLY and STEP_BEHIND are what the end of
 * the input in the middle of a stream, and input behind the last one, mean. */
enum step {
	STEP_MORE,
	STEP_END,
	STEP_WRONG,
	STEP_EARLY,
	STEP_BEHIND,
	STEP_TOO_LARGE,
	STEP_NO_MEMORY
};

/* A decoder at work: in has nin bytes, out has room for nout. */
struct coder {
	unsigned char *in, *out;
	size_t nin, nout;
	union {
		z_stream gzip;
#ifdef WWZ_BROTLI
		BrotliDecoderState *brotli;
#endif
#ifdef WWZ_BZIP2
		bz_stream bzip2;
#endif
#ifdef WWZ_LZMA
		lzma_stream lzma;
#endif
#ifdef WWZ_ZSTD
		ZSTD_DStream *zstd;
#endif
	} state;
};

struct codec {
	uint64_t memory;     /* bytes, at most */
	unsigned char first; /* byte of a stream; 0: any, or Zstandard's */
	bool joins; /* as a content coding, streams in a row are one content */
	/* Begin a stream: 0, or -1 with errno ENOMEM. */
	int (*begin)(struct coder *c);
	/* Move bytes from in to out, both of which are advanced. */
	enum step (*step)(struct coder *c);
	void (*end)(struct coder *c);
};

/* NULL when wwz was built without the library for it. */
const struct codec *codec_of(enum packing packing);

#endif
