/* Packing has four steps: plan, write a temporary file beside the old archive,
 * read it back, rename it.  If the old archive was packed in the same way,
 * unchanged members are reused at their old offsets.  If that is not worth it,
 * or the old archive turns out to be damaged, everything is packed anew.  To
 * standard output, copying takes the place of renaming. */

#include "pack/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/size.h"
#include "base/trail.h"
#include "pack/deflate.h"
#include "pack/packplan.h"
#include "pack/packstdout.h"
#include "pack/packverify.h"
#include "pack/packwrite.h"
#include "pack/reuse.h"
#include "pack/tempfile.h"

enum {
	DEAD_PART = 5,       /* pack anew when 1/5 of the bytes is unused */
	MEMBER_AROUND = 512, /* bytes of headers of a member, as a rule less */
	BUFFER_SIZE = 4096,
};

enum outcome {
	PACKED,
	UNCHANGED,
	FAILED,
	AGAIN, /* try again without reusing anything */
};

struct pack {
	/* Set once. */
	const struct pack_options *options;
	const char *directory, *file; /* as given on the command line */
	bool to_stdout;               /* file is "-" */
	char path[PATH_MAX];          /* of a temporary file, then */
	struct trail target;          /* the archive */
	struct stat old;              /* of the old archive, or of the output */
	struct stat mine;             /* for an output that nobody may read */
	const struct stat *like;      /* the mode and owner; NULL: the umask */
	int old_fd;                   /* -1: none */
	struct choice choice;
	int top;               /* the directory */
	struct timespec begun; /* before the tree was read */
	struct tree tree;

	/* The state of one attempt. */
	struct items items;
	struct reuse reuse;
	size_t reused, found; /* members; and those of the old archive with a
				 name that still exists */
	uint64_t size;        /* of the archive */

	struct progress progress;
	struct fault fault;
};

static int
pack_failed(struct pack *p, const char *name)
{
	return fault_errno(&p->fault, str_of(name), errno);
}

static int
fail_trail(struct pack *p, const char *name)
{
	if (errno == ENOLINK)
		return fault_file(
			&p->fault, str_of(name), "a symbolic link to nothing");
	if (errno == EPERM)
		return fault_file(&p->fault, str_of(name),
			"a symbolic link of another user is on the way: give the path that it leads to");
	return pack_failed(p, name);
}

static int
open_stdout(struct pack *p)
{
	if (packstdout_open(&p->old, &p->mine, p->path, &p->fault) < 0)
		return -1;
	p->like = &p->mine;
	if (S_ISREG(p->old.st_mode))
		p->choice.omit = &p->old;
	return trail_file(&p->target, p->path) < 0 ? fail_trail(p, p->path) : 0;
}

/* Open the old archive.  A link to it is followed, not replaced. */
static int
open_old(struct pack *p)
{
	if (trail_file(&p->target, p->file) < 0)
		return fail_trail(p, p->file);
	p->old_fd = openat(p->target.directory, p->target.name,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (p->old_fd < 0)
		return errno == ENOENT ? 0 : pack_failed(p, p->file);
	if (fstat(p->old_fd, &p->old) < 0)
		return pack_failed(p, p->file);
	if (!S_ISREG(p->old.st_mode))
		return fault_file(&p->fault, str_of(p->file),
			"it exists and is not a file");
	p->like = p->choice.omit = &p->old;
	return 0;
}

static int
open_tree(struct pack *p)
{
	/* The clock that the kernel takes files' times from: it advances in
	 * ticks. */
	clock_gettime(CLOCK_REALTIME_COARSE, &p->begun);
	if (!p->options->dry_run)
		tempfile_clear(&p->target);
	p->top = trail_directory(p->directory);
	if (p->top < 0)
		return fail_trail(p, p->directory);
	return tree_walk(&p->tree, p->top, p->directory, &p->choice, &p->fault);
}

static struct packwrite
packwrite_of(struct pack *p, int fd)
{
	return (struct packwrite){
		.directory = p->top,
		.fd = fd,
		.path = p->file,
		.threads = p->options->threads,
		.progress = &p->progress,
	};
}

/* The archive's time is when packing it began.  If a file's inode has changed
 * in that second or later, its content may differ although its time is the
 * same: it may have been written within that second, or its time may have been
 * set back, as when files are unpacked.  In this case, and with --checksum, the
 * content decides. */
static int
compare_content(struct pack *p, struct item *item)
{
	struct packwrite packwrite = packwrite_of(p, -1);
	uint32_t crc;

	if (!p->options->checksum &&
		item->file->changed.tv_sec < p->old.st_mtim.tv_sec)
		return 0;
	if (item->file->size == 0)
		return 0;
	if (packwrite_crc(&packwrite, item->file, &crc, &p->fault) < 0)
		return -1;
	item->reused = item->entry.crc == crc;
	if (!item->reused)
		item->entry.modified =
			zipwrite_time(item->file->modified.tv_sec);
	return 0;
}

/* If the file of item, a sibling, is reused, so is the sibling; if the old
 * archive has no such sibling, the new one gets none.  A member of the
 * sibling's name with another time was not made as a sibling, but was a file of
 * the tree. */
static void
mark_sibling(struct pack *p, struct item *item)
{
	const struct item *whole = items_find(&p->items, item->file->name);
	struct item planned;
	bool found;

	item->entry.modified = whole->entry.modified;
	planned = *item;
	found = reuse_mark(&p->reuse, item, true);
	p->found += found;
	if (!whole->reused)
		*item = planned;
	item->dropped = whole->reused && !found;
}

static int
mark_reused(struct pack *p)
{
	p->reused = p->found = 0;
	for (size_t i = 0; i < p->items.n; i++) {
		struct item *item = &p->items.item[i];

		if (item->coding != CODING_IDENTITY) {
			mark_sibling(p, item);
		} else {
			p->found += reuse_mark(
				&p->reuse, item, !p->options->checksum);
			if (item->reused && compare_content(p, item) < 0)
				return -1;
		}
		p->reused += item->reused;
	}
	return 0;
}

/* Count the files and the bytes of content to be written. */
static void
count_work(const struct pack *p, uint64_t *files, uint64_t *bytes)
{
	*files = *bytes = 0;
	for (size_t i = 0; i < p->items.n; i++) {
		const struct item *item = &p->items.item[i];

		if (item->reused || item->dropped)
			continue;
		++*files;
		if (item->coding == CODING_IDENTITY)
			*bytes += item->entry.size;
	}
}

static bool
too_dead(uint64_t dead, uint64_t size)
{
	return dead > size / DEAD_PART;
}

/* Whether it is clear before anything is written that too large a part of the
 * archive would be unused, even if nothing could be compressed. */
static bool
is_hopeless(const struct pack *p, uint64_t dead, uint64_t end)
{
	uint64_t files, bytes;

	count_work(p, &files, &bytes);
	bytes += (files + p->items.n) * MEMBER_AROUND;
	return too_dead(dead, end + bytes);
}

static int
write_directory(struct pack *p, int fd, uint64_t at)
{
	char comment[PACKPLAN_COMMENT];
	struct zip_entry *entries = calloc(p->items.n + 1, sizeof(*entries));
	int result;

	if (entries == NULL)
		return pack_failed(p, p->file);
	for (size_t i = 0; i < p->items.n; i++)
		entries[i] = p->items.item[i].entry;
	result = zipwrite_directory(fd, at, entries, p->items.n,
		packplan_comment(p->options, comment), &p->size);
	/* A member that was first deflated and then stored may have left bytes
	 * behind the end. */
	if (result == 0)
		result = ftruncate(fd, (off_t)p->size);
	free(entries);
	return result < 0 ? pack_failed(p, p->file) : 0;
}

/* Whether the old archive's central directory is the one that would be written.
 */
static bool
has_directory(struct pack *p)
{
	char wanted[BUFFER_SIZE], found[BUFFER_SIZE];
	int fd = memfd_create("directory", MFD_CLOEXEC);
	uint64_t at = p->reuse.end;
	bool same = fd >= 0 && write_directory(p, fd, at) == 0 &&
		p->size == (uint64_t)p->old.st_size;

	while (same && at < p->size) {
		size_t n = p->size - at < BUFFER_SIZE ? (size_t)(p->size - at)
						      : BUFFER_SIZE;

		same = deflate_read(fd, wanted, n, at) == 0 &&
			deflate_read(p->old_fd, found, n, at) == 0 &&
			memcmp(wanted, found, n) == 0;
		at += n;
	}
	if (fd >= 0)
		close(fd);
	return same;
}

static bool
is_unchanged(struct pack *p)
{
	for (size_t i = 0; i < p->items.n; i++) {
		if (!p->items.item[i].reused && !p->items.item[i].dropped)
			return false;
	}
	if (p->reuse.fd < 0 || p->found != zipdir_count(p->reuse.zipdir))
		return false;
	packplan_settle(&p->items);
	return has_directory(p);
}

static int
write_archive(struct pack *p, int fd, uint64_t at)
{
	struct packwrite packwrite = packwrite_of(p, fd);
	uint64_t files, bytes;
	int result;

	if (reuse_copy(&p->reuse, &p->items, fd) < 0)
		return pack_failed(p, p->file);
	count_work(p, &files, &bytes);
	progress_begin(
		&p->progress, "packing", files, bytes, p->options->quiet);
	result = packwrite_members(&packwrite, &p->items, &at, &p->fault);
	progress_end(&p->progress);
	if (result < 0)
		return -1;
	packplan_settle(&p->items);
	return write_directory(p, fd, at);
}

static int
verify_archive(struct pack *p, int fd, const char *name)
{
	const struct verify_file file = {
		.path = p->file,
		.fd = fd,
		.directory = p->target.directory,
		.name = name,
	};
	uint64_t bytes = 0;
	int result;

	for (size_t i = 0; i < p->items.n; i++)
		bytes += p->items.item[i].entry.size;
	progress_begin(&p->progress, "reading back", p->items.n, bytes,
		p->options->quiet);
	result = packverify_archive(
		&file, &p->items, p->options->threads, &p->progress, &p->fault);
	progress_end(&p->progress);
	return result;
}

/* The fault may lie in reused members: pack everything anew. */
static enum outcome
distrust(const struct pack *p)
{
	if (p->reused == 0 || interrupt_pending())
		return FAILED;
	fprintf(stderr, "wwz: %s; packing everything anew\n", p->fault.text);
	return AGAIN;
}

static enum outcome
write_and_verify(
	struct pack *p, struct tempfile *temp, uint64_t dead, uint64_t at)
{
	if (write_archive(p, temp->fd, at) < 0)
		return FAILED;
	if (too_dead(dead, p->size))
		return AGAIN;
	return verify_archive(p, temp->fd, temp->name) < 0 ? distrust(p)
							   : PACKED;
}

/* End with the archive in its place, and without the temporary file. */
static enum outcome
deliver(struct pack *p, struct tempfile *temp)
{
	int result;

	if (!p->to_stdout)
		return tempfile_commit(temp, p->begun, &p->fault) < 0 ? FAILED
								      : PACKED;
	result = packstdout_copy(temp->fd, p->size, &p->fault);
	tempfile_discard(temp);
	return result < 0 ? FAILED : PACKED;
}

/* Signals are blocked until the temporary file is gone. */
static enum outcome
replace(struct pack *p, uint64_t dead, uint64_t at)
{
	struct tempfile temp;
	enum outcome outcome = FAILED;
	sigset_t before;

	before = interrupt_hold();
	if (tempfile_open(&temp, &p->target, p->like, &p->fault) == 0) {
		outcome = write_and_verify(p, &temp, dead, at);
		if (outcome == PACKED)
			outcome = deliver(p, &temp);
		else
			tempfile_discard(&temp);
	}
	interrupt_release(&before);
	return outcome;
}

static enum outcome
attempt(struct pack *p, bool fresh)
{
	char comment[PACKPLAN_COMMENT];
	uint64_t dead, at;

	if (packplan_make(&p->items, &p->tree, p->options) < 0) {
		pack_failed(p, p->directory);
		return FAILED;
	}
	reuse_open(&p->reuse, fresh ? -1 : p->old_fd, (uint64_t)p->old.st_size,
		packplan_comment(p->options, comment));
	if (mark_reused(p) < 0)
		return FAILED;
	if (is_unchanged(p))
		return verify_archive(p, p->old_fd, p->target.name) < 0
			? distrust(p)
			: UNCHANGED;
	dead = reuse_dead(&p->items, &at);
	return is_hopeless(p, dead, at) ? AGAIN : replace(p, dead, at);
}

static enum outcome
attempt_and_free(struct pack *p, bool fresh)
{
	enum outcome outcome = attempt(p, fresh);
	size_t removed =
		p->reuse.fd < 0 ? 0 : zipdir_count(p->reuse.zipdir) - p->found;
	FILE *out = p->to_stdout ? stderr : stdout;

	if (p->options->verbose && outcome == PACKED)
		packplan_print(&p->items, out);
	if (!p->options->quiet && (outcome == PACKED || outcome == UNCHANGED)) {
		char size[SIZE_TEXT];

		fprintf(out, "%s: %zu member%s, %s: ", p->file, p->items.n,
			str_plural(p->items.n), size_text(p->size, size));
		if (outcome == UNCHANGED)
			fputs("unchanged\n", out);
		else
			fprintf(out, "%zu packed, %zu kept, %zu removed\n",
				p->items.n - p->reused, p->reused, removed);
	}
	reuse_close(&p->reuse);
	packplan_free(&p->items);
	return outcome;
}

static int
pack_all(struct pack *p)
{
	enum outcome outcome;

	if (!packverify_is_possible())
		return verify_archive(p, -1, p->file);
	if (choice_read(&p->choice, p->options, &p->fault) < 0 ||
		(p->to_stdout ? open_stdout(p) : open_old(p)) < 0 ||
		open_tree(p) < 0)
		return -1;
	if (p->options->dry_run)
		return tree_print(&p->tree);
	outcome = attempt_and_free(p, p->options->fresh);
	if (outcome == AGAIN)
		outcome = attempt_and_free(p, true);
	return outcome == FAILED ? -1 : 0;
}

int
pack(const char *directory, const char *file,
	const struct pack_options *options)
{
	struct pack p = {.options = options,
		.directory = directory,
		.file = file,
		.to_stdout = strcmp(file, "-") == 0,
		.old_fd = -1,
		.target = {.directory = -1},
		.top = -1,
		.reuse = {.fd = -1}};
	int result;

	result = pack_all(&p);
	if (result < 0)
		fprintf(stderr, "wwz: %s\n", p.fault.text);
	tree_free(&p.tree);
	choice_free(&p.choice);
	if (p.target.directory >= 0)
		close(p.target.directory);
	if (p.top >= 0)
		close(p.top);
	if (p.old_fd >= 0)
		close(p.old_fd);
	return result < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
