/* The body of a response: pieces of text, of an archive's file, and of what is
 * made on the way; pulled as spans of bytes, one after another. */

#ifndef BODY_H
#define BODY_H

#include "archive/reader.h"
#include "base/arena.h"
#include "http/range.h"

enum {
	BODY_SPAN_SIZE = READER_SIZE, /* of what is made or copied, at most */
	BODY_TAIL_SIZE = 4 * 1024,    /* of a slice, copied at its end */
	BODY_SLICE_SIZE = 512 * 1024, /* of what lies somewhere, at most */
	/* Up to here a copy costs less than to send the last bytes apart, which
	 * wakes the front end a second time. */
	BODY_SETTLE_SIZE = 128 * 1024
};

enum segment_kind {
	SEGMENT_TEXT,    /* bytes in memory */
	SEGMENT_SLICE,   /* bytes of the archive's file */
	SEGMENT_CONTENT, /* a member's content, decompressed */
	SEGMENT_SOURCE,  /* what a source has, until its end */
};

struct segment {
	struct segment *next;
	enum segment_kind kind;
	uint64_t left;         /* bytes to come; unknown for SEGMENT_SOURCE */
	const char *text;      /* of SEGMENT_TEXT */
	struct cached *cached; /* a share in what text lies in, or NULL */
	uint64_t at;           /* the next byte, of SLICE in the file, of
				* CONTENT in the content */
	struct member member;  /* of SEGMENT_CONTENT */
	uint64_t start;        /* of member's data, likewise */
	struct source *source; /* of SEGMENT_SOURCE */
};

struct body {
	/* Set when it is built. */
	struct arena *arena;     /* holds the segments and their text */
	struct archive *archive; /* a share; NULL: none of it comes from one */
	uint64_t length;         /* of all segments but SEGMENT_SOURCE */

	/* Where it stands. */
	struct segment *first; /* the one that is next */
	struct segment **last;
	struct segment *lent;   /* done, but their text may still be in use */
	unsigned file_segments; /* SLICE and CONTENT among the ones to come */
	char *buffer;           /* BODY_SPAN_SIZE bytes, when first needed */
	bool buffer_lent;       /* a span lay in it */
	bool map_lent;          /* the last span lies in the mapping */
	/* The content under way, which segments of one member share as long as
	 * they go forward; it has the same buffer. */
	struct reader reader;
	bool waits;  /* what comes next, for another's search */
	bool broken; /* what comes behind the last segment is a cut */
};

enum body_result {
	BODY_SPAN,
	BODY_END,
	BODY_CUT,
	BODY_LATER, /* nothing yet: work is under way, ask again; with
		     * body->waits it is another's */
};

/* An empty body, which must stay where it is.  It takes over the share in
 * archive, which may be NULL. */
void body_init(struct body *body, struct arena *arena, struct archive *archive);

/* Release sources, buffer and archive; the arena's owner has the rest. */
void body_free(struct body *body);

/* Add a segment; text stays where it is and must outlive the body.  When memory
 * runs out, arena->failed is set. */
void body_add_text(struct body *body, struct str text);
void body_add_slice(struct body *body, uint64_t offset, uint64_t length);
/* Bytes first to end of the content of member, which starts at start. */
void body_add_content(struct body *body, const struct member *member,
	uint64_t start, struct span part);
/* Text that lies in kept, of which the body takes over a share. */
void body_add_cached(struct body *body, struct str text, struct cached *cached);
/* The body closes source.  NULL for a lack of memory. */
void body_add_source(struct body *body, struct source *source);

/* It may take long until body_next is called again: let others search. */
void body_pause(struct body *body);

/* Turn a body of at most BODY_SETTLE_SIZE bytes into text, so that it needs the
 * archive no more.  What is read wrong or not at all becomes a cut. */
void body_settle(struct body *body);

/* The next bytes, valid until the next call of which body_next_spares has not
 * said otherwise; never an empty span.  BODY_CUT: no more right bytes are to be
 * had, which has been logged; the response must not look complete.  The last
 * bytes that come from an archive are given out after archive_is_intact: what
 * was sent then is the archive as it was opened.  Any thread, one at a time. */
enum body_result body_next(struct body *body, struct str *span);

/* body_next would leave the bytes of all spans before as they are.  Those of
 * the mapping are other people's to change: they must be sent before the file
 * is looked at for the last time, and nothing is gathered behind them. */
static inline bool
body_next_spares(const struct body *body)
{
	const struct segment *s = body->first;

	return !body->map_lent &&
		(s == NULL || !body->buffer_lent || s->kind == SEGMENT_TEXT);
}

/* What comes next has to be made, which may take long. */
static inline bool
body_is_work(const struct body *body)
{
	const struct segment *s = body->first;

	return s != NULL &&
		(s->kind == SEGMENT_CONTENT || s->kind == SEGMENT_SOURCE);
}

/* The first byte takes long: much is to be made and thrown away before it, or
 * it comes by way of libzip, a whole block at a time. */
bool body_begins_late(const struct body *body);

/* body_next would say BODY_END. */
static inline bool
body_is_done(const struct body *body)
{
	return body->first == NULL && !body->broken;
}

#endif
