/* Where the data of a member lie.  Its local header is checked once; then its
 * size is among the notes in the index. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "archive/archive.h"
#include "base/log.h"
#include "zip/ziplocal.h"

enum { DEFLATE_RATIO = 1032 }; /* at most: 258 bytes from two bits */

/* The bits of zipdir_notes that hold the size of a checked local header.  A
 * larger one, which needs a name and extra fields of 64 KiB each, is checked
 * every time. */
#define LOCAL_SIZE_MASK 0x1ffffu

/* The fault of member's local header, or NULL and the header's size.  *lost:
 * it could not be read, and another time it may be right. */
static const char *
local_fault(const struct archive *archive, const struct member *member,
	uint32_t *size, bool *lost)
{
	const uint64_t end = zipdir_start(archive->zipdir);
	unsigned char header[ZIPLOCAL_MAX];

	*size = 0;
	*lost = false;
	if (end < ZIPLOCAL_SIZE || member->offset > end - ZIPLOCAL_SIZE)
		return "no room for a local header";
	*lost = true;
	if (archive_read(archive, member->offset, header, ZIPLOCAL_SIZE) < 0)
		return archive_loss(archive);
	*lost = false;
	*size = ziplocal_size(header);
	if (*size == 0)
		return "no local header";
	if (*size > end - member->offset ||
		member->packed > end - member->offset - *size)
		return "the data reach into the central directory";
	if (member->method == ZIP_STORED && member->size != member->packed)
		return "stored, but its two sizes differ";
	if (member->method == ZIP_DEFLATED &&
		member->size / DEFLATE_RATIO > member->packed)
		return "more than its data can hold";
	if (member->size > INT64_MAX)
		return "larger than any file";
	*lost = archive_read(archive, member->offset, header, *size) < 0;
	if (*lost)
		return archive_loss(archive);
	return ziplocal_differs(header, member);
}

int
archive_fault(const struct archive *archive, const struct member *member,
	const char *why)
{
	const char *word = "member-damaged";
	char offset[24];

	if (archive_just_failed(archive))
		word = "storage-failed";
	snprintf(offset, sizeof(offset), "%" PRIu64, member->offset);
	log_pairs(LOG_WARN, word, {"archive", str_of(archive->path)},
		{"member", member->name}, {"offset", str_of(offset)},
		{"why", str_of(why)});
	errno = EILSEQ;
	return -1;
}

int
archive_damaged(const struct archive *archive, const struct member *member,
	const char *why)
{
	if (archive_is_intact(archive))
		archive_note(archive, member, ARCHIVE_ODD);
	return archive_fault(archive, member, why);
}

int
archive_lost(const struct archive *archive, const struct member *member)
{
	archive_fault(archive, member, archive_loss(archive));
	errno = EIO;
	return -1;
}

void
archive_odd(const struct archive *archive, const struct member *member,
	unsigned notes, const char *why)
{
	bool known = (archive_notes(archive, member) & notes) == notes;

	archive_note(archive, member, notes);
	if (!known)
		log_pairs(LOG_INFO, "member-odd",
			{"archive", str_of(archive->path)},
			{"member", member->name}, {"why", str_of(why)});
}

/* Where offsets are modulo 4 GiB, find the first local header that fits.  This
 * is done for every request, because the index has no room for the result. */
static const char *
find_wrapped(const struct archive *archive, const struct member *member,
	uint64_t *start, bool *lost)
{
	const char *first = NULL;

	for (uint64_t i = 0; i <= zipdir_wraps(archive->zipdir); i++) {
		struct member at = *member;
		const char *why;
		uint32_t size;

		at.offset += i << 32;
		why = local_fault(archive, &at, &size, lost);
		*start = at.offset + size;
		if (why == NULL || *lost)
			return why;
		first = first ? first : why;
	}
	return first;
}

/* Find the data of a member that has not been located before. */
static const char *
find_data(const struct archive *archive, const struct member *member,
	uint64_t *start, bool *lost)
{
	const char *why;
	uint32_t size;

	if (zipdir_wraps(archive->zipdir) > 0)
		return find_wrapped(archive, member, start, lost);
	why = local_fault(archive, member, &size, lost);
	*start = member->offset + size;
	if (why == NULL && size <= LOCAL_SIZE_MASK)
		zipdir_add_notes(archive->zipdir, member->slot, size);
	return why;
}

enum status
archive_locate(
	struct archive *archive, const struct member *member, uint64_t *start)
{
	const uint32_t size =
		zipdir_notes(archive->zipdir, member->slot) & LOCAL_SIZE_MASK;
	const char *why = NULL;
	bool lost = false;

	*start = member->offset + size;
	if (size == 0)
		why = find_data(archive, member, start, &lost);
	if (why == NULL)
		return STATUS_GO;
	archive_fault(archive, member, why);
	if (lost)
		errno = EIO;
	return STATUS_ERROR;
}

unsigned
archive_notes(const struct archive *archive, const struct member *member)
{
	return zipdir_notes(archive->zipdir, member->slot) & ~LOCAL_SIZE_MASK;
}

void
archive_note(const struct archive *archive, const struct member *member,
	unsigned notes)
{
	zipdir_add_notes(archive->zipdir, member->slot, notes);
}
