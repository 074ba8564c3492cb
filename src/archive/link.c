#include "archive/link.h"

#include <errno.h>
#include <limits.h>

#include "archive/source.h"

/* The state of following a name. */
struct way {
	struct archive *archive;
	struct arena *arena;
	struct str rest;   /* still to go */
	char at[PATH_MAX]; /* where it has led so far: n bytes */
	size_t n;
	int links;
};

enum link_end
link_path(struct archive *archive, const struct member *link,
	struct arena *arena, struct str *path)
{
	struct source *source;
	size_t done;
	uint64_t start;
	char *text;

	if (!source_is_readable(link))
		return LINK_UNREADABLE;
	/* Many empty blocks of a deflate stream would take long. */
	if (link->size == 0 || link->size >= PATH_MAX ||
		link->packed > 2 * PATH_MAX)
		return LINK_BROKEN;
	if (archive_locate(archive, link, &start) != STATUS_GO)
		return LINK_DAMAGED;
	text = arena_get(arena, (size_t)link->size);
	source = text ? source_open(archive, link, start, NULL) : NULL;
	if (source == NULL)
		return errno == ENOMEM ? LINK_NO_MEMORY : LINK_DAMAGED;
	(void)source_fill(source, text, (size_t)link->size, &done);
	source->close(source);
	*path = (struct str){text, done};
	return done == link->size ? LINK_FILE : LINK_DAMAGED;
}

/* Add a component to where the way has led. */
static bool
descend(struct way *way, struct str name)
{
	if (name.n + 1 > sizeof(way->at) - way->n)
		return false;
	if (way->n > 0)
		way->at[way->n++] = '/';
	memcpy(way->at + way->n, name.p, name.n);
	way->n += name.n;
	return true;
}

static bool
ascend(struct way *way)
{
	if (way->n == 0)
		return false;
	while (way->n > 0 && way->at[--way->n] != '/')
		;
	return true;
}

/* Continue with the path that link holds.  It is relative to the directory of
 * the link, which is the first `before` bytes of way->at. */
static enum link_end
turn(struct way *way, const struct member *link, size_t before)
{
	struct text rest = {.arena = way->arena};
	struct str path;
	enum link_end end;

	if (++way->links > LINKS_MAX)
		return LINK_BROKEN;
	end = link_path(way->archive, link, way->arena, &path);
	if (end != LINK_FILE)
		return end;
	if (path.p[0] == '/')
		return LINK_OUTSIDE;
	text_add(&rest, path);
	text_byte(&rest, '/');
	text_add(&rest, way->rest);
	way->rest = text_str(&rest);
	way->n = before;
	return way->arena->failed ? LINK_NO_MEMORY : LINK_FILE;
}

/* Take the next component; LINK_FILE means to go on. */
static enum link_end
step(struct way *way, struct member *member)
{
	struct str name = str_cut(&way->rest, '/');
	size_t before = way->n;

	if (name.n == 0 || str_eq(name, STR(".")))
		return LINK_FILE;
	if (str_eq(name, STR("..")))
		return ascend(way) ? LINK_FILE : LINK_OUTSIDE;
	if (!descend(way, name))
		return LINK_BROKEN;
	if (!zipdir_find_exact(way->archive->zipdir,
		    (struct str){way->at, way->n}, member) ||
		!member->link)
		return LINK_FILE;
	return turn(way, member, before);
}

/* What lies at the end of the way. */
static enum link_end
arrive(const struct way *way, struct member *member, struct str *real)
{
	struct zipdir_walk walk;

	*real = arena_copy(way->arena, (struct str){way->at, way->n});
	if (way->arena->failed)
		return LINK_NO_MEMORY;
	if (zipdir_find(way->archive->zipdir, *real, member))
		return member->link ? LINK_BROKEN : LINK_FILE;
	switch (archive_walk(way->archive, *real, &walk)) {
	case STATUS_GO:
		return LINK_DIRECTORY;
	case STATUS_NOT_FOUND:
		return LINK_BROKEN;
	default:
		return LINK_NO_MEMORY;
	}
}

enum link_end
link_follow(struct archive *archive, struct str name, struct arena *arena,
	struct member *member, struct str *real)
{
	struct way way = {.archive = archive, .arena = arena, .rest = name};
	enum link_end end = LINK_FILE;

	while (end == LINK_FILE && way.rest.p != NULL)
		end = step(&way, member);
	return end == LINK_FILE ? arrive(&way, member, real) : end;
}

enum link_end
link_find(struct archive *archive, struct str name, struct arena *arena,
	struct member *member, struct str *real)
{
	if (zipdir_find(archive->zipdir, name, member)) {
		*real = name = member->name;
		if (!member->link)
			return LINK_FILE;
	}
	return link_follow(archive, name, arena, member, real);
}
