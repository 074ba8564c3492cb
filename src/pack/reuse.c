#include "pack/reuse.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/interrupt.h"
#include "pack/sozipwrite.h"
#include "zip/zipend.h"

enum { PART = 64 << 20 }; /* bytes copied between checks for a signal */

static bool
has_comment(int fd, uint64_t size, struct str comment)
{
	char end[2 + 256];
	struct fault fault;

	if (comment.n > 256 || size < 22 + comment.n ||
		zip_read(fd, end, 2 + comment.n, size - comment.n - 2,
			&fault) != ZIPDIR_OK)
		return false;
	return get16((unsigned char *)end) == comment.n &&
		str_eq((struct str){end + 2, comment.n}, comment);
}

void
reuse_open(struct reuse *reuse, int fd, uint64_t size, struct str comment)
{
	struct fault fault;

	*reuse = (struct reuse){.fd = -1};
	if (fd < 0 || !has_comment(fd, size, comment) ||
		zipdir_open(&reuse->zipdir, fd, size, &fault) != ZIPDIR_OK)
		return;
	reuse->fd = fd;
	reuse->end = zipdir_start(reuse->zipdir);
}

void
reuse_close(struct reuse *reuse)
{
	zipdir_free(reuse->zipdir);
	*reuse = (struct reuse){.fd = -1};
}

/* The end of the bytes of entry, including its index.  0 when its headers are
 * not as they would be written now. */
static uint64_t
end_of(const struct reuse *reuse, const struct zip_entry *entry, bool seekable)
{
	size_t header = zipwrite_find_local(
		reuse->fd, entry, zipwrite_alignment(entry));
	uint64_t end = entry->offset + header + entry->packed;

	if (header == 0 || entry->packed > reuse->end)
		return 0;
	if (seekable && entry->method == ZIP_DEFLATED) {
		uint64_t index = sozipwrite_find(reuse->fd, end, entry);

		if (index == 0)
			return 0;
		end += index;
	}
	return end <= reuse->end ? end : 0;
}

bool
reuse_mark(const struct reuse *reuse, struct item *item, bool timed)
{
	struct zip_entry *entry = &item->entry, old;
	struct member member;

	/* zipdir_find also finds a member by other forms of its name. */
	if (reuse->fd < 0 ||
		!zipdir_find(reuse->zipdir, entry->name, &member) ||
		!str_eq(member.recorded, entry->name))
		return false;
	if ((timed && member.modified != entry->modified) ||
		(item->coding == CODING_IDENTITY && member.size != entry->size))
		return true;
	old = (struct zip_entry){
		.name = entry->name,
		.modified = member.modified,
		.size = member.size,
		.packed = member.packed,
		.offset = member.offset,
		.crc = member.crc,
		.method = member.method,
	};
	item->end = end_of(reuse, &old, item->seekable);
	if (item->end == 0)
		return true;
	item->reused = true;
	*entry = old;
	return true;
}

uint64_t
reuse_dead(const struct items *items, uint64_t *end)
{
	uint64_t reused = 0;

	*end = 0;
	for (size_t i = 0; i < items->n; i++) {
		const struct item *item = &items->item[i];

		if (!item->reused)
			continue;
		reused += item->end - item->entry.offset;
		if (item->end > *end)
			*end = item->end;
	}
	return *end > reused ? *end - reused : 0;
}

static bool
interrupted(void)
{
	errno = EINTR;
	return interrupt_pending();
}

static int
copy_slowly(int from, int to, uint64_t at, uint64_t end)
{
	char buffer[1 << 16];

	while (at < end) {
		size_t n = end - at < sizeof(buffer) ? (size_t)(end - at)
						     : sizeof(buffer);

		if (interrupted() || deflate_read(from, buffer, n, at) < 0 ||
			zipwrite_bytes(to, buffer, n, at) < 0)
			return -1;
		at += n;
	}
	return 0;
}

/* Copy a range.  copy_file_range(2) shares the blocks where the file system
 * can. */
static int
copy(int from, int to, uint64_t at, uint64_t end)
{
	while (at < end) {
		loff_t in = (loff_t)at, out = in;
		size_t part = end - at < PART ? (size_t)(end - at) : PART;
		ssize_t n;

		if (interrupted())
			return -1;
		n = copy_file_range(from, &in, to, &out, part, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == ENOSPC)
			return -1;
		if (n <= 0)
			return copy_slowly(from, to, at, end);
		at += (uint64_t)n;
	}
	return 0;
}

struct extent {
	uint64_t at, end;
};

static int
by_offset(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/* Copy adjacent extents in one piece. */
static int
copy_extents(int from, int to, struct extent *extents, size_t n)
{
	qsort(extents, n, sizeof(*extents), by_offset);
	for (size_t i = 0; i < n;) {
		struct extent whole = extents[i];

		for (i++; i < n && extents[i].at == whole.end; i++)
			whole.end = extents[i].end;
		if (copy(from, to, whole.at, whole.end) < 0)
			return -1;
	}
	return 0;
}

int
reuse_copy(const struct reuse *reuse, const struct items *items, int fd)
{
	struct extent *extents = calloc(items->n + 1, sizeof(*extents));
	size_t n = 0;
	int result;

	if (extents == NULL)
		return -1;
	for (size_t i = 0; i < items->n; i++) {
		const struct item *item = &items->item[i];

		if (item->reused)
			extents[n++] =
				(struct extent){item->entry.offset, item->end};
	}
	result = copy_extents(reuse->fd, fd, extents, n);
	free(extents);
	return result;
}
