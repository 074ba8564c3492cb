#include "serve/logresults.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "http/page.h"
#include "http/path.h"
#include "serve/logcontext.h"
#include "serve/logfound.h"
#include "serve/lognav.h"
#include "serve/rows.h"

enum stage { STAGE_HEAD, STAGE_LINES, STAGE_FOOT, STAGE_END };

struct logresults {
	struct rows out;

	/* Set once. */
	struct archive *archive;
	struct member member;
	uint64_t start;
	struct wrapping how;
	struct logpage_view view;
	struct arena arena; /* holds the strings of view */

	/* The position. */
	enum stage stage;
	struct logcontext lines; /* its find is NULL until it is opened */
	uint64_t last;           /* number of the last line passed */
	uint64_t shown;          /* lines */
	uint64_t matches;        /* shown */
	uint64_t bytes;          /* of all lines shown */
	bool more;               /* there may be matches behind the last line */
	bool damaged;
};

/* Lines left out since the expression took too long. */
static uint64_t
left_out(const struct logresults *r)
{
	return logfind_match(r->lines.find)->left_out;
}

/* HTML. */

static void
add_results_head(struct logresults *r)
{
	struct text *row = &r->out.row;

	page_begin(row, r->view.name, "log", page_log_style, true);
	text_add(row, STR("<h1>"));
	page_add(row, r->view.name);
	text_add(row, STR("</h1>\n"));
	lognav_add_search(row, &r->view, "the whole log");
	text_add(row,
		STR("<nav><a href=\"?error=last\">Last error</a> \xc2\xb7 "
		    "<a href=\"?from=1\">First lines</a> \xc2\xb7 "
		    "<a href=\"?tail=2000#end\">Last lines</a> \xc2\xb7 <a href=\""));
	page_add(row, r->view.link);
	text_add(row, STR("\">Raw file</a></nav>\n<div class=\"lines w8\">\n"));
}

static void
add_results_foot(struct logresults *r)
{
	struct text *row = &r->out.row;

	text_printf(row, "</div>\n<p id=\"end\">%s%" PRIu64 " %s",
		r->more ? "The first " : "", r->matches,
		r->matches == 1 ? "line matches" : "lines match");
	if (r->view.from > 1)
		text_printf(row, " from line %" PRIu64 " on", r->view.from);
	text_add(row, STR("."));
	if (r->more) {
		text_add(row, STR(" <a href=\"?q="));
		path_encode_name(row, r->view.q);
		text_printf(row,
			"%s&amp;context=%" PRIu64 "&amp;from=%" PRIu64
			"\">More</a>",
			r->view.regex ? "&amp;re=1" : "", r->view.context,
			r->last + 1);
	}
	if (left_out(r) > 0)
		text_printf(row,
			" Lines left out, since the expression takes too long on them: %" PRIu64
			".",
			left_out(r));
	if (r->damaged)
		text_add(row,
			STR(" <strong>The file ends here: it is damaged, or cannot be unpacked any further.</strong>"));
	text_add(row, STR("</p>\n"));
	page_end(row);
}

/* JSON. */

static void
add_json_results_head(struct logresults *r)
{
	text_add(&r->out.row, STR("{\"log\":"));
	page_add_json(&r->out.row, r->view.name);
	text_add(&r->out.row, STR(",\"q\":"));
	page_add_json(&r->out.row, r->view.q);
	text_add(&r->out.row, STR(",\"lines\":["));
}

static void
add_json_results_foot(struct logresults *r)
{
	text_printf(&r->out.row,
		"\n],\"matches\":%" PRIu64 ",\"next\":", r->matches);
	if (r->more)
		text_number(&r->out.row, r->last + 1);
	else
		text_add(&r->out.row, STR("null"));
	text_printf(&r->out.row, ",\"left_out\":%" PRIu64 ",\"damaged\":%s}\n",
		left_out(r), r->damaged ? "true" : "false");
}

/* Both. */

static void
add_found(struct logresults *r, const struct logfind_line *line)
{
	struct text *row = &r->out.row;

	if (r->view.json) {
		text_add(row, r->shown > 0 ? STR(",\n{") : STR("\n{"));
		logfound_json(row, r->lines.find, line);
		text_byte(row, '}');
	} else {
		logfound_html(row, r->lines.find, line,
			line->number > r->last + 1, STR(""), r->view.lines);
	}
	r->last = line->number;
	r->shown++;
	r->bytes += line->bytes.n;
	r->matches += line->matches;
}

/* Add the next line.  As make of struct rows, and 0 at the end. */
static ssize_t
add_results(struct logresults *r)
{
	struct logfind_line line;
	ssize_t got;

	if (r->lines.find == NULL &&
		logcontext_open(&r->lines, r->archive, &r->member, r->start,
			&r->how, &r->view) < 0)
		return -1;
	if (r->matches >= LOGRESULTS_MOST || r->bytes >= LOGRESULTS_BYTES ||
		left_out(r) >= LOGRESULTS_LEFT_OUT) {
		r->more = true;
		return 0;
	}
	got = logcontext_next(&r->lines, &line);
	/* The line that was tried last. */
	if (got == SOURCE_LATER && left_out(r) >= LOGRESULTS_LEFT_OUT)
		r->last = line.number;
	if (got == -1 && errno == EBADMSG) {
		r->damaged = true;
		got = 0;
	}
	if (got == 1)
		add_found(r, &line);
	return got;
}

static ssize_t
make_result(struct rows *out)
{
	struct logresults *r = (struct logresults *)out;
	ssize_t got;

	switch (r->stage) {
	case STAGE_HEAD:
		if (r->view.json)
			add_json_results_head(r);
		else
			add_results_head(r);
		r->stage = STAGE_LINES;
		return 1;
	case STAGE_LINES:
		got = add_results(r);
		if (got == 0)
			r->stage = STAGE_FOOT;
		return got == 0 ? 1 : got;
	case STAGE_FOOT:
		/* A content read in part has no CRC-32 to check. */
		if (!archive_is_intact(r->archive))
			return archive_fault(
				r->archive, &r->member, "the file has changed");
		if (r->view.json)
			add_json_results_foot(r);
		else
			add_results_foot(r);
		r->stage = STAGE_END;
		return 1;
	case STAGE_END:
		break;
	}
	return 0;
}

static void
logresults_close(struct source *source)
{
	struct logresults *r = (struct logresults *)source;

	logcontext_close(&r->lines);
	arena_free(&r->out.arena);
	arena_free(&r->arena);
	free(r);
}

struct source *
logresults_open(struct archive *archive, const struct member *member,
	uint64_t start, const struct wrapping *how,
	const struct logpage_view *view)
{
	struct logresults *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->out.source.read = rows_read;
	r->out.source.close = logresults_close;
	r->out.source.late = true;
	r->out.source.memory =
		unwrap_memory(archive, member, start, how) + logfind_memory();
	r->out.make = make_result;
	r->archive = archive;
	r->member = *member;
	r->start = start;
	r->how = *how;
	r->view = *view;
	r->last = view->from > 0 ? view->from - 1 : 0;
	r->view.name = arena_copy(&r->arena, view->name);
	r->view.link = arena_copy(&r->arena, view->link);
	r->view.q = arena_copy(&r->arena, view->q);
	if (r->arena.failed) {
		logresults_close(&r->out.source);
		errno = ENOMEM;
		return NULL;
	}
	return &r->out.source;
}
