/* Inflates deflated members, in memory that does not depend on their size:
 * zlib's window and one buffer of compressed bytes.  These are copied out of
 * the mapping, because zlib would crash if the file became shorter while it
 * reads (guard.h).
 *
 * Inflating a large member leaves access points (points.h), and begins at one
 * if it can.  The CRC-32 can only be checked when the content was made from the
 * beginning.
 *
 * A seekable member (sozip.h) that is read from its beginning is inflated chunk
 * by chunk, each in one piece, which takes half of the time.  Each chunk begins
 * where the one before has ended, and must take all data up to the next one's
 * offset for exactly its size of content.  From the first chunk on of which
 * that is not true, and for the last one, zlib goes on.
 *
 * The content is right if the data give as many bytes as the directory says, no
 * more, with the directory's CRC-32.  Some writers leave bytes behind the end
 * of the deflate stream, or leave its end out, or the whole stream of an empty
 * file.  Such content is sent, but the data are noted as ARCHIVE_ODD,
 * since no gzip file can be made of them (verify.h). */

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "archive/blocks.h"
#include "archive/chunk.h"
#include "archive/inflatewhole.h"
#include "archive/method.h"
#include "base/crc.h"

enum {
	INPUT_SIZE = 64 * 1024,
	OUTPUT_MAX = 1024 * 1024, /* made at a time; zlib counts in uInt */
	CHUNK_WORTH = 256 * 1024, /* bytes of content that a chunk must save */
	/* Refills of the input in one read, and after the last byte of
	 * content.  They are bounded because blocks may be empty. */
	INPUT_TURN = 2,
	INPUT_BEHIND = 16,
	ZLIB_SIZE = 48 * 1024, /* its state and its window */
};

struct inflater {
	struct source source;
	const struct archive *archive;
	struct member member;
	uint64_t offset; /* in the file, of the next compressed byte */
	uint64_t left;   /* compressed bytes not copied yet */
	uint64_t size;   /* of the content up to here */
	uint32_t crc;    /* of the content made */
	z_stream z;
	struct blocks blocks;
	struct sozip index;
	bool by_chunks; /* the next bytes are read by index */
	size_t input_size;
	unsigned char input[];
};

static ssize_t
inflate_fault(const struct inflater *i, const char *why)
{
	return archive_damaged(i->archive, &i->member, why);
}

static int
refill_deflated(struct inflater *i)
{
	size_t n = i->left < i->input_size ? (size_t)i->left : i->input_size;

	if (archive_read(i->archive, i->offset, i->input, n) < 0)
		return -1;
	i->offset += n;
	i->left -= n;
	i->z.next_in = i->input;
	i->z.avail_in = (uInt)n;
	return 0;
}

/* Inflate into z.next_out until it is full, the stream ends, or the input was
 * refilled `most` times.  Returns the result of zlib, or Z_ERRNO when the file
 * has become shorter. */
static int
run_zlib(struct inflater *i, int most)
{
	int result = Z_OK, refills = 0;

	while (result == Z_OK && i->z.avail_out > 0) {
		if (i->z.avail_in == 0 && refills++ == most)
			break;
		if (i->z.avail_in == 0 && refill_deflated(i) < 0)
			return Z_ERRNO;
		result = blocks_inflate(
			&i->blocks, &i->z, i->member.packed - i->left);
	}
	return result;
}

/* All content has been made.  Check that the stream gives no more and that the
 * CRC-32 matches.  Data behind the end of the stream, and a missing end, do not
 * make the content wrong. */
static ssize_t
finish_inflate(struct inflater *i, int result, char last)
{
	const char *odd = NULL;
	unsigned char surplus;

	i->z.next_out = &surplus;
	i->z.avail_out = 1;
	blocks_begin_output(&i->blocks, &i->z);
	if (result == Z_OK)
		result = run_zlib(i, INPUT_BEHIND);
	if (result == Z_ERRNO)
		return archive_lost(i->archive, &i->member);
	if (i->z.avail_out == 0)
		return inflate_fault(i, "more data than the directory says");
	if (result == Z_STREAM_END && (i->z.avail_in > 0 || i->left > 0))
		odd = "the deflate stream ends before its data do";
	else if (result == Z_BUF_ERROR)
		odd = "the deflate stream has no end";
	else if (result != Z_STREAM_END)
		return inflate_fault(i, "the deflate stream does not end");
	if (i->blocks.points != NULL)
		points_finish(
			i->blocks.points, i->blocks.lines + (last != '\n'));
	if (i->blocks.begun > 0)
		return 0;
	if (i->crc != i->member.crc)
		return inflate_fault(i, "CRC-32 does not match");
	if (odd != NULL)
		archive_odd(i->archive, &i->member,
			ARCHIVE_CHECKED | ARCHIVE_ODD, odd);
	else
		archive_note(i->archive, &i->member, ARCHIVE_CHECKED);
	return 0;
}

/* Inflate the data between two offsets in them, which are a chunk by
 * themselves.  A last block without content ends the stream. */
static bool
inflate_chunk(struct inflater *i, uint64_t from, uint64_t to, void *content)
{
	static const unsigned char end[] = {3, 0};
	uint64_t start = i->offset - (i->member.packed - i->left);
	size_t n = (size_t)(to - from);

	if (to - from > i->input_size - sizeof(end) ||
		archive_read(i->archive, start + from, i->input, n) < 0)
		return false;
	memcpy(i->input + n, end, sizeof(end));
	return inflate_whole(
		i->input, n + sizeof(end), content, (size_t)i->index.chunk);
}

static bool
next_chunk(struct inflater *i, unsigned char *content)
{
	uint64_t number = i->size / i->index.chunk;
	uint64_t from = i->member.packed - i->left, to;

	if (number == i->index.count ||
		!sozip_offset(&i->index, i->archive, number + 1, &to) ||
		to <= from || !inflate_chunk(i, from, to, content))
		return false;
	i->offset += to - from;
	i->left -= to - from;
	i->size += i->index.chunk;
	i->crc = crc_add(i->crc, content, (size_t)i->index.chunk);
	return true;
}

/* Let zlib go on.  It must know the content before, in case that the next chunk
 * refers to it.  -1 when memory runs out. */
static int
leave_chunks(struct inflater *i)
{
	const size_t chunk = (size_t)i->index.chunk;
	uint64_t number = i->size / chunk, from;
	unsigned char *before;
	bool known;

	i->by_chunks = false;
	if (number == 0)
		return 0;
	before = malloc(chunk);
	known = before != NULL &&
		sozip_offset(&i->index, i->archive, number - 1, &from) &&
		inflate_chunk(i, from, i->member.packed - i->left, before) &&
		inflateSetDictionary(&i->z, before + chunk - POINTS_WINDOW,
			POINTS_WINDOW) == Z_OK;
	free(before);
	errno = ENOMEM;
	return known ? 0 : -1;
}

/* Read as many chunks as there is room for; 0 when zlib is to go on. */
static ssize_t
read_chunks(struct inflater *i, unsigned char *buffer, size_t n)
{
	const size_t chunk = (size_t)i->index.chunk;
	size_t done = 0;

	while (n - done >= chunk && next_chunk(i, buffer + done))
		done += chunk;
	return done > 0 ? (ssize_t)done : leave_chunks(i);
}

static ssize_t
inflater_read(struct source *source, void *buffer, size_t n)
{
	struct inflater *i = (struct inflater *)source;
	uint64_t wanted = i->member.size - i->size;
	ssize_t done;
	int result;

	done = i->by_chunks ? read_chunks(i, buffer, n) : 0;
	if (done != 0)
		return done;
	if (wanted == 0 && i->member.size > 0)
		return 0;
	if (n > OUTPUT_MAX)
		n = OUTPUT_MAX;
	if (n > wanted)
		n = (size_t)wanted;
	i->z.next_out = buffer;
	i->z.avail_out = (uInt)n;
	blocks_begin_output(&i->blocks, &i->z);
	result = n > 0 ? run_zlib(i, INPUT_TURN) : Z_OK;
	if (result == Z_ERRNO)
		return archive_lost(i->archive, &i->member);
	if (result == Z_MEM_ERROR) {
		errno = ENOMEM;
		return -1;
	}
	if (result != Z_OK && result != Z_STREAM_END)
		return inflate_fault(
			i, i->z.msg ? i->z.msg : "the data end early");
	if (i->z.avail_out > 0 && result == Z_STREAM_END)
		return inflate_fault(i, "less data than the directory says");
	n -= i->z.avail_out;
	i->size += n;
	blocks_count(&i->blocks, &i->z);
	if (i->blocks.begun == 0)
		i->crc = crc_add(i->crc, buffer, n);
	if (i->size == i->member.size &&
		finish_inflate(
			i, result, n > 0 ? ((char *)buffer)[n - 1] : '\n') < 0)
		return -1;
	return i->size < i->member.size && n == 0 ? SOURCE_LATER : (ssize_t)n;
}

static void
inflater_close(struct source *source)
{
	struct inflater *i = (struct inflater *)source;

	inflateEnd(&i->z);
	points_drop(i->blocks.points);
	free(i);
}

/* Go to the chunk that holds offset wanted, if the archive has an index of
 * chunks that proves right.  The lines before the chunk are not known then, and
 * no points are added. */
static bool
go_to_chunk(struct inflater *i, uint64_t start, uint64_t wanted)
{
	const char *why;
	struct sozip index;
	uint64_t from;

	if (sozip_find(&index, i->archive, &i->member, start, &why) !=
			SOZIP_FOUND ||
		!chunk_find(
			i->archive, &i->member, start, &index, wanted, &from))
		return false;
	points_drop(i->blocks.points);
	i->blocks.points = NULL;
	i->offset += from;
	i->left -= from;
	i->blocks.begun = i->size = wanted / index.chunk * index.chunk;
	i->blocks.lines = POSITION_ANY_LINES;
	return true;
}

/* Begin to read a member chunk by chunk, if it is large, has an index, and is
 * read from the beginning for its bytes alone. */
static bool
begin_chunks(struct inflater *i, uint64_t start, struct position *position)
{
	const char *why;

	if (i->member.size <= POINTS_LEAST ||
		(position != NULL &&
			(position->offset > 0 ||
				position->lines != POSITION_ANY_LINES)))
		return false;
	i->by_chunks = sozip_find(&i->index, i->archive, &i->member, start,
			       &why) == SOZIP_FOUND &&
		i->index.chunk >= POINTS_WINDOW && i->index.chunk <= INPUT_SIZE;
	return i->by_chunks;
}

/* Go to the last point at or before the wanted offset of the content, or to a
 * chunk if that is much nearer, or stay at the beginning.  -1 with errno
 * ENOMEM, or EIO when the file has become shorter. */
static int
seek_inflater(struct inflater *i, uint64_t start, const struct position *wanted)
{
	unsigned char window[POINTS_WINDOW], byte;
	size_t n;
	struct point point =
		points_nearest(i->blocks.points, wanted->offset, window, &n);

	if (wanted->lines == POSITION_ANY_LINES &&
		wanted->offset - point.out > CHUNK_WORTH &&
		go_to_chunk(i, start, wanted->offset))
		return 0;
	if (point.out == 0)
		return 0;
	/* Its first bits may be in the byte before. */
	i->offset += point.in - 1;
	i->left -= point.in - 1;
	if (refill_deflated(i) < 0)
		return -1;
	i->z.avail_in--;
	byte = *i->z.next_in++;
	if (blocks_prime(&i->z, point.bits, byte) != Z_OK ||
		inflateSetDictionary(&i->z, window, (uInt)n) != Z_OK) {
		errno = ENOMEM;
		return -1;
	}
	i->blocks.begun = i->size = point.out;
	i->blocks.lines = point.lines;
	return 0;
}

struct source *
inflate_open(struct archive *archive, const struct member *member,
	uint64_t start, struct position *position)
{
	size_t input_size = member->packed < INPUT_SIZE ? (size_t)member->packed
							: INPUT_SIZE;
	struct inflater *i = calloc(1, sizeof(*i) + input_size);

	if (i == NULL)
		return NULL;
	i->source.read = inflater_read;
	i->source.close = inflater_close;
	i->archive = archive;
	i->member = *member;
	i->offset = start;
	i->left = member->packed;
	i->input_size = input_size;
	i->blocks.size = member->size;
	if (inflateInit2(&i->z, -MAX_WBITS) != Z_OK) {
		free(i);
		errno = ENOMEM;
		return NULL;
	}
	if (begin_chunks(i, start, position) || position == NULL)
		return &i->source;
	i->blocks.points = points_get(archive, member);
	if (i->blocks.points != NULL && seek_inflater(i, start, position) < 0) {
		inflater_close(&i->source);
		return NULL;
	}
	*position = (struct position){
		.offset = i->blocks.begun, .lines = i->blocks.lines};
	return &i->source;
}

uint64_t
inflate_memory(void)
{
	return sizeof(struct inflater) + INPUT_SIZE + ZLIB_SIZE;
}
