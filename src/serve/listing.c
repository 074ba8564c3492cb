/* A listing is made row by row while it is sent.
 *
 * Programs that mirror directories fetch whatever the links of a page lead to,
 * unless a link has a query.  So all links but those to members and directories
 * have a query. */

#include "serve/listing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "http/page.h"
#include "serve/children.h"
#include "serve/readme.h"
#include "serve/rows.h"

enum {
	CRUMBS = 32,
	FILTER_WORTH = 12, /* rows, to have a form that filters them */
};

enum stage {
	STAGE_HEAD,
	STAGE_DIRECTORIES,
	STAGE_FILES,
	STAGE_SUM,
	STAGE_README,
	STAGE_FOOT,
	STAGE_END
};

struct listing {
	struct rows out;

	/* Set once. */
	struct listing_view view;
	struct listed listed; /* its archive is lent */
	struct arena arena;   /* holds the strings of view */
	bool has_images;      /* small ones, on this page */

	/* The position. */
	enum stage stage;
	struct children children;
	struct readme readme;
	uint64_t rows;               /* made so far */
	uint64_t directories, bytes; /* in the rows made */
};

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
add_column(struct listing *l, enum listing_sort sort, const char *title)
{
	bool here = l->view.sort == sort;
	struct listing_view other = l->view;

	other.sort = sort;
	other.descending = here ? !l->view.descending : sort != LISTING_NAME;
	text_printf(&l->out.row,
		"<th scope=\"col\"%s><a rel=\"nofollow\" href=\"",
		!here                        ? ""
			: l->view.descending ? " aria-sort=\"descending\""
					     : " aria-sort=\"ascending\"");
	listing_view_link(&l->out.row, &other, 0);
	text_printf(&l->out.row, "\">%s</a>%s</th>", title,
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

/* The top as a zip file is the archive, if that may be had. */
static void
add_zip_link(struct listing *l)
{
	if (l->view.directory.n > 0 || !l->view.download)
		text_add(&l->out.row,
			STR(" \xc2\xb7 <a href=\"./-wwz-index?download\" rel=\"nofollow\">Download as zip</a>"));
}

/* One form for both: names that have a text in them, and texts in files. */
static void
add_form(struct listing *l)
{
	bool filters = l->view.filter.n > 0 || l->children.n >= FILTER_WORTH;
	struct text *row = &l->out.row;

	text_printf(row,
		"<form action=\"./-wwz-%s\">"
		"<input type=\"search\" name=\"q\" aria-label=\"%s\" value=\"",
		filters ? "index" : "search",
		filters ? "Part of a name, or text in files" : "Text in files");
	page_add(row, l->view.filter);
	text_add(row, STR("\">"));
	if (filters) {
		listing_view_fields(row, &l->view);
		text_add(row, STR("<button>Filter</button>"));
	}
	text_add(row,
		STR("<button formaction=\"./-wwz-search\">Search in files</button></form>\n"));
}

/* Link to the page with images, or without. */
static void
add_view_link(struct listing *l)
{
	struct listing_view other = l->view;

	if (!l->has_images)
		return;
	other.images =
		l->listed.images ? LISTING_IMAGES_NEVER : LISTING_IMAGES_ALWAYS;
	text_add(&l->out.row, STR(" \xc2\xb7 <a rel=\"nofollow\" href=\""));
	listing_view_link(&l->out.row, &other, l->view.page);
	text_printf(&l->out.row, "\">%s</a>",
		l->listed.images ? "Names only" : "Show images");
}

static uint64_t
count_pages(const struct listing *l)
{
	return (l->children.n + LISTVIEW_ROWS - 1) / LISTVIEW_ROWS;
}

static void
add_page_link(struct listing *l, uint64_t page, const char *rel)
{
	if (page == 0 || page > count_pages(l))
		return;
	text_printf(&l->out.row, "<a rel=\"%s\" href=\"", rel);
	listing_view_link(&l->out.row, &l->view, page);
	text_printf(&l->out.row, "\">%s</a> \xc2\xb7 ",
		*rel == 'p' ? "Previous" : "Next");
}

/* Link to the pages before and after this one. */
static void
add_pages(struct listing *l)
{
	if (l->view.page == 0 || (l->view.page == 1 && count_pages(l) <= 1))
		return;
	text_add(&l->out.row, STR("<nav aria-label=\"Pages\">"));
	add_page_link(l, l->view.page - 1, "prev");
	add_page_link(l, l->view.page + 1, "next");
	text_printf(&l->out.row,
		"Page %" PRIu64 " of %" PRIu64 ", %zu names</nav>\n",
		l->view.page, count_pages(l), l->children.n);
}

/* Whether the page has rows that another one has, too. */
static bool
is_variant(const struct listing *l)
{
	return l->view.sort != LISTING_NAME || l->view.descending ||
		l->view.filter.n > 0 ||
		l->view.images != LISTING_IMAGES_IF_MANY;
}

static void
add_listing_head(struct listing *l)
{
	struct text title = {.arena = &l->out.arena};

	text_add(&title, l->view.archive);
	text_byte(&title, '/');
	text_add(&title, l->view.directory);
	page_begin(&l->out.row, text_str(&title), "", (struct str){NULL, 0},
		is_variant(l));
	add_breadcrumbs(l);
	text_add(&l->out.row, STR("<nav><a href=\"../\">Up one level</a>"));
	add_zip_link(l);
	if (l->view.download)
		add_download_link(l);
	add_view_link(l);
	text_add(&l->out.row, STR("</nav>\n"));
	if (l->view.page > 0)
		add_form(l);
	add_pages(l);
	text_add(&l->out.row, STR("<table>\n<thead>\n<tr>"));
	add_column(l, LISTING_NAME, "Name");
	add_column(l, LISTING_SIZE, "Size");
	add_column(l, LISTING_TIME, "Modified<span> (UTC)</span>");
	text_add(&l->out.row, STR("</tr>\n</thead>\n<tbody>\n"));
}

static void
add_json_head(struct listing *l)
{
	text_add(&l->out.row, STR("{\"archive\":"));
	page_add_json(&l->out.row, l->view.archive);
	text_add(&l->out.row, STR(",\"directory\":"));
	page_add_json(&l->out.row, l->view.directory);
	text_add(&l->out.row, STR(",\"zip\":\"./-wwz-index?download\""));
	if (l->readme.name.n > 0) {
		text_add(&l->out.row, STR(",\"readme\":"));
		page_add_json(&l->out.row, l->readme.name);
	}
	if (l->view.page > 0)
		text_printf(&l->out.row,
			",\"page\":%" PRIu64 ",\"pages\":%" PRIu64
			",\"total\":%zu",
			l->view.page, count_pages(l), l->children.n);
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

/* Add what is behind the last row. */
static void
end_table(struct listing *l)
{
	if (l->view.json) {
		text_add(&l->out.row, STR("\n]}\n"));
		return;
	}
	if (l->rows == 0)
		text_printf(&l->out.row,
			"<tr><td>%s</td><td></td><td></td></tr>\n",
			l->view.filter.n > 0 ? "No name here has this in it."
				: l->children.n > 0
				? "There are not so many pages."
				: "This directory is empty.");
	text_add(&l->out.row, STR("</tbody>\n</table>\n"));
	add_pages(l);
	add_sum(l);
}

/* A browser's first page of the directory has it; not what was looked for. */
static bool
shows_readme(const struct listing_view *view)
{
	return view->page == 1 && !view->json && view->filter.n == 0;
}

/* Add some of the text about the directory.  As make of struct rows, but 0 at
 * its end. */
static ssize_t
add_readme(struct listing *l)
{
	bool shown = l->readme.find != NULL;
	ssize_t got = readme_add(&l->readme, l->listed.archive, &l->out.row);

	/* The text was read in part, so that nothing else says that it is
	 * right. */
	if (got == 0 && shown && !archive_is_intact(l->listed.archive))
		return archive_fault(l->listed.archive, &l->readme.member,
			"the file has changed");
	return got;
}

static bool
add_row(struct listing *l, bool directories)
{
	struct child child;
	struct listrow row;

	if (!children_next(&l->children, directories, &child))
		return false;
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
	ssize_t got;

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
			l->stage = STAGE_SUM;
		break;
	case STAGE_SUM:
		end_table(l);
		l->stage = l->view.json          ? STAGE_END
			: shows_readme(&l->view) ? STAGE_README
						 : STAGE_FOOT;
		break;
	case STAGE_README:
		got = add_readme(l);
		if (got != 0)
			return got;
		l->stage = STAGE_FOOT;
		break;
	case STAGE_FOOT:
		page_end(&out->row);
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
	children_close(&l->children);
	readme_close(&l->readme);
	free(l);
}

/* Find out whether the page has images, and whether they are shown. */
static void
settle_images(struct listing *l)
{
	struct children children = l->children;
	uint64_t files = 0, images = 0;
	struct child child;

	if (l->view.page == 0 || l->view.json)
		return;
	while (children_next(&children, true, &child))
		;
	for (; children_next(&children, false, &child); files++)
		images += listrow_is_image(&l->listed, &child);
	l->has_images = images > 0;
	l->listed.images = l->view.images == LISTING_IMAGES_ALWAYS ||
		(l->view.images == LISTING_IMAGES_IF_MANY && !l->view.careful &&
			2 * images >= files);
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
	l->view = *view;
	l->view.archive = arena_copy(&l->arena, view->archive);
	l->view.directory = arena_copy(&l->arena, view->directory);
	l->view.filter = arena_copy(&l->arena, view->filter);
	/* In a directory that was requested in another form than its own, so
	 * are the URLs. */
	l->listed = (struct listed){archive, view->written, l->view.directory,
		walk.prefix.n > 0 &&
			!str_eq(str_slice(walk.prefix, 0, walk.prefix.n - 1),
				view->directory),
		walk.hides, view->mime, false};
	if (l->arena.failed ||
		children_open(&l->children, &l->listed, &l->view, walk) < 0) {
		listing_close(&l->out.source);
		errno = ENOMEM;
		return NULL;
	}
	l->out.source.memory = l->children.memory;
	if (view->readme != NULL)
		l->readme = *view->readme;
	if (shows_readme(view))
		l->out.source.memory += readme_memory(archive, &l->readme);
	settle_images(l);
	return &l->out.source;
}

bool
listing_has_images(const struct source *source)
{
	const struct listing *l = (const struct listing *)source;

	return l->listed.images && l->has_images;
}
