/* Members of method 93 are read by libzstd.  Several frames are one content. */

#include <errno.h>
#include <stdlib.h>

#include "archive/method.h"

#ifdef WWZ_ZSTD
#include <zstd.h>
#include <zstd_errors.h>

#include "archive/zstdloan.h"
#include "base/crc.h"

enum {
	INPUT_SIZE = 64 * 1024,
	DECODER_SIZE = 512 * 1024, /* besides the window, with input */
	/* As a content coding (RFC 9659). */
	CODING_WINDOW_MAX = 8 * 1024 * 1024,
};

struct unzstd {
	struct source source;
	const struct archive *archive;
	struct member member;
	uint64_t at, left; /* where the next data lie in the file; their size */
	uint64_t done;     /* bytes of content given out */
	uint32_t crc;      /* of these */
	bool between;      /* frames */
	bool over;
	struct zstdloan loan;
	ZSTD_DStream *zstd;
	ZSTD_inBuffer in;
	char input[INPUT_SIZE];
};

static int
refill_zstd(struct unzstd *u)
{
	size_t n = u->left < INPUT_SIZE ? (size_t)u->left : INPUT_SIZE;

	if (u->in.pos < u->in.size || n == 0)
		return 0;
	if (archive_read(u->archive, u->at, u->input, n) < 0)
		return archive_lost(u->archive, &u->member);
	if (!zstdloan_follow(&u->loan, u->at, u->input, n)) {
		errno = ENOMEM;
		return -1;
	}
	u->in = (ZSTD_inBuffer){u->input, n, 0};
	u->at += n;
	u->left -= n;
	return 0;
}

static int
fail_zstd(const struct unzstd *u, size_t error)
{
	const char *why = ZSTD_getErrorName(error);

	switch (ZSTD_getErrorCode(error)) {
	case ZSTD_error_memory_allocation:
		errno = ENOMEM;
		return -1;
	case ZSTD_error_frameParameter_windowTooLarge:
		return archive_fault(u->archive, &u->member, why);
	default:
		return archive_damaged(u->archive, &u->member, why);
	}
}

static bool
has_input(const struct unzstd *u)
{
	return u->in.pos < u->in.size || u->left > 0;
}

/* Whether the data, of which all content has been made and is right, are what
 * browsers read to its end.  The reason, or NULL. */
static const char *
odd_zstd(const struct unzstd *u, size_t result)
{
	if (ZSTD_isError(result) || has_input(u))
		return "more data stand behind its content, which browsers do not read";
	if (!u->between)
		return "its last frame has no end";
	return u->loan.frame.window > CODING_WINDOW_MAX
		? "its data need a window that browsers do not have"
		: NULL;
}

/* All content has been made.  Check that the data give no more and that the
 * CRC-32 matches.  What stands behind the content is read as far as one buffer
 * goes: an end of a frame, and frames without content. */
static int
finish_zstd(struct unzstd *u)
{
	const uint64_t first = u->at;
	size_t result = 0;
	const char *odd;
	char surplus;

	while (!ZSTD_isError(result) && u->at - first <= INPUT_SIZE) {
		ZSTD_outBuffer out = {&surplus, 1, 0};

		if (refill_zstd(u) < 0)
			return -1;
		if (!has_input(u))
			break;
		result = ZSTD_decompressStream(u->zstd, &out, &u->in);
		if (out.pos > 0)
			return archive_damaged(u->archive, &u->member,
				"more data than the directory says");
		u->between = result == 0;
	}
	if (u->crc != u->member.crc)
		return archive_damaged(
			u->archive, &u->member, "CRC-32 does not match");
	odd = odd_zstd(u, result);
	if (odd != NULL)
		archive_odd(u->archive, &u->member,
			ARCHIVE_CHECKED | ARCHIVE_ODD, odd);
	else
		archive_note(u->archive, &u->member, ARCHIVE_CHECKED);
	u->over = true;
	return 0;
}

static ssize_t
unzstd_read(struct source *source, void *buffer, size_t n)
{
	struct unzstd *u = (struct unzstd *)source;
	ZSTD_outBuffer out = {buffer, n, 0};
	bool fed;

	if (u->over)
		return 0;
	if (refill_zstd(u) < 0)
		return -1;
	if (n > u->member.size - u->done)
		out.size = (size_t)(u->member.size - u->done);
	fed = has_input(u);
	if (out.size > 0 && (fed || !u->between)) {
		size_t result = ZSTD_decompressStream(u->zstd, &out, &u->in);

		if (ZSTD_isError(result))
			return fail_zstd(u, result);
		u->between = result == 0;
	}
	if (out.size > 0 && out.pos == 0 && !fed)
		return archive_damaged(
			u->archive, &u->member, "the data end early");
	u->crc = crc_add(u->crc, buffer, out.pos);
	u->done += out.pos;
	if (u->done == u->member.size && finish_zstd(u) < 0)
		return -1;
	return out.pos > 0 || u->over ? (ssize_t)out.pos : SOURCE_LATER;
}

static void
unzstd_close(struct source *source)
{
	struct unzstd *u = (struct unzstd *)source;

	ZSTD_freeDStream(u->zstd);
	zstdloan_end(&u->loan);
	free(u);
}

uint64_t
unzstd_memory(const struct archive *archive, const struct member *member,
	uint64_t start)
{
	return DECODER_SIZE + zstdloan_first(archive, start, member->packed);
}

struct source *
unzstd_open(const struct archive *archive, const struct member *member,
	uint64_t start)
{
	struct unzstd *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return NULL;
	u->zstd = ZSTD_createDStream();
	if (u->zstd == NULL) {
		free(u);
		errno = ENOMEM;
		return NULL;
	}
	u->source.read = unzstd_read;
	u->source.close = unzstd_close;
	u->archive = archive;
	u->member = *member;
	u->at = start;
	u->left = member->packed;
	zstdloan_begin(&u->loan, archive, start, member->packed);
	return &u->source;
}

#else

uint64_t
unzstd_memory(const struct archive *archive, const struct member *member,
	uint64_t start)
{
	(void)archive;
	(void)member;
	(void)start;
	return 0;
}

struct source *
unzstd_open(const struct archive *archive, const struct member *member,
	uint64_t start)
{
	(void)archive;
	(void)member;
	(void)start;
	errno = ENOSYS;
	return NULL;
}

#endif
