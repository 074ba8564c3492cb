/* A thread that has others to answer reads with RWF_NOWAIT first: what is in
 * the kernel's memory comes at once, and costs it one system call, or none if
 * it has just been read.  Only for the rest it waits (blocking.h).  A file
 * system whose kernel part does not know the flag may be a network's or a
 * program's; then nothing is expected to come at once, not even a stat, and the
 * file is not mapped, because nobody knows how long a page takes.  The ones in
 * memory, and overlayfs, whose files are another file system's, are taken for
 * fast although they do not know it.
 */

#include "archive/archivefile.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "archive/guard.h"
#include "archive/resident.h"
#include "base/blocking.h"
#include "base/clock.h"
#include "base/readall.h"

enum {
	FAILURE_SECONDS = 1,     /* that a failure is cached */
	LARGE_READ = 8 * 1024,   /* read once, costs less than mapping pages */
	AHEAD = 2 * 1024 * 1024, /* read meanwhile, of a member that is sent */
};

struct identity
archivefile_identity(const struct stat *st)
{
	return (struct identity){
		.device = st->st_dev,
		.inode = st->st_ino,
		.size = st->st_size,
		.modified = st->st_mtim,
		.changed = (uint64_t)st->st_ctim.tv_sec * CLOCK_SECOND +
			(uint64_t)st->st_ctim.tv_nsec,
	};
}

static bool
is_same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool
same_identity(const struct identity *a, const struct identity *b)
{
	return a->device == b->device && a->inode == b->inode &&
		a->size == b->size && is_same_time(a->modified, b->modified) &&
		a->changed == b->changed;
}

struct identity
archivefile_identity_at(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return (struct identity){0};
	return archivefile_identity(&st);
}

bool
archivefile_may_recover(int error)
{
	switch (error) {
	case EIO:
	case ESTALE:
	case ENOTCONN:
	case ECONNABORTED:
	case ETIMEDOUT:
	case ENODEV:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENETDOWN:
	case ENETUNREACH:
	case EREMOTEIO:
		return true;
	default:
		return false;
	}
}

/* Of 32 bits, which statfs() calls signed on some processors. */
static bool
is_local(uint32_t type)
{
	return type == TMPFS_MAGIC || type == RAMFS_MAGIC ||
		type == OVERLAYFS_SUPER_MAGIC;
}

void
archivefile_look(struct archive *archive)
{
	struct statfs fs;
	char byte;
	const struct iovec iov = {&byte, 1};

	archive->local = true;
	if (!blocking_is_watched())
		return;
	archive->nowait = true;
	if (preadv2(archive->fd, &iov, 1, 0, RWF_NOWAIT) >= 0 ||
		errno == EAGAIN)
		return;
	archive->nowait = false;
	archive->local =
		fstatfs(archive->fd, &fs) == 0 && is_local((uint32_t)fs.f_type);
}

void
archivefile_begin(const struct archive *archive)
{
	if (!archive->local)
		blocking_begin(archive->id.device);
}

void
archivefile_end(const struct archive *archive)
{
	if (!archive->local)
		blocking_end();
}

static bool
expired(const struct archive *archive)
{
	return clock_ns() - archive->opened >= FAILURE_SECONDS * CLOCK_SECOND;
}

bool
archive_is_fresh(const struct archive *archive)
{
	struct identity now;

	archivefile_begin(archive);
	now = archivefile_identity_at(archive->path);
	archivefile_end(archive);
	return same_identity(&archive->id, &now) &&
		!archive_has_failed(archive, archive->opened) &&
		(archive->status == STATUS_GO || !expired(archive));
}

bool
archive_is_intact(const struct archive *archive)
{
	struct stat st;
	int result;

	archivefile_begin(archive);
	result = fstat(archive->fd, &st);
	archivefile_end(archive);
	/* st_ctim does not count: removing the last name changes it. */
	return result == 0 && st.st_size == archive->id.size &&
		is_same_time(st.st_mtim, archive->id.modified);
}

const char *
archive_loss(const struct archive *archive)
{
	int error = errno;
	struct stat st;

	if (fstat(archive->fd, &st) == 0 && st.st_size < archive->id.size)
		return "the file has become shorter";
	return strerrordesc_np(error);
}

static struct mapping
mapping_of(const struct archive *archive)
{
	return (struct mapping){archive->id.device, archive->opened};
}

/* Copy from the mapping if that costs less, and need not wait: what has just
 * been read, or little. */
static bool
copy_now(const struct archive *archive, uint64_t offset, void *buffer, size_t n)
{
	const struct mapping mapping = mapping_of(archive);
	const unsigned char *p;

	if (archive->map == NULL)
		return false;
	p = archive->map + offset;
	if (blocking_is_watched() && archive->nowait
			? !resident_is_known(p, n, &mapping)
			: n >= LARGE_READ)
		return false;
	return guard_copy(buffer, p, n) == 0;
}

/* Read if that need not wait; false if it must, or fails. */
static bool
read_now(const struct archive *archive, uint64_t offset, void *buffer, size_t n)
{
	const struct iovec iov = {buffer, n};

	return archive->local &&
		preadv2(archive->fd, &iov, 1, (off_t)offset,
			archive->nowait ? RWF_NOWAIT : 0) == (ssize_t)n;
}

/* Note that a read has failed: like the notes about members, this is found out
 * later. */
static void
note_failure(const struct archive *archive)
{
	((struct archive *)(uintptr_t)archive)->failed = clock_ns();
}

bool
archive_has_failed(const struct archive *archive, int64_t since)
{
	return archive->failed >= since && archive->failed > 0;
}

bool
archive_just_failed(const struct archive *archive)
{
	return archive_has_failed(archive, clock_ns() - CLOCK_SECOND);
}

int
archive_read(
	const struct archive *archive, uint64_t offset, void *buffer, size_t n)
{
	const struct mapping mapping = mapping_of(archive);
	ssize_t got;

	if (copy_now(archive, offset, buffer, n))
		return 0;
	if (blocking_is_watched() && read_now(archive, offset, buffer, n)) {
		if (archive->map != NULL)
			resident_note(archive->map + offset, n, &mapping);
		return 0;
	}
	blocking_begin(archive->id.device);
	got = readall(archive->fd, buffer, n, offset);
	blocking_end();
	if (got < 0 && archivefile_may_recover(errno))
		note_failure(archive);
	if (got >= 0 && (size_t)got < n)
		errno = EIO;
	return got == (ssize_t)n ? 0 : -1;
}

const char *
archive_lend(const struct archive *archive, uint64_t offset, size_t n)
{
	const unsigned char *p = archive->map + offset;
	const struct mapping mapping = mapping_of(archive);
	uint64_t rest = (uint64_t)archive->id.size - offset;

	if (blocking_is_watched() && archive->nowait)
		resident_make(
			p, n, rest < AHEAD ? (size_t)rest : AHEAD, &mapping);
	return (const char *)p;
}
