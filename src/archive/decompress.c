#include <errno.h>
#include <stdlib.h>

#include "archive/codec.h"
#include "base/log.h"

enum { INPUT_SIZE = 64 * 1024 };

struct decompressor {
	struct source source;
	struct source *packed;
	const struct archive *archive;
	struct member member;
	const struct codec *codec;
	struct coder coder;
	uint64_t taken; /* bytes of packed that have been read */
	bool strict;    /* see decompress_strictly */
	bool between;   /* streams */
	bool full; /* the last output was, so more may come without input */
	bool over;
	enum step failed; /* what ended it, or STEP_MORE */
	unsigned char input[INPUT_SIZE];
};

static const char *
reason_of(enum step failed)
{
	switch (failed) {
	case STEP_EARLY:
		return "its compressed content ends early";
	case STEP_BEHIND:
		return "more data stand behind its compressed content, which browsers do not read";
	case STEP_TOO_LARGE:
		return "its compressed content needs a window that browsers do not have";
	default:
		return "its compressed content is damaged";
	}
}

static bool
begins_stream(const struct codec *codec, unsigned char byte)
{
	if (codec->first != 0)
		return byte == codec->first;
	/* A frame of Zstandard, or one to be skipped. */
	return codec->joins && (byte == 0x28 || byte >> 4 == 5);
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
	if (d->strict)
		archive_odd(d->archive, &d->member, ARCHIVE_BROKEN,
			reason_of(d->failed));
	else if (d->failed == STEP_TOO_LARGE)
		log_pairs(LOG_WARN, "member-unsupported",
			{"archive", str_of(d->archive->path)},
			{"member", d->member.name},
			{"why", STR("it needs more memory to decompress than is allowed")});
	else
		archive_fault(d->archive, &d->member, reason_of(d->failed));
	errno = EBADMSG;
	return -1;
}

/* Expect another stream behind padding.  Returns 1, 0 when there is none, -1
 * with errno, or SOURCE_LATER when more input is needed. */
static ssize_t
next_stream(struct decompressor *d)
{
	while (!d->strict && d->coder.nin > 0 && *d->coder.in == 0) {
		d->coder.in++;
		d->coder.nin--;
	}
	if (d->coder.nin == 0)
		return SOURCE_LATER;
	if (d->strict &&
		!(d->codec->joins && begins_stream(d->codec, *d->coder.in))) {
		d->failed = STEP_BEHIND;
		return fail_decompressor(d);
	}
	if (!begins_stream(d->codec, *d->coder.in)) {
		d->over = true;
		return 0;
	}
	d->codec->end(&d->coder);
	d->between = false;
	if (d->codec->begin(&d->coder) == 0)
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

	if (d->coder.nin > 0 || d->full)
		return 1;
	n = d->packed->read(d->packed, d->input, sizeof(d->input));
	if (n > 0) {
		d->coder.in = d->input;
		d->coder.nin = (size_t)n;
		d->taken += d->coder.nin;
	} else if (n == 0) {
		d->over = d->between;
		d->failed = d->between ? STEP_MORE : STEP_EARLY;
		if (!d->over)
			return fail_decompressor(d);
		if (d->strict)
			archive_note(d->archive, &d->member, ARCHIVE_WHOLE);
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
	d->coder.out = buffer;
	d->coder.nout = n;
	step = d->codec->step(&d->coder);
	d->full = d->coder.nout == 0 && step == STEP_MORE;
	d->between = step == STEP_END;
	if (step > STEP_END)
		d->failed = step;
	return d->coder.nout < n ? (ssize_t)(n - d->coder.nout) : SOURCE_LATER;
}

static void
decompressor_close(struct source *source)
{
	struct decompressor *d = (struct decompressor *)source;

	if (d->codec != NULL)
		d->codec->end(&d->coder);
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
	if (d != NULL && d->codec != NULL && d->codec->begin(&d->coder) == 0) {
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

struct source *
decompress_strictly(enum packing packing, struct source *packed,
	const struct archive *archive, const struct member *member)
{
	struct source *source =
		decompress_open(packing, packed, archive, member);

	if (source != NULL)
		((struct decompressor *)source)->strict = true;
	return source;
}

uint64_t
decompress_taken(const struct source *source)
{
	return ((const struct decompressor *)source)->taken;
}

uint64_t
decompress_memory(enum packing packing)
{
	const struct codec *codec = codec_of(packing);

	return codec ? sizeof(struct decompressor) + codec->memory : 0;
}
