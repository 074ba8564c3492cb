/* Deflates a file piece by piece.  The output for a piece depends only on the
 * file's bytes, so several threads can make pieces in any order.  The outputs,
 * concatenated, are one stream (RFC 1951), because each ends at a byte boundary
 * by a flush, as in pigz.  In a seekable stream, each block of 32 KiB starts
 * with an empty dictionary, as SOZip requires; otherwise a piece starts with
 * the 32 KiB before it as dictionary. */

#ifndef DEFLATE_H
#define DEFLATE_H

#include <sys/types.h>

#include "base/str.h"

enum {
	DEFLATE_BLOCK = 32 << 10,
	DEFLATE_PIECE = 1 << 20,
	DEFLATE_BLOCKS = DEFLATE_PIECE / DEFLATE_BLOCK,
	DEFLATE_ROOM = DEFLATE_PIECE + DEFLATE_PIECE / 4, /* for its output */
};

/* One thread at a time. */
struct deflater;

/* NULL with errno ENOMEM.  deflater_free takes NULL. */
struct deflater *deflater_new(void);
void deflater_free(struct deflater *deflater);

struct piece {
	/* Set by the caller. */
	int fd;
	uint64_t offset; /* of the piece in the file */
	size_t n;        /* at most DEFLATE_PIECE */
	bool last;       /* the piece ends the file */
	bool seekable;

	/* The output; packed has DEFLATE_ROOM bytes. */
	unsigned char *packed;
	size_t npacked;
	uint32_t crc;                    /* of the n bytes */
	uint32_t starts[DEFLATE_BLOCKS]; /* of seekable blocks, in packed */
};

/* Read a piece and deflate it at level 9.  -1 with errno; EBUSY when the file
 * ends before the end of the piece. */
int deflate_piece(struct deflater *deflater, struct piece *piece);

/* Whether it is worth it to deflate a member of size bytes to packed bytes:
 * whether that saves at least 2 % and 64 bytes. */
bool deflate_saves(uint64_t size, uint64_t packed);

/* Whether deflating the file fd of size bytes looks worth it, judging by
 * samples at even distances.  true for small files, which are tried whole, and
 * for files that cannot be read, which is reported elsewhere. */
bool deflate_promises(struct deflater *deflater, int fd, uint64_t size);

/* Read all n bytes, as pread(2).  -1 with errno; EBUSY when the file ends
 * before. */
int deflate_read(int fd, void *buffer, size_t n, uint64_t offset);

#endif
