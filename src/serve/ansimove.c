#include "serve/ansimove.h"

static void
leave(struct ansi *a, enum ansi_move move, unsigned count)
{
	a->moves = !a->away;
	a->move = move;
	a->count = count;
}

/* Leave for another line. */
static void
leave_for(struct ansi *a, enum ansi_move move, unsigned count)
{
	leave(a, move, count);
	a->saved &= a->away;
}

static void
save(struct ansi *a)
{
	if (a->away)
		return;
	a->saved = true;
	a->column = a->at;
	leave(a, ANSI_SAVE, 0);
}

static void
restore(struct ansi *a)
{
	bool away = a->away;

	if (a->saved)
		a->at = a->column;
	a->saved = a->away = false;
	if (!away)
		leave(a, ANSI_RESTORE, 0);
}

/* Go to a fixed place of the screen. */
static void
go_to_place(struct ansi *a, unsigned column)
{
	if (column == 0)
		column = 1;
	if (a->saved) {
		a->away = true;
		return;
	}
	if (a->n == 0)
		a->at = column - 1 < ANSI_CELLS ? column - 1 : ANSI_CELLS;
	leave_for(a, ANSI_PLACE, column);
}

void
ansimove_perform(struct ansi *a, uint32_t final)
{
	unsigned n = a->parameter[0];
	unsigned count = n > 0 ? n : 1;

	switch (final) {
	case 'A':
		leave_for(a, ANSI_UP, count);
		break;
	case 'B':
		leave_for(a, ANSI_DOWN, count);
		break;
	case 'E':
		leave_for(a, ANSI_DOWN_FIRST, count);
		break;
	case 'F':
		leave_for(a, ANSI_UP_FIRST, count);
		break;
	case 'H':
	case 'f':
		go_to_place(a, a->nparameters > 1 ? a->parameter[1] : 1);
		break;
	case 's':
		save(a);
		break;
	case 'u':
		restore(a);
		break;
	case 'J':
		if (n == 0)
			leave(a, ANSI_ERASE_BELOW, 0);
		break;
	case 'L':
		leave_for(a, ANSI_INSERT, count);
		break;
	case 'M':
		leave_for(a, ANSI_DELETE, count);
		break;
	case 'S':
		leave_for(a, ANSI_SCROLL_UP, count);
		break;
	case 'T':
		/* With more parameters it asks for reports of the mouse. */
		if (a->nparameters == 1)
			leave_for(a, ANSI_SCROLL_DOWN, count);
		break;
	default:
		break;
	}
}

void
ansimove_escape(struct ansi *a, uint32_t final)
{
	if (final == '7')
		save(a);
	else if (final == '8')
		restore(a);
	else
		leave_for(a, ANSI_UP, 1);
}
