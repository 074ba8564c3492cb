#include "base/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/size.h"

enum {
	WIDTH = 20,     /* of the bar */
	BETWEEN = 100,  /* ms between updates */
	SETTLED = 1000, /* ms until the time left can be estimated */
};

void
progress_begin(struct progress *progress, const char *what, uint64_t files,
	uint64_t bytes, bool quiet)
{
	*progress = (struct progress){
		.shown = !quiet && isatty(STDERR_FILENO),
		.what = what,
		.all_files = files,
		.all_bytes = bytes,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	progress->begun = progress->drawn = clock_ms();
}

/* Each file counts as 4 KiB more, so that the bar also moves for empty ones. */
static double
share_done(const struct progress *p)
{
	double all = (double)p->all_bytes + (double)p->all_files * 4096;
	double done = (double)p->bytes + (double)p->files * 4096;

	return all > 0 && done < all ? done / all : 1;
}

static void
draw_progress(const struct progress *p, int64_t elapsed)
{
	char done[SIZE_TEXT], all[SIZE_TEXT], left[32] = "";
	double part = share_done(p);
	int filled = (int)(part * (double)WIDTH);

	if (elapsed > SETTLED && part > 0) {
		unsigned long long seconds =
			(unsigned long long)((double)elapsed / 1000 / part *
				(1 - part));

		snprintf(left, sizeof(left), ", %llu:%02llu left", seconds / 60,
			seconds % 60);
	}
	/* Wrapping is switched off, because a wrapped line could not be erased.
	 */
	fprintf(stderr,
		"\r\033[?7l%s [%.*s%*s] %llu/%llu files, %s of %s%s\033[K\033[?7h",
		p->what, filled, "####################", WIDTH - filled, "",
		(unsigned long long)p->files, (unsigned long long)p->all_files,
		size_text(p->bytes, done), size_text(p->all_bytes, all), left);
}

void
progress_add(struct progress *progress, uint64_t files, uint64_t bytes)
{
	int64_t now;

	if (!progress->shown)
		return;
	pthread_mutex_lock(&progress->lock);
	progress->files += files;
	progress->bytes += bytes;
	now = clock_ms();
	if (now - progress->drawn >= BETWEEN) {
		progress->drawn = now;
		draw_progress(progress, now - progress->begun);
	}
	pthread_mutex_unlock(&progress->lock);
}

void
progress_end(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
}
