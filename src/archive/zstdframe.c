#include "archive/zstdframe.h"

#include <string.h>

#include "base/bytes.h"

enum part {
	PART_MAGIC,
	PART_SKIPPABLE, /* the size of a skippable frame */
	PART_DESCRIPTOR,
	PART_HEADER, /* of a frame, from the descriptor on */
	PART_BLOCK,  /* the header of a block */
	PART_NONE,   /* no Zstandard data */
};

enum block { BLOCK_RLE = 1, BLOCK_RESERVED = 3 };

#define MAGIC           UINT32_C(0xfd2fb528)
#define MAGIC_SKIPPABLE UINT32_C(0x184d2a50) /* to ...5f */

static const size_t size_of[] = {
	[PART_MAGIC] = 4,
	[PART_SKIPPABLE] = 4,
	[PART_DESCRIPTOR] = 1,
	[PART_BLOCK] = 3,
};

/* Wait for another part, of which head holds the first n bytes. */
static void
expect(struct zstdframe *f, enum part part, size_t n, size_t need)
{
	f->part = (int)part;
	f->n = n;
	f->need = need;
}

static void
expect_next(struct zstdframe *f, enum part part)
{
	expect(f, part, 0, part == PART_NONE ? 0 : size_of[part]);
}

static void
read_magic(struct zstdframe *f)
{
	uint32_t magic = get32(f->head);

	if (magic == MAGIC)
		expect_next(f, PART_DESCRIPTOR);
	else if ((magic & ~UINT32_C(15)) == MAGIC_SKIPPABLE)
		expect_next(f, PART_SKIPPABLE);
	else
		expect_next(f, PART_NONE);
}

static bool
is_single_segment(const struct zstdframe *f)
{
	return (f->head[0] & 0x20) != 0;
}

/* The number of bytes that the content's size takes in a frame's header. */
static size_t
content_size_size(const struct zstdframe *f)
{
	static const size_t sizes[] = {0, 2, 4, 8};
	size_t n = sizes[f->head[0] >> 6];

	return n == 0 && is_single_segment(f) ? 1 : n;
}

static void
read_descriptor(struct zstdframe *f)
{
	static const size_t dictionary_id[] = {0, 1, 2, 4};

	expect(f, PART_HEADER, 1,
		1u + !is_single_segment(f) + dictionary_id[f->head[0] & 3] +
			content_size_size(f));
}

/* The size of the window: that of the content in a frame without a window
 * descriptor. */
static uint64_t
window_of(const struct zstdframe *f)
{
	const size_t n = content_size_size(f);
	const unsigned char *p = f->head + f->need - n;
	uint64_t base;

	if (!is_single_segment(f)) {
		base = UINT64_C(1) << (10 + (f->head[1] >> 3));
		return base + base / 8 * (f->head[1] & 7);
	}
	switch (n) {
	case 1:
		return p[0];
	case 2:
		return get16(p) + 256u;
	case 4:
		return get32(p);
	default:
		return get64(p);
	}
}

static void
read_header(struct zstdframe *f)
{
	uint64_t window = window_of(f);

	if (window > f->window)
		f->window = window;
	f->checksum = (f->head[0] & 4) != 0;
	expect_next(f, PART_BLOCK);
}

static void
read_block(struct zstdframe *f)
{
	uint32_t header = get16(f->head) | (uint32_t)f->head[2] << 16;
	unsigned type = header >> 1 & 3;
	bool last = (header & 1) != 0;

	f->skip = type == BLOCK_RLE ? 1 : header >> 3;
	if (last && f->checksum)
		f->skip += 4;
	expect_next(f,
		type == BLOCK_RESERVED ? PART_NONE
			: last         ? PART_MAGIC
				       : PART_BLOCK);
}

/* The part that was waited for has come. */
static void
take_part(struct zstdframe *f)
{
	switch (f->part) {
	case PART_MAGIC:
		read_magic(f);
		break;
	case PART_SKIPPABLE:
		f->skip = get32(f->head);
		expect_next(f, PART_MAGIC);
		break;
	case PART_DESCRIPTOR:
		read_descriptor(f);
		break;
	case PART_HEADER:
		read_header(f);
		break;
	default:
		read_block(f);
	}
}

void
zstdframe_look(struct zstdframe *f, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	if (f->part == PART_MAGIC)
		f->need = size_of[PART_MAGIC];
	while (n > 0 && f->part != PART_NONE) {
		bool skips = f->skip > 0;
		uint64_t want = skips ? f->skip : f->need - f->n;
		size_t taken = want < n ? (size_t)want : n;

		if (skips) {
			f->skip -= taken;
		} else {
			memcpy(f->head + f->n, p, taken);
			f->n += taken;
		}
		p += taken;
		n -= taken;
		if (!skips && f->n == f->need)
			take_part(f);
	}
}
