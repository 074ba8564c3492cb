/* Reads contents of members, from any offset on, into a buffer of READER_SIZE
 * bytes that the caller provides. */

#ifndef READER_H
#define READER_H

#include "archive/source.h"

enum {
	READER_SIZE = 64 * 1024, /* of the buffer */
	/* To go on, a reader makes and discards at most this many bytes.  If
	 * there are more, it starts again at a nearer place, if there is one.
	 */
	READER_SKIP = 1024 * 1024
};

struct search;

/* All zero at first. */
struct reader {
	struct source *source; /* of bytes after the buffer, or NULL */
	uint32_t slot;         /* of the member in the buffer */
	uint64_t at;           /* offset of the buffer in the content */
	size_t size;           /* bytes in the buffer */
	struct search *search; /* while this reader is the one that searches */
	bool waits;            /* another reader is searching */
};

/* Whether offset at lies more than READER_SKIP bytes behind the nearest place
 * from which member's content can be made, so it has to be searched for. */
bool reader_is_far(
	struct archive *archive, const struct member *member, uint64_t at);

/* Go to offset at, or before it, in the content of member, whose data start at
 * start.  0; SOURCE_LATER, with reader->waits, while another reader searches in
 * this member; or -1 as source_open. */
int reader_begin(struct reader *reader, struct archive *archive,
	const struct member *member, uint64_t start, uint64_t at, char *buffer);

/* After reader_begin: read on until the buffer holds offset at.  n is the
 * number of bytes wanted from there on.  1; 0 at the end; SOURCE_LATER or -1 as
 * read of a source. */
ssize_t reader_fill(
	struct reader *reader, uint64_t at, uint64_t n, char *buffer);

/* The caller is about to overwrite the buffer. */
void reader_lose_buffer(struct reader *reader);

/* Stop reading.  If this reader was searching, its source is left to others. */
void reader_close(struct reader *reader, const char *buffer);

#endif
