/* The parts of the responder by themselves, each timed in rounds, the median
 * printed as "name value" lines.  It is a thread's time on its processor, not
 * that of others who want it, too:
 *
 *	micro index ARCHIVE NAMES     opening; finding each line of NAMES
 *	micro request                 parameters to archive and member
 *	micro inflate ARCHIVE NAME    a body against zlib alone in a loop
 *
 * The path of an archive is "ROOT//REST". */

#include <assert.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zlib.h>

#include "archive/guard.h"
#include "archive/membercache.h"
#include "http/body.h"
#include "http/route.h"

enum {
	ROUNDS = 21,
	REQUESTS = 20000,
	INFLATE_BYTES = 16 * 1024 * 1024,
	MEMORY_KEPT = 1024 * 1024
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), compare);
	return values[ROUNDS / 2];
}

static struct archive *
open_archive(const char *path, struct membercache *membercache)
{
	struct archive *archive =
		archive_open(str_of(path), membercache, NULL, false);

	if (archive == NULL || archive->status != STATUS_GO)
		exit(1);
	return archive;
}

/* The lines of a file, which stay. */
static struct str *
read_lines(const char *path, size_t *count)
{
	FILE *file = fopen(path, "r");
	struct str *lines = NULL;
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	if (file == NULL) {
		perror(path);
		exit(1);
	}
	*count = 0;
	while ((n = getline(&line, &room, file)) > 0) {
		lines = realloc(lines, (*count + 1) * sizeof(*lines));
		assert(lines != NULL);
		lines[(*count)++] = (struct str){line, (size_t)n - 1};
		line = NULL;
	}
	fclose(file);
	return lines;
}

static double
time_lookups(const struct zipdir *zipdir, const struct str *names, size_t n)
{
	double from = now();
	size_t done = 0;

	for (; done < 100000; done += n) {
		for (size_t i = 0; i < n; i++) {
			struct member member;
			bool found = zipdir_find(zipdir, names[i], &member);

			assert(found);
		}
	}
	return (now() - from) / (double)done;
}

static void
measure_index(const char *path, const char *list)
{
	double opening[ROUNDS], lookup[ROUNDS];
	size_t n;
	struct str *names = read_lines(list, &n);

	for (int i = 0; i < ROUNDS; i++) {
		double from = now();
		struct archive *archive = open_archive(path, NULL);
		const struct zipdir *zipdir = archive->zipdir;

		opening[i] = now() - from;
		lookup[i] = time_lookups(zipdir, names, n);
		if (i == 0)
			printf("members %zu\ncopied %zu\nindexed %zu\n",
				zipdir_count(zipdir), zipdir_copied(zipdir),
				zipdir_indexed(zipdir));
		archive_drop(archive);
	}
	printf("open_us %.1f\nlookup_ns %.1f\n", median(opening) * 1e6,
		median(lookup) * 1e9);
}

/* What nginx with the file in deploy/ sends for a browser's request. */
static char *const environment[] = {"SCRIPT_FILENAME=/srv/www/dir/site.wwz",
	"PATH_INFO=/docs/manual/page.html", "DOCUMENT_ROOT=/srv/www",
	"SCRIPT_NAME=/dir/site.wwz",
	"REQUEST_URI=/dir/site.wwz/docs/manual/page.html", "REQUEST_METHOD=GET",
	"QUERY_STRING=", "CONTENT_LENGTH=", "SERVER_PROTOCOL=HTTP/1.1",
	"REMOTE_ADDR=127.0.0.1", "HTTP_PROXY=", "HTTP_HOST=www.example.org",
	"HTTP_USER_AGENT=Mozilla/5.0 (X11; Linux x86_64; rv:128.0) "
	"Gecko/20100101 Firefox/128.0",
	"HTTP_ACCEPT=text/html,application/xhtml+xml,application/xml;q=0.9,"
	"*/*;q=0.8",
	"HTTP_ACCEPT_LANGUAGE=en-US,en;q=0.5",
	"HTTP_ACCEPT_ENCODING=gzip, deflate, br, zstd",
	"HTTP_CONNECTION=keep-alive", "HTTP_PRIORITY=u=0, i", NULL};

static void
measure_request(void)
{
	static const struct site site = {
		.root = {"/srv/www", 8}, .suffix = {".wwz", 4}};
	double reading[ROUNDS], routing[ROUNDS];
	struct arena arena = {0};
	struct request request;
	struct route route;

	for (int i = 0; i < ROUNDS; i++) {
		double from = now(), between;

		for (int j = 0; j < REQUESTS; j++) {
			request_read(&request, environment, &arena);
			arena_reset(&arena);
		}
		between = now();
		for (int j = 0; j < REQUESTS; j++) {
			enum status status =
				route_find(&route, &request, &site, &arena);

			assert(status == STATUS_GO);
			arena_reset(&arena);
		}
		reading[i] = (between - from) / REQUESTS;
		routing[i] = (now() - between) / REQUESTS;
	}
	printf("request_read_ns %.1f\nroute_find_ns %.1f\n",
		median(reading) * 1e9, median(routing) * 1e9);
	arena_free(&arena);
}

/* Pull member's content through a body. */
static void
pull(struct archive *archive, const struct member *member, uint64_t start)
{
	struct arena arena = {0};
	struct body body;
	struct str span;
	enum body_result result;

	body_init(&body, &arena, archive_keep(archive));
	body_add_content(&body, member, start, (struct span){0, member->size});
	do
		result = body_next(&body, &span);
	while (result == BODY_SPAN || result == BODY_LATER);
	assert(result == BODY_END);
	body_free(&body);
	arena_free(&arena);
}

/* The same with zlib and the mapping alone, into one buffer as large. */
static void
inflate_alone(const struct archive *archive, const struct member *member,
	uint64_t start, bool with_crc)
{
	static unsigned char out[BODY_SPAN_SIZE];
	z_stream z = {
		.next_in = (unsigned char *)(uintptr_t)archive->map + start,
		.avail_in = (uInt)member->packed};
	uLong crc = 0;
	int result = inflateInit2(&z, -MAX_WBITS);

	while (result == Z_OK) {
		z.next_out = out;
		z.avail_out = sizeof(out);
		result = inflate(&z, Z_NO_FLUSH);
		if (with_crc)
			crc = crc32(crc, out, (uInt)(z.next_out - out));
	}
	assert(result == Z_STREAM_END && (!with_crc || crc == member->crc));
	inflateEnd(&z);
}

/* A body that has access points from before, and one that leaves them behind.
 */
enum way { BODY, BODY_FIRST, ZLIB, ZLIB_CRC, WAYS };

static void
inflate_once(enum way way, struct archive *archive, const struct member *member,
	uint64_t start)
{
	if (way == BODY_FIRST)
		membercache_forget(archive->membercache, &archive->made);
	if (way == BODY || way == BODY_FIRST)
		pull(archive, member, start);
	else
		inflate_alone(archive, member, start, way == ZLIB_CRC);
}

static void
measure_inflate(const char *path, const char *name)
{
	static const char *const names[] = {
		"body", "first", "zlib", "zlib_crc"};
	struct membercache *membercache = membercache_new(64 * 1024 * 1024);
	struct archive *archive = open_archive(path, membercache);
	double rate[WAYS][ROUNDS], ratio[WAYS][ROUNDS];
	struct member member;
	uint64_t start;
	int times;

	if (!zipdir_find(archive->zipdir, str_of(name), &member) ||
		archive_locate(archive, &member, &start) != STATUS_GO)
		exit(1);
	times = (int)(INFLATE_BYTES / member.size) + 1;
	for (int i = 0; i < ROUNDS; i++) {
		for (enum way way = 0; way < WAYS; way++) {
			double from = now();

			for (int j = 0; j < times; j++)
				inflate_once(way, archive, &member, start);
			rate[way][i] = (double)member.size * times / 1e6 /
				(now() - from);
		}
		for (enum way way = 0; way < WAYS; way++)
			ratio[way][i] = rate[way][i] / rate[ZLIB][i];
	}
	for (enum way way = 0; way < WAYS; way++)
		printf("%s_mb_s %.1f\n%s_of_zlib %.3f\n", names[way],
			median(rate[way]), names[way], median(ratio[way]));
	archive_drop(archive);
	membercache_drop(membercache);
}

/* In a thread, as in the server: its heap is not the first thread's.  How much
 * of it is kept between two bodies is set as there. */
static void *
run(void *arguments)
{
	char *const *argv = arguments;

	mallopt(M_TRIM_THRESHOLD, MEMORY_KEPT);
	mallopt(M_MMAP_THRESHOLD, MEMORY_KEPT);
	if (strcmp(argv[1], "index") == 0)
		measure_index(argv[2], argv[3]);
	else if (strcmp(argv[1], "inflate") == 0)
		measure_inflate(argv[2], argv[3]);
	else
		measure_request();
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t thread;

	if (!(argc == 2 && strcmp(argv[1], "request") == 0) &&
		!(argc == 4 && strcmp(argv[1], "index") == 0) &&
		!(argc == 4 && strcmp(argv[1], "inflate") == 0))
		return 2;
	if (guard_install() < 0 ||
		pthread_create(&thread, NULL, run, argv) != 0 ||
		pthread_join(thread, NULL) != 0)
		return 1;
	return 0;
}
