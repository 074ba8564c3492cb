/* A listing is made row by row while it is sent: first the directories, then
 * the files.  Sorted by name, this takes two walks over the directory.  Any
 * other order needs an array of positions in that walk, which is sorted when
 * the listing is opened.
 *
 * Programs that mirror directories fetch whatever the links of a page lead to,
 * unless a link has a query.  So all links but those to members and directories
 * have a query. */

#include "serve/listing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "http/ownname.h"
#include "http/page.h"
#include "http/path.h"
#include "serve/listrow.h"
#include "serve/rows.h"
#include "zip/rulename.h"

enum { CRUMBS = 32 };

enum stage {
	STAGE_HEAD,
	STAGE_DIRECTORIES,
	STAGE_FILES,
	STAGE_FOOT,
	STAGE_END
};

/* A child, with its key in the chosen order. */
struct place {
	int64_t key;
	uint32_t at; /* position in the walk */
	bool directory;
};

struct listing {
	struct rows out;

	/* Set once. */
	struct listing_view view;
	struct listed listed; /* its archive is lent */
	struct zipdir_walk start;
	struct place *places; /* NULL: in the order of the walk */
	size_t nplaces;
	struct arena arena; /* holds the strings of view */

	/* The position. */
	enum stage stage;
	struct zipdir_walk walk;
	size_t place;
	uint64_t rows;               /* made so far */
	uint64_t directories, bytes; /* in the rows made */
};

struct listing_view
listing_view_of(struct str query)
{
	struct str sort = page_query(query, STR("sort"));
	struct listing_view view = {.sort = LISTING_NAME};

	if (str_eq(sort, STR("size")))
		view.sort = LISTING_SIZE;
	else if (str_eq(sort, STR("time")))
		view.sort = LISTING_TIME;
	view.descending = str_eq(page_query(query, STR("order")), STR("desc"));
	view.json = str_eq(page_query(query, STR("format")), STR("json"));
	return view;
}

static void
add_parent_link(struct text *text, size_t levels)
{
	if (levels == 0)
		text_add(text, STR("./"));
	while (levels-- > 0)
		text_add(text, STR("../"));
}

static size_t
depth_of(struct str directory)
{
	size_t depth = 0;

	while (directory.n > 0) {
		str_cut(&directory, '/');
		depth++;
	}
	return depth;
}

static void
add_crumb(struct listing *l, struct str name, size_t up)
{
	text_add(&l->out.row, STR("<a href=\""));
	add_parent_link(&l->out.row, up);
	text_add(&l->out.row, STR("\">"));
	page_add(&l->out.row, name);
	text_add(&l->out.row, STR("</a> <i>/</i> "));
}

/* Add the archive and each directory down to this one, all but the last as
 * links.  If there are very many, only the last ones are shown, because the
 * links grow with each level. */
static void
add_breadcrumbs(struct listing *l)
{
	struct str rest = l->view.directory, name;
	size_t depth = depth_of(rest);

	text_add(&l->out.row, STR("<h1>"));
	if (depth == 0)
		page_add(&l->out.row, l->view.archive);
	else
		add_crumb(l, l->view.archive, depth);
	if (depth > CRUMBS)
		text_add(&l->out.row, STR("\xe2\x80\xa6 <i>/</i> "));
	for (; depth > 0; depth--) {
		name = str_cut(&rest, '/');
		if (depth == 1)
			page_add(&l->out.row, name);
		else if (depth <= CRUMBS)
			add_crumb(l, name, depth - 1);
	}
	text_add(&l->out.row, STR("</h1>\n"));
}

static void
add_column(struct listing *l, enum listing_sort sort, const char *key,
	const char *title)
{
	bool here = l->view.sort == sort;
	bool descend = here ? !l->view.descending : sort != LISTING_NAME;

	text_printf(&l->out.row,
		"<th scope=\"col\"%s><a rel=\"nofollow\" href=\"./-wwz-index?sort=%s&amp;order=%s\">%s</a>%s</th>",
		!here                        ? ""
			: l->view.descending ? " aria-sort=\"descending\""
					     : " aria-sort=\"ascending\"",
		key, descend ? "desc" : "asc", title,
		!here                        ? ""
			: l->view.descending ? " \xe2\x86\x93"
					     : " \xe2\x86\x91");
}

static void
add_download_link(struct listing *l)
{
	text_add(&l->out.row, STR(" \xc2\xb7 <a href=\""));
	add_parent_link(
		&l->out.row, depth_of(l->view.directory) + l->view.tree);
	text_add(&l->out.row,
		STR("-wwz-archive?download\" rel=\"nofollow\">Download the archive</a>"));
}

static void
add_listing_head(struct listing *l)
{
	struct text title = {.arena = &l->out.arena};

	text_add(&title, l->view.archive);
	text_byte(&title, '/');
	text_add(&title, l->view.directory);
	page_begin(&l->out.row, text_str(&title), "", (struct str){NULL, 0},
		l->places != NULL);
	add_breadcrumbs(l);
	text_add(&l->out.row, STR("<nav><a href=\"../\">Up one level</a>"));
	if (l->view.download)
		add_download_link(l);
	text_add(&l->out.row, STR("</nav>\n<table>\n<thead>\n<tr>"));
	add_column(l, LISTING_NAME, "name", "Name");
	add_column(l, LISTING_SIZE, "size", "Size");
	add_column(l, LISTING_TIME, "time", "Modified<span> (UTC)</span>");
	text_add(&l->out.row, STR("</tr>\n</thead>\n<tbody>\n"));
}

static void
add_json_head(struct listing *l)
{
	text_add(&l->out.row, STR("{\"archive\":"));
	page_add_json(&l->out.row, l->view.archive);
	text_add(&l->out.row, STR(",\"directory\":"));
	page_add_json(&l->out.row, l->view.directory);
	text_add(&l->out.row, STR(",\"entries\":["));
}

static void
add_count(struct text *text, uint64_t n, const char *one, const char *many)
{
	text_printf(text, "%" PRIu64 " %s, ", n, n == 1 ? one : many);
}

static void
add_sum(struct listing *l)
{
	text_add(&l->out.row, STR("<p>"));
	add_count(&l->out.row, l->directories, "directory", "directories");
	add_count(&l->out.row, l->rows - l->directories, "file", "files");
	page_add_size(&l->out.row, l->bytes);
	text_add(&l->out.row, STR("</p>\n"));
}

static void
add_listing_foot(struct listing *l)
{
	if (l->view.json) {
		text_add(&l->out.row, STR("\n]}\n"));
		return;
	}
	if (l->rows == 0)
		text_add(&l->out.row,
			STR("<tr><td>This directory is empty.</td><td></td><td></td></tr>\n"));
	text_add(&l->out.row, STR("</tbody>\n</table>\n"));
	add_sum(l);
	page_end(&l->out.row);
}

/* Whether child is not served: the server's own page, or its tree of listings,
 * stands at its address, or it is one of the archive's rules. */
static bool
is_covered(const struct listing *l, const struct child *child)
{
	enum ownname own = ownname_child(l->view.directory, child->name);

	if (child->directory)
		return own == OWNNAME_LISTING && l->view.directory.n == 0;
	return own != OWNNAME_NONE ||
		(l->listed.archive->ruled && l->start.prefix.n == 0 &&
			rulename_is(child->name));
}

/* Get the next child, without those that no request can reach. */
static bool
walk_on(const struct listing *l, struct zipdir_walk *walk, struct child *child)
{
	while (zipdir_next(walk, child)) {
		if (!is_covered(l, child))
			return true;
	}
	return false;
}

/* Get the next child of one kind in the chosen order. */
static bool
next_child(struct listing *l, bool directories, struct child *child)
{
	if (l->places == NULL) {
		while (walk_on(l, &l->walk, child)) {
			if (child->directory == directories)
				return true;
		}
		return false;
	}
	while (l->place < l->nplaces) {
		const struct place *place = &l->places[l->place++];

		if (place->directory != directories)
			continue;
		l->walk.at = place->at;
		return walk_on(l, &l->walk, child);
	}
	return false;
}

static bool
add_row(struct listing *l, bool directories)
{
	struct child child;
	struct listrow row;

	if (!next_child(l, directories, &child)) {
		l->walk = l->start;
		l->place = 0;
		return false;
	}
	row = listrow_of(&l->listed, &child, &l->out.arena);
	if (l->view.json && l->rows > 0)
		text_byte(&l->out.row, ',');
	if (l->view.json)
		listrow_json(&row, &l->out.row);
	else
		listrow_html(&row, &l->out.row);
	l->rows++;
	l->directories += row.child.directory;
	l->bytes += row.child.member.size;
	return true;
}

static ssize_t
make_listing_row(struct rows *out)
{
	struct listing *l = (struct listing *)out;

	switch (l->stage) {
	case STAGE_HEAD:
		if (l->view.json)
			add_json_head(l);
		else
			add_listing_head(l);
		l->stage = STAGE_DIRECTORIES;
		break;
	case STAGE_DIRECTORIES:
		if (!add_row(l, true))
			l->stage = STAGE_FILES;
		break;
	case STAGE_FILES:
		if (!add_row(l, false))
			l->stage = STAGE_FOOT;
		break;
	case STAGE_FOOT:
		add_listing_foot(l);
		l->stage = STAGE_END;
		break;
	case STAGE_END:
		return 0;
	}
	return 1;
}

static void
listing_close(struct source *source)
{
	struct listing *l = (struct listing *)source;

	arena_free(&l->out.arena);
	arena_free(&l->arena);
	free(l->places);
	free(l);
}

static int
by_key(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static int64_t
key_of(const struct listing *l, const struct child *child, size_t at)
{
	int64_t key = (int64_t)at;

	if (!child->directory && l->view.sort == LISTING_SIZE)
		key = child->member.size > INT64_MAX
			? INT64_MAX
			: (int64_t)child->member.size;
	else if (!child->directory && l->view.sort == LISTING_TIME)
		key = listrow_time(&child->member, l->view.written);
	else if (child->directory && l->view.sort != LISTING_NAME)
		return key;
	return l->view.descending ? -key : key;
}

static int
add_sorted(struct listing *l, struct place place)
{
	/* The array is doubled when its size is a power of two. */
	if ((l->nplaces & (l->nplaces - 1)) == 0) {
		size_t size = (l->nplaces ? 2 * l->nplaces : 1) * sizeof(place);
		struct place *places = realloc(l->places, size);

		if (places == NULL)
			return -1;
		l->places = places;
		l->out.source.memory = size;
	}
	l->places[l->nplaces++] = place;
	return 0;
}

/* Sort all children.  The order by name needs no array. */
static int
sort_places(struct listing *l)
{
	struct zipdir_walk walk = l->start;
	struct child child;
	size_t at = walk.at;

	if (listing_is_by_name(&l->view))
		return 0;
	for (; walk_on(l, &walk, &child); at = walk.at) {
		struct place place = {
			key_of(l, &child, at), (uint32_t)at, child.directory};

		if (add_sorted(l, place) < 0)
			return -1;
	}
	if (l->nplaces > 0)
		qsort(l->places, l->nplaces, sizeof(*l->places), by_key);
	return 0;
}

struct source *
listing_open(struct archive *archive, struct zipdir_walk walk,
	const struct listing_view *view)
{
	struct listing *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->out.source.read = rows_read;
	l->out.source.close = listing_close;
	l->out.make = make_listing_row;
	l->start = l->walk = walk;
	l->view = *view;
	l->view.archive = arena_copy(&l->arena, view->archive);
	l->view.directory = arena_copy(&l->arena, view->directory);
	/* In a directory that was requested in another form than its own, so
	 * are the URLs. */
	l->listed = (struct listed){archive, view->written, l->view.directory,
		walk.prefix.n > 0 &&
			!str_eq(str_slice(walk.prefix, 0, walk.prefix.n - 1),
				view->directory),
		walk.hides};
	if (l->arena.failed || sort_places(l) < 0) {
		listing_close(&l->out.source);
		errno = ENOMEM;
		return NULL;
	}
	return &l->out.source;
}
