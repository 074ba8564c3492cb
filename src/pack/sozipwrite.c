#include "pack/sozipwrite.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "zip/zipend.h"
#include "zip/ziplocal.h"

enum { VERSION = 1, HEAD_SIZE = 32, OFFSET_SIZE = 8 };

/* The size of the index of a member of size bytes.  The first block has no
 * offset. */
static size_t
index_size(uint64_t size)
{
	return HEAD_SIZE + (size_t)((size - 1) / DEFLATE_BLOCK) * OFFSET_SIZE;
}

/* The name of the index: "a/.b.sozip.idx" for "a/b". */
static struct str
index_name(struct str name, char buffer[ZIPWRITE_NAME_MAX])
{
	const char *slash = memrchr(name.p, '/', name.n);
	int n = slash ? (int)(slash + 1 - name.p) : 0;

	n = snprintf(buffer, ZIPWRITE_NAME_MAX, "%.*s.%.*s.sozip.idx", n,
		name.p, (int)name.n - n, name.p + n);
	return (struct str){buffer, (size_t)n};
}

static unsigned char *
make_index(const struct zip_entry *member, const uint64_t *offsets, size_t n)
{
	unsigned char *index = calloc(n + HEAD_SIZE / OFFSET_SIZE, OFFSET_SIZE);

	if (index == NULL)
		return NULL;
	put32(index, VERSION);
	put32(index + 8, DEFLATE_BLOCK);
	put32(index + 12, OFFSET_SIZE);
	put64(index + 16, member->size);
	put64(index + 24, member->packed);
	for (size_t i = 0; i < n; i++)
		put64(index + HEAD_SIZE + i * OFFSET_SIZE, offsets[i]);
	return index;
}

/* The entry of the index.  name has ZIPWRITE_NAME_MAX bytes and must outlive
 * it. */
static struct zip_entry
index_entry(const struct zip_entry *member, char *name, uint64_t offset,
	size_t size, uint32_t crc)
{
	return (struct zip_entry){
		.name = index_name(member->name, name),
		.modified = member->modified,
		.size = size,
		.packed = size,
		.offset = offset,
		.crc = crc,
		.method = ZIP_STORED,
	};
}

int
sozipwrite_index(int fd, uint64_t *at, const struct zip_entry *member,
	const uint64_t *offsets, size_t n)
{
	unsigned char local[ZIPWRITE_LOCAL_MAX];
	char name[ZIPWRITE_NAME_MAX];
	size_t size = HEAD_SIZE + n * OFFSET_SIZE, header;
	unsigned char *index = make_index(member, offsets, n);
	struct zip_entry entry;
	int result;

	if (index == NULL)
		return -1;
	entry = index_entry(member, name, *at, size, crc_add(0, index, size));
	header = zipwrite_local(local, &entry, 1);
	result = zipwrite_bytes(fd, local, header, *at);
	if (result == 0)
		result = zipwrite_bytes(fd, index, size, *at + header);
	*at += header + size;
	free(index);
	return result;
}

static bool
has_crc(int fd, uint64_t offset, size_t size, uint32_t crc)
{
	unsigned char *bytes = malloc(size);
	struct fault fault;
	bool has = bytes != NULL &&
		zip_read(fd, bytes, size, offset, &fault) == ZIPDIR_OK &&
		crc_add(0, bytes, size) == crc;

	free(bytes);
	return has;
}

uint64_t
sozipwrite_find(int fd, uint64_t offset, const struct zip_entry *member)
{
	unsigned char start[ZIPLOCAL_SIZE];
	char name[ZIPWRITE_NAME_MAX];
	size_t size = index_size(member->size), header;
	struct zip_entry entry;
	struct fault fault;

	if (member->name.n > PATH_MAX ||
		zip_read(fd, start, sizeof(start), offset, &fault) != ZIPDIR_OK)
		return 0;
	entry = index_entry(member, name, offset, size, get32(start + 14));
	header = zipwrite_find_local(fd, &entry, 1);
	if (header == 0 || !has_crc(fd, offset + header, size, entry.crc))
		return 0;
	return header + size;
}
