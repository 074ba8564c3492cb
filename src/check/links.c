#include "check/links.h"

#include <inttypes.h>
#include <stdlib.h>

#include "archive/archive.h"
#include "check/checkmember.h"
#include "check/htmllinks.h"
#include "http/ownname.h"
#include "http/path.h"

enum {
	PAGE_MAX = 1024 * 1024, /* bytes of a page that are looked at */
	DEAD_MAX = 100,         /* targets that are told apart */
};

/* A target that links lead to in vain. */
struct dead {
	bool absolute;   /* it begins at the server's top */
	bool here;       /* the archive has a page of that path */
	struct str path; /* without a slash at either end */
	struct str page; /* the first with such a link */
	struct str link; /* as it stands there */
	uint64_t count;  /* links */
};

struct links {
	struct archive *archive;
	struct str file; /* the archive's name, without directories */
	struct arena arena;
	struct dead dead[DEAD_MAX];
	size_t n;
	uint64_t others; /* links to other targets */

	/* The page that is looked at. */
	struct str page;
	struct arena scratch;
	char html[PAGE_MAX];
};

struct links *
links_new(struct archive *archive, struct str file)
{
	struct links *links = calloc(1, sizeof(*links));

	if (links == NULL || zipdir_sort(archive->zipdir) < 0) {
		free(links);
		return NULL;
	}
	links->archive = archive;
	links->file = path_last(file);
	return links;
}

void
links_free(struct links *links)
{
	if (links == NULL)
		return;
	arena_free(&links->arena);
	arena_free(&links->scratch);
	free(links);
}

/* Whether the archive has a member or directory of this path, or a page without
 * its .html. */
static bool
has_target(struct links *links, struct str path, bool slash)
{
	const struct zipdir *zipdir = links->archive->zipdir;
	struct zipdir_walk walk;
	struct member member;

	if (path.n == 0 || zipdir_walk(zipdir, path, &walk))
		return true;
	return (!slash && zipdir_find(zipdir, path, &member)) ||
		zipdir_find(zipdir,
			arena_printf(
				&links->scratch, "%.*s.html", STR_ARG(path)),
			&member);
}

/* Whether a path without a target is answered: by a page of the server's own,
 * or perhaps by a rule or a symbolic link. */
static bool
may_be_answered(const struct links *links, struct str path, bool slash)
{
	const struct zipdir *zipdir = links->archive->zipdir;
	struct member rules;

	return ownname_page(path) != OWNNAME_NONE ||
		ownname_in_tree(&path, slash) || zipdir_has_links(zipdir) ||
		zipdir_find(zipdir, STR("_redirects"), &rules);
}

static void
add_dead(struct links *links, const struct dead *found)
{
	struct arena *arena = &links->arena;

	for (size_t i = 0; i < links->n; i++) {
		struct dead *dead = &links->dead[i];

		if (dead->absolute == found->absolute &&
			str_eq(dead->path, found->path)) {
			dead->count++;
			return;
		}
	}
	if (links->n == DEAD_MAX) {
		links->others++;
		return;
	}
	links->dead[links->n++] = (struct dead){
		.absolute = found->absolute,
		.here = found->here,
		.path = arena_printf(arena, "%.*s", STR_ARG(found->path)),
		.page = arena_printf(arena, "%.*s", STR_ARG(links->page)),
		.link = arena_printf(arena, "%.*s", STR_ARG(found->link)),
		.count = 1,
	};
}

/* Remove the part of an absolute path up to this archive's name; false when it
 * leads elsewhere. */
static bool
enters_archive(const struct links *links, struct str *path)
{
	struct str rest = *path;

	while (rest.p != NULL) {
		if (str_eq(str_cut(&rest, '/'), links->file)) {
			*path = rest;
			return true;
		}
	}
	return false;
}

/* "scheme:" (RFC 3986, section 3.1), or "//host".  A colon behind a slash is
 * part of a path. */
static bool
names_host(struct str url)
{
	struct str rest = url, scheme = str_cut(&rest, ':');

	return str_starts(url, STR("//")) ||
		(rest.p != NULL && memchr(scheme.p, '/', scheme.n) == NULL);
}

/* The path that a link means: without query and fragment, decoded. */
static struct str
meant_path(struct links *links, struct str url)
{
	struct str rest = url, path;
	struct text text = {.arena = &links->scratch};

	rest = str_cut(&rest, '#');
	rest = str_cut(&rest, '?');
	/* Of all character references this one stands in paths. */
	while (rest.n > 0) {
		path = str_cut(&rest, '&');
		text_add(&text, path);
		if (rest.p == NULL)
			break;
		text_byte(&text, '&');
		if (str_starts(rest, STR("amp;")))
			rest = str_slice(rest, 4, rest.n);
	}
	return path_decode(text_str(&text), &links->scratch);
}

/* Whether a browser fetches it to show the page. */
static bool
is_part(struct str tag)
{
	return !str_eq_nocase(tag, STR("a")) &&
		!str_eq_nocase(tag, STR("area"));
}

static void
look_at_link(struct links *links, const struct htmllink *link)
{
	struct arena *scratch = &links->scratch;
	struct dead dead = {.link = str_trim(link->value)};
	struct str path;
	bool slash;

	path = names_host(dead.link) ? (struct str){NULL, 0}
				     : meant_path(links, dead.link);
	/* "/" mostly leads back to the server on purpose, but not as a base. */
	if (path.n == 0 ||
		(str_eq(path, STR("/")) &&
			!str_eq_nocase(link->tag, STR("base"))))
		return;
	dead.absolute = path.p[0] == '/';
	if (!dead.absolute)
		path = path_join(path_parent(links->page), path, scratch);
	/* One that climbs out of the archive leads to a neighbour of it. */
	if (path_normalise(path, &dead.path, &slash, scratch) != PATH_FINE)
		return;
	if (dead.absolute && enters_archive(links, &dead.path))
		dead.absolute = false;
	dead.here = has_target(links, dead.path, slash);
	if (dead.absolute ? dead.here || is_part(link->tag)
			  : !dead.here &&
				!may_be_answered(links, dead.path, slash))
		add_dead(links, &dead);
}

void
links_look(struct links *links, const struct member *member, uint64_t start)
{
	struct htmllinks scan = {.html = {links->html, 0}};
	struct htmllink link;

	links->page = member->name;
	scan.html.n = checkmember_start(
		links->archive, member, start, links->html, PAGE_MAX);
	while (htmllinks_next(&scan, &link)) {
		look_at_link(links, &link);
		arena_reset(&links->scratch);
		/* From here on relative links begin elsewhere. */
		if (str_eq_nocase(link.tag, STR("base")))
			return;
	}
}

static void
report_dead(const struct dead *dead, struct report *report)
{
	struct arena arena = {0};
	struct text text = {.arena = &arena};

	text_printf(&text, "%s: %.*s",
		!dead->absolute ? "a link to nothing"
			: dead->here
			? "a link from the server's top, out of the archive, where a relative one would find it"
			: "a link from the server's top, out of the archive",
		STR_ARG(dead->link));
	if (dead->count > 1)
		text_printf(&text, ", and %" PRIu64 " more to the same",
			dead->count - 1);
	report_add(report, REPORT_ADVICE,
		dead->absolute ? "href-absolute" : "href-missing", &dead->page,
		text_str(&text));
	arena_free(&arena);
}

void
links_report(const struct links *links, struct report *report)
{
	struct arena arena = {0};

	for (size_t i = 0; i < links->n; i++)
		report_dead(&links->dead[i], report);
	if (links->others > 0)
		report_add(report, REPORT_ADVICE, "href-missing", NULL,
			arena_printf(&arena,
				"%" PRIu64
				" links out of the archive or to nothing beside these",
				links->others));
	arena_free(&arena);
}
