#include "serve/logcontext.h"

#include "archive/points.h"

int
logcontext_open(struct logcontext *c, struct archive *archive,
	const struct member *member, uint64_t start, const struct wrapping *how,
	const struct logpage_view *view)
{
	const struct logmatch_what what = {
		.text = view->q, .regex = view->regex, .windows = how->windows};
	struct position position = {0};
	struct points *points = NULL;
	struct source *text;

	*c = (struct logcontext){.context = view->context,
		.last = view->from > 0 ? view->from - 1 : 0};
	if (c->last > 0)
		points = unwrap_points(archive, member, how);
	if (points != NULL)
		position.offset = points_before_line(points, c->last);
	points_drop(points);
	text = unwrap_open(archive, member, start, how, &position);
	if (text != NULL)
		c->find = logfind_new(
			text, position.lines + 1, position.offset > 0, &what);
	return c->find == NULL ? -1 : 0;
}

void
logcontext_close(struct logcontext *c)
{
	logfind_free(c->find);
	c->find = NULL;
}

/* A match was found.  Let the lines before it be given that are wanted, are at
 * hand, and were not given. */
static void
keep_match(struct logcontext *c, const struct logfind_line *match)
{
	uint64_t room = match->number - 1 - c->last;
	int lines = (int)(room < c->context ? room : c->context);

	c->before = logfind_before(c->find, match, lines);
	c->number =
		match->number - points_count_lines(c->before.p, c->before.n);
	c->match = *match;
}

/* Take the next line of those before the match. */
static void
take_before(struct logcontext *c, struct logfind_line *line)
{
	*line = (struct logfind_line){
		.number = c->number++, .bytes = str_cut(&c->before, '\n')};
	if (line->bytes.n > LOGMATCH_LINE)
		line->bytes.n = LOGMATCH_LINE;
}

/* Search.  Results as logfind_next. */
static ssize_t
find_line(struct logcontext *c, struct logfind_line *line)
{
	ssize_t got;

	do {
		got = c->after > 0 ? logfind_take(c->find, line)
				   : logfind_next(c->find, line);
	} while (got == 1 && line->number <= c->last);
	return got;
}

ssize_t
logcontext_next(struct logcontext *c, struct logfind_line *line)
{
	ssize_t got;

	if (c->match.number == 0) {
		got = find_line(c, line);
		if (got != 1)
			return got;
		if (c->after > 0)
			c->after--;
		else
			keep_match(c, line);
	}
	if (c->before.n > 0) {
		take_before(c, line);
	} else if (c->match.number > 0) {
		*line = c->match;
		c->match.number = 0;
	}
	c->last = line->number;
	if (line->matches)
		c->after = c->context;
	return 1;
}
