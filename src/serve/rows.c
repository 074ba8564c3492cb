#include "serve/rows.h"

#include <errno.h>

static ssize_t
next_row(struct rows *rows)
{
	ssize_t made;

	arena_reset(&rows->arena);
	rows->row = (struct text){.arena = &rows->arena};
	rows->taken = 0;
	made = rows->make(rows);
	if (!rows->arena.failed)
		return made;
	errno = ENOMEM;
	return -1;
}

ssize_t
rows_read(struct source *source, void *buffer, size_t n)
{
	struct rows *rows = (struct rows *)source;
	size_t done = 0;

	while (done < n) {
		size_t left = rows->row.n - rows->taken;

		if (left == 0) {
			ssize_t made = next_row(rows);

			if (made == 0 || (made == SOURCE_LATER && done > 0))
				break;
			if (made < 0)
				return made;
			continue;
		}
		if (left > n - done)
			left = n - done;
		memcpy((char *)buffer + done, rows->row.p + rows->taken, left);
		rows->taken += left;
		done += left;
	}
	return (ssize_t)done;
}
