/* An archive is not changed after it was opened: a file that is replaced or
 * rewritten becomes a new archive.  So threads share it by a reference count
 * alone.  Only facts about the file are added later, which any thread would
 * find, atomically: notes in the index, and the sorted order.
 *
 * A file can change while it is open.  archive_is_fresh compares the path with
 * the identity at opening before a request is answered; archive_is_intact does
 * the same with the descriptor before the last bytes go out.  This process
 * reads bytes through archive_read, not from the mapping, so that truncation is
 * an error and not a SIGBUS (guard.h).  Nothing in the file is trusted: offsets
 * and sizes are checked before use. */

#include "archive/archive.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "archive/archivefile.h"
#include "base/blocking.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/openbelow.h"
#include "zip/zipend.h"

enum {
	UPLOAD_SECONDS = 5, /* a younger file may be an upload */
	/* What is larger is long work: some ms. */
	READ_AT_ONCE = 1024 * 1024, /* bytes of central directory */
	SORT_AT_ONCE = 4096,        /* names */
};

/* The status and the log word for an errno of opening. */
static enum status
refusal(int error, enum log_level *level, const char **word)
{
	*level = LOG_WARN;
	*word = "storage-failed";
	if (archivefile_may_recover(error))
		return STATUS_UNAVAILABLE;
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
		*level = LOG_INFO;
		*word = "archive-missing";
		return STATUS_NOT_FOUND;
	case EISDIR:
	case ENXIO:
		*word = "archive-no-file";
		return STATUS_NOT_FOUND;
	case EXDEV:
	case ELOOP:
		*word = "archive-outside";
		return STATUS_FORBIDDEN;
	case EFBIG:
		*word = "archive-too-large";
		return STATUS_ERROR;
	case EACCES:
	case EPERM:
		*word = "archive-forbidden";
		return STATUS_FORBIDDEN;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		*word = NULL;
		return STATUS_UNAVAILABLE;
	default:
		*word = "archive-unreadable";
		return STATUS_ERROR;
	}
}

static const char *
reason(int error)
{
	switch (error) {
	case EISDIR:
		return "is a directory";
	case ENXIO:
		return "is not a regular file";
	case EFBIG:
		return "larger than this process can map";
	case EXDEV:
		return "a symbolic link leads out of the root";
	default:
		return strerrordesc_np(error);
	}
}

static enum status
refuse_archive(struct archive *archive, int error)
{
	enum log_level level;
	const char *word;
	enum status status = refusal(error, &level, &word);

	archive->starved = word == NULL;
	if (archive->starved)
		return status;
	log_pairs(level, word, {"archive", str_of(archive->path)},
		{"why", str_of(reason(error))});
	return status;
}

static enum status
refuse_content(struct archive *archive, enum zipdir_result result,
	const struct fault *fault)
{
	int64_t age = clock_seconds() - archive->id.modified.tv_sec;
	bool young = age >= 0 && age < UPLOAD_SECONDS;
	const char *word = "archive-damaged";
	enum status status = STATUS_ERROR;

	if (result == ZIPDIR_FAILED)
		return refuse_archive(archive, errno);
	if (result == ZIPDIR_NO_END && young) {
		word = "archive-incomplete";
		status = STATUS_UNAVAILABLE;
	}
	log_pairs(LOG_WARN, word, {"archive", str_of(archive->path)},
		{"why", str_of(fault->text)});
	return status;
}

static int
open_below_root(const char *path)
{
	const char *rest = strstr(path, "//");
	char *root;
	int fd;

	root = strndup(path, (size_t)(rest - path));
	if (root == NULL)
		return -1;
	fd = openbelow_path(*root ? root : "/", rest + 2);
	free(root);
	return fd;
}

static enum status
refuse_size(const struct archive *archive, uint64_t cost, uint64_t max)
{
	char why[120];

	snprintf(why, sizeof(why),
		"its directory and index need %" PRIu64
		" bytes of memory, more than half of --max-memory, %" PRIu64,
		cost, max);
	log_pairs(LOG_WARN, "archive-too-large",
		{"archive", str_of(archive->path)}, {"why", str_of(why)});
	return STATUS_ERROR;
}

/* Take the most memory that the index can need, before reading it. */
static enum status
take_memory(struct archive *archive, const struct zipend *end)
{
	uint64_t cost =
		sizeof(*archive) + strlen(archive->path) + 1 + zipdir_cost(end);

	if (archive->membercache == NULL)
		return STATUS_GO;
	if (cost > membercache_max(archive->membercache) / 2)
		return refuse_size(
			archive, cost, membercache_max(archive->membercache));
	if (!membercache_take(archive->membercache, (size_t)cost)) {
		archive->lacks = (size_t)cost;
		return refuse_archive(archive, ENOMEM);
	}
	archive->taken = (size_t)cost;
	return STATUS_GO;
}

static void
give_memory(struct archive *archive, size_t n)
{
	if (archive->membercache != NULL)
		membercache_give(archive->membercache, n);
	archive->taken -= n;
}

/* Take what the index needs in fact, which aliases of names may have made more
 * than was expected. */
static enum status
settle_memory(struct archive *archive)
{
	size_t needed = archive_memory(archive);

	if (archive->membercache == NULL)
		return STATUS_GO;
	if (needed <= archive->taken) {
		give_memory(archive, archive->taken - needed);
		return STATUS_GO;
	}
	if (!membercache_take(archive->membercache, needed - archive->taken)) {
		archive->lacks = needed;
		return refuse_archive(archive, ENOMEM);
	}
	archive->taken = needed;
	return STATUS_GO;
}

static enum status
load_directory(struct archive *archive, struct charset *charset, bool at_once)
{
	struct fault fault = {""};
	struct zipend end;
	enum zipdir_result result = zipend_read(
		&end, archive->fd, (uint64_t)archive->id.size, &fault);
	enum status status;

	if (result != ZIPDIR_OK)
		return refuse_content(archive, result, &fault);
	if (at_once && end.size > READ_AT_ONCE)
		return STATUS_LATER;
	status = take_memory(archive, &end);
	if (status != STATUS_GO)
		return status;
	result = zipdir_read(
		&archive->zipdir, &end, archive->fd, charset, &fault);
	if (result != ZIPDIR_OK)
		return refuse_content(archive, result, &fault);
	archive->ruled = archive_has_rules(archive);
	return settle_memory(archive);
}

/* Map the file, unless its pages would have to be waited for, or cannot be
 * mapped. */
static enum status
map_file(struct archive *archive)
{
	void *map;

	if (archive->id.size == 0 || !archive->local)
		return STATUS_GO;
	map = mmap(NULL, (size_t)archive->id.size, PROT_READ, MAP_SHARED,
		archive->fd, 0);
	if (map == MAP_FAILED)
		return errno == ENODEV ? STATUS_GO
				       : refuse_archive(archive, errno);
	archive->map = map;
	return STATUS_GO;
}

static enum status
load_file(struct archive *archive)
{
	enum status status;
	struct stat st;

	archive->fd = open_below_root(archive->path);
	if (archive->fd < 0) {
		status = refuse_archive(archive, errno);
		archive->id = archivefile_identity_at(archive->path);
		return status;
	}
	if (fstat(archive->fd, &st) < 0)
		return refuse_archive(archive, errno);
	archive->id = archivefile_identity(&st);
	if ((uint64_t)st.st_size > PTRDIFF_MAX)
		return refuse_archive(archive, EFBIG);
	archivefile_look(archive);
	return map_file(archive);
}

static enum status
load(struct archive *archive, struct charset *charset, bool at_once)
{
	enum status status;

	blocking_begin(0);
	status = load_file(archive);
	blocking_end();
	return status == STATUS_GO ? load_directory(archive, charset, at_once)
				   : status;
}

/* Release the file and its index; path, identity and status stay. */
static void
release_file(struct archive *archive)
{
	if (archive->map != NULL)
		munmap((void *)(uintptr_t)archive->map,
			(size_t)archive->id.size);
	if (archive->fd >= 0) {
		archivefile_begin(archive);
		close(archive->fd);
		archivefile_end(archive);
	}
	zipdir_free(archive->zipdir);
	give_memory(archive, archive->taken);
	archive->map = NULL;
	archive->fd = -1;
	archive->zipdir = NULL;
}

struct archive *
archive_new(struct str path, struct membercache *membercache)
{
	struct archive *archive = calloc(1, sizeof(*archive) + path.n + 1);

	if (archive == NULL)
		return NULL;
	memcpy(archive->path, path.p, path.n);
	archive->fd = -1;
	archive->users = 1;
	archive->membercache =
		membercache ? membercache_keep(membercache) : NULL;
	return archive;
}

void
archive_load(struct archive *archive, struct charset *charset, bool at_once)
{
	archive->starved = false;
	archive->lacks = 0;
	archive->opened = clock_ns();
	archive->status = load(archive, charset, at_once);
	if (archive->status != STATUS_GO)
		release_file(archive);
}

struct archive *
archive_open(struct str path, struct membercache *membercache,
	struct charset *charset, bool at_once)
{
	struct archive *archive = archive_new(path, membercache);

	if (archive != NULL)
		archive_load(archive, charset, at_once);
	return archive;
}

struct archive *
archive_open_file(const char *file, struct charset *charset)
{
	char real[PATH_MAX], path[PATH_MAX + 1];
	const char *name;

	if (realpath(file, real) == NULL)
		return NULL;
	name = strrchr(real, '/');
	snprintf(path, sizeof(path), "%.*s/%s", (int)(name - real), real, name);
	return archive_open(str_of(path), NULL, charset, false);
}

void
archive_log_starved(struct str path, size_t lacks)
{
	log_pairs(LOG_WARN, "archive-unavailable", {"archive", path},
		{"why",
			lacks > 0 ? STR("all of --max-memory is in use")
				  : STR("descriptors or memory ran out")});
}

struct archive *
archive_keep(struct archive *archive)
{
	atomic_fetch_add_explicit(&archive->users, 1, memory_order_relaxed);
	return archive;
}

void
archive_drop(struct archive *archive)
{
	int saved = errno;

	if (archive == NULL ||
		atomic_fetch_sub_explicit(
			&archive->users, 1, memory_order_acq_rel) > 1)
		return;
	if (archive->membercache != NULL)
		membercache_forget(archive->membercache, &archive->made);
	archive_detach(archive);
	release_file(archive);
	membercache_drop(archive->membercache);
	free(archive);
	errno = saved;
}

void
archive_count(struct archive *archive, uint64_t bytes)
{
	atomic_fetch_add_explicit(&archive->requests, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&archive->bytes, bytes, memory_order_relaxed);
}

enum status
archive_sort(struct archive *archive, bool at_once)
{
	bool is_long = zipdir_count(archive->zipdir) > SORT_AT_ONCE;

	if (archive->sorted)
		return STATUS_GO;
	if (is_long && (at_once || atomic_exchange(&archive->sorting, true)))
		return STATUS_LATER;
	archive->sorted = zipdir_sort(archive->zipdir) == 0;
	archive->sorting = false;
	return archive->sorted ? STATUS_GO : STATUS_UNAVAILABLE;
}

enum status
archive_walk(struct archive *archive, struct str name, struct zipdir_walk *walk)
{
	enum status status = archive_sort(archive, false);

	if (status != STATUS_GO)
		return status;
	return zipdir_walk(archive->zipdir, name, walk) ? STATUS_GO
							: STATUS_NOT_FOUND;
}

size_t
archive_memory(const struct archive *archive)
{
	size_t n = sizeof(*archive) + strlen(archive->path) + 1;

	if (archive->zipdir != NULL)
		n += zipdir_copied(archive->zipdir) +
			zipdir_indexed(archive->zipdir);
	if (archive->attached != NULL)
		n += archive->attached->memory;
	return n;
}
