/* Stored members could be sent without looking at them, but then nobody would
 * notice wrong bytes, from a damaged disk or a file overwritten in place.  So
 * the first time a member is sent whole, it is copied and its CRC-32 is
 * checked.  If it matches, the member is noted as checked, and from then on its
 * bytes are sent from the mapping.
 *
 * Points in a large stored member only serve to know the number of lines before
 * them. */

#include <stdlib.h>

#include "archive/method.h"
#include "archive/points.h"
#include "base/crc.h"

struct copier {
	struct source source;
	const struct archive *archive;
	struct member member;
	uint64_t start;        /* of the data */
	uint64_t begun;        /* offset in the data where this begins */
	uint64_t done;         /* offset of the next byte to give out */
	uint32_t crc;          /* of the bytes given out */
	struct points *points; /* to add points to; or NULL */
	uint64_t lines;        /* newlines before done */
};

/* Count the lines of the n bytes at buffer, which may be none, and add a point
 * behind them if one is wanted. */
static void
leave_line_point(struct copier *c, const char *buffer, size_t n)
{
	struct point point = {.out = c->done, .in = c->done};

	c->lines += points_count_lines(buffer, n);
	point.lines = c->lines;
	if (c->done < c->member.size && c->done >= points_next(c->points))
		points_add(c->points, &point, NULL, 0);
	if (n > 0 && c->done == c->member.size)
		points_finish(c->points, c->lines + (buffer[n - 1] != '\n'));
}

static ssize_t
copier_read(struct source *source, void *buffer, size_t n)
{
	struct copier *c = (struct copier *)source;

	if (n > c->member.size - c->done)
		n = (size_t)(c->member.size - c->done);
	if (archive_read(c->archive, c->start + c->done, buffer, n) < 0)
		return archive_lost(c->archive, &c->member);
	c->done += n;
	if (c->points != NULL)
		leave_line_point(c, buffer, n);
	if (c->begun > 0)
		return (ssize_t)n;
	c->crc = crc_add(c->crc, buffer, n);
	if (c->done < c->member.size)
		return (ssize_t)n;
	if (c->crc != c->member.crc)
		return archive_damaged(
			c->archive, &c->member, "CRC-32 does not match");
	archive_note(c->archive, &c->member, ARCHIVE_CHECKED);
	return (ssize_t)n;
}

static void
copier_close(struct source *source)
{
	points_drop(((struct copier *)source)->points);
	free(source);
}

/* Go to the last point at or before the offset wanted, whose lines are known,
 * or stay at the beginning. */
static void
seek_copier(struct copier *c, const struct position *wanted)
{
	unsigned char window[POINTS_WINDOW];
	size_t n;
	struct point point =
		points_nearest(c->points, wanted->offset, window, &n);

	c->begun = c->done = point.out;
	c->lines = point.lines;
}

struct source *
stored_open(struct archive *archive, const struct member *member,
	uint64_t start, struct position *position)
{
	struct copier *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->source.read = copier_read;
	c->source.close = copier_close;
	c->archive = archive;
	c->member = *member;
	c->start = start;
	if (position == NULL)
		return &c->source;
	if (position->offset > 0 && position->lines == POSITION_ANY_LINES) {
		c->begun = c->done = position->offset;
		return &c->source;
	}
	c->points = points_get(archive, member);
	if (c->points != NULL)
		seek_copier(c, position);
	*position = (struct position){.offset = c->begun, .lines = c->lines};
	return &c->source;
}
