#include "http/segment.h"

#include <assert.h>

#include "http/body.h"

void
segment_finish(struct segment *s)
{
	if (s->source != NULL)
		s->source->close(s->source);
	s->source = NULL;
	verify_drop(s->verifier);
	s->verifier = NULL;
}

void
segment_release(struct segment *s)
{
	segment_finish(s);
	cached_drop(s->cached);
	s->cached = NULL;
}

static void
append_segment(struct body *body, struct segment segment)
{
	struct segment *s = arena_get(body->arena, sizeof(*s));

	if (s == NULL) {
		segment_release(&segment);
		return;
	}
	*s = segment;
	*body->last = s;
	body->last = &s->next;
	body->length += s->left;
	body->file_segments += segment_reads_file(s);
}

void
body_add_text(struct body *body, struct str text)
{
	if (text.n > 0)
		append_segment(body,
			(struct segment){.kind = SEGMENT_TEXT,
				.left = text.n,
				.text = text.p});
}

void
body_add_cached(struct body *body, struct str text, struct cached *cached)
{
	append_segment(body,
		(struct segment){.kind = SEGMENT_TEXT,
			.left = text.n,
			.text = text.p,
			.cached = cached});
}

void
body_add_slice(struct body *body, uint64_t offset, uint64_t length)
{
	if (length == 0)
		return;
	assert(offset + length <= (uint64_t)body->archive->id.size);
	append_segment(body,
		(struct segment){
			.kind = SEGMENT_SLICE, .left = length, .at = offset});
}

void
body_add_verified(struct body *body, uint64_t offset, uint64_t length,
	struct verifier *verifier)
{
	assert(offset + length <= (uint64_t)body->archive->id.size);
	append_segment(body,
		(struct segment){.kind = SEGMENT_SLICE,
			.left = length,
			.at = offset,
			.verifier = verifier,
			.whole = length});
}

void
body_add_verified_content(struct body *body, const struct member *member,
	uint64_t start, struct span part, struct verifier *verifier)
{
	append_segment(body,
		(struct segment){.kind = SEGMENT_CONTENT,
			.left = part.end - part.first,
			.at = part.first,
			.member = *member,
			.start = start,
			.verifier = verifier,
			.whole = part.end - part.first});
}

void
body_add_content(struct body *body, const struct member *member, uint64_t start,
	struct span part)
{
	body_add_verified_content(body, member, start, part, NULL);
}

void
body_add_source(struct body *body, struct source *source, uint64_t length)
{
	if (source == NULL) {
		body->arena->failed = true;
		return;
	}
	append_segment(body,
		(struct segment){.kind = SEGMENT_SOURCE, .source = source});
	body->length += length;
}
