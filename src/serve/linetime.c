#include "serve/linetime.h"

#include "serve/ansi.h"

static const char start[] = "bk;t=";

enum {
	NUMBER = sizeof(start) - 1, /* characters before it */
	FOREIGN                     /* another string */
};

/* In the year 5138 a log will have none. */
static const int64_t most = INT64_C(99999999999999);

void
linetime_begin(struct linetime *t)
{
	t->passed = 0;
	t->reading = 0;
}

void
linetime_take(struct linetime *t, uint32_t point)
{
	if (t->passed < NUMBER && point == (uint32_t)start[t->passed]) {
		t->passed++;
	} else if (t->passed == NUMBER && ansi_is_digit(point) &&
		t->reading <= most / 10) {
		t->reading = t->reading * 10 + (point - '0');
	} else {
		if (t->passed == NUMBER && (point == 0x07 || point == 0x1b))
			t->ms = t->reading;
		t->passed = FOREIGN;
	}
}
