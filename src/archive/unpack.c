/* Members by bzip2 are read by libzip.
 * It is shown a zip file with one member: local header and data as they lie in
 * the archive, followed by a central directory made up for it.  Such a view
 * opens in constant time, and needs no lock because it belongs to one
 * response.  libzip reads it through a callback that copies out of the mapping
 * (guard.h).
 *
 * The central directory uses zip64 records, so that one form serves all sizes.
 *
 * LZMA and XZ are not supported: their decoders need a dictionary as large as
 * the member's header says, up to 4 GiB, and an archive of 90 KB can ask for
 * that.  bzip2 needs 4 MB. */

#include <errno.h>
#include <stdlib.h>
#include <zip.h>

#include "archive/method.h"
#include "base/bytes.h"

enum {
	ENTRY_SIZE = 46 + 1 + 4 + 24, /* a name of one byte, zip64 sizes */
	END64_SIZE = 56,
	LOCATOR_SIZE = 20,
	END_SIZE = 22,
	TAIL_SIZE = ENTRY_SIZE + END64_SIZE + LOCATOR_SIZE + END_SIZE,

	BZIP2_SIZE = 4 * 1024 * 1024,

	/* About as many bytes of content are in a block of bzip2. */
	BLOCK_SIZE = 900 * 1000,
};

struct unpacker {
	struct source source;
	const struct archive *archive;
	struct member member;
	uint64_t header; /* offset of the local header */
	uint64_t front;  /* bytes of local header and data */
	uint64_t at;     /* libzip's position in the view */
	uint64_t size;   /* of the content given out */
	zip_error_t error;
	zip_t *zip;
	zip_file_t *file;
	unsigned char tail[TAIL_SIZE];
};

/* APPNOTE 6.3, sections 4.3.12, 4.3.14, 4.3.15, 4.3.16.  Fields not set are 0.
 */
static void
make_tail(struct unpacker *u)
{
	const struct member *m = &u->member;
	unsigned char *entry = u->tail, *extra = entry + 47;
	unsigned char *end64 = entry + ENTRY_SIZE;
	unsigned char *locator = end64 + END64_SIZE;
	unsigned char *end = locator + LOCATOR_SIZE;

	put32(entry, 0x02014b50);
	put32(entry + 4, 45 | 45u << 16);
	put32(entry + 8, (uint32_t)m->method << 16);
	put32(entry + 16, m->crc);
	put32(entry + 20, UINT32_MAX);
	put32(entry + 24, UINT32_MAX);
	put32(entry + 28, 1 | 28u << 16);
	put32(entry + 42, UINT32_MAX);
	entry[46] = 'm';
	put32(extra, 0x0001 | 24u << 16);
	put64(extra + 4, m->size);
	put64(extra + 12, m->packed);

	put32(end64, 0x06064b50);
	put64(end64 + 4, END64_SIZE - 12);
	put32(end64 + 12, 45 | 45u << 16);
	put64(end64 + 24, 1);
	put64(end64 + 32, 1);
	put64(end64 + 40, ENTRY_SIZE);
	put64(end64 + 48, u->front);

	put32(locator, 0x07064b50);
	put64(locator + 8, u->front + ENTRY_SIZE);
	put32(locator + 16, 1);

	put32(end, 0x06054b50);
	put32(end + 8, UINT32_MAX);
	put32(end + 12, UINT32_MAX);
	put32(end + 16, UINT32_MAX);
}

static zip_int64_t
view_read(struct unpacker *u, void *buffer, uint64_t n)
{
	uint64_t end = u->front + TAIL_SIZE;
	char *to = buffer;
	uint64_t done = 0;

	if (n > end - u->at)
		n = end - u->at;
	if (u->at < u->front) {
		done = n < u->front - u->at ? n : u->front - u->at;
		if (archive_read(u->archive, u->header + u->at, to,
			    (size_t)done) < 0) {
			zip_error_set(&u->error, ZIP_ER_READ, EIO);
			return -1;
		}
	}
	if (done < n)
		memcpy(to + done, u->tail + (u->at + done - u->front),
			(size_t)(n - done));
	u->at += n;
	return (zip_int64_t)n;
}

static zip_int64_t
view_seek(struct unpacker *u, void *data, zip_uint64_t len)
{
	zip_int64_t at = zip_source_seek_compute_offset(
		u->at, u->front + TAIL_SIZE, data, len, &u->error);

	if (at < 0)
		return -1;
	u->at = (uint64_t)at;
	return 0;
}

static zip_int64_t
view_stat(const struct unpacker *u, zip_stat_t *stat, zip_uint64_t len)
{
	zip_stat_init(stat);
	stat->valid = ZIP_STAT_SIZE;
	stat->size = u->front + TAIL_SIZE;
	return (zip_int64_t)len;
}

static zip_int64_t
view(void *user, void *data, zip_uint64_t len, zip_source_cmd_t command)
{
	struct unpacker *u = user;

	switch (command) {
	case ZIP_SOURCE_OPEN:
		u->at = 0;
		return 0;
	case ZIP_SOURCE_READ:
		return view_read(u, data, len);
	case ZIP_SOURCE_SEEK:
		return view_seek(u, data, len);
	case ZIP_SOURCE_TELL:
		return (zip_int64_t)u->at;
	case ZIP_SOURCE_STAT:
		return view_stat(u, data, len);
	case ZIP_SOURCE_ERROR:
		return zip_error_to_data(&u->error, data, len);
	case ZIP_SOURCE_CLOSE:
	case ZIP_SOURCE_FREE:
		return 0;
	case ZIP_SOURCE_SUPPORTS:
		return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN,
			ZIP_SOURCE_READ, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL,
			ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_CLOSE,
			ZIP_SOURCE_FREE, -1);
	default:
		zip_error_set(&u->error, ZIP_ER_OPNOTSUPP, 0);
		return -1;
	}
}

/* Whether libzip says that the data are wrong, and not that they could not be
 * read. */
static bool
is_damage(int code)
{
	return code == ZIP_ER_CRC || code == ZIP_ER_COMPRESSED_DATA ||
		code == ZIP_ER_EOF || code == ZIP_ER_INCONS;
}

static ssize_t
unpack_fault(struct unpacker *u)
{
	zip_error_t *error = u->file ? zip_file_get_error(u->file) : &u->error;
	const char *why = zip_error_strerror(error);
	int code = zip_error_code_zip(error);

	if (is_damage(code))
		return archive_damaged(u->archive, &u->member, why);
	archive_fault(u->archive, &u->member, why);
	errno = code == ZIP_ER_MEMORY ? ENOMEM : EIO;
	return -1;
}

/* libzip checks the CRC-32 only at the end of the content, so one more read
 * comes before the last bytes are given out. */
static ssize_t
unpacker_read(struct source *source, void *buffer, size_t n)
{
	struct unpacker *u = (struct unpacker *)source;
	uint64_t wanted = u->member.size - u->size;
	zip_int64_t got;
	char surplus;

	if (u->file == NULL)
		return unpack_fault(u);
	if (n > wanted)
		n = (size_t)wanted;
	got = n > 0 ? zip_fread(u->file, buffer, n) : 0;
	if (got > 0)
		u->size += (uint64_t)got;
	source->amid = got > 0 && u->size < u->member.size &&
		u->size % BLOCK_SIZE >= (uint64_t)got;
	if (got < 0 || (got == 0 && n > 0))
		return unpack_fault(u);
	if (u->size < u->member.size)
		return (ssize_t)got;
	if (zip_fread(u->file, &surplus, 1) != 0)
		return unpack_fault(u);
	archive_note(u->archive, &u->member, ARCHIVE_CHECKED);
	return (ssize_t)got;
}

static void
unpacker_close(struct source *source)
{
	struct unpacker *u = (struct unpacker *)source;

	if (u->file != NULL)
		zip_fclose(u->file);
	if (u->zip != NULL)
		zip_discard(u->zip);
	zip_error_fini(&u->error);
	free(u);
}

/* A failure here is reported by the first read. */
static void
open_view(struct unpacker *u)
{
	zip_source_t *source = zip_source_function_create(view, u, &u->error);

	if (source == NULL)
		return;
	u->zip = zip_open_from_source(source, ZIP_RDONLY, &u->error);
	if (u->zip == NULL) {
		zip_source_free(source);
		return;
	}
	u->file = zip_fopen_index(u->zip, 0, 0);
	if (u->file == NULL) {
		zip_error_t *error = zip_get_error(u->zip);

		zip_error_set(&u->error, zip_error_code_zip(error),
			zip_error_code_system(error));
	}
}

uint64_t
unpack_memory(void)
{
	return BZIP2_SIZE;
}

struct source *
unpack_open(const struct archive *archive, const struct member *member,
	uint64_t start)
{
	struct unpacker *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return NULL;
	u->source.read = unpacker_read;
	u->source.close = unpacker_close;
	u->archive = archive;
	u->member = *member;
	/* member->offset may be modulo 4 GiB. */
	u->header = start - (uint32_t)(start - member->offset);
	u->front = start - u->header + member->packed;
	zip_error_init(&u->error);
	make_tail(u);
	open_view(u);
	return &u->source;
}

bool
unpack_supports(unsigned method)
{
	return method == ZIP_CM_BZIP2 &&
		zip_compression_method_supported(ZIP_CM_BZIP2, 0) == 1;
}
