/* The contents of members from any offset on, read into a buffer of READER_SIZE
 * bytes of the caller's. */

#ifndef READER_H
#define READER_H

#include "archive/source.h"

enum {
	READER_SIZE = 64 * 1024, /* of the buffer */
	/* Made and thrown away, rather than to begin anew nearer to what is
	 * wanted. */
	READER_SKIP = 1024 * 1024
};

struct search;

/* All zero at first. */
struct reader {
	struct source *source; /* of what comes behind the buffer; or NULL */
	uint32_t slot;         /* of the member in the buffer */
	uint64_t at;           /* where its content in the buffer begins */
	size_t size;           /* how much there is of it */
	struct search *search; /* while this is the one that searches */
	bool waits;            /* another one does */
};

/* Offset at is to be searched for: it lies far behind all places where member's
 * content can be begun. */
bool reader_is_far(
	struct archive *archive, const struct member *member, uint64_t at);

/* Go to offset at of the content of member, whose data start at start, or
 * before it.  0; SOURCE_LATER, with reader->waits, while another reader
 * searches in this member; or -1 as source_open. */
int reader_begin(struct reader *reader, struct archive *archive,
	const struct member *member, uint64_t start, uint64_t at, char *buffer);

/* After reader_begin: have offset at in the buffer, of which n bytes are wanted
 * from there on.  1, 0 at the end, or as read of a source. */
ssize_t reader_fill(
	struct reader *reader, uint64_t at, uint64_t n, char *buffer);

/* The buffer is needed for something else. */
void reader_lose_buffer(struct reader *reader);

/* Let others search.  What has been found so far is left to them. */
void reader_close(struct reader *reader, const char *buffer);

#endif
