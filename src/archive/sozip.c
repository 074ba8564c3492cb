#include "archive/sozip.h"

#include "base/bytes.h"
#include "zip/ziplocal.h"

enum { OFFSET_SIZE = 8 };

/* name is the name of member's index. */
static bool
names_index(struct str name, struct str member)
{
	const char *slash = memrchr(member.p, '/', member.n);
	size_t directory = slash ? (size_t)(slash - member.p) + 1 : 0;
	struct str base = str_slice(member, directory, member.n);
	struct str end = STR(".sozip.idx");

	return name.n == member.n + 1 + end.n &&
		str_eq(str_slice(name, 0, directory),
			str_slice(member, 0, directory)) &&
		name.p[directory] == '.' &&
		str_eq(str_slice(name, directory + 1, directory + 1 + base.n),
			base) &&
		str_ends(name, end);
}

/* Check the index at p, which has size bytes, against member.  NULL or the
 * fault. */
static const char *
fault_of(const unsigned char *p, uint64_t size, const struct member *member,
	struct sozip *index)
{
	uint64_t skip = get32(p + 4);

	index->chunk = get32(p + 8);
	if (get32(p) != 1)
		return "its version is not 1";
	if (index->chunk == 0)
		return "its chunks are empty";
	if (get32(p + 12) != OFFSET_SIZE)
		return "its offsets are not of 8 bytes";
	if (get64(p + 16) != member->size || get64(p + 24) != member->packed)
		return "its sizes are not the member's";
	if (member->size <= index->chunk)
		return "one chunk holds all of the member";
	index->count = (member->size - 1) / index->chunk;
	size -= SOZIP_HEADER_SIZE;
	if (skip > size || (size - skip) % OFFSET_SIZE != 0 ||
		(size - skip) / OFFSET_SIZE != index->count)
		return "the number of its offsets is not that of the chunks";
	return NULL;
}

enum sozip_result
sozip_read(struct sozip *index, const unsigned char *header, uint64_t room,
	const struct member *member, const char **why)
{
	uint32_t local = ziplocal_size(header);
	struct str name = {
		(const char *)header + ZIPLOCAL_SIZE, get16(header + 26)};
	struct member self = {
		.size = get32(header + 22), .packed = get32(header + 18)};
	const unsigned char *p = header + local;

	if (!names_index(
		    zipentry_plain(name), zipentry_plain(member->recorded)))
		return SOZIP_NONE;
	zipentry_read_extra(
		&self, (struct str){name.p + name.n, get16(header + 28)});
	if (get16(header + 8) != ZIP_STORED ||
		(get16(header + 6) & (ZIP_ENCRYPTED | ZIP_DESCRIPTOR)) != 0 ||
		self.size != self.packed || self.size < SOZIP_HEADER_SIZE)
		*why = "it is not stored as an index is";
	else if (self.size > room - local)
		*why = "it reaches into the central directory";
	else
		*why = fault_of(p, self.size, member, index);
	if (*why != NULL)
		return SOZIP_DAMAGED;
	index->packed = member->packed;
	index->table = local + SOZIP_HEADER_SIZE + get32(p + 4);
	return SOZIP_FOUND;
}

/* The same at offset at of the file, where there may be anything. */
static enum sozip_result
read_at(struct sozip *index, const struct archive *archive, uint64_t at,
	const struct member *member, const char **why)
{
	unsigned char header[ZIPLOCAL_MAX + SOZIP_HEADER_SIZE];
	const uint64_t end = zipdir_start(archive->zipdir);
	enum sozip_result result;
	size_t size;

	if (at > end || end - at < ZIPLOCAL_SIZE ||
		archive_read(archive, at, header, ZIPLOCAL_SIZE) < 0)
		return SOZIP_NONE;
	size = ziplocal_size(header);
	if (size == 0)
		return SOZIP_NONE;
	size += SOZIP_HEADER_SIZE;
	if (size > end - at || archive_read(archive, at, header, size) < 0)
		return SOZIP_NONE;
	result = sozip_read(index, header, end - at, member, why);
	index->table += at;
	return result;
}

enum sozip_result
sozip_find(struct sozip *index, const struct archive *archive,
	const struct member *member, uint64_t start, const char **why)
{
	/* Sizes of data descriptors: with or without a signature, with sizes of
	 * 32 or 64 bits (APPNOTE 4.3.9). */
	static const unsigned char descriptor[] = {0, 16, 24, 12, 20};
	size_t n =
		(member->flags & ZIP_DESCRIPTOR) != 0 ? sizeof(descriptor) : 1;
	enum sozip_result result = SOZIP_NONE;

	*index = (struct sozip){0};
	for (size_t i = 0; i < n && result == SOZIP_NONE; i++)
		result = read_at(index, archive,
			start + member->packed + descriptor[i], member, why);
	return result;
}

bool
sozip_offset(const struct sozip *index, const struct archive *archive,
	uint64_t i, uint64_t *offset)
{
	unsigned char entry[2 * OFFSET_SIZE] = {0};
	/* The first chunk has no entry: it starts at 0. */
	size_t n = i < 2 ? OFFSET_SIZE : 2 * OFFSET_SIZE;

	*offset = 0;
	if (i == 0)
		return true;
	if (archive_read(archive, index->table + i * OFFSET_SIZE - n,
		    entry + sizeof(entry) - n, n) < 0)
		return false;
	*offset = get64(entry + OFFSET_SIZE);
	return *offset > get64(entry) && *offset < index->packed;
}
