/* The text is read piece by piece into a buffer, and all complete lines in it
 * are searched together. */

#include "serve/logfind.h"

#include <errno.h>
#include <stdlib.h>

#include "archive/points.h"

enum {
	FOLDED = 64, /* bytes at a time */
	/* Lines that expressions are tried on before others have their turn. */
	TRIED = 16,
	ROOM = LOGFIND_HISTORY + LOGMATCH_LINE + LOGFIND_PIECE,
};

struct logfind {
	/* Set once. */
	struct source *text;
	struct logmatch match;

	/* The position. */
	uint64_t number; /* of the line at `at` */
	size_t at, n;    /* bytes of the buffer: passed, and read */
	size_t whole;    /* where whole lines begin in it */
	bool inside;     /* the rest of the line at `at` is to be skipped */
	bool over;       /* text has ended */
	char buffer[ROOM];
	char folded[ROOM]; /* the same in lower case, unless exact */
};

size_t
logfind_memory(void)
{
	return sizeof(struct logfind) + ANSI_CELLS * sizeof(struct ansi_cell);
}

struct logfind *
logfind_new(struct source *text, uint64_t number, bool inside,
	const struct logmatch_what *what)
{
	struct logfind *f = malloc(sizeof(*f));

	if (f == NULL) {
		text->close(text);
		errno = ENOMEM;
		return NULL;
	}
	/* Not the buffers, which are large. */
	memset(f, 0, offsetof(struct logfind, buffer));
	f->text = text;
	f->number = number;
	f->inside = inside;
	if (logmatch_open(&f->match, what) < 0) {
		logfind_free(f);
		errno = ENOMEM;
		return NULL;
	}
	return f;
}

void
logfind_free(struct logfind *f)
{
	if (f == NULL)
		return;
	f->text->close(f->text);
	logmatch_close(&f->match);
	free(f);
}

/* Where up to `lines` lines before `at` begin, LOGFIND_HISTORY bytes before it
 * at most. */
static size_t
history(const struct logfind *f, size_t at, int lines)
{
	size_t least = at > f->whole + LOGFIND_HISTORY ? at - LOGFIND_HISTORY
						       : f->whole;
	size_t first = at;

	while (lines-- > 0 && first > least) {
		const char *end =
			memrchr(f->buffer + least, '\n', first - 1 - least);

		if (end == NULL)
			return least == f->whole ? least : first;
		first = (size_t)(end + 1 - f->buffer);
	}
	return first;
}

/* Write the n bytes at p to folded in lower case. */
static void
fold(char *restrict folded, const char *restrict p, size_t n)
{
	size_t i = 0;

	/* Compilers turn a loop of known length into a few instructions. */
	for (; n - i >= FOLDED; i += FOLDED) {
		for (size_t k = 0; k < FOLDED; k++)
			folded[i + k] = logmatch_lower(p[i + k]);
	}
	for (; i < n; i++)
		folded[i] = logmatch_lower(p[i]);
}

/* Read another piece.  As read of a source. */
static ssize_t
read_piece(struct logfind *f)
{
	size_t first = history(f, f->at, LOGFIND_CONTEXT);
	ssize_t got;

	if (f->over)
		return 0;
	memmove(f->buffer, f->buffer + first, f->n - first);
	if (!f->match.exact)
		memmove(f->folded, f->folded + first, f->n - first);
	f->at -= first;
	f->n -= first;
	f->whole -= f->whole < first ? f->whole : first;
	got = f->text->read(f->text, f->buffer + f->n, LOGFIND_PIECE);
	if (got <= 0) {
		f->over = got == 0;
		return got;
	}
	if (!f->match.exact)
		fold(f->folded + f->n, f->buffer + f->n, (size_t)got);
	f->n += (size_t)got;
	return got;
}

/* Skip the rest of a line. */
static void
skip_rest(struct logfind *f)
{
	const char *end = memchr(f->buffer + f->at, '\n', f->n - f->at);

	f->at = end ? (size_t)(end + 1 - f->buffer) : f->n;
	f->inside = end == NULL;
	f->number += end != NULL;
	f->whole = f->at;
}

/* Where the complete lines of the buffer end.  A line that is too long, or the
 * last one, is complete, too. */
static size_t
complete(struct logfind *f)
{
	const char *end;

	if (f->inside)
		skip_rest(f);
	end = memrchr(f->buffer + f->at, '\n', f->n - f->at);
	if (end != NULL)
		return (size_t)(end + 1 - f->buffer);
	return f->over || f->n - f->at >= LOGMATCH_LINE ? f->n : f->at;
}

/* Take the line at the position. */
static void
take_whole_line(struct logfind *f, size_t end, struct logfind_line *line)
{
	const char *p = f->buffer + f->at;
	const char *newline = memchr(p, '\n', end - f->at);
	size_t n = newline ? (size_t)(newline - p) : end - f->at;

	line->number = f->number;
	line->bytes = (struct str){p, n < LOGMATCH_LINE ? n : LOGMATCH_LINE};
	f->at += n + (newline != NULL);
	if (newline != NULL || f->over)
		f->number++;
	else
		f->inside = true;
	line->matches = logmatch_line(&f->match, line->bytes);
}

/* Go to the next line before end that may match, or to end.  false at end. */
static bool
seek_line(struct logfind *f, size_t end)
{
	const char *p = f->buffer + f->at, *newline;
	const char *hit =
		logmatch_seek(&f->match, p, f->folded + f->at, end - f->at);
	size_t passed = end - f->at;

	if (hit != NULL) {
		newline = memrchr(p, '\n', (size_t)(hit - p));
		passed = newline ? (size_t)(newline + 1 - p) : 0;
	} else if (f->buffer[end - 1] != '\n') {
		f->inside = !f->over;
		f->number += f->over;
	}
	f->number += points_count_lines(p, passed);
	f->at += passed;
	return hit != NULL;
}

/* Read a piece, at most one each time that the caller is called.  1; 0 at the
 * end, or as read of a source. */
static ssize_t
read_once(struct logfind *f, bool *read, struct logfind_line *line)
{
	ssize_t got;

	line->number = f->number;
	if (*read)
		return SOURCE_LATER;
	if (f->over)
		return 0;
	*read = true;
	got = read_piece(f);
	return got < 0 ? got : 1;
}

ssize_t
logfind_next(struct logfind *f, struct logfind_line *line)
{
	const uint64_t left_out = f->match.left_out;
	bool read = false;
	int tried = 0;
	ssize_t got;

	do {
		size_t end = complete(f);

		while (f->at < end && seek_line(f, end)) {
			take_whole_line(f, end, line);
			if (line->matches)
				return 1;
			if (f->match.left_out > left_out ||
				(logmatch_is_slow(&f->match) &&
					++tried == TRIED))
				return SOURCE_LATER;
		}
		if (f->match.ansi.failed) {
			errno = ENOMEM;
			return -1;
		}
		got = read_once(f, &read, line);
	} while (got > 0);
	return got;
}

ssize_t
logfind_take(struct logfind *f, struct logfind_line *line)
{
	bool read = false;
	ssize_t got;

	do {
		size_t end = complete(f);

		if (f->at < end) {
			take_whole_line(f, end, line);
			if (!f->match.ansi.failed)
				return 1;
			errno = ENOMEM;
			return -1;
		}
		got = read_once(f, &read, line);
	} while (got > 0);
	return got;
}

struct str
logfind_before(
	const struct logfind *f, const struct logfind_line *line, int lines)
{
	size_t at = (size_t)(line->bytes.p - f->buffer);
	size_t first = history(f, at, lines);

	return (struct str){f->buffer + first, at - first};
}

struct logmatch *
logfind_match(struct logfind *f)
{
	return &f->match;
}
