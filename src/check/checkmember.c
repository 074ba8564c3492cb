#include "check/checkmember.h"

#include <errno.h>
#include <zlib.h>

#include "archive/chunk.h"
#include "archive/source.h"

enum {
	BUFFER_SIZE = 64 * 1024,
	SAVED_PART = 10, /* deflating is worth it if it saves a tenth */
	SAVED_LEAST = 64,
};

/* Reading failed with errno. */
static bool
read_fault(const struct archive *archive, const struct member *member)
{
	if (errno == ENOMEM)
		archive_fault(archive, member, "no memory to read it");
	return false;
}

bool
checkmember_read(struct archive *archive, const struct member *member,
	uint64_t start, struct progress *progress)
{
	char buffer[BUFFER_SIZE];
	struct source *source = source_open(archive, member, start, NULL);
	uint64_t done = 0;
	ssize_t n;

	if (source == NULL)
		return read_fault(archive, member);
	do {
		n = source->read(source, buffer, sizeof(buffer));
		if (n > 0) {
			done += (uint64_t)n;
			progress_add(progress, 0, (uint64_t)n);
		}
	} while (n == SOURCE_LATER || (n > 0 && done < member->size));
	if (n < 0)
		read_fault(archive, member);
	source->close(source);
	return n >= 0;
}

size_t
checkmember_start(struct archive *archive, const struct member *member,
	uint64_t start, char *buffer, size_t n)
{
	struct source *source = source_open(archive, member, start, NULL);
	size_t done = 0;
	ssize_t got = 1;

	if (source == NULL)
		return 0;
	while (done < n && (got > 0 || got == SOURCE_LATER)) {
		got = source->read(source, buffer + done, n - done);
		if (got > 0)
			done += (size_t)got;
	}
	source->close(source);
	return done;
}

bool
checkmember_is_compressible(const struct archive *archive,
	const struct member *member, uint64_t start)
{
	unsigned char sample[BUFFER_SIZE], deflated[BUFFER_SIZE];
	size_t n =
		member->size < BUFFER_SIZE ? (size_t)member->size : BUFFER_SIZE;
	uLongf room = n - n / SAVED_PART;

	if (room <= SAVED_LEAST ||
		archive_read(
			archive, start + (member->size - n) / 2, sample, n) < 0)
		return false;
	room -= SAVED_LEAST;
	return compress2(deflated, &room, sample, n, 6) == Z_OK;
}

bool
checkmember_has_chunks(const struct archive *archive,
	const struct member *member, uint64_t start, const struct sozip *index)
{
	uint32_t crc = 0;
	uint64_t from;

	for (uint64_t i = 0; i <= index->count; i++) {
		if (!chunk_is_right(
			    archive, member, start, index, i, &from, &crc))
			return false;
	}
	return crc == member->crc;
}
