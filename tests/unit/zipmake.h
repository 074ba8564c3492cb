/* For tests: a writer of zip files, right ones and wrong ones; a directory to
 * put them in; and what was logged meanwhile. */

#ifndef ZIPMAKE_H
#define ZIPMAKE_H

#include <assert.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "base/log.h"
#include "base/str.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Offsets of fields in their records (APPNOTE 6.3, section 4.3). */
enum {
	AT_LOCAL_FLAGS = 6,
	AT_LOCAL_METHOD = 8,
	AT_LOCAL_CRC = 14,
	AT_LOCAL_PACKED = 18,
	AT_LOCAL_SIZE = 22,
	AT_LOCAL_NAME_N = 26,
	AT_LOCAL_EXTRA_N = 28,
	AT_LOCAL_NAME = 30,

	AT_ENTRY_FLAGS = 8,
	AT_ENTRY_METHOD = 10,
	AT_ENTRY_TIME = 12,
	AT_ENTRY_DATE = 14,
	AT_ENTRY_CRC = 16,
	AT_ENTRY_PACKED = 20,
	AT_ENTRY_SIZE = 24,
	AT_ENTRY_NAME_N = 28,
	AT_ENTRY_EXTRA_N = 30,
	AT_ENTRY_COMMENT_N = 32,
	AT_ENTRY_OFFSET = 42,

	AT_END_DISK = 4,
	AT_END_START_DISK = 6,
	AT_END_DISK_COUNT = 8,
	AT_END_COUNT = 10,
	AT_END_SIZE = 12,
	AT_END_START = 16,
	AT_END_COMMENT_N = 20,

	AT_END64_RECORD_SIZE = 4,
	AT_END64_DISK = 16,
	AT_END64_START_DISK = 20,
	AT_END64_DISK_COUNT = 24,
	AT_END64_COUNT = 32,
	AT_END64_SIZE = 40,
	AT_END64_START = 48,

	AT_LOCATOR_OFFSET = 8,
};

struct zipmake_buffer {
	unsigned char *p;
	size_t n, room;
};

/* All zero is an empty file. */
struct zipmake {
	struct zipmake_buffer file, directory;
	size_t count;
	size_t base; /* offsets in records count from here */

	/* Offsets of records in the file, set by zipmake_finish. */
	size_t start, end64, locator, end;
};

struct zipmake_member {
	const char *name; /* of name_n bytes, if that is not 0 */
	size_t name_n;
	struct str content;
	unsigned method;   /* the content is deflated when 8, else as it is */
	struct str packed; /* p set: the data, whatever method says */
	unsigned flags;
	unsigned time, date; /* of MS-DOS */
	struct str extra;    /* of the directory's entry */
	struct str local_extra;
	struct str comment;
	bool descriptor; /* sizes and CRC-32 follow the data */
	bool zip64;      /* sizes and offset are in extra fields */
};

enum zipmake_zip64 {
	ZIP64_NONE,
	ZIP64_BESIDE, /* the end record says it, too */
	ZIP64_ONLY,   /* the end record's bits are all set */
};

static inline void
zipmake_put(struct zipmake_buffer *buffer, const void *p, size_t n)
{
	if (n > buffer->room - buffer->n) {
		buffer->room = 2 * buffer->room + n + 4096;
		buffer->p = realloc(buffer->p, buffer->room);
		assert(buffer->p != NULL);
	}
	if (n > 0)
		memcpy(buffer->p + buffer->n, p, n);
	buffer->n += n;
}

/* The n low bytes of value, little-endian. */
static inline void
zipmake_number(struct zipmake_buffer *buffer, uint64_t value, int n)
{
	for (; n > 0; n--, value >>= 8)
		zipmake_put(buffer, &(unsigned char){(unsigned char)value}, 1);
}

/* Numbers behind each other: pairs of size in bytes and value, up to a size of
 * 0. */
static inline void
zipmake_numbers(struct zipmake_buffer *buffer, const uint64_t *pairs)
{
	for (; pairs[0] != 0; pairs += 2)
		zipmake_number(buffer, pairs[1], (int)pairs[0]);
}

/* Bytes that no record tells of. */
static inline void
zipmake_bytes(struct zipmake *z, struct str bytes)
{
	zipmake_put(&z->file, bytes.p, bytes.n);
}

/* content as a raw deflate stream; the caller frees p. */
static inline struct str
zipmake_deflate(struct str content)
{
	z_stream s = {0};
	int result;
	size_t room;
	unsigned char *p;

	result = deflateInit2(&s, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
	assert(result == Z_OK);
	room = deflateBound(&s, content.n);
	p = malloc(room);
	assert(p != NULL);
	s.next_in = (unsigned char *)(uintptr_t)content.p;
	s.avail_in = (uInt)content.n;
	s.next_out = p;
	s.avail_out = (uInt)room;
	result = deflate(&s, Z_FINISH);
	assert(result == Z_STREAM_END);
	deflateEnd(&s);
	return (struct str){(char *)p, s.total_out};
}

static inline uint32_t
zipmake_crc(struct str content)
{
	return (uint32_t)crc32_z(
		0, (const unsigned char *)content.p, content.n);
}

static inline void
zipmake_local_record(struct zipmake_buffer *file,
	const struct zipmake_member *m, struct str name, struct str packed)
{
	const uint64_t ones = UINT32_MAX;
	uint64_t crc = m->descriptor ? 0 : zipmake_crc(m->content);
	uint64_t n = m->descriptor ? 0 : packed.n;
	uint64_t size = m->descriptor ? 0 : m->content.n;
	uint64_t extra_n = m->local_extra.n + (m->zip64 ? 20 : 0);

	zipmake_numbers(file,
		(const uint64_t[]){4, 0x04034b50, 2, 20, 2,
			m->flags | (m->descriptor ? 8 : 0), 2, m->method, 2,
			m->time, 2, m->date, 4, crc, 4, m->zip64 ? ones : n, 4,
			m->zip64 ? ones : size, 2, name.n, 2, extra_n, 0});
	zipmake_put(file, name.p, name.n);
	if (m->zip64)
		zipmake_numbers(file,
			(const uint64_t[]){2, 1, 2, 16, 8, size, 8, n, 0});
	zipmake_put(file, m->local_extra.p, m->local_extra.n);
}

static inline void
zipmake_entry_record(struct zipmake *z, const struct zipmake_member *m,
	struct str name, struct str packed, uint64_t offset)
{
	const uint64_t ones = UINT32_MAX;
	struct zipmake_buffer *directory = &z->directory;

	zipmake_numbers(directory,
		(const uint64_t[]){4, 0x02014b50, 2, 0x031e, 2, 20, 2,
			m->flags | (m->descriptor ? 8 : 0), 2, m->method, 2,
			m->time, 2, m->date, 4, zipmake_crc(m->content), 4,
			m->zip64 ? ones : packed.n, 4,
			m->zip64 ? ones : m->content.n, 2, name.n, 2,
			m->extra.n + (m->zip64 ? 28 : 0), 2, m->comment.n, 2, 0,
			2, 0, 4, 0, 4, m->zip64 ? ones : offset, 0});
	zipmake_put(directory, name.p, name.n);
	if (m->zip64)
		zipmake_numbers(directory,
			(const uint64_t[]){2, 1, 2, 24, 8, m->content.n, 8,
				packed.n, 8, offset, 0});
	zipmake_put(directory, m->extra.p, m->extra.n);
	zipmake_put(directory, m->comment.p, m->comment.n);
}

/* Add a member; gives the offset of its local header in the file. */
static inline size_t
zipmake_add(struct zipmake *z, const struct zipmake_member *m)
{
	struct str name = {m->name, m->name_n ? m->name_n : strlen(m->name)};
	struct str packed = m->packed.p ? m->packed : m->content, deflated;
	size_t at = z->file.n;
	int n = m->zip64 ? 8 : 4;

	deflated.p = NULL;
	if (m->method == 8 && m->packed.p == NULL)
		packed = deflated = zipmake_deflate(m->content);
	zipmake_local_record(&z->file, m, name, packed);
	zipmake_put(&z->file, packed.p, packed.n);
	if (m->descriptor)
		zipmake_numbers(&z->file,
			(const uint64_t[]){4, 0x08074b50, 4,
				zipmake_crc(m->content), (uint64_t)n, packed.n,
				(uint64_t)n, m->content.n, 0});
	zipmake_entry_record(z, m, name, packed, at - z->base);
	z->count++;
	free((void *)(uintptr_t)deflated.p);
	return at;
}

/* A member of which nothing else matters. */
static inline void
zipmake_add_text(struct zipmake *z, const char *name, const char *content)
{
	zipmake_add(z,
		&(struct zipmake_member){
			.name = name, .content = str_of(content)});
}

static inline void
zipmake_end64(struct zipmake *z)
{
	struct zipmake_buffer *file = &z->file;

	z->end64 = file->n;
	zipmake_numbers(file,
		(const uint64_t[]){4, 0x06064b50, 8, 44, 2, 45, 2, 45, 4, 0, 4,
			0, 8, z->count, 8, z->count, 8, z->directory.n, 8,
			z->start - z->base, 0});
	z->locator = file->n;
	zipmake_numbers(file,
		(const uint64_t[]){
			4, 0x07064b50, 4, 0, 8, z->end64 - z->base, 4, 1, 0});
}

/* Write the directory and the end records.  A count that is too large for the
 * end record is written modulo 65,536. */
static inline void
zipmake_finish(struct zipmake *z, enum zipmake_zip64 zip64, struct str comment)
{
	const uint64_t ones = zip64 == ZIP64_ONLY ? UINT64_MAX : 0;

	z->start = z->file.n;
	zipmake_put(&z->file, z->directory.p, z->directory.n);
	if (zip64 != ZIP64_NONE)
		zipmake_end64(z);
	z->end = z->file.n;
	zipmake_numbers(&z->file,
		(const uint64_t[]){4, 0x06054b50, 2, 0, 2, 0, 2,
			z->count | ones, 2, z->count | ones, 4,
			z->directory.n | ones, 4, (z->start - z->base) | ones,
			2, comment.n, 0});
	zipmake_bytes(z, comment);
}

/* Write the n low bytes of value over what stands at offset at. */
static inline void
zipmake_set(struct zipmake *z, size_t at, int n, uint64_t value)
{
	for (; n > 0; n--, value >>= 8)
		z->file.p[at++] = (unsigned char)value;
}

static inline uint64_t
zipmake_get(const struct zipmake *z, size_t at, int n)
{
	uint64_t value = 0;

	while (n-- > 0)
		value = value << 8 | z->file.p[at + (size_t)n];
	return value;
}

/* The offset of the directory's entry i. */
static inline size_t
zipmake_entry(const struct zipmake *z, unsigned i)
{
	size_t at = z->start;

	for (; i > 0; i--)
		at += (size_t)(46 + zipmake_get(z, at + AT_ENTRY_NAME_N, 2) +
			zipmake_get(z, at + AT_ENTRY_EXTRA_N, 2) +
			zipmake_get(z, at + AT_ENTRY_COMMENT_N, 2));
	return at;
}

/* The offset of its local header, which is not that of zip64. */
static inline size_t
zipmake_local(const struct zipmake *z, unsigned i)
{
	return z->base +
		(size_t)zipmake_get(
			z, zipmake_entry(z, i) + AT_ENTRY_OFFSET, 4);
}

static inline void
zipmake_write(const struct zipmake *z, int fd)
{
	size_t done = 0;

	while (done < z->file.n) {
		ssize_t n = write(fd, z->file.p + done, z->file.n - done);

		assert(n > 0);
		done += (size_t)n;
	}
}

/* A descriptor of a nameless file. */
static inline int
zipmake_open(const struct zipmake *z)
{
	int fd = memfd_create("zip", MFD_CLOEXEC);

	assert(fd >= 0);
	zipmake_write(z, fd);
	return fd;
}

/* Let path name a new file. */
static inline void
zipmake_save(const struct zipmake *z, const char *path)
{
	int fd = open(
		"zipmake.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int renamed;

	assert(fd >= 0);
	zipmake_write(z, fd);
	close(fd);
	renamed = rename("zipmake.new", path);
	assert(renamed == 0);
}

/* Let the file at path have been written at a time, in seconds since 1970. */
static inline void
zipmake_date(const char *path, int64_t seconds)
{
	const struct timespec times[] = {
		{.tv_sec = (time_t)seconds}, {.tv_sec = (time_t)seconds}};
	int result = utimensat(AT_FDCWD, path, times, 0);

	assert(result == 0);
}

/* As after declaring it. */
static inline void
zipmake_free(struct zipmake *z)
{
	free(z->file.p);
	free(z->directory.p);
	*z = (struct zipmake){0};
}

/* n bytes that deflate to about half, different ones for each seed; the caller
 * frees p. */
static inline struct str
zipmake_noise(size_t n, unsigned seed)
{
	char *p = malloc(n + 1);
	uint32_t x = 2463534242u + seed;

	assert(p != NULL);
	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		p[i] = (char)('a' + (x >> 8) % 16);
	}
	return (struct str){p, n};
}

/* The directory for this program's files, which is the current one, too; its
 * absolute name. */
static char place[64];

static inline int
place_make(void **state)
{
	(void)state;
	strcpy(place, "/tmp/wwz-test-XXXXXX");
	if (mkdtemp(place) == NULL || chmod(place, 0755) < 0)
		return -1;
	return chdir(place);
}

static inline int
place_remove_one(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline int
place_remove(void **state)
{
	(void)state;
	if (chdir("/") < 0)
		return -1;
	return nftw(place, place_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Descriptor 2 is where log lines go: from log_catch on into this file. */
static int log_file = -1;

/* The sanitizers' reports are not to be caught. */
void __sanitizer_set_report_fd(void *fd) __attribute__((weak));

static inline void
log_catch(void)
{
	int saved = dup(STDERR_FILENO);
	int result;

	log_file = memfd_create("log", MFD_CLOEXEC);
	stderr = fdopen(saved, "w");
	assert(log_file >= 0 && stderr != NULL);
	setvbuf(stderr, NULL, _IONBF, 0);
	if (__sanitizer_set_report_fd != NULL)
		__sanitizer_set_report_fd((void *)(intptr_t)saved);
	result = fcntl(log_file, F_SETFL, O_APPEND);
	assert(result == 0);
	result = dup2(log_file, STDERR_FILENO);
	assert(result == STDERR_FILENO);
}

/* The lines logged since the last call; valid until the next call. */
static inline const char *
log_take(void)
{
	static char text[65536];
	ssize_t n = pread(log_file, text, sizeof(text) - 1, 0);
	int result = ftruncate(log_file, 0);

	assert(n >= 0 && result == 0);
	text[n] = '\0';
	return text;
}

#endif
