/* The row of the cursor is in ansi while the line writes to it.  A line that
 * leaves its row is written to alone, too, where it does not. */

#include "serve/screen.h"

enum {
	/* The last row of a screen that is new. */
	NEW_LAST = SCREENROWS_REACH - 1,
	/* The most rows that may be erased or moved: some, and a few more for
	 * each byte of input.  A row that is scrolled counts more, as it is
	 * shown. */
	TOUCHED = 8 * SCREENROWS,
	TOUCHED_EACH = 16,
	TOUCHED_SCROLLED = 64,
};

size_t
screen_memory(void)
{
	return sizeof(struct screen) +
		(SCREENROWS_CELLS + SCREENROWS_HELD_CELLS + 3 * ANSI_CELLS) *
		sizeof(struct ansi_cell);
}

/* The row of the cursor. */

/* Write the line to alone, too, from here on. */
static void
follow(struct screen *s)
{
	if (!s->followed)
		ansi_copy(&s->alone, &s->ansi);
	s->followed = true;
	s->alone.ready = NULL;
}

/* The line is no new row from here on. */
static void
stray(struct screen *s)
{
	s->strays = true;
	screenrows_draw(
		&s->rows, s->at < s->rows.bottom ? s->at : s->rows.bottom);
}

/* The line wrote to a row last. */
static void
note_line(const struct screen *s, struct screen_row *row)
{
	row->line = s->line;
	row->time = s->ansi.time.ms;
}

/* Put the row into the ring.  A new one is there if something was written to
 * it, or a line ends in it. */
static void
leave_row(struct screen *s, bool ends)
{
	bool new = s->at >= s->rows.bottom;
	bool wrote = s->ansi.wrote || (new &&ends);

	if (new && !wrote)
		return;
	while (s->rows.bottom < s->at) {
		screenrows_add(&s->rows, s->rows.bottom, s->line);
		screenrows_extend(&s->rows);
		screenrows_trim(&s->rows);
	}
	screenrows_add(&s->rows, s->at, s->line);
	screenrows_exchange(&s->rows, s->at, &s->ansi);
	if (wrote)
		note_line(s, screenrows_at(&s->rows, s->at));
	if (s->strays)
		screenrows_extend(&s->rows);
	screenrows_trim(&s->rows);
}

/* The line writes to the row of the cursor. */
static void
enter_row(struct ansi *ansi)
{
	struct screen *s = (struct screen *)ansi;

	if (s->at == s->rows.bottom && !s->strays)
		return;
	stray(s);
	if (s->at < s->rows.bottom)
		screenrows_exchange(&s->rows, s->at, ansi);
}

/* Let enter_row follow as soon as something is written.  Until then the line
 * may move on. */
static void
wait_at(struct screen *s, uint64_t at)
{
	s->at = at;
	if (at > s->last)
		s->last = at;
	s->ansi.n = 0;
	s->ansi.cut = s->ansi.wrote = false;
	s->ansi.ready = enter_row;
}

static bool
waits(const struct screen *s)
{
	return s->ansi.ready != NULL;
}

/* Moving. */

/* The first row of the screen. */
static uint64_t
first_row(const struct screen *s)
{
	return s->last - NEW_LAST;
}

/* Leave the row of the cursor for one that it reaches. */
static void
go_to(struct screen *s, uint64_t to)
{
	follow(s);
	if (!waits(s)) {
		if (s->ansi.wrote)
			stray(s);
		leave_row(s, false);
	}
	wait_at(s, to);
}

static void
move_to(struct screen *s, uint64_t to)
{
	if (to < first_row(s))
		to = first_row(s);
	if (to != s->at)
		go_to(s, to);
}

static void
move_up(struct screen *s, unsigned count)
{
	move_to(s, s->at > count ? s->at - count : 0);
}

/* At the end of the screen this does not scroll. */
static void
move_down(struct screen *s, unsigned count)
{
	uint64_t to = s->at + count;

	move_to(s, to < s->last ? to : s->last);
}

/* Cells of the row of the cursor. */
static size_t
row_length(struct screen *s)
{
	if (!waits(s) || s->at >= s->rows.bottom || s->at < s->rows.top)
		return s->ansi.n;
	return screenrows_at(&s->rows, s->at)->n;
}

/* n rows more are to be erased or moved; false when that exceeds the bound. */
static bool
may_touch(struct screen *s, uint64_t n)
{
	if (s->touched > TOUCHED + s->ansi.taken * TOUCHED_EACH)
		return false;
	s->touched += n;
	return true;
}

static void
erase_below(struct screen *s)
{
	uint64_t bottom = s->rows.bottom;

	if (s->at >= bottom || !may_touch(s, bottom - s->at))
		return;
	for (uint64_t at = s->at + 1; at < bottom; at++) {
		struct screen_row *row = screenrows_at(&s->rows, at);

		row->n = 0;
		row->cut = false;
		row->line = s->line;
	}
}

/* Insert or delete rows from `at` on, which the line then draws over. */
static void
shift_rows(struct screen *s, uint64_t at, unsigned count, bool insert)
{
	uint64_t n = count < SCREENROWS_REACH ? count : SCREENROWS_REACH;

	go_to(s, s->at);
	if (at >= s->rows.bottom || !may_touch(s, s->rows.bottom - at + n))
		return;
	s->strays = true;
	screenrows_draw(&s->rows, at);
	if (insert)
		screenrows_insert(&s->rows, at, n, s->last, s->line);
	else
		screenrows_delete(&s->rows, at, n, s->line);
}

static void
scroll_up(struct screen *s, unsigned count)
{
	unsigned n = count < SCREENROWS_REACH ? count : SCREENROWS_REACH;

	if (!may_touch(s, n * TOUCHED_SCROLLED))
		return;
	s->last += n;
	s->saved += n;
	move_to(s, s->at + n);
}

/* As long as the line is a new row, the cursor moves in it as ansi has it. */
static void
set_column(struct screen *s, size_t at)
{
	if (s->followed)
		s->ansi.at = at < ANSI_CELLS ? at : ANSI_CELLS;
}

/* Do what the line asks for. */
static void
carry_out(struct screen *s)
{
	struct ansi *a = &s->ansi;

	switch (a->move) {
	case ANSI_UP:
		move_up(s, a->count);
		break;
	case ANSI_DOWN:
		move_down(s, a->count);
		break;
	case ANSI_UP_FIRST:
		move_up(s, a->count);
		set_column(s, 0);
		break;
	case ANSI_DOWN_FIRST:
		move_down(s, a->count);
		set_column(s, 0);
		break;
	case ANSI_PLACE:
		if (row_length(s) > 0)
			move_to(s, s->at + 1);
		set_column(s, a->count - 1);
		break;
	case ANSI_SAVE:
		s->saved = s->at;
		s->column = a->at;
		s->saves = true;
		break;
	case ANSI_RESTORE:
		if (s->saves) {
			move_to(s, s->saved);
			set_column(s, s->column);
		}
		break;
	case ANSI_ERASE_BELOW:
		erase_below(s);
		break;
	case ANSI_INSERT:
	case ANSI_DELETE:
		shift_rows(s, s->at, a->count, a->move == ANSI_INSERT);
		set_column(s, 0);
		break;
	case ANSI_SCROLL_UP:
		scroll_up(s, a->count);
		break;
	case ANSI_SCROLL_DOWN:
		shift_rows(s, first_row(s), a->count, true);
		break;
	}
}

enum ansi_stop
screen_take(struct screen *s, struct str *bytes)
{
	enum ansi_stop stop;

	do {
		struct str taken = *bytes;
		bool followed = s->followed;

		stop = ansi_take(&s->ansi, bytes);
		taken.n -= bytes->n;
		while (followed && ansi_take(&s->alone, &taken) != ANSI_MORE)
			;
		if (stop == ANSI_MOVE)
			carry_out(s);
	} while (stop == ANSI_MOVE);
	return stop;
}

bool
screen_failed(const struct screen *s)
{
	return s->ansi.failed || s->alone.failed || s->rows.failed;
}

struct ansi *
screen_line(struct screen *s)
{
	return s->strays ? &s->alone : &s->ansi;
}

static struct screen_row
line_of(struct screen *s)
{
	struct ansi *a = screen_line(s);

	return (struct screen_row){
		.cell = a->cell,
		.n = a->n,
		.cut = a->cut,
		.line = s->line,
		.time = a->time.ms,
		.links = a->links.n > 0 ? &a->links : NULL,
	};
}

static void
go_to_line(struct screen *s, uint64_t at)
{
	s->line++;
	s->strays = s->followed = false;
	ansi_clear(&s->ansi);
	wait_at(s, at);
	if (at != s->rows.bottom)
		follow(s);
}

void
screen_end(struct screen *s)
{
	struct screen_row line;

	if (waits(s))
		enter_row(&s->ansi);
	line = line_of(s);
	if (s->strays)
		screenrows_hold(&s->rows, &line);
	leave_row(s, true);
	go_to_line(s, s->at + 1);
}

void
screen_end_apart(struct screen *s)
{
	struct screen_row line = line_of(s);

	if (s->strays && !waits(s))
		leave_row(s, true);
	screenrows_flush(&s->rows);
	s->rows.show(s->rows.to, SCREEN_LINE, &line);
	if (first_row(s) > s->rows.bottom)
		s->last = s->rows.bottom + NEW_LAST;
	go_to_line(s, s->rows.bottom);
}

void
screen_flush(struct screen *s)
{
	screenrows_flush(&s->rows);
}

void
screen_start(struct screen *s, uint64_t line)
{
	struct screenrows *rows = &s->rows;

	s->line = line - 1;
	s->last = NEW_LAST;
	if (line > 1)
		rows->top = rows->start = rows->edge = rows->bottom =
			SCREENROWS_REACH;
	go_to_line(s, rows->bottom);
}

void
screen_free(struct screen *s)
{
	screenrows_free(&s->rows);
	ansi_free(&s->ansi);
	ansi_free(&s->alone);
}
