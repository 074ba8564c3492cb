/* A body is a list of segments that body_next turns into spans, one after
 * another.  Nothing is read or decompressed before its bytes are asked for, and
 * at most one span of content is in memory at a time, so a response of any size
 * costs the same memory, apart from what is cached for all.  body_add_* build
 * the list, in order; body_next takes from its front.
 *
 * Text and slices cost no copy: a span points into memory or into the mapping
 * of the archive.  All other bytes are made in one buffer, which the next span
 * overwrites.  The caller may hold several spans and send them together as long
 * as body_next_spares allows; it must send what it holds before it goes on.
 *
 * The file may be changed or truncated while it is mapped.  So every body that
 * reads from it ends with a check: before the last bytes from the file are
 * given out, archive_is_intact must hold.  The end of a slice is copied out of
 * the mapping before the check, so that no byte of the file is used after it.
 * If the check holds, all that was sent came from the file as it was opened; if
 * the check fails, the body is cut, and the client does not get a complete
 * response.
 *
 * A failure in the middle cannot become an error response, because the head has
 * been sent.  BODY_CUT tells the caller to let the response end visibly short.
 * It is final: the segments are dropped, and body_next keeps answering
 * BODY_CUT.
 *
 * Long work is cut into steps.  BODY_LATER means that a step was done and gave
 * no bytes yet, as when content before the first byte wanted is decompressed
 * and discarded; the caller decides when the next step is taken. */

#include "http/body.h"

#include <errno.h>
#include <stdlib.h>

#include "archive/loan.h"
#include "base/log.h"

void
body_init(struct body *body, struct arena *arena, struct archive *archive)
{
	*body = (struct body){.arena = arena, .archive = archive};
	body->last = &body->first;
}

/* Drop all segments that are left. */
static void
drop_segments(struct body *body)
{
	for (struct segment *s = body->first; s != NULL; s = s->next)
		segment_release(s);
	reader_close(&body->reader, body->buffer);
	body->first = NULL;
	body->last = &body->first;
	body->file_segments = 0;
}

void
body_clear(struct body *body)
{
	drop_segments(body);
	for (struct segment *s = body->lent; s != NULL; s = s->next)
		segment_release(s);
	free(body->buffer);
	if (body->archive != NULL)
		loan_give(body->archive, body->borrowed);
	body_init(body, body->arena, body->archive);
}

void
body_free(struct body *body)
{
	body_clear(body);
	archive_drop(body->archive);
	body->archive = NULL;
}

/* The buffer; NULL when memory runs out. */
static char *
buffer(struct body *body)
{
	body->buffer_lent = true;
	if (body->buffer == NULL)
		body->buffer = malloc(BODY_SPAN_SIZE);
	return body->buffer;
}

/* The buffer, to be used for something other than the reader's content, which
 * is lost. */
static char *
take_buffer(struct body *body)
{
	reader_lose_buffer(&body->reader);
	return buffer(body);
}

static enum body_result
cut(struct body *body, const char *why)
{
	const char *word = "response-cut";

	if (body->archive != NULL && archive_just_failed(body->archive))
		word = "storage-failed";
	body->broken = STATUS_ERROR;
	log_pairs(LOG_WARN, word,
		{"archive", str_of(body->archive ? body->archive->path : "")},
		{"why", str_of(why)});
	return BODY_CUT;
}

static enum body_result
cut_without_memory(struct body *body)
{
	cut(body, "no memory");
	body->broken = STATUS_UNAVAILABLE;
	return BODY_CUT;
}

/* A source failed, with errno, and has logged what is wrong with the content.
 */
static enum body_result
cut_by_source(struct body *body)
{
	if (errno == ENOMEM)
		return cut_without_memory(body);
	body->broken = STATUS_ERROR;
	return BODY_CUT;
}

static enum body_result
next_text(struct segment *s, struct str *span)
{
	size_t n =
		s->left < BODY_SLICE_SIZE ? (size_t)s->left : BODY_SLICE_SIZE;

	*span = (struct str){s->text, n};
	s->text += n;
	s->left -= n;
	return BODY_SPAN;
}

/* Look through the member as far as it was given out, or, before the last
 * bytes, to the end.  BODY_SPAN: go on. */
static enum body_result
verify_segment(struct body *body, struct segment *s)
{
	uint64_t part =
		s->left <= BODY_TAIL_SIZE ? s->whole : s->whole - s->left;
	char scratch[VERIFY_STEP_SIZE];
	int result = verify_step(
		s->verifier, part, s->whole, scratch, sizeof(scratch));

	body->waits = result == SOURCE_WAITS;
	if (result == SOURCE_LATER || result == SOURCE_WAITS)
		return BODY_LATER;
	if (result < 0)
		return cut(body, "its data were not seen to be a whole stream");
	if (result == 1) {
		verify_drop(s->verifier);
		s->verifier = NULL;
	}
	return BODY_SPAN;
}

/* Give out the mapping itself, if there is one, except for the last bytes.
 * These are copied, so that they are read before the last check of the file. */
static enum body_result
next_slice(struct body *body, struct segment *s, struct str *span)
{
	const bool mapped = body->archive->map != NULL;
	uint64_t n = s->left;

	if (n > BODY_TAIL_SIZE)
		n -= BODY_TAIL_SIZE;
	if (n > (mapped ? BODY_SLICE_SIZE : BODY_SPAN_SIZE))
		n = mapped ? BODY_SLICE_SIZE : BODY_SPAN_SIZE;
	if (n == s->left || !mapped) {
		*span = (struct str){take_buffer(body), (size_t)n};
		if (span->p == NULL)
			return cut_without_memory(body);
		if (archive_read(body->archive, s->at, body->buffer, span->n) <
			0)
			return cut(body, archive_loss(body->archive));
	} else {
		body->map_lent = true;
		*span = (struct str){
			archive_lend(body->archive, s->at, (size_t)n),
			(size_t)n};
	}
	s->at += n;
	s->left -= n;
	return BODY_SPAN;
}

bool
body_begins_late(const struct body *body)
{
	const struct segment *s = body->first;

	if (s != NULL && s->kind == SEGMENT_SOURCE)
		return s->source->late;
	if (s == NULL || s->kind != SEGMENT_CONTENT)
		return false;
	return source_is_slow(&s->member) ||
		reader_is_far(body->archive, &s->member, s->at);
}

bool
body_is_amid(const struct body *body)
{
	const struct segment *s = body->first;
	const struct source *source = NULL;

	if (s != NULL)
		source = s->kind == SEGMENT_SOURCE ? s->source
						   : body->reader.source;
	return source != NULL && source->amid;
}

void
body_pause(struct body *body)
{
	const struct segment *s = body->first;

	if (body->reader.search != NULL)
		reader_close(&body->reader, body->buffer);
	if (s != NULL && s->source != NULL && s->source->pause != NULL)
		s->source->pause(s->source);
}

/* Give out the bytes of the segment that the buffer holds. */
static void
take_content(struct body *body, struct segment *s, struct str *span)
{
	size_t from = (size_t)(s->at - body->reader.at);
	size_t n = body->reader.size - from;

	if (n > s->left)
		n = (size_t)s->left;
	/* Before the last bytes comes the verdict. */
	if (s->verifier != NULL && n > s->left - BODY_TAIL_SIZE)
		n = (size_t)s->left - BODY_TAIL_SIZE;
	*span = (struct str){body->buffer + from, n};
	s->at += n;
	s->left -= n;
}

/* The content before the first byte wanted is made and discarded, one span per
 * call, so that the thread can serve others in between. */
static enum body_result
next_content(struct body *body, struct segment *s, struct str *span)
{
	ssize_t got = buffer(body) == NULL
		? -1
		: reader_begin(&body->reader, body->archive, &s->member,
			  s->start, s->at, body->buffer);

	body->waits = body->reader.waits;
	if (got == SOURCE_LATER)
		return BODY_LATER;
	if (got < 0 && errno == ENOMEM)
		return cut_without_memory(body);
	if (got < 0)
		return cut(body, strerrordesc_np(errno));
	got = reader_fill(&body->reader, s->at, s->left, body->buffer);
	if (got == SOURCE_LATER)
		return BODY_LATER;
	if (got < 0)
		return cut_by_source(body);
	if (got > 0)
		take_content(body, s, span);
	else if (s->left > 0)
		return cut(body, "the content ended early");
	return BODY_SPAN;
}

static enum body_result
next_source(struct body *body, struct segment *s, struct str *span)
{
	ssize_t n;

	if (take_buffer(body) == NULL)
		return cut_without_memory(body);
	n = s->source->read(s->source, body->buffer, BODY_SPAN_SIZE);
	body->waits = n == SOURCE_WAITS;
	if (n == SOURCE_LATER || n == SOURCE_WAITS)
		return BODY_LATER;
	*span = (struct str){body->buffer, n > 0 ? (size_t)n : 0};
	return n < 0 ? cut_by_source(body) : BODY_SPAN;
}

static enum body_result
next_of(struct body *body, struct segment *s, struct str *span)
{
	enum body_result result = BODY_SPAN;

	if (s->verifier != NULL)
		result = verify_segment(body, s);
	if (result != BODY_SPAN)
		return result;
	switch (s->kind) {
	case SEGMENT_TEXT:
		return next_text(s, span);
	case SEGMENT_SLICE:
		return next_slice(body, s, span);
	case SEGMENT_CONTENT:
		return next_content(body, s, span);
	case SEGMENT_SOURCE:
		return next_source(body, s, span);
	}
	return BODY_CUT;
}

/* Go on to the next segment; check the file after the last one that reads it.
 */
static enum body_result
advance_segment(struct body *body)
{
	struct segment *s = body->first;
	bool last = segment_reads_file(s) && --body->file_segments == 0;

	body->first = s->next;
	segment_finish(s);
	if (s->cached != NULL) {
		s->next = body->lent;
		body->lent = s;
	}
	if (last && !archive_is_intact(body->archive))
		return cut(body, "the file has changed");
	return BODY_SPAN;
}

static enum body_result
pull(struct body *body, struct str *span)
{
	enum body_result result = BODY_SPAN;

	*span = (struct str){NULL, 0};
	while (result == BODY_SPAN && span->n == 0 && body->first != NULL) {
		struct segment *s = body->first;

		result = next_of(body, s, span);
		if (result != BODY_SPAN)
			break;
		if (s->kind == SEGMENT_SOURCE ? span->n == 0 : s->left == 0)
			result = advance_segment(body);
	}
	if (result == BODY_SPAN && span->n == 0)
		return body->broken ? BODY_CUT : BODY_END;
	return result;
}

enum body_result
body_locate(struct body *body, struct text *location)
{
	const struct segment *s = body->first;
	ssize_t n;

	if (s == NULL || s->kind != SEGMENT_SOURCE || s->source->locate == NULL)
		return BODY_END;
	n = s->source->locate(s->source, location);
	body->waits = n == SOURCE_WAITS;
	if (n == SOURCE_LATER || n == SOURCE_WAITS)
		return BODY_LATER;
	return n < 0 ? cut_by_source(body) : BODY_SPAN;
}

enum body_result
body_next(struct body *body, struct str *span)
{
	enum body_result result;

	body->map_lent = false;
	body->waits = false;
	result = pull(body, span);
	if (result == BODY_CUT)
		drop_segments(body);
	return result;
}

/* Read the whole slice at the front to `to`, or make the next span and copy it
 * there.  *n is the number of bytes. */
static enum body_result
copy_next(struct body *body, char *to, size_t *n)
{
	struct segment *s = body->first;
	enum body_result result;
	struct str span;

	if (s != NULL && s->kind == SEGMENT_SLICE) {
		*n = (size_t)s->left;
		if (archive_read(body->archive, s->at, to, *n) < 0)
			return cut(body, archive_loss(body->archive));
		return advance_segment(body);
	}
	result = pull(body, &span);
	*n = span.n;
	if (result == BODY_SPAN)
		memcpy(to, span.p, span.n);
	return result;
}

/* Copy the whole body to text; returns its size.  There is little to copy and
 * to make, so this need not be cut into steps. */
static size_t
copy_all(struct body *body, char *text)
{
	enum body_result result;
	size_t done = 0, n = 0;

	do {
		result = copy_next(body, text + done, &n);
		done += result == BODY_SPAN ? n : 0;
	} while (result == BODY_SPAN || result == BODY_LATER);
	return done;
}

/* Whether the whole body is small, and little data has to be read or
 * decompressed for it. */
static bool
is_small(const struct body *body)
{
	uint64_t bytes = body->length;

	for (const struct segment *s = body->first; s != NULL; s = s->next) {
		if (bytes > BODY_SETTLE_SIZE || s->verifier != NULL)
			return false;
		if (s->kind != SEGMENT_CONTENT)
			continue;
		bytes += s->at;
		/* If the packed data are larger than that, most of their blocks
		 * have little content. */
		if (s->member.packed > BODY_SETTLE_SIZE)
			return false;
	}
	return bytes <= BODY_SETTLE_SIZE;
}

bool
body_settles_late(const struct body *body)
{
	const struct segment *s = body->first;

	while (s != NULL &&
		!(s->kind == SEGMENT_CONTENT && source_is_slow(&s->member)))
		s = s->next;
	return s != NULL && is_small(body);
}

void
body_settle(struct body *body)
{
	uint64_t length = body->length;
	char *text;
	size_t n;

	if (body->file_segments == 0 || !is_small(body))
		return;
	text = arena_get(body->arena, (size_t)length + 1);
	if (text == NULL)
		return;
	/* advance_segment checks the file when the count reaches zero.  That
	 * must not happen here, because the caller does it. */
	body->file_segments += 1;
	n = copy_all(body, text);
	drop_segments(body);
	body->length = 0;
	body_add_text(body, (struct str){text, n});
	body->length = length;
}

/* Segments are made one after another, so the largest one counts. */
bool
body_borrow(struct body *body)
{
	uint64_t most = 0, n;

	for (const struct segment *s = body->first; s != NULL; s = s->next) {
		if (s->kind == SEGMENT_CONTENT)
			n = source_memory(body->archive, &s->member, s->start);
		else if (s->kind == SEGMENT_SOURCE)
			n = s->source->memory;
		else if (s->verifier != NULL)
			n = 0;
		else
			continue;
		if (s->verifier != NULL)
			n += verify_memory(s->verifier);
		if (n + BODY_SPAN_SIZE > most)
			most = n + BODY_SPAN_SIZE;
	}
	if (most == 0 || body->archive == NULL)
		return true;
	if (!loan_take(body->archive, most))
		return false;
	body->borrowed = most;
	return true;
}
