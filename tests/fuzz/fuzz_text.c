/* Texts in whatever charset and compression: a byte of how they are packed, one
 * for the sizes of reads, one for the type, and the bytes.
 *
 * What has a byte order mark of UTF-16 or UTF-32 becomes UTF-8, at most twice
 * as long; what has none stays as it is.  What is unpacked is the same whatever
 * the sizes of reads.  A look that finds UTF-8 is right, and a text that names
 * its charset has a mark, if it is no page and no style sheet. */

#include "archive/packing.h"
#include "archive/wide.h"
#include "base/arena.h"
#include "base/log.h"
#include "fuzz.h"
#include "http/look.h"

enum { OUTPUT_MAX = 1 << 20 };

/* A source of bytes, in parts of up to size; each other read has none yet. */
struct given {
	struct source source;
	struct str rest;
	size_t size;
	bool later;
};

static ssize_t
given_read(struct source *source, void *buffer, size_t n)
{
	struct given *given = (struct given *)source;

	given->later = !given->later;
	if (given->later)
		return SOURCE_LATER;
	if (n > given->size)
		n = given->size;
	if (n > given->rest.n)
		n = given->rest.n;
	if (n > 0)
		memcpy(buffer, given->rest.p, n);
	given->rest = str_slice(given->rest, n, given->rest.n);
	return (ssize_t)n;
}

static void
given_close(struct source *source)
{
	(void)source;
}

static bool
take_line(struct log_sink *sink, const struct log_entry *entry)
{
	(void)sink;
	(void)entry;
	return true;
}

/* All that source gives, in reads of up to size bytes, or OUTPUT_MAX bytes of
 * it; with p NULL when it fails. */
static struct str
read_out(struct source *source, size_t size, struct arena *arena)
{
	struct text text = {.arena = arena};
	char buffer[4096];
	ssize_t got;

	fuzz_law(source != NULL, "memory does not run out", STR(""));
	if (size > sizeof(buffer))
		size = sizeof(buffer);
	text_add(&text, STR(""));
	do {
		got = source->read(source, buffer, size);
		if (got > 0)
			text_add(&text, (struct str){buffer, (size_t)got});
	} while ((got > 0 || got == SOURCE_LATER) && text.n < OUTPUT_MAX);
	source->close(source);
	if (got < 0 && got != SOURCE_LATER)
		return (struct str){NULL, 0};
	return text.n > OUTPUT_MAX ? (struct str){text.p, OUTPUT_MAX}
				   : text_str(&text);
}

static void
check_wide(struct str bytes, size_t size, struct arena *arena)
{
	struct given given = {
		{.read = given_read, .close = given_close}, bytes, size, false};
	struct str text = read_out(wide_open(&given.source), size, arena);

	if (!wide_is_marked(bytes)) {
		fuzz_law(str_eq(text, bytes), "what has no mark stays", bytes);
		return;
	}
	fuzz_law(str_is_utf8(text), "what has a mark becomes UTF-8", bytes);
	fuzz_law(text.n <= 2 * bytes.n, "it is at most twice as long", bytes);
}

static struct str
unpack(enum packing packing, struct str bytes, size_t size, struct arena *arena)
{
	static const struct member member = {.name = {"m", 1}};
	struct archive *archive = archive_new(STR("//a.wwz"), NULL);
	struct given given = {
		{.read = given_read, .close = given_close}, bytes, size, false};
	struct str text;

	fuzz_law(archive != NULL, "memory does not run out", STR(""));
	text = read_out(
		decompress_open(packing, &given.source, archive, &member), size,
		arena);
	archive_drop(archive);
	return text;
}

static void
check_unpacking(enum packing packing, struct str bytes, size_t size,
	struct arena *arena)
{
	struct str one, other;

	if (decompress_memory(packing) == 0)
		return;
	one = unpack(packing, bytes, size, arena);
	other = unpack(packing, bytes, SIZE_MAX, arena);
	fuzz_law((one.p == NULL) == (other.p == NULL) && str_eq(one, other),
		"what is unpacked does not depend on the sizes of reads",
		bytes);
}

static void
check_look(struct str bytes, bool whole, const char *type)
{
	enum look look = look_at(bytes, whole, str_of(type));

	fuzz_law(look >= LOOK_UTF8 && look <= LOOK_BINARY,
		"a look has a result", bytes);
	fuzz_law(look != LOOK_UTF8 || !whole || str_is_utf8(bytes),
		"what is found to be UTF-8 is", bytes);
	fuzz_law(look != LOOK_NAMED || *type == '\0' ||
			strcmp(type, "text/a") || wide_is_marked(bytes),
		"only a mark names the charset of other text", bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {"text/html", "text/css", "text/a"};
	struct log_sink sink = {take_line};
	struct str bytes = {(const char *)data, size};
	enum packing packing =
		(enum packing)(fuzz_byte(&bytes) % (PACKING_UNITYWEB + 1));
	size_t part = fuzz_byte(&bytes) + 1u;
	unsigned char type = fuzz_byte(&bytes);
	struct arena arena = {0};

	log_redirect(&sink);
	if (bytes.n > 0)
		check_wide(bytes, part, &arena);
	check_unpacking(packing, bytes, part, &arena);
	check_look(bytes, type < 128, types[type % 3]);
	(void)packing_begins(packing, (const unsigned char *)bytes.p, bytes.n);
	log_redirect(NULL);
	arena_free(&arena);
	return 0;
}
