/* The body of a response: 22 bytes that describe a member, and its data.
 *
 *   byte 0      the method: an index into methods[]
 *   byte 1      bits of enum, below
 *   bytes 2-5   the CRC-32 on record, when it is not to be right
 *   bytes 6-9   likewise the size of the data
 *   bytes 10-13 likewise the size of the content
 *   bytes 14-21 first and last byte of a range
 *
 * An archive of that member alone is made.  The bytes that come are as many as
 * were promised, or the body ends in a cut; they are what zlib makes of the
 * data, and have the member's CRC-32; the gzip form, whether it is asked for
 * first or last, comes whole exactly when it is good for zlib and the same
 * content.  When the file becomes
 * shorter in between, the body is cut. */

#include <pthread.h>
#include <zlib.h>

#include "archive/archive.h"
#include "base/bytes.h"
#include "fuzz_file.h"
#include "http/answer.h"

enum {
	/* What is on record: from the input, else as the data want it. */
	FREE_CRC = 1,
	FREE_PACKED = 2,
	FREE_SIZE = 4,

	PACK = 8,      /* deflate the data first */
	RANGE = 16,    /* a part is asked for */
	TWO = 32,      /* and another one */
	SHORTEN = 64,  /* the file becomes shorter after a while */
	NAMELESS = 128 /* no extension: the content decides the type */
};

enum { FRONT = 22, ENTRY_SIZE = 46, END_SIZE = 22, CONTENT_MAX = 4 << 20 };

static const unsigned char methods[] = {0, 8, 8, 8, 12, 14, 93, 95};

struct bytes {
	unsigned char *p;
	size_t n;
};

/* The input, taken apart. */
struct input {
	unsigned method, bits;
	uint32_t crc, packed, size, first, last;
	struct bytes data;
};

/* What zlib makes of the data: all of it in one stream, or not. */
struct reference {
	struct bytes content; /* as far as it goes */
	bool whole;
};

static unsigned char *
allocate(size_t n)
{
	unsigned char *p = malloc(n + 1);

	if (p == NULL)
		abort();
	return p;
}

static struct bytes
deflated(struct str content)
{
	z_stream z = {0};
	struct bytes packed;

	if (deflateInit2(&z, 6, Z_DEFLATED, -MAX_WBITS, 8,
		    Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	packed.n = deflateBound(&z, content.n);
	packed.p = allocate(packed.n);
	z.next_in = (unsigned char *)(uintptr_t)content.p;
	z.avail_in = (uInt)content.n;
	z.next_out = packed.p;
	z.avail_out = (uInt)packed.n;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	packed.n = z.total_out;
	deflateEnd(&z);
	return packed;
}

static void
grow(struct bytes *bytes, z_stream *z)
{
	size_t n = z->total_out;

	bytes->n = 2 * n + 4096;
	bytes->p = realloc(bytes->p, bytes->n);
	if (bytes->p == NULL)
		abort();
	z->next_out = bytes->p + n;
	z->avail_out = (uInt)(bytes->n - n);
}

/* Inflate with the window bits that say in which wrapping; Z_STREAM_END behind
 * the last byte is whole. */
static struct reference
inflated(const unsigned char *p, size_t n, int window_bits)
{
	struct reference r = {.whole = false};
	z_stream z = {0};
	int result;

	if (inflateInit2(&z, window_bits) != Z_OK)
		abort();
	z.next_in = (unsigned char *)(uintptr_t)p;
	z.avail_in = (uInt)n;
	do {
		grow(&r.content, &z);
		result = inflate(&z, Z_NO_FLUSH);
	} while (result == Z_OK && z.avail_out == 0);
	r.whole = result == Z_STREAM_END && z.avail_in == 0;
	r.content.n = z.total_out;
	inflateEnd(&z);
	return r;
}

static uint32_t
crc_of(struct bytes bytes)
{
	return (uint32_t)crc32_z(0, bytes.p, bytes.n);
}

static bool
read_input(struct input *input, const uint8_t *data, size_t size)
{
	if (size < FRONT)
		return false;
	*input = (struct input){
		.method = methods[data[0] % sizeof(methods)],
		.bits = data[1],
		.crc = get32(data + 2),
		.packed = get32(data + 6),
		.size = get32(data + 10),
		.first = get32(data + 14),
		.last = get32(data + 18),
	};
	if ((input->bits & PACK) != 0) {
		input->data = deflated(
			(struct str){(const char *)data + FRONT, size - FRONT});
	} else {
		input->data.n = size - FRONT;
		input->data.p = allocate(input->data.n);
		memcpy(input->data.p, data + FRONT, input->data.n);
	}
	return true;
}

/* The reference has the content. */
static bool
for_zlib(const struct input *input)
{
	return input->method == ZIP_STORED || input->method == ZIP_DEFLATED;
}

static struct reference
read_data(const struct input *input)
{
	struct reference r = {.whole = true};

	if (input->method == ZIP_DEFLATED)
		return inflated(input->data.p, input->data.n, -MAX_WBITS);
	r.content.n = input->data.n;
	r.content.p = allocate(r.content.n);
	memcpy(r.content.p, input->data.p, r.content.n);
	return r;
}

/* Fields that a local header and the directory's entry have in common. */
static void
put_fields(unsigned char *p, const struct input *input, size_t name)
{
	put16(p + 4, input->method);
	put16(p + 8, 33);
	put32(p + 10, input->crc);
	put32(p + 14, input->packed);
	put32(p + 18, input->size);
	put16(p + 22, name);
}

/* A zip file of the one member. */
static struct bytes
make_file(const struct input *input, struct str name)
{
	const size_t local = 30 + name.n, entry = ENTRY_SIZE + name.n;
	const size_t start = local + input->data.n;
	struct bytes file = {
		calloc(1, start + entry + END_SIZE), start + entry + END_SIZE};
	unsigned char *p = file.p;

	if (p == NULL)
		abort();
	put32(p, 0x04034b50);
	put_fields(p + 4, input, name.n);
	memcpy(p + 30, name.p, name.n);
	memcpy(p + local, input->data.p, input->data.n);
	p += start;
	put32(p, 0x02014b50);
	put_fields(p + 6, input, name.n);
	memcpy(p + ENTRY_SIZE, name.p, name.n);
	p += entry;
	put32(p, 0x06054b50);
	put16(p + 8, 1);
	put16(p + 10, 1);
	put32(p + 12, (uint32_t)entry);
	put32(p + 16, (uint32_t)start);
	return file;
}

/* As archive_open does it, of a file without a name. */
static struct archive *
open_file(struct bytes file)
{
	struct archive *archive = archive_new(STR("/fuzz//a.wwz"), NULL);
	struct fault fault;
	struct stat st;
	void *map;

	if (archive == NULL)
		abort();
	archive->fd = dup(fuzz_memory_file());
	fuzz_write(archive->fd, (struct str){(char *)file.p, file.n});
	map = mmap(NULL, file.n, PROT_READ, MAP_SHARED, archive->fd, 0);
	if (map == MAP_FAILED || fstat(archive->fd, &st) < 0 ||
		zipdir_open(&archive->zipdir, archive->fd, file.n, &fault) !=
			ZIPDIR_OK)
		abort();
	archive->map = map;
	archive->id.size = st.st_size;
	archive->id.modified = st.st_mtim;
	return archive;
}

/* What came of a body. */
struct outcome {
	struct bytes bytes;
	uint64_t promised;
	bool whole;
};

static struct outcome
pull(struct body *body, bool shorten, unsigned spans)
{
	struct outcome o = {.bytes = {allocate((size_t)body->length), 0},
		.promised = body->length};
	int fd = body->archive->fd;
	enum body_result result;
	struct str span;

	for (unsigned i = 0;; i++) {
		if (shorten && i == spans && ftruncate(fd, 10) < 0)
			abort();
		result = body_next(body, &span);
		if (result == BODY_LATER)
			continue;
		if (result != BODY_SPAN)
			break;
		fuzz_law(span.n > 0, "no span is empty", span);
		fuzz_law(span.n <= o.promised - o.bytes.n,
			"no more comes than was promised", span);
		memcpy(o.bytes.p + o.bytes.n, span.p, span.n);
		o.bytes.n += span.n;
	}
	o.whole = result == BODY_END;
	fuzz_law(body_next(body, &span) == result, "the end stays the end",
		(struct str){(char *)o.bytes.p, o.bytes.n});
	fuzz_law(!o.whole || o.bytes.n == o.promised,
		"a body that is not cut is as long as promised",
		(struct str){(char *)o.bytes.p, o.bytes.n});
	fuzz_law(!o.whole || !shorten || spans > 0 || o.promised == 0,
		"a file that becomes shorter cuts the body",
		(struct str){(char *)o.bytes.p, o.bytes.n});
	return o;
}

/* The bytes of a representation, as negotiation has it. */
static struct outcome
get(struct archive *archive, const struct representations *found,
	const struct negotiation *n, const struct input *input,
	struct arena *arena)
{
	static const struct site site = {.max_age = -1};
	struct response response;
	struct outcome outcome;

	response_init(&response, arena, METHOD_GET);
	body_init(&response.body, arena, archive_keep(archive));
	answer(&response, found, n, &site);
	outcome = pull(
		&response.body, (input->bits & SHORTEN) != 0, input->first % 3);
	response_free(&response);
	return outcome;
}

static bool
same(struct bytes a, struct bytes b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* Content as a whole. */
static void
check_content(const struct outcome *o, const struct input *input,
	const struct reference *r, struct str name)
{
	bool zlibs = for_zlib(input);
	bool right = r->whole && r->content.n == input->size &&
		crc_of(r->content) == input->crc &&
		input->packed == input->data.n;

	/* libzip does not look at the CRC-32 where there are no data. */
	if (o->whole && (zlibs || input->packed > 0))
		fuzz_law(crc_of(o->bytes) == input->crc,
			"what is not cut has the member's CRC-32", name);
	if (!zlibs)
		return;
	fuzz_law(o->bytes.n <= r->content.n &&
			memcmp(o->bytes.p, r->content.p, o->bytes.n) == 0,
		"what comes is what zlib makes of it", name);
	if ((input->bits & SHORTEN) != 0 || input->packed != input->data.n)
		return;
	fuzz_law(o->whole || !right, "what is right comes whole", name);
	fuzz_law(!o->whole ||
			(r->content.n == input->size &&
				crc_of(r->content) == input->crc),
		"what comes whole is right", name);
}

static void
check_gzip(const struct outcome *gzip, const struct outcome *content,
	struct str name)
{
	struct reference r;

	r = inflated(gzip->bytes.p, gzip->bytes.n, 16 + MAX_WBITS);
	fuzz_law(gzip->whole == r.whole, "what comes whole is a gzip file",
		name);
	fuzz_law(!gzip->whole ||
			(content->whole && same(r.content, content->bytes)),
		"gzip is the same content", name);
	free(r.content.p);
}

/* A part of the content: whoever asks for it gets the same bytes. */
static void
check_part(struct archive *archive, const struct representations *found,
	const struct input *input, const struct reference *r,
	struct arena *arena, struct str name)
{
	struct negotiation n = {
		.status = STATUS_PARTIAL, .coding = CODING_IDENTITY};
	struct span part;
	struct outcome o;

	if (input->size == 0)
		return;
	part.first = input->first % input->size;
	part.end = part.first + 1 + input->last % (input->size - part.first);
	n.parts[n.nparts++] = part;
	if ((input->bits & TWO) != 0)
		n.parts[n.nparts++] = (struct span){0, 1};
	o = get(archive, found, &n, input, arena);
	if (n.nparts == 1 && for_zlib(input)) {
		fuzz_law(o.promised == part.end - part.first,
			"a part has its length", name);
		fuzz_law(o.bytes.n == 0 ||
				part.first + o.bytes.n <= r->content.n,
			"a part is content", name);
		fuzz_law(o.bytes.n == 0 ||
				memcmp(o.bytes.p, r->content.p + part.first,
					o.bytes.n) == 0,
			"a part is that part of what zlib makes", name);
	}
	free(o.bytes.p);
}

static void
check_forms(struct archive *archive, const struct representations *found,
	const struct input *input, const struct reference *r,
	struct arena *arena, struct str name)
{
	struct negotiation n = {.status = STATUS_OK, .coding = CODING_IDENTITY};
	struct outcome content, gzip = {.whole = false};
	bool codes = (found->available & 1u << CODING_GZIP) != 0 &&
		(input->bits & SHORTEN) == 0;

	if ((found->available & 1u << CODING_IDENTITY) == 0)
		return;
	if ((input->bits & RANGE) != 0) {
		check_part(archive, found, input, r, arena, name);
		return;
	}
	n.coding = CODING_GZIP;
	if (codes && input->last % 2 == 1)
		gzip = get(archive, found, &n, input, arena);
	n.coding = CODING_IDENTITY;
	content = get(archive, found, &n, input, arena);
	check_content(&content, input, r, name);
	n.coding = CODING_GZIP;
	if (codes && input->last % 2 == 0)
		gzip = get(archive, found, &n, input, arena);
	if (codes)
		check_gzip(&gzip, &content, name);
	free(gzip.bytes.p);
	free(content.bytes.p);
}

static void
check(struct input *input, const struct reference *r)
{
	static const struct site site = {.max_age = -1};
	struct str name =
		(input->bits & NAMELESS) != 0 ? STR("m") : STR("m.bin");
	struct bytes file = make_file(input, name);
	struct archive *archive = open_file(file);
	struct representations found = {.available = 0};
	struct arena arena = {0};
	struct member member;

	fuzz_law(zipdir_find(archive->zipdir, name, &member),
		"the member is found", name);
	/* So that there is room for what is promised. */
	if (input->size <= CONTENT_MAX &&
		represent(&found, archive, &member, &site, &arena) == STATUS_GO)
		check_forms(archive, &found, input, r, &arena, name);
	fuzz_law(!arena.failed, "memory does not run out", name);
	arena_free(&arena);
	archive_drop(archive);
	free(file.p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input;
	struct reference r;

	if (!read_input(&input, data, size))
		return 0;
	r = read_data(&input);
	if ((input.bits & FREE_CRC) == 0)
		input.crc = crc_of(r.content);
	if ((input.bits & FREE_PACKED) == 0)
		input.packed = (uint32_t)input.data.n;
	if ((input.bits & FREE_SIZE) == 0)
		input.size = (uint32_t)r.content.n;
	check(&input, &r);
	free(r.content.p);
	free(input.data.p);
	return 0;
}
