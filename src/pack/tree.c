/* The tree may belong to another user, who can change it meanwhile.  So each
 * directory is opened from the top by a path without symbolic links, and its
 * entries are examined through its descriptor.  The target of a link is
 * resolved by name, but then opened in the same way, so it does no harm if that
 * answer is wrong. */

#include "pack/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/openbelow.h"
#include "http/page.h"

/* A directory to be read. */
struct place {
	struct str name; /* relative to the top; empty for the top */
	struct str way;  /* the same without symbolic links, or "." */
	size_t up;       /* index of the directory it was found in */
	dev_t dev;
	ino_t ino;
};

struct walk {
	struct tree *tree;
	int top;
	struct str shown;    /* the top as given, without "/" at the end */
	char real[PATH_MAX]; /* the same without symbolic links; empty for "/"
			      */
	const struct choice *choice;
	struct place *places;
	size_t nplaces, room;
	struct fault *fault;
};

/* An entry found in a directory. */
struct found {
	struct str name, way;
	struct stat st;
};

static int
refuse_entry(const struct walk *walk, struct str name, const char *why)
{
	char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%.*s%s%.*s", STR_ARG(walk->shown),
		name.n > 0 || walk->shown.n == 0 ? "/" : "", STR_ARG(name));
	return fault_file(walk->fault, str_of(path), why);
}

static int
refuse_errno(const struct walk *walk, struct str name)
{
	return refuse_entry(walk, name, strerrordesc_np(errno));
}

/* The reason why name cannot be served: zipdir.c would leave it out, or serve.c
 * would answer with a page of its own.  NULL when it can be served. */
static const char *
unreachable(struct str name)
{
	if (str_has_control(name))
		return "no request can contain a name with control characters";
	if (str_starts(name, STR("-wwz-")) ||
		memmem(name.p, name.n, "/-wwz-", 6) != NULL)
		return "names that begin with -wwz- belong to the server";
	return NULL;
}

/* Make room in an array for one more element. */
static void *
grow_array(void *array, size_t n, size_t *room, size_t size)
{
	void *more = array;

	if (n == *room) {
		size_t twice = *room ? *room * 2 : 256;

		more = reallocarray(array, twice, size);
		if (more != NULL)
			*room = twice;
	}
	return more;
}

/* Add a file, or an empty directory. */
static int
add_tree_file(const struct walk *walk, const struct found *found)
{
	struct tree *tree = walk->tree;
	bool directory = S_ISDIR(found->st.st_mode);
	void *files = grow_array(
		tree->files, tree->n, &tree->room, sizeof(*tree->files));
	struct str name = found->name;

	if (directory)
		name = arena_printf(&tree->names, "%.*s/", STR_ARG(name));
	if (files == NULL || tree->names.failed)
		return refuse_entry(walk, found->name, "no memory");
	tree->files = files;
	tree->files[tree->n++] = (struct tree_file){
		.name = name,
		.way = found->way,
		.size = directory ? 0 : (uint64_t)found->st.st_size,
		.modified = found->st.st_mtim,
		.changed = found->st.st_ctim,
	};
	return 0;
}

static int
add_place(struct walk *walk, size_t up, const struct found *found)
{
	void *places = grow_array(walk->places, walk->nplaces, &walk->room,
		sizeof(*walk->places));

	if (places == NULL)
		return refuse_entry(walk, found->name, "no memory");
	walk->places = places;
	walk->places[walk->nplaces++] = (struct place){
		.name = found->name, .way = found->way, .up = up};
	return 0;
}

/* Resolve a symbolic link, if its target is inside the tree. */
static int
follow_inside(const struct walk *walk, struct found *found)
{
	char path[2 * PATH_MAX], real[PATH_MAX];
	size_t n = strlen(walk->real);
	int fd;

	snprintf(
		path, sizeof(path), "%s/%.*s", walk->real, STR_ARG(found->way));
	if (realpath(path, real) == NULL)
		return refuse_entry(walk, found->name,
			errno == ENOENT ? "a symbolic link to nothing"
					: strerrordesc_np(errno));
	if (strncmp(real, walk->real, n) != 0 ||
		(real[n] != '/' && real[n] != '\0'))
		return refuse_entry(walk, found->name,
			"a symbolic link that leads out of the directory");
	found->way = arena_copy(&walk->tree->names,
		str_of(real[n] == '\0' || real[n + 1] == '\0' ? "."
							      : real + n + 1));
	if (walk->tree->names.failed)
		return refuse_entry(walk, found->name, "no memory");
	fd = openbelow_look(walk->top, found->way.p);
	if (fd < 0 || fstat(fd, &found->st) < 0)
		refuse_errno(walk, found->name);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static bool
is_omitted(const struct walk *walk, const struct stat *st)
{
	const struct stat *omit = walk->choice->omit;

	return omit != NULL && omit->st_dev == st->st_dev &&
		omit->st_ino == st->st_ino;
}

/* Visit the entry called name in place i, which is open as fd.  *count grows
 * unless the entry is the archive. */
static int
visit(struct walk *walk, size_t i, int fd, const char *name, size_t *count)
{
	const struct place *place = &walk->places[i];
	struct arena *names = &walk->tree->names;
	struct found found = {
		.name = arena_printf(names, "%.*s%s%s", STR_ARG(place->name),
			place->name.n > 0 ? "/" : "", name),
		.way = arena_printf(
			names, "%.*s/%s", STR_ARG(place->way), name),
	};
	const char *why = unreachable(found.name);
	bool omitted;

	if (names->failed)
		return refuse_entry(walk, place->name, "no memory");
	if (fstatat(fd, name, &found.st, AT_SYMLINK_NOFOLLOW) < 0)
		return refuse_errno(walk, found.name);
	omitted = choice_omits(walk->choice, found.name, &found.st);
	if (!omitted && S_ISLNK(found.st.st_mode)) {
		if (follow_inside(walk, &found) < 0)
			return -1;
		omitted = choice_omits(walk->choice, found.name, &found.st);
	}
	if (S_ISREG(found.st.st_mode) && is_omitted(walk, &found.st))
		return 0;
	++*count;
	if (omitted)
		return 0;
	if (S_ISDIR(found.st.st_mode))
		return add_place(walk, i, &found);
	if (!S_ISREG(found.st.st_mode))
		return refuse_entry(walk, found.name,
			"neither a file nor a directory: a socket, a FIFO or a device");
	return why ? refuse_entry(walk, found.name, why)
		   : add_tree_file(walk, &found);
}

/* Record which directory place i is, and refuse it if a symbolic link has led
 * to a directory above itself. */
static int
know(struct walk *walk, size_t i, const struct stat *st)
{
	struct place *places = walk->places;
	size_t up = i;

	places[i].dev = st->st_dev;
	places[i].ino = st->st_ino;
	while (up > 0) {
		up = places[up].up;
		if (places[up].dev == st->st_dev &&
			places[up].ino == st->st_ino)
			return refuse_entry(walk, places[i].name,
				"a symbolic link to a directory above itself");
	}
	return 0;
}

/* Read all entries of place i. */
static int
read_place(struct walk *walk, size_t i, DIR *directory)
{
	const struct dirent *entry;
	struct found itself = {
		.name = walk->places[i].name, .way = walk->places[i].way};
	size_t count = 0;
	int result = 0;

	if (fstat(dirfd(directory), &itself.st) < 0)
		return refuse_errno(walk, itself.name);
	result = know(walk, i, &itself.st);
	while (result == 0 && (errno = 0, entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 &&
			strcmp(entry->d_name, "..") != 0)
			result = visit(walk, i, dirfd(directory), entry->d_name,
				&count);
	}
	if (result == 0 && errno != 0)
		return refuse_errno(walk, itself.name);
	if (result == 0 && count == 0 && i > 0) {
		const char *why = unreachable(itself.name);

		return why ? refuse_entry(walk, itself.name, why)
			   : add_tree_file(walk, &itself);
	}
	return result;
}

static int
look_into(struct walk *walk, size_t i)
{
	int fd = openbelow_directory(walk->top, walk->places[i].way.p);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	int result;

	if (directory == NULL) {
		refuse_errno(walk, walk->places[i].name);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	result = read_place(walk, i, directory);
	closedir(directory);
	return result;
}

static int
compare_files(const void *a, const void *b)
{
	const struct tree_file *x = a, *y = b;

	return str_compare(x->name, y->name);
}

static bool
has_file(const struct tree *tree, struct str name)
{
	const struct tree_file key = {.name = name};

	return tree->n > 0 &&
		bsearch(&key, tree->files, tree->n, sizeof(key),
			compare_files) != NULL;
}

/* Refuse names in the list of which there is nothing.  What is there, but not
 * in the tree, is a directory, or left out by a pattern. */
static int
check_listed(const struct walk *walk)
{
	const struct choice *choice = walk->choice;

	for (size_t i = 0; i < choice->n; i++) {
		struct str name = choice->names[i];
		int fd;

		if (has_file(walk->tree, name))
			continue;
		fd = openbelow_look(
			walk->top, arena_copy(&walk->tree->names, name).p);
		if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
			return refuse_entry(walk, name,
				"it is in the list, but not in the directory");
		if (fd >= 0)
			close(fd);
	}
	return 0;
}

int
tree_walk(struct tree *tree, int top, const char *directory,
	const struct choice *choice, struct fault *fault)
{
	const struct found whole = {.way = STR(".")};
	struct walk walk = {.tree = tree,
		.top = top,
		.shown = str_of(directory),
		.choice = choice,
		.fault = fault};
	int result;

	if (realpath(directory, walk.real) == NULL)
		return fault_errno(fault, walk.shown, errno);
	if (strcmp(walk.real, "/") == 0)
		walk.real[0] = '\0';
	while (walk.shown.n > 0 && directory[walk.shown.n - 1] == '/')
		walk.shown.n--;
	result = add_place(&walk, 0, &whole);
	for (size_t i = 0; result == 0 && i < walk.nplaces; i++)
		result = look_into(&walk, i);
	free(walk.places);
	if (result == 0 && tree->n > 0)
		qsort(tree->files, tree->n, sizeof(*tree->files),
			compare_files);
	return result == 0 ? check_listed(&walk) : result;
}

static bool
is_same_mtime(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool
tree_file_is(const struct tree_file *file, const struct stat *st)
{
	return S_ISREG(st->st_mode) && (uint64_t)st->st_size == file->size &&
		is_same_mtime(st->st_mtim, file->modified) &&
		is_same_mtime(st->st_ctim, file->changed);
}

int
tree_print_name(struct str name, FILE *out)
{
	struct arena arena = {0};
	struct text text = {.arena = &arena};
	bool failed;

	page_add_plain(&text, name);
	fprintf(out, "%.*s", STR_ARG(text));
	failed = arena.failed;
	arena_free(&arena);
	return failed ? -1 : 0;
}

int
tree_print(const struct tree *tree)
{
	for (size_t i = 0; i < tree->n; i++) {
		if (tree_print_name(tree->files[i].name, stdout) < 0)
			return -1;
		putchar('\n');
	}
	return 0;
}

bool
tree_is_same(const struct tree *a, const struct tree *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct tree_file *x = &a->files[i], *y = &b->files[i];

		if (!str_eq(x->name, y->name) || x->size != y->size ||
			!is_same_mtime(x->modified, y->modified) ||
			!is_same_mtime(x->changed, y->changed))
			return false;
	}
	return true;
}

void
tree_free(struct tree *tree)
{
	free(tree->files);
	arena_free(&tree->names);
	*tree = (struct tree){0};
}
