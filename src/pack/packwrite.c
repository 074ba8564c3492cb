/* One thread opens files and hands their pieces to the workers; it takes the
 * results back in the same order and writes them.  A member's local header is
 * written last, into the space left for it, since its CRC-32 and size are known
 * only then.  If deflating a large file turns out to save too little, the file
 * is written again, stored, over its deflated form. */

#include "pack/packwrite.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "base/crc.h"
#include "base/interrupt.h"
#include "base/openbelow.h"
#include "pack/precompress.h"
#include "pack/sozipwrite.h"
#include "pack/workers.h"

enum {
	BUFFER_SIZE = 1 << 18,
};

/* A member under construction. */
struct member_state {
	uint64_t data; /* where its data start */
	uint64_t packed;
	uint32_t crc;
	uint64_t *offsets; /* of its blocks, without the first */
	size_t noffsets, room;
};

/* The next piece to hand out. */
struct feed {
	size_t item;
	uint64_t offset;
	int fd; /* -1 between files */
};

struct writer {
	const struct packwrite *to;
	const struct items *items;
	uint64_t at;
	struct feed feed;
	struct member_state member;
	struct workers *workers;
	struct deflater *deflater;
	struct fault *fault;
	unsigned char buffer[BUFFER_SIZE];
};

static int
fail_file(struct fault *fault, const struct tree_file *file, int error)
{
	switch (error) {
	case EBUSY:
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
	case ENXIO:
	case ELOOP:
	case EXDEV:
		return fault_file(
			fault, file->name, "it changed while it was packed");
	default:
		return fault_errno(fault, file->name, error);
	}
}

static int
fail_archive(const struct writer *w)
{
	return fault_errno(w->fault, str_of(w->to->path), errno);
}

static bool
file_is_directory(const struct tree_file *file)
{
	return str_ends(file->name, STR("/"));
}

/* Check that fd is still file, unchanged.  -1 with errno, which is EBUSY if
 * not. */
static int
compare_file(int fd, const struct tree_file *file)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	if (tree_file_is(file, &st))
		return 0;
	errno = EBUSY;
	return -1;
}

/* -1 with errno. */
static int
close_file(int fd, const struct tree_file *file)
{
	int result = compare_file(fd, file), saved = errno;

	close(fd);
	errno = saved;
	return result;
}

/* -1 with errno. */
static int
open_packed_file(int directory, const struct tree_file *file)
{
	int fd = openbelow_file(directory, file->way.p);
	int saved;

	if (fd < 0 || compare_file(fd, file) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* The next item to hand out; NULL at the end. */
static struct item *
next_item(struct writer *w)
{
	for (; w->feed.item < w->items->n; w->feed.item++) {
		struct item *item = &w->items->item[w->feed.item];

		if (!item->reused && !item->dropped)
			return item;
	}
	return NULL;
}

/* Whether the file will be stored, if that is known before it is read. */
static bool
is_stored(struct writer *w, const struct item *item)
{
	uint64_t size = item->file->size;

	return !deflate_saves(size, 0) ||
		(item->coding == CODING_IDENTITY && size > DEFLATE_PIECE &&
			!deflate_promises(w->deflater, w->feed.fd, size));
}

/* Fill in the next job.  Returns 1, 0 when there is none, -1 with fault. */
static int
feed(struct writer *w, struct job *job)
{
	struct item *item = next_item(w);
	struct feed *feed = &w->feed;
	uint64_t rest;

	if (item == NULL)
		return 0;
	if (feed->offset == 0 && !file_is_directory(item->file)) {
		feed->fd = open_packed_file(w->to->directory, item->file);
		if (feed->fd < 0)
			return fail_file(w->fault, item->file, errno);
	}
	rest = item->file->size - feed->offset;
	job->item = item;
	job->first = feed->offset == 0;
	job->stored = job->first && is_stored(w, item);
	job->error = 0;
	job->coded = NULL;
	job->piece.fd = feed->fd;
	job->piece.offset = feed->offset;
	job->piece.seekable = item->seekable;
	job->piece.n = rest < DEFLATE_PIECE ? (size_t)rest : DEFLATE_PIECE;
	job->piece.last = rest <= DEFLATE_PIECE || job->stored ||
		item->coding != CODING_IDENTITY;
	feed->offset += job->piece.n;
	if (job->piece.last)
		*feed = (struct feed){.item = feed->item + 1, .fd = -1};
	return 1;
}

/* Leave space for the local header after what has been written. */
static void
begin_member(struct writer *w, struct item *item, enum zip_method method)
{
	struct member_state *m = &w->member;
	struct zip_entry *entry = &item->entry;

	entry->offset = w->at;
	entry->method = (uint16_t)method;
	m->data = w->at +
		zipwrite_local(w->buffer, entry, zipwrite_alignment(entry));
	m->packed = 0;
	m->crc = 0;
	m->noffsets = 0;
}

static int
end_member(struct writer *w, struct item *item)
{
	struct member_state *m = &w->member;
	struct zip_entry *entry = &item->entry;
	size_t header;

	entry->crc = m->crc;
	entry->packed = m->packed;
	header = zipwrite_local(w->buffer, entry, zipwrite_alignment(entry));
	if (zipwrite_bytes(w->to->fd, w->buffer, header, entry->offset) < 0)
		return fail_archive(w);
	w->at = m->data + m->packed;
	if (entry->method == ZIP_DEFLATED && item->seekable &&
		sozipwrite_index(
			w->to->fd, &w->at, entry, m->offsets, m->noffsets) < 0)
		return fail_archive(w);
	item->end = w->at;
	return 0;
}

static int
add_bytes(struct writer *w, const void *bytes, size_t n)
{
	struct member_state *m = &w->member;

	if (interrupt_pending())
		return fault_file(w->fault, str_of(w->to->path), "interrupted");
	if (zipwrite_bytes(w->to->fd, bytes, n, m->data + m->packed) < 0)
		return fail_archive(w);
	m->packed += n;
	return 0;
}

/* Write a whole file, stored. */
static int
store(struct writer *w, struct item *item, int fd)
{
	struct member_state *m = &w->member;
	uint64_t size = item->entry.size;

	begin_member(w, item, ZIP_STORED);
	while (m->packed < size) {
		uint64_t rest = size - m->packed;
		size_t n = rest < BUFFER_SIZE ? (size_t)rest : BUFFER_SIZE;

		if (deflate_read(fd, w->buffer, n, m->packed) < 0)
			return fail_file(w->fault, item->file, errno);
		m->crc = crc_add(m->crc, w->buffer, n);
		if (add_bytes(w, w->buffer, n) < 0)
			return -1;
		progress_add(w->to->progress, 0, n);
	}
	return end_member(w, item);
}

static int
add_offset(struct member_state *m, uint64_t offset)
{
	if (m->noffsets == m->room) {
		size_t room = m->room ? m->room * 2 : 64;
		void *offsets = reallocarray(m->offsets, room, sizeof(offset));

		if (offsets == NULL)
			return -1;
		m->offsets = offsets;
		m->room = room;
	}
	m->offsets[m->noffsets++] = offset;
	return 0;
}

static int
add_offsets(struct writer *w, const struct piece *piece)
{
	for (size_t i = 0; i * DEFLATE_BLOCK < piece->n; i++) {
		if (piece->offset + i > 0 &&
			add_offset(&w->member,
				w->member.packed + piece->starts[i]) < 0)
			return fail_archive(w);
	}
	return 0;
}

static int
add_piece(struct writer *w, struct job *job)
{
	const struct piece *piece = &job->piece;
	struct member_state *m = &w->member;

	if (job->first)
		begin_member(w, job->item, ZIP_DEFLATED);
	if (piece->seekable && add_offsets(w, piece) < 0)
		return -1;
	m->crc = (uint32_t)crc32_combine(m->crc, piece->crc, (z_off_t)piece->n);
	if (add_bytes(w, piece->packed, piece->npacked) < 0)
		return -1;
	if (!piece->last) {
		progress_add(w->to->progress, 0, piece->n);
		return 0;
	}
	if (!deflate_saves(job->item->entry.size, m->packed))
		return store(w, job->item, piece->fd);
	progress_add(w->to->progress, 0, piece->n);
	return end_member(w, job->item);
}

/* Add a sibling if it is smaller than its deflated file by at least the
 * threshold of precompress_saves; else drop it. */
static int
add_sibling(struct writer *w, struct job *job)
{
	struct item *item = job->item;
	const struct item *whole = items_find(w->items, item->file->name);

	item->dropped = job->stored || whole->entry.method != ZIP_DEFLATED ||
		!precompress_saves(whole->entry.packed, job->piece.npacked);
	if (item->dropped)
		return 0;
	item->entry.size = job->piece.npacked;
	begin_member(w, item, ZIP_STORED);
	w->member.crc = crc_add(0, job->coded, job->piece.npacked);
	if (add_bytes(w, job->coded, job->piece.npacked) < 0)
		return -1;
	return end_member(w, item);
}

static int
write_job(struct writer *w, struct job *job)
{
	if (job->error != 0)
		return fail_file(w->fault, job->item->file, job->error);
	if (job->item->coding != CODING_IDENTITY)
		return add_sibling(w, job);
	return job->stored ? store(w, job->item, job->piece.fd)
			   : add_piece(w, job);
}

/* Write a job's result, unless something failed before, and release what the
 * job holds. */
static int
finish_job(struct writer *w, struct job *job, int result)
{
	const struct tree_file *file = job->item->file;

	if (result == 0)
		result = write_job(w, job);
	free(job->coded);
	if (job->piece.last && job->piece.fd >= 0 &&
		close_file(job->piece.fd, file) < 0 && result == 0)
		result = fail_file(w->fault, file, errno);
	if (result == 0 && job->piece.last)
		progress_add(w->to->progress, 1, 0);
	return result;
}

/* Even after a failure, wait for all jobs handed out. */
static int
run_writer(struct writer *w)
{
	int result = 0;
	struct job *job;

	do {
		int fed = result == 0;

		while (fed == 1 && (job = workers_vacant(w->workers)) != NULL) {
			fed = feed(w, job);
			if (fed == 1)
				workers_give(w->workers);
		}
		if (fed < 0)
			result = -1;
		job = workers_oldest(w->workers);
		if (job != NULL) {
			result = finish_job(w, job, result);
			workers_take(w->workers);
		}
	} while (job != NULL);
	return result;
}

int
packwrite_members(const struct packwrite *packwrite, const struct items *items,
	uint64_t *at, struct fault *fault)
{
	struct writer *w = calloc(1, sizeof(*w));
	int result;

	if (w == NULL)
		return fault_errno(fault, str_of(packwrite->path), errno);
	w->to = packwrite;
	w->items = items;
	w->at = *at;
	w->feed.fd = -1;
	w->fault = fault;
	w->deflater = deflater_new();
	w->workers = workers_new(packwrite->threads);
	if (w->deflater != NULL && w->workers != NULL)
		result = run_writer(w);
	else
		result = fail_archive(w);
	*at = w->at;
	if (w->feed.fd >= 0)
		close(w->feed.fd);
	workers_free(w->workers);
	deflater_free(w->deflater);
	free(w->member.offsets);
	free(w);
	return result;
}

int
packwrite_crc(const struct packwrite *packwrite, const struct tree_file *file,
	uint32_t *crc, struct fault *fault)
{
	unsigned char buffer[1 << 16];
	int fd = open_packed_file(packwrite->directory, file);

	*crc = 0;
	if (fd < 0)
		return fail_file(fault, file, errno);
	for (uint64_t at = 0; at < file->size;) {
		uint64_t rest = file->size - at;
		size_t n =
			rest < sizeof(buffer) ? (size_t)rest : sizeof(buffer);

		if (deflate_read(fd, buffer, n, at) < 0) {
			fail_file(fault, file, errno);
			close(fd);
			return -1;
		}
		*crc = crc_add(*crc, buffer, n);
		at += n;
	}
	if (close_file(fd, file) < 0)
		return fail_file(fault, file, errno);
	return 0;
}
