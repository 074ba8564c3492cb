#include "zip/zipend.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/readall.h"
#include "zip/zipentry.h"

enum {
	END_SIZE = 22,
	END64_SIZE = 56,
	LOCATOR_SIZE = 20,
	COMMENT_MAX = 65535,
	TAIL_MAX = LOCATOR_SIZE + END_SIZE + COMMENT_MAX,
	BEHIND_MAX = 64 * 1024, /* bytes behind the archive */
	WRAPS_MAX = 256,        /* an archive of 1 TiB */
};

#define END_SIGNATURE     0x06054b50u
#define END64_SIGNATURE   0x06064b50u
#define LOCATOR_SIGNATURE 0x07064b50u
#define LOCAL_SIGNATURE   0x04034b50u

/* A copy of the last bytes of the file. */
struct tail {
	unsigned char *p;
	size_t n;
	uint64_t offset; /* of p[0] in the file */
};

enum zipdir_result
zip_read(
	int fd, void *buffer, size_t size, uint64_t offset, struct fault *fault)
{
	ssize_t n = readall(fd, buffer, size, offset);

	if (n < 0) {
		fault_set(
			fault, "reading at offset %" PRIu64 " failed", offset);
		return ZIPDIR_FAILED;
	}
	if ((size_t)n < size)
		return zip_damaged(fault,
			"the file ends at offset %" PRIu64 " while it is read",
			offset + (uint64_t)n);
	return ZIPDIR_OK;
}

static enum zipdir_result
tail_read(struct tail *tail, size_t most, int fd, uint64_t size,
	struct fault *fault)
{
	enum zipdir_result result;

	tail->n = size < most ? (size_t)size : most;
	tail->offset = size - tail->n;
	tail->p = malloc(tail->n + 1);
	if (tail->p == NULL) {
		fault_set(fault, "no memory for the end of the file");
		return ZIPDIR_FAILED;
	}
	result = zip_read(fd, tail->p, tail->n, tail->offset, fault);
	if (result != ZIPDIR_OK) {
		free(tail->p);
		tail->p = NULL;
	}
	return result;
}

/* Find the last end record in the tail whose comment ends where the file ends;
 * NULL when there is none. */
static const unsigned char *
find_end(const struct tail *tail)
{
	if (tail->n < END_SIZE)
		return NULL;
	for (size_t at = tail->n - END_SIZE + 1; at-- > 0;) {
		const unsigned char *p = tail->p + at;

		if (p[0] == 'P' && get32(p) == END_SIGNATURE &&
			at + END_SIZE + get16(p + 20) == tail->n)
			return p;
	}
	return NULL;
}

/* Find the last end record in the tail, with *behind bytes behind its comment.
 * NULL when there is none, or when it can also be read as a part of an earlier
 * one's comment. */
static const unsigned char *
find_end_before(const struct tail *tail, uint64_t *behind)
{
	const unsigned char *last = NULL;

	if (tail->n < END_SIZE)
		return NULL;
	for (size_t at = tail->n - END_SIZE + 1; at-- > 0;) {
		const unsigned char *p = tail->p + at;
		size_t end;

		if (p[0] != 'P' || get32(p) != END_SIGNATURE)
			continue;
		end = at + END_SIZE + get16(p + 20);
		if (last == NULL &&
			(end > tail->n || tail->n - end > BEHIND_MAX))
			return NULL;
		if (last == NULL)
			*behind = tail->n - end;
		else if (p + END_SIZE <= last && tail->p + end > last &&
			end <= tail->n)
			return NULL;
		last = last == NULL ? p : last;
	}
	return last;
}

/* A field of the end record agrees with that of the zip64 record if all its
 * bits are set, which means "see there", or if it holds the low bits of the
 * other one, as some writers leave them there. */
static bool
zip64_agrees(uint64_t is, uint64_t said, uint64_t ones)
{
	return said == ones || said == (is & ones);
}

/* Read the zip64 end record that the locator points to.  If data were prepended
 * to the archive, the offset in the locator is too low.  Then try directly
 * before the locator, where the record lies if it has no extensible data. */
static enum zipdir_result
read_end64(unsigned char *record, const unsigned char *locator, uint64_t at,
	int fd, uint64_t *offset, struct fault *fault)
{
	const uint64_t try[] = {get64(locator + 8), at - END64_SIZE};

	for (int i = 0; i < 2; i++) {
		enum zipdir_result result;

		if (at < END64_SIZE || try[i] > at - END64_SIZE)
			continue;
		result = zip_read(fd, record, END64_SIZE, try[i], fault);
		if (result != ZIPDIR_OK)
			return result;
		*offset = try[i];
		if (get32(record) == END64_SIGNATURE &&
			get64(record + 4) == at - try[i] - 12)
			return ZIPDIR_OK;
	}
	return zip_damaged(fault,
		"zip64 locator at offset %" PRIu64
		" points to no zip64 end record: %" PRIu64,
		at, try[0]);
}

static enum zipdir_result
read_zip64(struct zipend *end, uint64_t *recorded, const unsigned char *p,
	uint64_t at, int fd, struct fault *fault)
{
	unsigned char record[END64_SIZE];
	const unsigned char *locator = p - LOCATOR_SIZE;
	enum zipdir_result result =
		read_end64(record, locator, at, fd, &end->record, fault);

	if (result != ZIPDIR_OK)
		return result;
	if (get32(record + 16) != 0 || get32(record + 20) != 0 ||
		get64(record + 24) != get64(record + 32))
		return zip_damaged(fault,
			"zip64 end record at offset %" PRIu64
			": archives of several disks are not read",
			end->record);
	end->zip64 = true;
	end->shift = end->record - get64(locator + 8);
	end->count = get64(record + 32);
	end->size = get64(record + 40);
	*recorded = get64(record + 48);
	if (!zip64_agrees(end->count, get16(p + 10), UINT16_MAX) ||
		!zip64_agrees(end->size, get32(p + 12), UINT32_MAX) ||
		!zip64_agrees(*recorded, get32(p + 16), UINT32_MAX))
		return zip_damaged(fault,
			"zip64 end record at offset %" PRIu64
			" and end record contradict each other",
			end->record);
	return ZIPDIR_OK;
}

/* Fill *end from the end record p at offset at, or its zip64 form. */
static enum zipdir_result
read_records(struct zipend *end, uint64_t *recorded, const unsigned char *p,
	uint64_t at, const struct tail *tail, int fd, struct fault *fault)
{
	bool located = at - tail->offset >= LOCATOR_SIZE &&
		get32(p - LOCATOR_SIZE) == LOCATOR_SIGNATURE;

	if (located)
		return read_zip64(
			end, recorded, p, at - LOCATOR_SIZE, fd, fault);
	if (get16(p + 4) != 0 || get16(p + 6) != 0 ||
		get16(p + 8) != get16(p + 10))
		return zip_damaged(fault,
			"end record at offset %" PRIu64
			": archives of several disks are not read",
			at);
	end->record = at;
	end->zip64 = false;
	end->count = get16(p + 10);
	end->size = get32(p + 12);
	*recorded = get32(p + 16);
	return ZIPDIR_OK;
}

/* The central directory ends where the end records begin. */
static enum zipdir_result
place_directory(struct zipend *end, uint64_t recorded, struct fault *fault)
{
	if (end->size > end->record)
		return zip_damaged(fault,
			"end record at offset %" PRIu64
			": no room for a central directory of %" PRIu64
			" byte%s",
			end->record, end->size, str_plural(end->size));
	end->start = end->record - end->size;
	if (recorded > end->start)
		return zip_damaged(fault,
			"end record at offset %" PRIu64
			": the central directory is at %" PRIu64
			", not at %" PRIu64,
			end->record, end->start, recorded);
	end->prefix = end->start - recorded;
	/* Without zip64, the offsets of 32 bits may have overflowed, as macOS
	 * lets them; or that much data was prepended. */
	if (!end->zip64 && end->prefix >> 32 <= WRAPS_MAX) {
		end->wraps = end->prefix >> 32;
		end->prefix = (uint32_t)end->prefix;
	}
	if (end->zip64 && end->shift != end->prefix)
		return zip_damaged(fault,
			"zip64 end record at offset %" PRIu64
			": its locator points elsewhere",
			end->record);
	return ZIPDIR_OK;
}

static enum zipdir_result
no_end(struct fault *fault, uint64_t size)
{
	fault_set(fault,
		"no end record in the last %" PRIu64 " byte%s of %" PRIu64,
		size < TAIL_MAX ? size : TAIL_MAX, str_plural(size), size);
	return ZIPDIR_NO_END;
}

/* Read what the end record p in the tail says. */
static enum zipdir_result
read_end(struct zipend *end, const unsigned char *p, const struct tail *tail,
	int fd, struct fault *fault)
{
	const uint64_t at = tail->offset + (uint64_t)(p - tail->p);
	uint64_t recorded = 0;
	enum zipdir_result result =
		read_records(end, &recorded, p, at, tail, fd, fault);

	return result == ZIPDIR_OK ? place_directory(end, recorded, fault)
				   : result;
}

/* What the last record with bytes behind it says does not hold: it may lie in
 * the data of an archive whose end has not been written yet. */
static enum zipdir_result
no_end_but(struct fault *fault, const struct zipend *end, const char *why)
{
	struct fault whole;

	fault_set(&whole, "%s; %" PRIu64 " bytes stand behind that record", why,
		end->behind);
	*fault = whole;
	return ZIPDIR_NO_END;
}

/* Whether the file begins with a member.  If the archive found in it begins
 * later, then that is probably a member, too. */
static enum zipdir_result
check_front(const struct zipend *end, int fd, struct fault *fault)
{
	unsigned char first[4];
	enum zipdir_result result =
		zip_read(fd, first, sizeof(first), 0, fault);

	if (result != ZIPDIR_OK || get32(first) != LOCAL_SIGNATURE)
		return result;
	fault_set(fault,
		"end record at offset %" PRIu64
		": its archive begins at %" PRIu64
		", as a member of another one, which has no end",
		end->record, end->prefix);
	return ZIPDIR_DAMAGED;
}

/* Look for an end record with bytes behind it. */
static enum zipdir_result
read_before(struct zipend *end, int fd, uint64_t size, struct fault *fault)
{
	struct tail tail;
	const unsigned char *p;
	enum zipdir_result result =
		tail_read(&tail, TAIL_MAX + BEHIND_MAX, fd, size, fault);

	if (result != ZIPDIR_OK)
		return result;
	p = find_end_before(&tail, &end->behind);
	if (p != NULL)
		result = read_end(end, p, &tail, fd, fault);
	free(tail.p);
	if (p == NULL)
		return no_end(fault, size);
	if (result == ZIPDIR_OK && end->prefix > 0)
		result = check_front(end, fd, fault);
	return result == ZIPDIR_DAMAGED ? no_end_but(fault, end, fault->text)
					: result;
}

enum zipdir_result
zipend_read(struct zipend *end, int fd, uint64_t size, struct fault *fault)
{
	struct tail tail;
	const unsigned char *p;
	enum zipdir_result result = tail_read(&tail, TAIL_MAX, fd, size, fault);

	if (result != ZIPDIR_OK)
		return result;
	*end = (struct zipend){0};
	p = find_end(&tail);
	if (p != NULL)
		result = read_end(end, p, &tail, fd, fault);
	free(tail.p);
	return p != NULL ? result : read_before(end, fd, size, fault);
}

uint64_t
zipend_members(const struct zipend *end)
{
	uint64_t most = end->size / ZIPENTRY_SIZE;

	if (end->count >= most)
		return most;
	/* See zipend_check. */
	return end->zip64 ? end->count : most - (most - end->count) % 65536;
}

enum zipdir_result
zipend_check(const struct zipend *end, const unsigned char *copy,
	uint64_t *count, struct fault *fault)
{
	uint64_t at = 0;

	for (*count = 0; at < end->size; ++*count) {
		uint64_t room = end->size - at;
		size_t size =
			room < ZIPENTRY_SIZE ? 0 : zipentry_size(copy + at);

		if (size == 0)
			return zip_damaged(fault,
				"no central directory header at offset %" PRIu64,
				end->start + at);
		if (size > room)
			return zip_damaged(fault,
				"central directory header at offset %" PRIu64
				" reaches beyond the central directory",
				end->start + at);
		at += size;
	}
	/* Without zip64, writers store the count modulo 65,536. */
	if (end->count != (end->zip64 ? *count : *count % 65536))
		return zip_damaged(fault,
			"end record at offset %" PRIu64 " counts %" PRIu64
			" member%s, the central directory holds %" PRIu64,
			end->record, end->count, str_plural(end->count),
			*count);
	return ZIPDIR_OK;
}
