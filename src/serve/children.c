/* All children in the order of their bytes take no memory: two walks over the
 * directory give first the directories, then the files.  Any other order, and
 * any page, needs an array of places in that walk, which is sorted at once. */

#include "serve/children.h"

#include <errno.h>
#include <stdlib.h>

#include "archive/shownname.h"
#include "http/ownname.h"
#include "zip/rulename.h"

/* A child, with its key in the chosen order. */
struct place {
	int64_t key;
	uint32_t at; /* position in the walk */
	bool directory;
};

/* Whether child is not served: the server's own page, or its tree of listings,
 * stands at its address, or it is one of the archive's rules. */
static bool
is_covered(const struct children *c, const struct child *child)
{
	struct str directory = c->view->directory;
	enum ownname own = ownname_child(directory, child->name);

	if (child->directory)
		return own == OWNNAME_LISTING && directory.n == 0;
	return own != OWNNAME_NONE ||
		(c->in->archive->ruled && c->start.prefix.n == 0 &&
			rulename_is(child->name));
}

static bool
passes_filter(struct children *c, const struct child *child)
{
	struct str filter = c->view->filter;

	if (filter.n == 0)
		return true;
	arena_reset(&c->arena);
	return str_has_nocase(shownname_of(c->in->archive, child->name,
				      child->legacy, &c->arena),
		filter);
}

/* Get the next child in the order of the walk, without those that no request
 * can reach and those that are not asked for. */
static bool
walk_on(struct children *c, struct child *child)
{
	while (zipdir_next(&c->walk, child)) {
		if (!is_covered(c, child) && passes_filter(c, child))
			return true;
	}
	return false;
}

bool
children_next(struct children *c, bool directories, struct child *child)
{
	if (c->places != NULL) {
		const struct place *place = &c->places[c->at];

		if (c->at == c->end || place->directory != directories)
			return false;
		c->at++;
		c->walk.at = place->at;
		return zipdir_next(&c->walk, child);
	}
	while (walk_on(c, child)) {
		if (child->directory == directories)
			return true;
	}
	c->walk = c->start;
	return false;
}

static int64_t
key_of(const struct children *c, const struct child *child)
{
	int64_t key = 0;

	if (!child->directory && c->view->sort == LISTING_SIZE)
		key = child->member.size > INT64_MAX
			? INT64_MAX
			: (int64_t)child->member.size;
	else if (!child->directory && c->view->sort == LISTING_TIME)
		key = listrow_time(&child->member, c->view->written);
	return c->view->descending ? -key : key;
}

static int
compare_names(
	const struct children *c, const struct place *x, const struct place *y)
{
	int order = 0;

	if (c->view->page > 0 && c->n <= CHILDREN_NATURAL_MAX)
		order = str_compare_natural(zipdir_child_name(&c->start, x->at),
			zipdir_child_name(&c->start, y->at));
	return order ? order : (x->at > y->at) - (x->at < y->at);
}

static int
compare_places(const void *a, const void *b, void *children)
{
	const struct children *c = children;
	const struct place *x = a, *y = b;
	int order;

	if (x->directory != y->directory)
		return x->directory ? -1 : 1;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	order = compare_names(c, x, y);
	return c->view->sort == LISTING_NAME && c->view->descending ? -order
								    : order;
}

static int
append_place(struct children *c, struct place place)
{
	/* The array is doubled when its size is a power of two. */
	if ((c->n & (c->n - 1)) == 0) {
		size_t size = (c->n ? 2 * c->n : 1) * sizeof(place);
		struct place *places = realloc(c->places, size);

		if (places == NULL)
			return -1;
		c->places = places;
		c->memory = size;
	}
	c->places[c->n++] = place;
	return 0;
}

/* Go to the page, as far as there is one. */
static void
choose_page(struct children *c)
{
	size_t most = c->view->page ? LISTVIEW_ROWS : SIZE_MAX;
	size_t pages = c->view->page ? (size_t)c->view->page - 1 : 0;

	c->at = pages > c->n / LISTVIEW_ROWS ? c->n : pages * LISTVIEW_ROWS;
	c->end = c->n - c->at < most ? c->n : c->at + most;
}

int
children_open(struct children *c, const struct listed *in,
	const struct listing_view *view, struct zipdir_walk walk)
{
	struct child child;

	*c = (struct children){
		.in = in, .view = view, .start = walk, .walk = walk};
	if (listing_is_walked(view))
		return 0;
	while (walk_on(c, &child)) {
		struct place place = {
			key_of(c, &child), (uint32_t)child.at, child.directory};

		if (append_place(c, place) < 0)
			return -1;
	}
	c->walk = walk;
	if (c->n > 0)
		qsort_r(c->places, c->n, sizeof(*c->places), compare_places, c);
	choose_page(c);
	return 0;
}

void
children_close(struct children *c)
{
	free(c->places);
	arena_free(&c->arena);
}
