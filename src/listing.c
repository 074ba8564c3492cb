/* A page is made row by row while it is sent: first the directories, then, in a
 * second walk, the files. */

#include "listing.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "arena.h"
#include "cp437.h"
#include "path.h"

enum stage {
	STAGE_HEAD,
	STAGE_DIRECTORIES,
	STAGE_FILES,
	STAGE_FOOT,
	STAGE_END
};

struct listing {
	struct source source;
	struct zipdir_walk start, walk;
	enum stage stage;
	struct str title;
	struct arena arena; /* of the row */
	struct text row;
	size_t taken; /* bytes of row that went out */
};

/* As text or a quoted attribute of HTML. */
static void
add_escaped(struct text *text, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		switch (s.p[i]) {
		case '<':
			text_add(text, STR("&lt;"));
			break;
		case '>':
			text_add(text, STR("&gt;"));
			break;
		case '&':
			text_add(text, STR("&amp;"));
			break;
		case '"':
			text_add(text, STR("&quot;"));
			break;
		default:
			text_byte(text, s.p[i]);
		}
	}
}

static void
add_head(struct listing *l)
{
	text_add(&l->row,
		STR("<!DOCTYPE html>\n<html lang=\"en\">\n"
		    "<meta charset=\"utf-8\">\n"
		    "<meta name=\"viewport\" content=\"width=device-width\">\n"
		    "<title>"));
	add_escaped(&l->row, l->title);
	text_add(&l->row, STR("</title>\n<h1>"));
	add_escaped(&l->row, l->title);
	text_add(&l->row, STR("</h1>\n<ul>\n"));
}

static void
add_name(struct listing *l, const struct child *child)
{
	struct str name = child->name;

	if (child->cp437) {
		char *utf8 = arena_get(&l->arena, name.n * CP437_GROWTH + 1);

		if (utf8 == NULL)
			return;
		name = (struct str){utf8, cp437_to_utf8(name, utf8)};
	}
	add_escaped(&l->row, name);
}

static void
add_child(struct listing *l, const struct child *child)
{
	text_add(&l->row, STR("<li><a href=\"./"));
	path_encode(&l->row, child->name, false);
	text_add(&l->row, child->directory ? STR("/\">") : STR("\">"));
	add_name(l, child);
	text_add(&l->row, child->directory ? STR("/</a>\n") : STR("</a> "));
	if (!child->directory)
		text_printf(&l->row, "%" PRIu64 "\n", child->member.size);
}

/* The next row of this pass; false at its end. */
static bool
add_row(struct listing *l, bool directories)
{
	struct child child;

	while (zipdir_next(&l->walk, &child)) {
		if (child.directory == directories) {
			add_child(l, &child);
			return true;
		}
	}
	l->walk = l->start;
	return false;
}

static void
make_row(struct listing *l)
{
	arena_reset(&l->arena);
	l->row = (struct text){.arena = &l->arena};
	l->taken = 0;
	switch (l->stage) {
	case STAGE_HEAD:
		add_head(l);
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
		text_add(&l->row, STR("</ul>\n</html>\n"));
		l->stage = STAGE_END;
		break;
	case STAGE_END:
		break;
	}
}

static ssize_t
listing_read(struct source *source, void *buffer, size_t n)
{
	struct listing *l = (struct listing *)source;
	size_t done = 0;

	while (done < n) {
		size_t left = l->row.n - l->taken;

		if (left == 0 && l->stage == STAGE_END)
			break;
		if (left == 0) {
			make_row(l);
			if (l->arena.failed)
				return -1;
			continue;
		}
		if (left > n - done)
			left = n - done;
		memcpy((char *)buffer + done, l->row.p + l->taken, left);
		l->taken += left;
		done += left;
	}
	return (ssize_t)done;
}

static void
listing_close(struct source *source)
{
	struct listing *l = (struct listing *)source;

	arena_free(&l->arena);
	free(l);
}

struct source *
listing_open(struct zipdir_walk walk, struct str title)
{
	struct listing *l = calloc(1, sizeof(*l) + title.n);
	char *text = (char *)(l + 1);

	if (l == NULL)
		return NULL;
	memcpy(text, title.p, title.n);
	l->source.read = listing_read;
	l->source.close = listing_close;
	l->start = l->walk = walk;
	l->title = (struct str){text, title.n};
	return &l->source;
}
