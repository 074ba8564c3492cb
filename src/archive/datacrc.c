#include "archive/datacrc.h"

#include "base/crc.h"
#include "base/log.h"

enum {
	PIECES = 16,
	PIECE_SIZE = 64 * 1024,
	WHOLE_MAX = PIECES * PIECE_SIZE,
	READ_SIZE = 16 * 1024,
};

#define KNOWN (UINT64_C(1) << 32) /* in archive->file_crc */

/* Continue crc over n bytes at offset `at` of the file. */
static int
add_range(const struct archive *archive, uint64_t at, uint64_t n, uint32_t *crc)
{
	char buffer[READ_SIZE];

	while (n > 0) {
		size_t some = n < sizeof(buffer) ? (size_t)n : sizeof(buffer);

		if (archive_read(archive, at, buffer, some) < 0)
			return -1;
		*crc = crc_add(*crc, buffer, some);
		at += some;
		n -= some;
	}
	return 0;
}

static int
add_sample(const struct archive *archive, uint64_t start, uint64_t size,
	uint32_t *crc)
{
	*crc = 0;
	if (size <= WHOLE_MAX)
		return add_range(archive, start, size, crc);
	for (uint64_t i = 0; i < PIECES; i++) {
		uint64_t step = (size - PIECE_SIZE) / (PIECES - 1);
		uint64_t at = i < PIECES - 1 ? i * step : size - PIECE_SIZE;

		if (add_range(archive, start + at, PIECE_SIZE, crc) < 0)
			return -1;
	}
	return 0;
}

enum status
datacrc_of(const struct archive *archive, const struct member *member,
	uint64_t start, uint32_t *crc)
{
	if (zipdir_word(archive->zipdir, member->slot, crc))
		return STATUS_GO;
	if (add_sample(archive, start, member->packed, crc) < 0) {
		archive_lost(archive, member);
		return STATUS_ERROR;
	}
	zipdir_set_word(archive->zipdir, member->slot, *crc);
	return STATUS_GO;
}

enum status
datacrc_of_file(struct archive *archive, uint32_t *crc)
{
	uint64_t known =
		atomic_load_explicit(&archive->file_crc, memory_order_relaxed);

	*crc = (uint32_t)known;
	if (known != 0)
		return STATUS_GO;
	if (add_sample(archive, 0, (uint64_t)archive->id.size, crc) < 0) {
		log_pairs(LOG_WARN, "archive-unreadable",
			{"archive", str_of(archive->path)},
			{"why", str_of(archive_loss(archive))});
		return STATUS_ERROR;
	}
	atomic_store_explicit(
		&archive->file_crc, KNOWN | *crc, memory_order_relaxed);
	return STATUS_GO;
}
