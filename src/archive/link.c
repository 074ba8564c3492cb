#include "archive/link.h"

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

struct str
link_path(
	struct archive *archive, const struct member *link, struct arena *arena)
{
	const struct str none = {NULL, 0};
	struct source *source;
	size_t done;
	uint64_t start;
	char *path;

	/* Many empty blocks of a deflate stream would take long. */
	if (link->size == 0 || link->size >= PATH_MAX ||
		link->packed > 2 * PATH_MAX ||
		(link->flags & ZIP_ENCRYPTED) != 0 ||
		archive_locate(archive, link, &start) != STATUS_GO)
		return none;
	path = arena_get(arena, (size_t)link->size);
	source = path ? source_open(archive, link, start, NULL) : NULL;
	if (source == NULL)
		return none;
	(void)source_fill(source, path, (size_t)link->size, &done);
	source->close(source);
	return done == link->size ? (struct str){path, done} : none;
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
	struct str path = link_path(way->archive, link, way->arena);

	if (way->arena->failed)
		return LINK_NO_MEMORY;
	if (path.p == NULL || ++way->links > LINKS_MAX)
		return LINK_BROKEN;
	if (path.p[0] == '/')
		return LINK_OUTSIDE;
	if (way->rest.p != NULL)
		path = arena_printf(way->arena, "%.*s/%.*s", STR_ARG(path),
			STR_ARG(way->rest));
	way->rest = path;
	way->n = before;
	return way->arena->failed ? LINK_NO_MEMORY : LINK_FILE;
}

/* Take the next component; LINK_FILE means to go on. */
static enum link_end
step(struct way *way)
{
	struct str name = str_cut(&way->rest, '/');
	size_t before = way->n;
	struct member member;

	if (name.n == 0 || str_eq(name, STR(".")))
		return LINK_FILE;
	if (str_eq(name, STR("..")))
		return ascend(way) ? LINK_FILE : LINK_OUTSIDE;
	if (!descend(way, name))
		return LINK_BROKEN;
	if (!zipdir_find_exact(way->archive->zipdir,
		    (struct str){way->at, way->n}, &member) ||
		!member.link)
		return LINK_FILE;
	return turn(way, &member, before);
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
		end = step(&way);
	return end == LINK_FILE ? arrive(&way, member, real) : end;
}
