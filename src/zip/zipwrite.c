#include "zip/zipwrite.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "zip/zipend.h"

enum {
	FROM_UNIX = 3 << 8 | 45, /* made by */
	NEEDS_DEFLATE = 20,
	NEEDS_ZIP64 = 45,
	EXTRA_ZIP64 = 0x0001,
	EXTRA_TIME = 0x5455,
	EXTRA_ALIGNMENT = 0xd935,
	ALIGNMENT_LEAST = 6, /* bytes of the alignment field */
	ALIGNED = 4,         /* data of stored members */
	ALIGNED_LARGE = 4096,
	LARGE = 64 << 10,
	EXTENDED_SIZE = 9, /* bytes of the extended timestamp */
	BUFFER_SIZE = 1 << 18,
};

/* A header under construction. */
struct head {
	unsigned char *p;
	size_t n;
};

static void
add16(struct head *head, size_t n)
{
	put16(head->p + head->n, n);
	head->n += 2;
}

static void
add32(struct head *head, uint32_t n)
{
	put32(head->p + head->n, n);
	head->n += 4;
}

static void
add64(struct head *head, uint64_t n)
{
	put64(head->p + head->n, n);
	head->n += 8;
}

static void
add_str(struct head *head, struct str s)
{
	memcpy(head->p + head->n, s.p, s.n);
	head->n += s.n;
}

static uint32_t
at_most32(uint64_t n)
{
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static bool
over32(uint64_t n)
{
	return n >= UINT32_MAX;
}

/* Clamp to the years that a DOS time can have, 1980 to 2107. */
static int64_t
dos_limits(int64_t modified)
{
	const int64_t first = 315532800, last = 4354819198;

	return modified < first ? first : modified > last ? last : modified;
}

/* Time in the low half, date in the high one (section 4.4.6). */
static uint32_t
to_dos_time(int64_t modified)
{
	time_t t = dos_limits(modified);
	struct tm tm;

	gmtime_r(&t, &tm);
	return (uint32_t)(tm.tm_sec / 2 | tm.tm_min << 5 | tm.tm_hour << 11) |
		(uint32_t)(tm.tm_mday | (tm.tm_mon + 1) << 5) << 16 |
		(uint32_t)(tm.tm_year - 80) << 25;
}

static bool
fits_extended(int64_t modified)
{
	return modified >= INT32_MIN && modified <= INT32_MAX;
}

int64_t
zipwrite_time(int64_t modified)
{
	return fits_extended(modified) ? modified
				       : dos_limits(modified) & ~(int64_t)1;
}

static bool
has_timestamp_field(const struct zip_entry *entry)
{
	return !entry->local && fits_extended(entry->modified);
}

static void
add_timestamp_field(struct head *head, const struct zip_entry *entry)
{
	if (!has_timestamp_field(entry))
		return;
	add16(head, EXTRA_TIME);
	add16(head, 5);
	head->p[head->n++] = 1;
	add32(head, (uint32_t)entry->modified);
}

/* Whether a size of entry does not fit in 32 bits. */
static bool
is_huge(const struct zip_entry *entry)
{
	return over32(entry->size) || over32(entry->packed);
}

static unsigned
flags_of(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		if ((unsigned char)name.p[i] >= 0x80)
			return str_is_utf8(name) ? ZIP_UTF8 : 0;
	}
	return 0;
}

/* Add the fields from "version needed" to the two sizes, which both headers
 * share. */
static void
add_common(struct head *head, const struct zip_entry *entry, bool zip64)
{
	add16(head, zip64 ? NEEDS_ZIP64 : NEEDS_DEFLATE);
	add16(head, flags_of(entry->name) | entry->flags);
	add16(head, entry->method);
	add32(head, to_dos_time(entry->modified));
	add32(head, entry->crc);
}

static void
add_padding(struct head *head, uint64_t offset, unsigned alignment)
{
	size_t room = (size_t)((offset + head->n) % alignment);

	if (room == 0)
		return;
	for (room = alignment - room; room < ALIGNMENT_LEAST;)
		room += alignment;
	add16(head, EXTRA_ALIGNMENT);
	add16(head, room - 4);
	add16(head, alignment);
	memset(head->p + head->n, 0, room - ALIGNMENT_LEAST);
	head->n += room - ALIGNMENT_LEAST;
}

size_t
zipwrite_local(unsigned char *buffer, const struct zip_entry *entry,
	unsigned alignment)
{
	struct head head = {buffer, 0};
	bool zip64 = is_huge(entry);
	size_t extra;

	assert(entry->name.n <=
		(alignment > 1 ? ZIPWRITE_NAME_MAX : ZIPWRITE_LONGEST_NAME));
	assert(alignment <= 4096);
	add32(&head, 0x04034b50);
	add_common(&head, entry, zip64);
	add32(&head, zip64 ? UINT32_MAX : (uint32_t)entry->packed);
	add32(&head, zip64 ? UINT32_MAX : (uint32_t)entry->size);
	add16(&head, entry->name.n);
	add16(&head, 0);
	add_str(&head, entry->name);
	extra = head.n;
	if (zip64) {
		add16(&head, EXTRA_ZIP64);
		add16(&head, 16);
		add64(&head, entry->size);
		add64(&head, entry->packed);
	}
	add_timestamp_field(&head, entry);
	add_padding(&head, entry->offset, alignment);
	put16(buffer + 28, head.n - extra);
	return head.n;
}

unsigned
zipwrite_alignment(const struct zip_entry *entry)
{
	if (entry->method != ZIP_STORED || entry->size == 0)
		return 1;
	return entry->size < LARGE ? ALIGNED : ALIGNED_LARGE;
}

size_t
zipwrite_find_local(int fd, const struct zip_entry *entry, unsigned alignment)
{
	unsigned char wanted[ZIPWRITE_LOCAL_MAX], found[ZIPWRITE_LOCAL_MAX];
	struct fault fault;
	size_t n;

	assert(entry->name.n <= ZIPWRITE_NAME_MAX);
	n = zipwrite_local(wanted, entry, alignment);

	if (zip_read(fd, found, n, entry->offset, &fault) != ZIPDIR_OK ||
		memcmp(found, wanted, n) != 0)
		return 0;
	return n;
}

/* How many bytes of zip64 the entry needs in the central directory. */
static unsigned
central_zip64(const struct zip_entry *entry)
{
	return 8u *
		((unsigned)over32(entry->size) + over32(entry->packed) +
			over32(entry->offset));
}

static void
add_central_zip64(struct head *head, const struct zip_entry *entry)
{
	const uint64_t values[] = {entry->size, entry->packed, entry->offset};
	unsigned n = central_zip64(entry);

	if (n == 0)
		return;
	add16(head, EXTRA_ZIP64);
	add16(head, n);
	for (int i = 0; i < 3; i++) {
		if (over32(values[i]))
			add64(head, values[i]);
	}
}

/* The external attributes (section 4.4.15): of Unix in the high half, of MS-DOS
 * in the low one. */
static uint32_t
attributes(const struct zip_entry *entry)
{
	bool directory = str_ends(entry->name, STR("/"));
	uint32_t mode = entry->mode;

	if (mode == 0)
		mode = directory ? 040755 : 0100644;
	return mode << 16 | (directory ? 0x10 : 0);
}

static void
add_central(struct head *head, const struct zip_entry *entry)
{
	bool zip64 = central_zip64(entry) > 0;
	unsigned char *start = head->p + head->n;
	size_t extra;

	add32(head, 0x02014b50);
	add16(head, FROM_UNIX);
	add_common(head, entry, zip64);
	add32(head, at_most32(entry->packed));
	add32(head, at_most32(entry->size));
	add16(head, entry->name.n);
	add16(head, 0); /* of extra fields, set below */
	add16(head, 0); /* of a comment */
	add16(head, 0); /* disk */
	add16(head, 0); /* internal attributes */
	add32(head, attributes(entry));
	add32(head, at_most32(entry->offset));
	add_str(head, entry->name);
	extra = head->n;
	add_central_zip64(head, entry);
	add_timestamp_field(head, entry);
	put16(start + 30, head->n - extra);
}

size_t
zipwrite_central(unsigned char *buffer, const struct zip_entry *entry)
{
	struct head head = {buffer, 0};

	assert(entry->name.n <= ZIPWRITE_LONGEST_NAME);
	add_central(&head, entry);
	return head.n;
}

size_t
zipwrite_local_size(const struct zip_entry *entry)
{
	return 30 + entry->name.n + (is_huge(entry) ? 20 : 0) +
		(has_timestamp_field(entry) ? EXTENDED_SIZE : 0);
}

size_t
zipwrite_central_size(const struct zip_entry *entry)
{
	unsigned zip64 = central_zip64(entry);

	return 46 + entry->name.n + (zip64 > 0 ? 4 + zip64 : 0) +
		(has_timestamp_field(entry) ? EXTENDED_SIZE : 0);
}

static void
add_end64(struct head *head, uint64_t offset, uint64_t size, uint64_t n)
{
	add32(head, 0x06064b50);
	add64(head, 56 - 12);
	add16(head, FROM_UNIX);
	add16(head, NEEDS_ZIP64);
	add32(head, 0);
	add32(head, 0);
	add64(head, n);
	add64(head, n);
	add64(head, size);
	add64(head, offset);
	add32(head, 0x07064b50);
	add32(head, 0);
	add64(head, offset + size);
	add32(head, 1);
}

static void
add_end(struct head *head, uint64_t offset, uint64_t size, uint64_t n,
	struct str comment)
{
	size_t count = n < UINT16_MAX ? (size_t)n : UINT16_MAX;

	if (n >= UINT16_MAX || over32(size) || over32(offset))
		add_end64(head, offset, size, n);
	add32(head, 0x06054b50);
	add32(head, 0);
	add16(head, count);
	add16(head, count);
	add32(head, at_most32(size));
	add32(head, at_most32(offset));
	add16(head, comment.n);
	add_str(head, comment);
}

size_t
zipwrite_end(unsigned char *buffer, uint64_t offset, uint64_t size, uint64_t n,
	struct str comment)
{
	struct head head = {buffer, 0};

	assert(comment.n <= ZIPWRITE_COMMENT_MAX);
	add_end(&head, offset, size, n, comment);
	return head.n;
}

int
zipwrite_bytes(int fd, const void *bytes, size_t n, uint64_t offset)
{
	size_t done = 0;

	while (done < n) {
		ssize_t m = pwrite(fd, (const char *)bytes + done, n - done,
			(off_t)(offset + done));

		if (m < 0 && errno != EINTR)
			return -1;
		if (m > 0)
			done += (size_t)m;
	}
	return 0;
}

static int
flush(struct head *head, int fd, uint64_t *at)
{
	if (zipwrite_bytes(fd, head->p, head->n, *at) < 0)
		return -1;
	*at += head->n;
	head->n = 0;
	return 0;
}

int
zipwrite_directory(int fd, uint64_t offset, const struct zip_entry *entries,
	size_t n, struct str comment, uint64_t *end)
{
	struct head head = {malloc(BUFFER_SIZE), 0};
	int result = 0;

	assert(comment.n <= ZIPWRITE_COMMENT_MAX);
	if (head.p == NULL)
		return -1;
	*end = offset;
	for (size_t i = 0; i < n && result == 0; i++) {
		add_central(&head, &entries[i]);
		if (head.n >
			BUFFER_SIZE - ZIPWRITE_HEADER_MAX - ZIPWRITE_END_MAX)
			result = flush(&head, fd, end);
	}
	add_end(&head, offset, *end + head.n - offset, n, comment);
	if (result == 0)
		result = flush(&head, fd, end);
	free(head.p);
	return result;
}
