/* One text is open at a time, and searched as a log is (logcontext.h).  The
 * memory of its decoder is borrowed when it is opened, since the members of an
 * archive need different amounts.  If others have it, the search ends before
 * that member, as it does where enough was found: what it says is then right
 * for as long as a cache keeps it. */

#include "serve/search.h"

#include <errno.h>
#include <stdlib.h>

#include "archive/loan.h"
#include "archive/shownname.h"
#include "http/ownname.h"
#include "http/packedname.h"
#include "http/path.h"
#include "http/represent.h"
#include "serve/logcontext.h"
#include "serve/logresults.h"
#include "serve/rows.h"
#include "serve/searchrow.h"

enum stage { STAGE_HEAD, STAGE_MEMBERS, STAGE_LINES, STAGE_FOOT, STAGE_END };

struct search {
	struct rows out;

	/* Set once. */
	struct archive *archive;
	const struct site *site;
	struct search_view view;
	struct arena arena; /* holds the strings of view */
	bool utf8; /* URLs are in UTF-8, not in the archive's own bytes */

	/* The position. */
	enum stage stage;
	struct zipdir_walk walk;
	struct search_sums sums;
	struct search_place next; /* where it ended before its end */
	unsigned quiet;           /* steps since something was sent */
	/* The member that is searched. */
	struct child child;
	struct logcontext lines;
	uint64_t borrowed;       /* bytes for its decoder */
	uint64_t last;           /* number of the last line shown; 0: none */
	struct arena names;      /* holds... */
	struct search_text text; /* ...its strings, once a line is shown */
};

static void
close_text(struct search *s)
{
	logcontext_close(&s->lines);
	loan_give(s->archive, s->borrowed);
	s->borrowed = 0;
	arena_reset(&s->names);
	s->text = (struct search_text){.name = {NULL, 0}};
	s->last = 0;
}

/* What the text is called, and where its log page is. */
static void
name_text(struct search *s)
{
	struct text link = {.arena = &s->names};
	struct str name = s->child.name;

	s->text.name =
		shownname_of(s->archive, name, s->child.legacy, &s->names);
	if (s->utf8)
		name = s->text.name;
	text_add(&link, STR("./"));
	path_encode(&link, path_parent(name), false);
	if (path_parent(name).n > 0)
		text_byte(&link, '/');
	text_add(&link, STR("-wwz-log/"));
	path_encode(&link, path_last(name), false);
	s->text.link = text_str(&link);
}

/* Whether requests can get the member, and it is not another one once more. */
static bool
is_own_text(const struct search *s, const struct child *child)
{
	struct str name = child->member.name;
	struct packedname packed = packedname_read(name);
	struct member plain;

	return !child->directory && !child->member.link &&
		!ownname_keeps_back(s->archive, name) &&
		(packed.packing == PACKING_NONE ||
			!zipdir_find_exact(
				s->archive->zipdir, packed.inner, &plain));
}

/* Borrow memory for the decoder of member, and begin to search in it.
 * STATUS_GO; STATUS_NOT_FOUND when it is no text; STATUS_LATER while others
 * have the memory; or why it cannot be read. */
static enum status
open_text(struct search *s, const struct member *member)
{
	struct logtext text = {.at_once = false};
	enum status status = STATUS_UNSUPPORTED;
	uint64_t memory;

	if (source_is_readable(member))
		status = represent_log(&text, s->archive, member, s->site);
	if (status != STATUS_GO)
		return status;
	memory = unwrap_memory(s->archive, member, text.start, &text.how);
	if (!loan_take(s->archive, memory))
		return loan_exceeds(s->archive, memory, logfind_memory())
			? STATUS_UNSUPPORTED
			: STATUS_LATER;
	s->borrowed = memory;
	if (logcontext_open(&s->lines, s->archive, member, text.start,
		    &text.how, &s->view.lines) < 0)
		return source_failure();
	return STATUS_GO;
}

/* Go on to the next member.  0 at the end, or as read of a source. */
static ssize_t
next_member(struct search *s)
{
	struct member member;

	if (!zipdir_next_below(&s->walk, &s->child))
		return 0;
	if (!str_eq(s->child.name, s->view.member))
		s->view.lines.from = 0;
	/* With its slot, what is found out about it is kept. */
	if (!is_own_text(s, &s->child) ||
		!zipdir_find_exact(
			s->archive->zipdir, s->child.member.name, &member))
		return SOURCE_LATER;
	switch (open_text(s, &member)) {
	case STATUS_GO:
		s->sums.searched++;
		s->stage = STAGE_LINES;
		break;
	case STATUS_NOT_FOUND:
		s->sums.passed++;
		break;
	case STATUS_UNSUPPORTED:
		s->sums.unread++;
		break;
	case STATUS_LATER:
		s->next = (struct search_place){s->child.name, 1};
		/* A page that leads to itself would be of no use. */
		if (!str_eq(s->next.member, s->view.member))
			return 0;
		/* fall through */
	case STATUS_UNAVAILABLE:
		errno = ENOMEM;
		return -1;
	default:
		/* No answer looks whole that may be another one the next time:
		 * caches would keep it. */
		if (!source_is_damaged())
			return -1;
		s->sums.unread++;
		close_text(s);
		break;
	}
	return SOURCE_LATER;
}

static uint64_t
lines_left_out(const struct search *s)
{
	return s->sums.left_out + logfind_match(s->lines.find)->left_out;
}

/* Whether the page is full; then note where another one goes on. */
static bool
is_full(struct search *s)
{
	if (s->sums.matches < LOGRESULTS_MOST &&
		s->sums.bytes < LOGRESULTS_BYTES &&
		lines_left_out(s) < LOGRESULTS_LEFT_OUT)
		return false;
	s->next = (struct search_place){s->child.name, s->lines.last + 1};
	return true;
}

/* End the search in the member. */
static void
end_text(struct search *s)
{
	if (s->last > 0)
		searchrow_end(&s->out.row, &s->view);
	s->sums.left_out = lines_left_out(s);
	s->stage = s->next.member.n > 0 ? STAGE_FOOT : STAGE_MEMBERS;
	close_text(s);
}

static void
show_line(struct search *s, const struct logfind_line *line)
{
	struct text *row = &s->out.row;

	if (s->last == 0) {
		name_text(s);
		row->arena->failed |= s->names.failed;
		searchrow_begin(row, &s->view, &s->text);
	}
	searchrow_line(row, &s->view, &s->text, &s->sums, s->lines.find, line,
		line->number > s->last + 1);
	s->last = line->number;
	s->sums.shown++;
	s->sums.bytes += line->bytes.n;
	s->sums.matches += line->matches;
}

/* Search on in the member.  As read of a source. */
static ssize_t
search_lines(struct search *s)
{
	struct logfind_line line;
	ssize_t got;

	if (is_full(s)) {
		end_text(s);
		return 1;
	}
	got = logcontext_next(&s->lines, &line);
	if (got == SOURCE_LATER && lines_left_out(s) >= LOGRESULTS_LEFT_OUT)
		s->lines.last = line.number; /* the one that was tried last */
	if (got == 1)
		show_line(s, &line);
	if (got > 0 || got == SOURCE_LATER || (got < 0 && !source_is_damaged()))
		return got;
	s->sums.unread += got < 0;
	end_text(s);
	return SOURCE_LATER;
}

/* One step in the members.  As make of struct rows. */
static ssize_t
search_on(struct search *s)
{
	ssize_t got =
		s->stage == STAGE_LINES ? search_lines(s) : next_member(s);

	if (got == 0)
		s->stage = STAGE_FOOT;
	if (got != SOURCE_LATER || s->out.row.n > 0) {
		s->quiet = 0;
	} else if (++s->quiet == SEARCH_QUIET) {
		text_byte(&s->out.row, '\n');
		s->quiet = 0;
	}
	return got == 0 || s->out.row.n > 0 ? 1 : got;
}

static ssize_t
make_search_row(struct rows *out)
{
	struct search *s = (struct search *)out;

	switch (s->stage) {
	case STAGE_HEAD:
		searchrow_head(&out->row, &s->view);
		s->stage = s->view.lines.q.n > 0 ? STAGE_MEMBERS : STAGE_FOOT;
		return 1;
	case STAGE_MEMBERS:
	case STAGE_LINES:
		return search_on(s);
	case STAGE_FOOT:
		if (!archive_is_intact(s->archive))
			return archive_fault(s->archive, &s->child.member,
				"the file has changed");
		searchrow_foot(&out->row, &s->view, &s->sums, &s->next);
		s->stage = STAGE_END;
		return 1;
	case STAGE_END:
		break;
	}
	return 0;
}

static void
search_close(struct source *source)
{
	struct search *s = (struct search *)source;

	close_text(s);
	arena_free(&s->out.arena);
	arena_free(&s->names);
	arena_free(&s->arena);
	free(s);
}

struct source *
search_open(struct archive *archive, struct zipdir_walk walk,
	const struct search_view *view, const struct site *site)
{
	struct search *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->out.source.read = rows_read;
	s->out.source.close = search_close;
	s->out.source.late = view->lines.q.n > 0;
	s->out.source.memory = logfind_memory();
	s->out.make = make_search_row;
	s->archive = archive;
	s->site = site;
	s->view = *view;
	s->view.archive = arena_copy(&s->arena, view->archive);
	s->view.directory = arena_copy(&s->arena, view->directory);
	s->view.lines.q = arena_copy(&s->arena, view->lines.q);
	s->view.member = arena_copy(&s->arena, view->member);
	s->utf8 = walk.prefix.n > 0 &&
		!str_eq(str_slice(walk.prefix, 0, walk.prefix.n - 1),
			view->directory);
	s->walk = walk;
	if (view->member.n > 0)
		zipdir_seek_below(&s->walk, view->member);
	if (s->arena.failed) {
		search_close(&s->out.source);
		errno = ENOMEM;
		return NULL;
	}
	return &s->out.source;
}
