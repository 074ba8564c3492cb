/* The sorted names of a directory, and walks over them. */

#include <stdlib.h>

#include "zip/hiddenname.h"
#include "zip/spelling.h"
#include "zip/zipdirtable.h"

int
zipdir_sort(struct zipdir *zipdir)
{
	uint32_t *order, *before = NULL;
	size_t n = 0;

	if (zipdir->order != NULL)
		return 0;
	order = malloc((zipdir->count + 1) * sizeof(uint32_t));
	if (order == NULL)
		return -1;
	for (size_t i = 0; i < zipdir->nslots; i++) {
		if (zipdir->slots[i].entry != 0)
			order[n++] = zipdir->slots[i].entry - 1;
	}
	zipentry_sort(zipdir->copy, order, n);
	if (!atomic_compare_exchange_strong(&zipdir->order, &before, order))
		free(order);
	return 0;
}

/* Where the entry at that place begins.  Another thread may be sorting, too:
 * GCC 12 reads an atomic pointer that is indexed as if it were a plain one. */
static uint32_t
entry_at(const struct zipdir *zipdir, size_t at)
{
	return atomic_load(&zipdir->order)[at];
}

static struct str
name_at(const struct zipdir *zipdir, size_t at)
{
	return zipentry_name(zipdir->copy + entry_at(zipdir, at));
}

/* Whether name lies in the directory, or is its own entry. */
static bool
in_directory(struct str name, struct str directory)
{
	return name.n > directory.n && str_starts(name, directory) &&
		name.p[directory.n] == '/';
}

/* Compare a with name followed by "/", as str_compare. */
static int
compare_directory(struct str a, struct str name)
{
	int order =
		str_compare(str_slice(a, 0, a.n < name.n ? a.n : name.n), name);

	if (order != 0 || a.n == name.n)
		return order ? order : -1;
	return str_compare(str_slice(a, name.n, a.n), STR("/"));
}

/* The place, at or after from, of the first name in the directory called name,
 * or where it would be; with past, the place after the last one. */
static size_t
seek(const struct zipdir *zipdir, size_t from, struct str name, bool past)
{
	size_t to = zipdir->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		struct str at = name_at(zipdir, middle);

		if (compare_directory(at, name) < 0 ||
			(past && in_directory(at, name)))
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static bool
walk_bytes(
	const struct zipdir *zipdir, struct str name, struct zipdir_walk *walk)
{
	size_t at = seek(zipdir, 0, name, false);

	if (at == zipdir->count || !in_directory(name_at(zipdir, at), name))
		return false;
	*walk = (struct zipdir_walk){
		.zipdir = zipdir,
		.prefix = str_slice(name_at(zipdir, at), 0, name.n + 1),
		.at = at,
	};
	return true;
}

static bool
walk_spelled(
	const struct zipdir *zipdir, struct str name, struct zipdir_walk *walk)
{
	struct spelling spelling;
	bool found = false;

	spelling_begin(&spelling, name, zipdir->charset, zipdir->backslashes);
	while (!found && spelling_next(&spelling))
		found = walk_bytes(zipdir, spelling.name, walk) &&
			(!spelling.legacy ||
				zipentry_is_legacy(zipdir->copy +
					entry_at(zipdir, walk->at)));
	spelling_end(&spelling);
	return found;
}

bool
zipdir_walk(
	const struct zipdir *zipdir, struct str name, struct zipdir_walk *walk)
{
	struct str own;
	bool found;

	if (name.n == 0) {
		*walk = (struct zipdir_walk){.zipdir = zipdir};
		return true;
	}
	if (walk_bytes(zipdir, name, walk))
		return true;
	own = zipalias_path(&zipdir->aliases, zipdir->copy, name);
	found = own.p != NULL && walk_bytes(zipdir, own, walk);
	free((char *)(uintptr_t)own.p);
	return found || walk_spelled(zipdir, name, walk);
}

struct str
zipdir_child_name(const struct zipdir_walk *walk, size_t at)
{
	struct str name = name_at(walk->zipdir, at);
	struct str rest = str_slice(name, walk->prefix.n, name.n);

	return str_cut(&rest, '/');
}

/* Pass over the directory's own entry.  Whether there is another name. */
static bool
is_inside(struct zipdir_walk *walk)
{
	const struct zipdir *zipdir = walk->zipdir;

	if (walk->at < zipdir->count &&
		str_eq(name_at(zipdir, walk->at), walk->prefix))
		walk->at++;
	return walk->at < zipdir->count &&
		str_starts(name_at(zipdir, walk->at), walk->prefix);
}

static bool
next_in_order(struct zipdir_walk *walk, struct child *child)
{
	const struct zipdir *zipdir = walk->zipdir;
	const unsigned char *entry;
	struct str name, rest;

	if (!is_inside(walk))
		return false;
	entry = zipdir->copy + entry_at(zipdir, walk->at);
	name = zipentry_name(entry);
	rest = str_slice(name, walk->prefix.n, name.n);
	*child = (struct child){
		.at = walk->at, .legacy = zipentry_is_legacy(entry)};
	child->name = str_cut(&rest, '/');
	child->directory = rest.p != NULL;
	if (child->directory) {
		size_t n = walk->prefix.n + child->name.n;

		walk->at = seek(zipdir, walk->at, str_slice(name, 0, n), true);
	} else {
		zipentry_read(entry, zipdir->prefix, &child->member);
		walk->at++;
	}
	return true;
}

bool
zipdir_next(struct zipdir_walk *walk, struct child *child)
{
	do {
		if (!next_in_order(walk, child))
			return false;
	} while (walk->hides && hiddenname_component(child->name));
	return true;
}

bool
zipdir_next_below(struct zipdir_walk *walk, struct child *child)
{
	const struct zipdir *zipdir = walk->zipdir;
	const unsigned char *entry;
	struct str name;

	do {
		if (!is_inside(walk))
			return false;
		entry = zipdir->copy + entry_at(zipdir, walk->at);
		name = zipentry_name(entry);
		*child = (struct child){
			.name = str_slice(name, walk->prefix.n, name.n),
			.directory = str_ends(name, STR("/")),
			.at = walk->at++,
			.legacy = zipentry_is_legacy(entry),
		};
	} while (walk->hides && hiddenname_is(child->name));
	zipentry_read(entry, zipdir->prefix, &child->member);
	return true;
}

void
zipdir_seek_below(struct zipdir_walk *walk, struct str path)
{
	const struct zipdir *zipdir = walk->zipdir;
	size_t to = zipdir->count;

	while (walk->at < to) {
		size_t middle = walk->at + (to - walk->at) / 2;
		struct str name = name_at(zipdir, middle);

		if (str_starts(name, walk->prefix) &&
			str_compare(str_slice(name, walk->prefix.n, name.n),
				path) < 0)
			walk->at = middle + 1;
		else
			to = middle;
	}
}
