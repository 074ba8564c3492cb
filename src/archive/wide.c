#include "archive/wide.h"

#include <errno.h>
#include <stdlib.h>

enum {
	INPUT_SIZE = 16 * 1024,
	MARK_SIZE = 4,
	/* Two bytes of UTF-16 become three of UTF-8, at most; a surrogate from
	 * before and half a character, six more. */
	OUTPUT_SIZE = 2 * INPUT_SIZE + 8,
	REPLACEMENT = 0xfffd,
};

/* A mark and what it stands for: bytes of a unit, and their order. */
static const struct mark {
	struct str bytes;
	size_t unit;
	bool big;
} marks[] = {
	/* UTF-32LE begins like UTF-16LE, so it comes first. */
	{{"\xff\xfe\0\0", 4}, 4, false},
	{{"\0\0\xfe\xff", 4}, 4, true},
	{{"\xff\xfe", 2}, 2, false},
	{{"\xfe\xff", 2}, 2, true},
};

struct wide {
	struct source source;
	struct source *text;
	bool begun;      /* the mark has been read */
	size_t unit;     /* bytes; 1: there was no mark */
	bool big;        /* the first byte is the highest */
	uint32_t high;   /* a surrogate that waits for the other one, or 0 */
	bool over;       /* text has ended */
	size_t n;        /* bytes of input; less than a unit, except at first */
	size_t at, made; /* bytes of output: given out, and all */
	unsigned char input[INPUT_SIZE], output[OUTPUT_SIZE];
};

static const struct mark *
find_mark(struct str s)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (str_starts(s, marks[i].bytes))
			return &marks[i];
	}
	return NULL;
}

bool
wide_is_marked(struct str s)
{
	return find_mark(s) != NULL;
}

static unsigned char *
put_point(unsigned char *to, uint32_t point)
{
	int more = point < 0x80   ? 0
		: point < 0x800   ? 1
		: point < 0x10000 ? 2
				  : 3;

	if (more == 0) {
		*to++ = (unsigned char)point;
		return to;
	}
	*to++ = (unsigned char)(0xff00u >> (more + 1) | point >> 6 * more);
	while (more-- > 0)
		*to++ = (unsigned char)(0x80 | (point >> 6 * more & 0x3f));
	return to;
}

static bool
is_surrogate(uint32_t unit, uint32_t first)
{
	return unit >= first && unit < first + 0x400;
}

/* Write the character that a unit completes, and U+FFFD for a surrogate that is
 * left alone. */
static unsigned char *
put_unit(struct wide *w, unsigned char *to, uint32_t unit)
{
	if (w->high != 0 && is_surrogate(unit, 0xdc00)) {
		unit = 0x10000 + ((w->high - 0xd800) << 10) + (unit - 0xdc00);
		w->high = 0;
		return put_point(to, unit);
	}
	if (w->high != 0)
		to = put_point(to, REPLACEMENT);
	w->high = 0;
	if (w->unit == 2 && is_surrogate(unit, 0xd800)) {
		w->high = unit;
		return to;
	}
	if (unit > 0x10ffff || is_surrogate(unit, 0xd800) ||
		is_surrogate(unit, 0xdc00))
		unit = REPLACEMENT;
	return put_point(to, unit);
}

static uint32_t
read_unit(const struct wide *w, const unsigned char *p)
{
	uint32_t unit = 0;

	for (size_t i = 0; i < w->unit; i++)
		unit = unit << 8 | p[w->big ? i : w->unit - 1 - i];
	return unit;
}

/* Look for the mark in the input. */
static void
begin_text(struct wide *w)
{
	const struct mark *mark =
		find_mark((struct str){(const char *)w->input, w->n});

	w->begun = true;
	w->unit = 1;
	if (mark == NULL)
		return;
	w->unit = mark->unit;
	w->big = mark->big;
	w->n -= mark->bytes.n;
	memmove(w->input, w->input + mark->bytes.n, w->n);
}

/* Convert whole units of the input. */
static void
convert_units(struct wide *w)
{
	const unsigned char *from = w->input, *end = from + w->n;
	unsigned char *to = w->output;

	if (w->unit == 1) {
		memcpy(to, from, w->n);
		to += w->n;
		from = end;
	}
	while ((size_t)(end - from) >= w->unit) {
		to = put_unit(w, to, read_unit(w, from));
		from += w->unit;
	}
	/* Half a character at the end. */
	if (w->over && (from < end || w->high != 0)) {
		to = put_point(to, REPLACEMENT);
		from = end;
	}
	w->n = (size_t)(end - from);
	memmove(w->input, from, w->n);
	w->at = 0;
	w->made = (size_t)(to - w->output);
}

/* Make output.  As read of a source, but with any number above 0. */
static ssize_t
make_output(struct wide *w)
{
	ssize_t got;

	if (w->over)
		return 0;
	got = w->text->read(w->text, w->input + w->n, INPUT_SIZE - w->n);
	if (got < 0)
		return got;
	w->n += (size_t)got;
	w->over = got == 0;
	if (!w->begun && w->n < MARK_SIZE && !w->over)
		return SOURCE_LATER;
	if (!w->begun)
		begin_text(w);
	convert_units(w);
	return w->made > 0 || w->over ? (ssize_t)w->made : SOURCE_LATER;
}

static ssize_t
wide_read(struct source *source, void *buffer, size_t n)
{
	struct wide *w = (struct wide *)source;

	if (w->at == w->made) {
		ssize_t got = make_output(w);

		if (got <= 0)
			return got;
	}
	if (n > w->made - w->at)
		n = w->made - w->at;
	memcpy(buffer, w->output + w->at, n);
	w->at += n;
	return (ssize_t)n;
}

static void
wide_close(struct source *source)
{
	struct wide *w = (struct wide *)source;

	w->text->close(w->text);
	free(w);
}

struct source *
wide_open(struct source *text)
{
	struct wide *w = calloc(1, sizeof(*w));

	if (w == NULL) {
		text->close(text);
		errno = ENOMEM;
		return NULL;
	}
	w->source.read = wide_read;
	w->source.close = wide_close;
	w->text = text;
	return &w->source;
}

uint64_t
wide_memory(void)
{
	return sizeof(struct wide);
}
