/* A file as deflate, piece by piece.  A piece depends on nothing but the file's
 * bytes, so that pieces can be made in any order by several threads and their
 * outputs, one behind the other, are one stream (RFC 1951): each ends at a
 * byte's edge by a flush, as in pigz.  In a seekable stream each block of 32
 * KiB starts with an empty dictionary, as SOZip wants it; in others a piece
 * starts with the 32 KiB before it as dictionary. */

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

/* NULL with errno ENOMEM.  free takes NULL. */
struct deflater *deflater_new(void);
void deflater_free(struct deflater *deflater);

struct piece {
	/* What is to be done. */
	int fd;
	uint64_t offset; /* of the piece in the file */
	size_t n;        /* at most DEFLATE_PIECE */
	bool last;       /* it ends the file */
	bool seekable;

	/* What came out; packed has DEFLATE_ROOM bytes. */
	unsigned char *packed;
	size_t npacked;
	uint32_t crc;                    /* of the n bytes */
	uint32_t starts[DEFLATE_BLOCKS]; /* of seekable blocks, in packed */
};

/* Read a piece and deflate it at level 9.  -1 with errno; EBUSY when the file
 * ends before the piece. */
int deflate_piece(struct deflater *deflater, struct piece *piece);

/* A member of size bytes is better deflated to packed bytes than stored: that
 * saves 2 % and 64 bytes. */
bool deflate_saves(uint64_t size, uint64_t packed);

/* Samples out of the file of size bytes, taken at even distances, can be
 * deflated so that it saves.  True for small files, which are tried whole, and
 * for files that cannot be read, which then fails elsewhere. */
bool deflate_promises(struct deflater *deflater, int fd, uint64_t size);

/* pread(2) of all n bytes.  -1 with errno; EBUSY when the file ends before. */
int deflate_read(int fd, void *buffer, size_t n, uint64_t offset);

#endif
