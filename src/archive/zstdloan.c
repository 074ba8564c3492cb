/* Each frame says at its beginning how large its window is, so the data are
 * looked at before the decoder gets them. */

#include "archive/zstdloan.h"

#include "archive/loan.h"

enum {
	WINDOW_MAX = 128 * 1024 * 1024, /* libzstd refuses a larger one */
	FIRST_SIZE = 64, /* of data, looked at for the first window */
};

uint64_t
zstdloan_first(const struct archive *archive, uint64_t start, uint64_t n)
{
	unsigned char first[FIRST_SIZE];
	struct zstdframe frame = {0};

	if (n > sizeof(first))
		n = sizeof(first);
	if (archive_read(archive, start, first, (size_t)n) < 0)
		return 0;
	zstdframe_look(&frame, first, (size_t)n);
	return frame.window <= WINDOW_MAX ? frame.window : 0;
}

void
zstdloan_begin(struct zstdloan *loan, const struct archive *archive,
	uint64_t start, uint64_t n)
{
	*loan = (struct zstdloan){
		.archive = archive,
		.looked = start,
		.window = zstdloan_first(archive, start, n),
	};
}

bool
zstdloan_follow(
	struct zstdloan *loan, uint64_t at, const char *bytes, uint64_t n)
{
	uint64_t more;

	if (loan->looked < at || loan->looked >= at + n)
		return true;
	zstdframe_look(&loan->frame, bytes + (loan->looked - at),
		(size_t)(at + n - loan->looked));
	loan->looked = at + n;
	if (loan->frame.window <= loan->window ||
		loan->frame.window > WINDOW_MAX)
		return true;
	more = loan->frame.window - loan->window;
	if (!loan_take(loan->archive, more))
		return false;
	loan->window += more;
	loan->lent += more;
	return true;
}

void
zstdloan_end(struct zstdloan *loan)
{
	if (loan->lent > 0)
		loan_give(loan->archive, loan->lent);
	loan->lent = 0;
}
