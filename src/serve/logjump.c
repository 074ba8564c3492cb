/* An error is looked for before anything is sent, as the answer is where it is
 * (answer_locate).  The last one of a log, to which the plain address leads, is
 * found in the pass over it that counts its lines, and kept with their number:
 * the page to which the client comes back needs no further pass if the log has
 * access points. */

#include "serve/logjump.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "archive/points.h"
#include "base/arena.h"
#include "serve/logfind.h"
#include "serve/lognav.h"
#include "serve/logsearch.h"

struct logjump {
	struct source source;

	/* Set once. */
	struct archive *archive;
	struct member member;
	uint64_t start;
	struct wrapping how;
	struct logpage_view view;
	struct str path;
	struct logsearch *search; /* shared by all requests; or NULL */

	bool searches;        /* this request holds search */
	struct logfind *find; /* NULL: to be opened */
	uint64_t found;       /* the best line so far; 0: none */
};

/* Begin at the first line that can count. */
static bool
open_find(struct logjump *j)
{
	const struct logmatch_what what = {
		.windows = j->how.windows, .errors = j->view.errors};
	struct position position = {0};
	struct points *points = NULL;
	struct source *text;

	if (j->view.jump == LOGPAGE_NEXT && j->view.from > 0)
		points = unwrap_points(j->archive, &j->member, &j->how);
	if (points != NULL)
		position.offset = points_before_line(points, j->view.from);
	points_drop(points);
	text = unwrap_open(
		j->archive, &j->member, j->start, &j->how, &position);
	if (text != NULL)
		j->find = logfind_new(
			text, position.lines + 1, position.offset > 0, &what);
	return j->find != NULL;
}

/* Whether the search may go on: who looks for the last error waits for others
 * that do. */
static bool
may_jump(struct logjump *j)
{
	if (j->view.jump != LOGPAGE_LAST || j->searches || j->search == NULL)
		return true;
	j->searches = logsearch_take(j->search);
	return j->searches;
}

/* Let others search. */
static void
end_jump(struct logjump *j)
{
	if (j->searches)
		logsearch_give(j->search);
	j->searches = false;
}

/* Whether the error in the line called number is the one that is wanted, or, if
 * later ones may be better, keep it. */
static bool
is_wanted(struct logjump *j, uint64_t number)
{
	bool before = j->view.jump == LOGPAGE_PREVIOUS;

	if (j->view.jump == LOGPAGE_NEXT && number <= j->view.from)
		return false;
	if (before && number >= j->view.from)
		return true;
	j->found = number;
	return !before && j->view.jump != LOGPAGE_LAST;
}

/* Search.  1 when it has ended, or as read of a source. */
static ssize_t
jump(struct logjump *j)
{
	struct logfind_line line;
	ssize_t got;

	if (j->find == NULL && !open_find(j))
		return -1;
	do {
		got = logfind_next(j->find, &line);
	} while (got == 1 && !is_wanted(j, line.number));
	if (got == 0 && j->view.jump == LOGPAGE_LAST && j->search != NULL) {
		logsearch_set_last_error(j->search, j->found);
		logsearch_set_total(j->search, line.number - 1);
	}
	/* A damaged file ends there. */
	return got == 0 || (got == -1 && errno == EBADMSG) ? 1 : got;
}

static void
add_location(const struct logjump *j, struct text *location)
{
	const struct logpage_view *view = &j->view;
	text_add(location, j->path);
	text_byte(location, '?');
	lognav_add_kept(location, view, "&");
	if (j->found > 0)
		lognav_add_place(location, j->found, view->lines, "&");
	else if (view->jump == LOGPAGE_PREVIOUS)
		text_printf(location, "from=1&lines=%" PRIu64, view->lines);
	else
		text_printf(location, "tail=%" PRIu64 "#end", view->lines);
}

static ssize_t
logjump_locate(struct source *source, struct text *location)
{
	struct logjump *j = (struct logjump *)source;
	bool known = false;
	ssize_t got = 1;

	if (!may_jump(j))
		return SOURCE_WAITS;
	if (j->view.jump == LOGPAGE_LAST && j->search != NULL)
		known = logsearch_last_error(j->search, &j->found);
	if (!known)
		got = jump(j);
	if (got != 1)
		return got;
	end_jump(j);
	if (!known && !archive_is_intact(j->archive))
		return archive_fault(
			j->archive, &j->member, "the file has changed");
	add_location(j, location);
	return 1;
}

static void
logjump_pause(struct source *source)
{
	end_jump((struct logjump *)source);
}

static void
logjump_close(struct source *source)
{
	struct logjump *j = (struct logjump *)source;

	end_jump(j);
	logsearch_drop(j->search);
	logfind_free(j->find);
	free(j);
}

struct source *
logjump_open(struct archive *archive, const struct member *member,
	uint64_t start, const struct wrapping *how,
	const struct logpage_view *view, struct str path)
{
	struct logjump *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	j->source.locate = logjump_locate;
	j->source.pause = logjump_pause;
	j->source.close = logjump_close;
	j->source.late = true;
	j->source.memory =
		unwrap_memory(archive, member, start, how) + logfind_memory();
	j->archive = archive;
	j->member = *member;
	j->start = start;
	j->how = *how;
	j->view = *view;
	j->path = path;
	j->search = logsearch_get(archive, member);
	return &j->source;
}
