/* Deflated members become their content, in memory that does not depend on
 * their size: a window of zlib's and one buffer of compressed bytes.  Those are
 * copied out of the mapping, because zlib cannot stand a file that becomes
 * shorter while it reads (guard.h). */

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "source.h"

enum {
	INPUT_SIZE = 64 * 1024,
	OUTPUT_MAX =
		1024 * 1024, /* bytes made at a time: zlib counts in uInt */
};

struct inflater {
	struct source source;
	const struct archive *archive;
	struct member member;
	uint64_t offset; /* of compressed bytes not copied yet */
	uint64_t left;   /* of them */
	uint64_t size;   /* of what came out */
	uLong crc;       /* of it */
	z_stream z;
	size_t input_size;
	unsigned char input[];
};

static ssize_t
fault(const struct inflater *i, const char *why)
{
	return archive_fault(i->archive, &i->member, why);
}

static int
refill(struct inflater *i)
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

/* Inflate into z.next_out until it is full or the stream ends: what zlib says,
 * Z_ERRNO when the file has become shorter. */
static int
run(struct inflater *i)
{
	int result = Z_OK;

	while (result == Z_OK && i->z.avail_out > 0) {
		if (i->z.avail_in == 0 && refill(i) < 0)
			return Z_ERRNO;
		result = inflate(&i->z, Z_NO_FLUSH);
	}
	return result;
}

/* All bytes are there: nothing may follow them, and they must be right. */
static ssize_t
finish(struct inflater *i, int result)
{
	unsigned char surplus;

	i->z.next_out = &surplus;
	i->z.avail_out = 1;
	if (result == Z_OK)
		result = run(i);
	if (result == Z_ERRNO)
		return fault(i, "the file has become shorter");
	if (result != Z_STREAM_END || i->z.avail_out == 0)
		return fault(i, "more data than the directory says");
	if (i->z.avail_in > 0 || i->left > 0)
		return fault(i, "the data end early");
	if (i->crc != i->member.crc)
		return fault(i, "CRC-32 does not match");
	archive_note(i->archive, &i->member, ARCHIVE_CHECKED);
	return 0;
}

static ssize_t
inflater_read(struct source *source, void *buffer, size_t n)
{
	struct inflater *i = (struct inflater *)source;
	uint64_t wanted = i->member.size - i->size;
	int result;

	if (n > OUTPUT_MAX)
		n = OUTPUT_MAX;
	if (n > wanted)
		n = (size_t)wanted;
	i->z.next_out = buffer;
	i->z.avail_out = (uInt)n;
	result = n > 0 ? run(i) : Z_OK;
	if (result == Z_ERRNO)
		return fault(i, "the file has become shorter");
	if (result != Z_OK && result != Z_STREAM_END)
		return fault(i, i->z.msg ? i->z.msg : "the data end early");
	if (i->z.avail_out > 0)
		return fault(i, "less data than the directory says");
	i->size += n;
	i->crc = crc32(i->crc, buffer, (uInt)n);
	if (i->size == i->member.size && finish(i, result) < 0)
		return -1;
	return (ssize_t)n;
}

static void
inflater_close(struct source *source)
{
	struct inflater *i = (struct inflater *)source;

	inflateEnd(&i->z);
	free(i);
}

struct source *
inflate_open(const struct archive *archive, const struct member *member,
	uint64_t start)
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
	i->crc = crc32(0, NULL, 0);
	i->input_size = input_size;
	if (inflateInit2(&i->z, -MAX_WBITS) != Z_OK) {
		free(i);
		errno = ENOMEM;
		return NULL;
	}
	return &i->source;
}
