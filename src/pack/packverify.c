#include "pack/packverify.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

#include "base/crc.h"
#include "base/interrupt.h"

enum { BUFFER_SIZE = 1 << 16, THREADS_MAX = 64 };

struct verifier {
	/* Set once. */
	const struct verify_file *file;
	const struct items *items;
	struct progress *progress;

	_Atomic size_t next;
	_Atomic bool failed;

	pthread_mutex_t lock; /* of the fault; only the first is recorded */
	struct fault *fault;
};

static int
verify_failed(struct verifier *v, struct str name, const char *why)
{
	pthread_mutex_lock(&v->lock);
	if (!atomic_exchange(&v->failed, true))
		fault_file(v->fault, name, why);
	pthread_mutex_unlock(&v->lock);
	return -1;
}

/* Whether the central directory, as libzip reads it, agrees with entry.  Only
 * fields of zip_stat_t before its time are compared: if this program's time_t
 * has 64 bits and libzip was built with 32, all later fields have other
 * offsets.  The method and the CRC-32, which are left out, are verified with
 * the content. */
static bool
libzip_agrees(zip_t *zip, size_t at, const struct zip_entry *entry)
{
	zip_stat_t st;

	return zip_stat_index(zip, at, ZIP_FL_ENC_RAW, &st) == 0 &&
		str_eq(str_of(st.name), entry->name) &&
		st.size == entry->size && st.comp_size == entry->packed;
}

/* At the end libzip compares the CRC-32 with the central directory.  Here it is
 * compared with that of the bytes that were packed. */
static int
read_content(
	struct verifier *v, zip_file_t *file, const struct zip_entry *entry)
{
	unsigned char buffer[BUFFER_SIZE];
	uint64_t size = 0;
	uint32_t crc = 0;
	zip_int64_t n;

	while ((n = zip_fread(file, buffer, sizeof(buffer))) > 0) {
		if (interrupt_pending())
			return verify_failed(
				v, str_of(v->file->path), "interrupted");
		size += (uint64_t)n;
		crc = crc_add(crc, buffer, (size_t)n);
		progress_add(v->progress, 0, (uint64_t)n);
	}
	if (n < 0)
		return verify_failed(v, entry->name, zip_file_strerror(file));
	if (size != entry->size)
		return verify_failed(v, entry->name,
			"its size is not the one that was written");
	if (crc != entry->crc)
		return verify_failed(v, entry->name,
			"its CRC-32 is not the one that was written");
	return 0;
}

static int
read_member(struct verifier *v, zip_t *zip, size_t at)
{
	const struct zip_entry *entry = &v->items->item[at].entry;
	zip_file_t *file;
	int result;

	if (!libzip_agrees(zip, at, entry))
		return verify_failed(v, entry->name,
			"the directory differs from what was written");
	file = zip_fopen_index(zip, at, 0);
	if (file == NULL)
		return verify_failed(v, entry->name, zip_strerror(zip));
	result = read_content(v, file, entry);
	zip_fclose(file);
	progress_add(v->progress, 1, 0);
	return result;
}

static void
read_members(struct verifier *v, zip_t *zip)
{
	size_t n = v->items->n, at;

	if ((zip_uint64_t)zip_get_num_entries(zip, 0) != n) {
		verify_failed(v, str_of(v->file->path),
			"libzip counts more or fewer members");
		return;
	}
	while (!atomic_load(&v->failed) &&
		(at = atomic_fetch_add(&v->next, 1)) < n) {
		if (read_member(v, zip, at) < 0)
			return;
	}
}

/* Open the file again, as each thread needs its own file position.  -1 with
 * errno, also when the name refers to another file by now. */
static int
open_again(const struct verify_file *file)
{
	int fd = openat(file->directory, file->name,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat is, was;

	if (fd < 0 ||
		(fstat(fd, &is) == 0 && fstat(file->fd, &was) == 0 &&
			is.st_dev == was.st_dev && is.st_ino == was.st_ino))
		return fd;
	close(fd);
	errno = ESTALE;
	return -1;
}

static zip_t *
open_zip(struct verifier *v)
{
	int code, fd = open_again(v->file);
	zip_error_t error;
	zip_t *zip;

	if (fd < 0) {
		verify_failed(v, str_of(v->file->path), strerrordesc_np(errno));
		return NULL;
	}
	zip = zip_fdopen(fd, 0, &code);
	if (zip != NULL)
		return zip;
	zip_error_init_with_code(&error, code);
	verify_failed(v, str_of(v->file->path), zip_error_strerror(&error));
	zip_error_fini(&error);
	close(fd);
	return NULL;
}

static void *
run_verifier(void *argument)
{
	struct verifier *v = argument;
	zip_t *zip = open_zip(v);

	if (zip == NULL)
		return NULL;
	read_members(v, zip);
	zip_discard(zip);
	return NULL;
}

/* Check that the index used for serving finds all items. */
static void
check_zipdir(struct verifier *v)
{
	struct zipdir *zipdir = NULL;
	struct fault why;
	enum zipdir_result result = ZIPDIR_FAILED;
	const char *path = v->file->path;
	struct stat st;

	if (fstat(v->file->fd, &st) == 0)
		result = zipdir_open(
			&zipdir, v->file->fd, (uint64_t)st.st_size, &why);
	if (result != ZIPDIR_OK)
		verify_failed(v, str_of(path),
			result == ZIPDIR_FAILED ? strerrordesc_np(errno)
						: why.text);
	else if (zipdir_count(zipdir) != v->items->n)
		verify_failed(
			v, str_of(path), "no request can reach some names");
	zipdir_free(zipdir);
}

bool
packverify_is_possible(void)
{
	return true;
}

int
packverify_archive(const struct verify_file *file, const struct items *items,
	int threads, struct progress *progress, struct fault *fault)
{
	struct verifier v = {.file = file,
		.items = items,
		.progress = progress,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.fault = fault};
	pthread_t thread[THREADS_MAX];
	int n = 0;

	/* This thread is one of the threads.  Fewer than wanted are enough. */
	while (n < threads - 1 && n < THREADS_MAX &&
		pthread_create(&thread[n], NULL, run_verifier, &v) == 0)
		n++;
	check_zipdir(&v);
	run_verifier(&v);
	while (n > 0)
		pthread_join(thread[--n], NULL);
	return atomic_load(&v.failed) ? -1 : 0;
}
