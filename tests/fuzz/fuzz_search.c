/* Searches in logs: a byte of how they are read, one for the sizes of reads,
 * one for the length of what is searched for, that, and the log.
 *
 * The same lines are found whatever the sizes of reads, with rising numbers,
 * and no line that does not match when it is taken alone.  Of those that match
 * alone, none is missing whose bytes are shown as they are.  The lines before
 * one that was found are those of the log.  What is shown of it is UTF-8,
 * without control characters, and its tags are ours; a text that was found is
 * marked in it. */

#include "base/arena.h"
#include "fuzz.h"
#include "serve/logfind.h"

enum {
	LOG_MAX = 1 << 17,
	LINES_MAX = 4096,
	REGEX = 1,
	WINDOWS = 2,
	INSIDE = 4,
	BEFORE = 3, /* lines */
};

/* A source of a text, in parts of up to size bytes. */
struct part {
	struct source source;
	struct str rest;
	size_t size;
};

static ssize_t
part_read(struct source *source, void *buffer, size_t n)
{
	struct part *part = (struct part *)source;

	if (n > part->size)
		n = part->size;
	if (n > part->rest.n)
		n = part->rest.n;
	if (n > 0)
		memcpy(buffer, part->rest.p, n);
	part->rest = str_slice(part->rest, n, part->rest.n);
	return (ssize_t)n;
}

static void
part_close(struct source *source)
{
	(void)source;
}

static void
check_shown(struct logfind *find, const struct logfind_line *line, bool marked,
	struct arena *arena)
{
	static const char *const tags[] = {"<mark>", "</mark>", "<span ",
		"</span>", "<i>", "</i>", "<a href=\"http", "</a>"};
	const size_t most = sizeof(tags) / sizeof(tags[0]);
	struct text shown = {.arena = arena}, plain = {.arena = arena};
	struct str rest;

	logmatch_show(logfind_match(find), line->bytes, &shown);
	logmatch_plain(logfind_match(find), line->bytes, &plain);
	fuzz_law(str_is_utf8(text_str(&shown)) && str_is_utf8(text_str(&plain)),
		"what is shown is UTF-8", line->bytes);
	for (size_t i = 0; i < shown.n; i++) {
		unsigned char c = (unsigned char)shown.p[i];
		size_t k = 0;

		fuzz_law((c >= ' ' && c != 0x7f) || c == '\t',
			"what is shown has no control characters", line->bytes);
		rest = str_slice(text_str(&shown), i, shown.n);
		while (c == '<' && k < most &&
			!str_starts(rest, str_of(tags[k])))
			k++;
		fuzz_law(k < most, "a tag is ours", text_str(&shown));
	}
	if (marked)
		fuzz_law(shown.n > 0 &&
				memmem(shown.p, shown.n, "<mark>", 6) != NULL,
			"a match is marked", text_str(&shown));
}

/* The lines before one are those of the log. */
static void
check_before(const struct logfind *find, const struct logfind_line *line,
	struct str log)
{
	struct str before = logfind_before(find, line, BEFORE);
	uint64_t lines = 0;
	struct str whole = log;

	for (uint64_t i = 1; i < line->number; i++)
		str_cut(&whole, '\n');
	for (size_t i = 0; i < before.n; i++)
		lines += before.p[i] == '\n';
	fuzz_law(lines <= BEFORE, "few lines are before one", before);
	whole = str_slice(log, 0, (size_t)(whole.p - log.p));
	fuzz_law(str_ends(whole, before), "they are those of the log", before);
}

/* Note in matches which of the first LINES_MAX lines are found, or, if all are
 * taken, match. */
static void
search(struct str log, const struct logmatch_what *what, size_t size,
	unsigned how, bool take, bool matches[LINES_MAX])
{
	struct part part = {
		{.read = part_read, .close = part_close}, log, size};
	struct logfind *find =
		logfind_new(&part.source, 1, (how & INSIDE) != 0, what);
	struct arena arena = {0};
	struct logfind_line line;
	uint64_t last = 0;
	ssize_t got;

	memset(matches, false, LINES_MAX * sizeof(matches[0]));
	fuzz_law(find != NULL, "memory does not run out", log);
	do {
		got = take ? logfind_take(find, &line)
			   : logfind_next(find, &line);
		if (got != 1)
			continue;
		fuzz_law(line.number > last, "numbers rise", log);
		last = line.number;
		if (last <= LINES_MAX)
			matches[last - 1] = line.matches;
		arena_reset(&arena);
		if (!take) {
			fuzz_law(line.matches, "what is found matches", log);
			check_before(find, &line, log);
			check_shown(find, &line,
				what->text.n > 0 && !what->regex, &arena);
		}
	} while (got == 1 || got == SOURCE_LATER);
	fuzz_law(got == 0 && line.number > last, "a search has an end", log);
	logfind_free(find);
	arena_free(&arena);
}

/* Whether the bytes of line are shown as they are. */
static bool
is_shown_so(struct str line)
{
	for (size_t i = 0; i < line.n; i++) {
		unsigned char c = (unsigned char)line.p[i];

		if (c < ' ' || c == 0x7f)
			return false;
	}
	return str_is_utf8(line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool whole[LINES_MAX], parts[LINES_MAX], alone[LINES_MAX];
	struct str rest = {(const char *)data, size}, log;
	unsigned how = fuzz_byte(&rest), part = fuzz_byte(&rest);
	size_t n = fuzz_byte(&rest);
	struct logmatch_what what;

	if (n > rest.n)
		n = rest.n;
	what = (struct logmatch_what){.text = str_slice(rest, 0, n),
		.regex = (how & REGEX) != 0,
		.windows = (how & WINDOWS) != 0};
	log = str_slice(rest, n, rest.n);
	if (log.n > LOG_MAX || log.n == 0 ||
		(n > 0 && !logmatch_can(what.text, what.regex)) ||
		(n == 0 && what.regex))
		return 0;
	search(log, &what, SIZE_MAX, how, false, whole);
	search(log, &what, part + 1, how, false, parts);
	search(log, &what, SIZE_MAX, how, true, alone);
	for (size_t i = 0; i < LINES_MAX && log.n > 0; i++) {
		struct str line = str_cut(&log, '\n');

		fuzz_law(whole[i] == parts[i],
			"the sizes of reads do not change what is found", line);
		fuzz_law(!whole[i] || alone[i], "what is found matches alone",
			line);
		fuzz_law(whole[i] || !alone[i] || !is_shown_so(line),
			"no match is missing", line);
	}
	return 0;
}
