#include "serve/screenrows.h"

#include <stdlib.h>

enum {
	GAP = 8,    /* rows between two stretches that are better one */
	KEPT = 128, /* cells that a row keeps when it is shown */
};

struct screen_row *
screenrows_at(struct screenrows *r, uint64_t at)
{
	return &r->row[at % SCREENROWS];
}

/* What a row takes, in cells. */
static size_t
cost(const struct screen_row *row)
{
	return row->room + loglinks_size(row->links) / sizeof(*row->cell);
}

void
screenrows_exchange(struct screenrows *r, uint64_t at, struct ansi *a)
{
	struct screen_row *row = screenrows_at(r, at), held = *row;

	r->cells -= cost(row);
	row->cell = a->cell;
	row->n = a->n;
	row->room = a->room;
	row->cut = a->cut;
	row->links = loglinks_save(&a->links, &r->failed);
	r->cells += cost(row);
	a->cell = held.cell;
	a->n = held.n;
	a->room = held.room;
	a->cut = held.cut;
	loglinks_resume(&a->links, held.links);
	free(held.links);
}

static void
free_row(struct screen_row *row)
{
	free(row->cell);
	free(row->links);
	*row = (struct screen_row){0};
}

static void
make_blank(struct screen_row *row, uint64_t line)
{
	row->n = 0;
	row->cut = false;
	row->line = line;
	row->time = 0;
}

void
screenrows_add(struct screenrows *r, uint64_t at, uint64_t line)
{
	while (r->bottom <= at)
		make_blank(screenrows_at(r, r->bottom++), line);
}

/* Showing. */

static void
begin_lines(struct screenrows *r, const struct screen_row *first)
{
	if (!r->opened)
		r->show(r->to, SCREEN_BEGIN, first);
	r->opened = true;
}

static void
end_lines(struct screenrows *r)
{
	if (r->opened)
		r->show(r->to, SCREEN_END, NULL);
	r->opened = false;
}

static void
show_held(struct screenrows *r)
{
	if (r->nheld > 0)
		begin_lines(r, &r->held[0]);
	for (size_t i = 0; i < r->nheld; i++) {
		r->show(r->to, SCREEN_LINE, &r->held[i]);
		free_row(&r->held[i]);
	}
	r->nheld = r->held_cells = 0;
}

/* Show the first row, and keep it no longer. */
static void
drop_top(struct screenrows *r)
{
	struct screen_row *row = screenrows_at(r, r->top);

	if (r->top < r->start || r->top >= r->edge) {
		r->show(r->to, SCREEN_LINE, row);
	} else {
		show_held(r);
		end_lines(r);
		if (row->line > 0)
			r->show(r->to, SCREEN_ROW, row);
		r->start++;
	}
	r->top++;
	if (cost(row) > KEPT || row->links != NULL) {
		r->cells -= cost(row);
		free_row(row);
	}
}

static void
drop_until(struct screenrows *r, uint64_t at)
{
	while (r->top < at)
		drop_top(r);
}

void
screenrows_trim(struct screenrows *r)
{
	bool drawn = r->top >= r->start && r->top < r->edge;
	size_t cells = SCREENROWS_CELLS, most = SCREENROWS_REACH;

	/* Of a stretch some rows at a time, as its lines come before them. */
	if (drawn)
		most = SCREENROWS - 1;
	if (r->bottom - r->top <= most && r->cells <= cells)
		return;
	while (r->top < r->bottom &&
		(r->bottom - r->top > SCREENROWS_REACH ||
			r->cells > cells / 4 * 3))
		drop_top(r);
}

void
screenrows_flush(struct screenrows *r)
{
	/* Blank rows at the end are those that a terminal has there, too. */
	while (r->start < r->edge && r->edge == r->bottom &&
		screenrows_at(r, r->bottom - 1)->n == 0)
		r->edge = --r->bottom;
	drop_until(r, r->bottom);
	show_held(r);
	end_lines(r);
	r->start = r->edge = r->bottom;
}

/* Holding lines back. */

/* Make room for n lines more.  The lines before the stretch are shown then. */
static void
make_held_room(struct screenrows *r, size_t n)
{
	if (r->nheld + n <= SCREENROWS_HELD &&
		r->held_cells <= SCREENROWS_HELD_CELLS)
		return;
	drop_until(r, r->start);
	show_held(r);
}

/* Copy a line to the one held at i. */
static void
copy_line(struct screenrows *r, size_t i, const struct screen_row *line)
{
	struct screen_row copy = *line;

	copy.room = line->n;
	copy.cell = NULL;
	if (line->n > 0)
		copy.cell = malloc(line->n * sizeof(*copy.cell));
	if (copy.cell != NULL)
		memcpy(copy.cell, line->cell, line->n * sizeof(*copy.cell));
	else
		copy.n = copy.room = 0;
	r->failed |= copy.n < line->n;
	if (line->links != NULL)
		copy.links = loglinks_save(line->links, &r->failed);
	r->held[i] = copy;
	r->held_cells += cost(&copy);
}

void
screenrows_hold(struct screenrows *r, const struct screen_row *line)
{
	make_held_room(r, 1);
	copy_line(r, r->nheld++, line);
	if (r->opened)
		show_held(r);
}

/* Let the stretch begin at `at`, which is above it. */
static void
raise_start(struct screenrows *r, uint64_t at)
{
	uint64_t first = at > r->top ? at : r->top;
	size_t n = r->start > first ? (size_t)(r->start - first) : 0;

	make_held_room(r, n);
	if (r->start > r->top) {
		memmove(r->held + n, r->held, r->nheld * sizeof(r->held[0]));
		r->nheld += n;
		for (size_t i = 0; i < n; i++)
			copy_line(r, i, screenrows_at(r, first + i));
	}
	while (r->top > at)
		make_blank(screenrows_at(r, --r->top), 0);
	r->start = at;
}

void
screenrows_draw(struct screenrows *r, uint64_t at)
{
	if (r->start < r->edge && at > r->edge + GAP)
		drop_until(r, r->edge);
	if (r->start >= r->edge)
		r->start = r->edge = r->bottom;
	if (at < r->start)
		raise_start(r, at);
	for (; r->edge < r->bottom; r->edge++)
		screenrows_hold(r, screenrows_at(r, r->edge));
}

void
screenrows_extend(struct screenrows *r)
{
	r->edge = r->bottom;
}

static void
swap_rows(struct screenrows *r, uint64_t i, uint64_t k)
{
	struct screen_row row = *screenrows_at(r, i);

	*screenrows_at(r, i) = *screenrows_at(r, k);
	*screenrows_at(r, k) = row;
}

static void
make_blanks(struct screenrows *r, uint64_t at, uint64_t end, uint64_t line)
{
	for (; at < end; at++)
		make_blank(screenrows_at(r, at), line);
}

void
screenrows_insert(struct screenrows *r, uint64_t at, uint64_t n, uint64_t last,
	uint64_t line)
{
	uint64_t end = r->bottom + n;

	if (end > last + 1)
		end = last + 1;
	if (end > r->top + SCREENROWS)
		drop_until(r, end - SCREENROWS);
	if (end > r->bottom)
		screenrows_add(r, end - 1, line);
	screenrows_extend(r);
	for (uint64_t i = end; i-- > at + n;)
		swap_rows(r, i, i - n);
	make_blanks(r, at, at + n < end ? at + n : end, line);
}

void
screenrows_delete(struct screenrows *r, uint64_t at, uint64_t n, uint64_t line)
{
	for (; at + n < r->bottom; at++)
		swap_rows(r, at, at + n);
	make_blanks(r, at, r->bottom, line);
}

void
screenrows_free(struct screenrows *r)
{
	for (size_t i = 0; i < SCREENROWS; i++)
		free_row(&r->row[i]);
	for (size_t i = 0; i < r->nheld; i++)
		free_row(&r->held[i]);
}
