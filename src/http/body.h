/* The body of a response: a list of segments (text, parts of an archive's file,
 * content made on demand), pulled as spans of bytes. */

#ifndef BODY_H
#define BODY_H

#include "archive/reader.h"
#include "base/arena.h"
#include "http/range.h"
#include "http/segment.h"

enum {
	BODY_SPAN_SIZE = READER_SIZE, /* of bytes made or copied, at most */
	BODY_TAIL_SIZE = 4 * 1024,    /* the end of a slice, which is copied */
	BODY_SLICE_SIZE = 512 * 1024, /* at most, when nothing is copied */
	/* Up to this size, a copy costs less than sending the last bytes
	 * separately, which would wake the front end twice. */
	BODY_SETTLE_SIZE = 128 * 1024
};

struct body {
	/* Set while the body is built. */
	struct arena *arena;     /* holds the segments and their text */
	struct archive *archive; /* a share, or NULL without an archive */
	uint64_t length;         /* of all segments whose length is known */

	/* The position. */
	struct segment *first; /* the current one */
	struct segment **last;
	struct segment *lent;   /* done, but spans may point into them */
	unsigned file_segments; /* number of SLICE and CONTENT ones left */
	uint64_t borrowed;      /* bytes, by body_borrow */
	char *buffer;     /* BODY_SPAN_SIZE bytes, allocated when needed */
	bool buffer_lent; /* a span points into the buffer */
	bool map_lent;    /* the last span points into the mapping */
	/* The decompression in progress, in the same buffer.  Consecutive
	 * segments of one member share it as long as their offsets increase. */
	struct reader reader;
	bool waits; /* BODY_LATER: another body's search must end first */
	/* STATUS_GO; or the reason why the body is cut, so that BODY_CUT and
	 * not BODY_END comes after the last segment: STATUS_ERROR, or
	 * STATUS_UNAVAILABLE for lack of memory. */
	enum status broken;
};

enum body_result {
	BODY_SPAN,
	BODY_END,
	BODY_CUT,
	BODY_LATER, /* no bytes yet, call again; see also body->waits */
};

/* Make an empty body, which must not be moved.  It takes over the caller's
 * share in archive, which may be NULL. */
void body_init(struct body *body, struct arena *arena, struct archive *archive);

/* Make the body empty: release sources and buffer. */
void body_clear(struct body *body);

/* The same, and release the archive.  The rest is in the arena. */
void body_free(struct body *body);

/* Add a segment.  text is not copied and must outlive the body.  When memory
 * runs out, arena->failed is set. */
void body_add_text(struct body *body, struct str text);
void body_add_slice(struct body *body, uint64_t offset, uint64_t length);
/* Add a slice whose last bytes are given out only after verifier has found the
 * data right.  A slice of length 0 only waits for that.  The body takes over
 * the caller's share in verifier. */
void body_add_verified(struct body *body, uint64_t offset, uint64_t length,
	struct verifier *verifier);
/* Add the bytes from part.first to part.end of the content of member, whose
 * data start at start in the file. */
void body_add_content(struct body *body, const struct member *member,
	uint64_t start, struct span part);
/* The same, with verifier as for body_add_verified. */
void body_add_verified_content(struct body *body, const struct member *member,
	uint64_t start, struct span part, struct verifier *verifier);
/* Add text that lies in cached.  The body takes over a share in cached. */
void body_add_cached(struct body *body, struct str text, struct cached *cached);
/* Add all that source gives: length bytes, or 0 if that is not known.  The body
 * closes it.  A NULL source sets arena->failed. */
void body_add_source(struct body *body, struct source *source, uint64_t length);

/* To be called when it may take long until the next body_next: let other bodies
 * search in the same member meanwhile. */
void body_pause(struct body *body);

/* body_settle would take long: libzip decompresses whole blocks. */
bool body_settles_late(const struct body *body);

/* If the body has at most BODY_SETTLE_SIZE bytes, read all of them into text,
 * so that it no longer needs the archive.  If that fails, body_next gives the
 * bytes before the failure and then BODY_CUT. */
void body_settle(struct body *body);

/* Borrow the memory that making the bytes needs, until body_free.  false when
 * there is not enough, which has been logged.  To be called after body_settle,
 * since a settled body needs none. */
bool body_borrow(struct body *body);

/* Give out the next bytes, never an empty span with BODY_SPAN.  The span stays
 * valid until the next body_next, or longer if body_next_spares says so.
 * BODY_CUT: the rest could not be had, which has been logged, and the response
 * must not look complete.  The last bytes from the archive are given out only
 * after archive_is_intact, so all bytes up to there are those of the archive as
 * it was opened.  Any thread, one at a time. */
enum body_result body_next(struct body *body, struct str *span);

/* If the body's source is one that locates an address (source.h), go on doing
 * so: BODY_SPAN when it is in location; BODY_LATER or BODY_CUT as above.
 * BODY_END when there is nothing to locate.  To be called before body_next. */
enum body_result body_locate(struct body *body, struct text *location);

/* Whether earlier spans stay valid if body_next is called again.  False after a
 * span of the mapping: its bytes can be changed by whoever writes the file, so
 * they must be sent before the next body_next, which may check the file for the
 * last time. */
static inline bool
body_next_spares(const struct body *body)
{
	const struct segment *s = body->first;

	return !body->map_lent &&
		(s == NULL || !body->buffer_lent || s->kind == SEGMENT_TEXT);
}

/* Whether the next bytes have to be made, which may take long. */
static inline bool
body_is_work(const struct body *body)
{
	const struct segment *s = body->first;

	return s != NULL &&
		(s->kind == SEGMENT_CONTENT || s->kind == SEGMENT_SOURCE ||
			s->verifier != NULL);
}

/* Whether the next bytes may have to be read from the archive's file. */
static inline bool
body_reads_file(const struct body *body)
{
	return body->first != NULL && body->archive != NULL &&
		(body->first->kind != SEGMENT_TEXT ||
			body->first->verifier != NULL);
}

/* Whether the next bytes are best made at once: see amid in struct source. */
bool body_is_amid(const struct body *body);

/* Whether the first byte takes long, because much content has to be made and
 * discarded before it, or because libzip decompresses it, a whole block at a
 * time. */
bool body_begins_late(const struct body *body);

/* Whether body_next would return BODY_END. */
static inline bool
body_is_done(const struct body *body)
{
	return body->first == NULL && body->broken == STATUS_GO;
}

#endif
