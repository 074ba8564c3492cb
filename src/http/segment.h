/* Segments: what a body is a list of (body.h). */

#ifndef SEGMENT_H
#define SEGMENT_H

#include "archive/verify.h"

enum segment_kind {
	SEGMENT_TEXT,    /* bytes in memory */
	SEGMENT_SLICE,   /* bytes of the archive's file */
	SEGMENT_CONTENT, /* a member's content, decompressed */
	SEGMENT_SOURCE,  /* all that a source gives */
};

struct segment {
	struct segment *next;
	enum segment_kind kind;
	uint64_t left;         /* bytes to come; unknown for SEGMENT_SOURCE */
	const char *text;      /* of SEGMENT_TEXT */
	struct cached *cached; /* what text is part of: a share, or NULL */
	uint64_t at;           /* of the next byte, in file or content */
	struct member member;  /* of SEGMENT_CONTENT */
	uint64_t start;        /* offset of member's data in the file */
	struct source *source; /* of SEGMENT_SOURCE */
	/* For SEGMENT_SLICE: the verifier that has to look through the data
	 * first, or NULL; and the length of the slice at first. */
	struct verifier *verifier;
	uint64_t whole;
};

/* It reads the archive's file. */
static inline bool
segment_reads_file(const struct segment *segment)
{
	return segment->kind == SEGMENT_SLICE ||
		segment->kind == SEGMENT_CONTENT;
}

/* Give back what making its bytes takes: its source and its share in a
 * verifier.  What it has given out stays. */
void segment_finish(struct segment *segment);

/* Give back everything it holds.  segment itself is the caller's. */
void segment_release(struct segment *segment);

#endif
