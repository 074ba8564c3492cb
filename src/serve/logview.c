/* A log page is found in up to three steps.  If the last lines are wanted and
 * the number of lines is unknown, the content is read to its end to count
 * them.  Then it is read from the nearest access point to the first line
 * wanted.  From there on, logpage.c reads it.  The first two steps take turns:
 * at most TURN_SIZE bytes are skipped at a time.
 *
 * Each request reads the first NEAR_SIZE bytes by itself.  Beyond these only
 * one request at a time searches a log.  It leaves access points, or if a log
 * cannot have those, at least its number of lines.  The requests that waited
 * for it, or passed the first bytes meanwhile, start again with these. */

#include "serve/logview.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "archive/points.h"
#include "serve/logsearch.h"
#include "serve/screen.h"

enum {
	TURN_SIZE = 64 * 1024,
	NEAR_SIZE = 1024 * 1024, /* searched without waiting for others */
};

/* The text from the first line wanted: the bytes read together with its
 * beginning, followed by the rest of the content. */
struct window {
	struct source source;
	struct source *content;
	size_t at, n; /* of buffer */
	char buffer[];
};

struct logview {
	struct source source;

	/* Set once. */
	struct archive *archive;
	struct member member;
	uint64_t start;
	struct wrapping how;
	struct logsearch *search; /* shared by all requests; or NULL */

	/* The position. */
	struct logpage_view view;
	bool looking_for_end;
	bool searches;          /* this request holds search */
	struct source *content; /* NULL: to be opened */
	uint64_t begun;         /* offset at which it was opened */
	uint64_t passed;        /* bytes of it skipped */
	uint64_t lines;         /* newlines in the bytes skipped */
	char last;              /* last byte skipped */
	struct source *page;    /* once the first line is found */
};

static ssize_t
window_read(struct source *source, void *buffer, size_t n)
{
	struct window *w = (struct window *)source;

	if (w->at == w->n)
		return w->content->read(w->content, buffer, n);
	if (n > w->n - w->at)
		n = w->n - w->at;
	memcpy(buffer, w->buffer + w->at, n);
	w->at += n;
	return (ssize_t)n;
}

static void
window_close(struct source *source)
{
	struct window *w = (struct window *)source;

	if (w->content != NULL)
		w->content->close(w->content);
	free(w);
}

static void
close_content(struct logview *v)
{
	if (v->content != NULL)
		v->content->close(v->content);
	v->content = NULL;
	v->passed = 0;
}

/* The access points of the log. */
static struct points *
get_points(const struct logview *v)
{
	return unwrap_points(v->archive, &v->member, &v->how);
}

/* The offset of the access point from which to begin the search. */
static uint64_t
first_offset(const struct logview *v)
{
	struct points *points = get_points(v);
	uint64_t offset = 0;

	if (points != NULL)
		offset = v->looking_for_end
			? points_nearest_offset(points, UINT64_MAX)
			: points_before_line(points, v->view.first - 1);
	points_drop(points);
	return offset;
}

static bool
open_content(struct logview *v)
{
	struct position position = {.offset = first_offset(v)};

	v->content = unwrap_open(
		v->archive, &v->member, v->start, &v->how, &position);
	v->begun = position.offset;
	v->lines = position.lines;
	v->last = '\n';
	return v->content != NULL;
}

/* The number of lines, if the content was read to its end before. */
static uint64_t
known_total(const struct logview *v)
{
	uint64_t total = LOGPAGE_UNKNOWN;
	struct points *points;

	if (v->search != NULL)
		total = logsearch_total(v->search);
	if (total != LOGPAGE_UNKNOWN)
		return total;
	points = get_points(v);
	if (points != NULL && !points_finished(points, &total))
		total = LOGPAGE_UNKNOWN;
	points_drop(points);
	return total;
}

/* Set the number of lines, and look for the last ones. */
static void
set_total(struct logview *v, uint64_t total)
{
	v->view.total = total;
	v->view.first = total > v->view.lines ? total - v->view.lines + 1 : 1;
	v->looking_for_end = false;
	if (v->search != NULL)
		logsearch_set_total(v->search, total);
	close_content(v);
}

/* Use the number of lines if it is known by now. */
static void
look_up_total(struct logview *v)
{
	uint64_t total = known_total(v);

	if (total == LOGPAGE_UNKNOWN)
		return;
	if (v->search != NULL && logsearch_is_damaged(v->search))
		v->view.damaged = true;
	v->view.total = total;
	/* If the first line wanted lies behind the end, show the last lines. */
	if (v->looking_for_end || v->view.from > total)
		set_total(v, total);
}

/* Start again with what others have found since the content was opened, if that
 * is nearer. */
static void
catch_up(struct logview *v)
{
	look_up_total(v);
	if (v->content != NULL && first_offset(v) > v->begun + v->passed)
		close_content(v);
}

/* Whether the search may go on, because no other request searches. */
static bool
may_search(struct logview *v)
{
	if (v->passed < NEAR_SIZE || v->searches || v->search == NULL)
		return true;
	v->searches = logsearch_take(v->search);
	if (v->searches)
		catch_up(v);
	return v->searches;
}

/* Let others search. */
static void
end_search(struct logview *v)
{
	if (v->searches)
		logsearch_give(v->search);
	v->searches = false;
}

/* Begin the page with the bytes of buffer from `at` to n. */
static bool
open_page(struct logview *v, const char *buffer, size_t at, size_t n)
{
	struct window *w = malloc(sizeof(*w) + n - at);

	if (w == NULL)
		return false;
	*w = (struct window){
		.source = {.read = window_read, .close = window_close},
		.content = v->content,
		.n = n - at,
	};
	memcpy(w->buffer, buffer + at, n - at);
	v->content = NULL;
	v->page = logpage_open(&w->source, &v->view);
	return v->page != NULL;
}

/* The number of bytes at p before the first line wanted; n if it does not begin
 * there. */
static size_t
pass_lines(struct logview *v, const char *p, size_t n)
{
	const char *at = p;

	while (v->lines < v->view.first - 1) {
		at = memchr(at, '\n', n - (size_t)(at - p));
		if (at == NULL)
			return n;
		at++;
		v->lines++;
	}
	return (size_t)(at - p);
}

/* Skip or use a piece of n bytes; n = 0 means the end. */
static bool
pass(struct logview *v, const char *buffer, size_t n)
{
	size_t at;

	if (n == 0 && v->view.total != LOGPAGE_UNKNOWN)
		return open_page(v, buffer, 0, 0);
	if (n == 0) {
		set_total(v, v->lines + (v->last != '\n'));
		return true;
	}
	v->last = buffer[n - 1];
	if (v->looking_for_end) {
		v->lines += points_count_lines(buffer, n);
		return true;
	}
	at = pass_lines(v, buffer, n);
	return at == n || open_page(v, buffer, at, n);
}

/* The log is a damaged file, which ends here. */
static void
note_damage(struct logview *v)
{
	v->view.damaged = true;
	if (v->search != NULL)
		logsearch_set_damaged(v->search);
}

static ssize_t
logview_read(struct source *source, void *buffer, size_t n)
{
	struct logview *v = (struct logview *)source;
	ssize_t got;

	for (size_t passed = 0; v->page == NULL && passed < TURN_SIZE;) {
		if (!may_search(v))
			return SOURCE_WAITS;
		if (v->content == NULL && !open_content(v))
			return -1;
		got = v->content->read(v->content, buffer, n);
		source->amid = v->content->amid;
		if (got == -1 && errno == EBADMSG) {
			note_damage(v);
			got = 0;
		}
		if (got < 0)
			return got;
		passed += (size_t)got;
		v->passed += (size_t)got;
		if (!pass(v, buffer, (size_t)got))
			return -1;
	}
	if (v->page == NULL)
		return SOURCE_LATER;
	end_search(v);
	source->amid = false;
	got = v->page->read(v->page, buffer, n);
	/* A content read in part has no CRC-32 to check, so check the file. */
	if (got == 0 && !archive_is_intact(v->archive))
		return archive_fault(
			v->archive, &v->member, "the file has changed");
	return got;
}

static void
logview_pause(struct source *source)
{
	end_search((struct logview *)source);
}

static void
logview_close(struct source *source)
{
	struct logview *v = (struct logview *)source;

	end_search(v);
	logsearch_drop(v->search);
	close_content(v);
	if (v->page != NULL)
		v->page->close(v->page);
	free(v);
}

struct source *
logview_open(struct archive *archive, const struct member *member,
	uint64_t start, const struct wrapping *how,
	const struct logpage_view *view)
{
	struct logview *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	v->source.read = logview_read;
	v->source.pause = logview_pause;
	v->source.close = logview_close;
	v->source.late =
		packing_is_slow(how->packing) || source_is_slow(member);
	v->source.memory =
		unwrap_memory(archive, member, start, how) + screen_memory();
	v->archive = archive;
	v->member = *member;
	v->start = start;
	v->how = *how;
	v->search = logsearch_get(archive, member);
	v->view = *view;
	v->view.windows = how->windows;
	v->view.total = LOGPAGE_UNKNOWN;
	v->view.first = view->from;
	v->looking_for_end = view->from == 0;
	look_up_total(v);
	return &v->source;
}
