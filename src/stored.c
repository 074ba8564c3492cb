/* Stored members need no work, so nobody would notice that their bytes are
 * wrong: of a damaged disk, or of a file that somebody writes over in place. So
 * the first time that one is sent whole it is copied and its CRC-32 compared;
 * when it matches, the member is noted as checked, and from then on its bytes
 * go to the socket from the mapping. */

#include <stdlib.h>
#include <zlib.h>

#include "source.h"

struct copier {
	struct source source;
	const struct archive *archive;
	struct member member;
	uint64_t start; /* of the data */
	uint64_t done;  /* bytes given out */
	uLong crc;      /* of them */
};

static ssize_t
fault(const struct copier *c, const char *why)
{
	return archive_fault(c->archive, &c->member, why);
}

static ssize_t
copier_read(struct source *source, void *buffer, size_t n)
{
	struct copier *c = (struct copier *)source;

	if (n > c->member.size - c->done)
		n = (size_t)(c->member.size - c->done);
	if (archive_read(c->archive, c->start + c->done, buffer, n) < 0)
		return fault(c, "the file has become shorter");
	c->crc = crc32_z(c->crc, buffer, n);
	c->done += n;
	if (c->done < c->member.size)
		return (ssize_t)n;
	if (c->crc != c->member.crc)
		return fault(c, "CRC-32 does not match");
	archive_note(c->archive, &c->member, ARCHIVE_CHECKED);
	return (ssize_t)n;
}

static void
copier_close(struct source *source)
{
	free(source);
}

struct source *
stored_open(const struct archive *archive, const struct member *member,
	uint64_t start)
{
	struct copier *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->source.read = copier_read;
	c->source.close = copier_close;
	c->archive = archive;
	c->member = *member;
	c->start = start;
	c->crc = crc32(0, NULL, 0);
	return &c->source;
}
