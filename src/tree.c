#include "tree.h"

#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdlib.h>

struct walk {
	struct tree *tree;
	FTS *fts;
	char top[PATH_MAX];  /* without "/" at the end: empty for "/" */
	char real[PATH_MAX]; /* the same without symbolic links */
	const struct stat *omit;
	struct fault *fault;
};

static struct str
name_of(const struct walk *walk, const FTSENT *entry)
{
	struct str path = {entry->fts_path, entry->fts_pathlen};
	size_t top = strlen(walk->top) + 1;

	return str_slice(path, top < path.n ? top : path.n, path.n);
}

static int
refuse(const struct walk *walk, const FTSENT *entry, const char *why)
{
	return fault_set(walk->fault, str_of(entry->fts_path), why);
}

/* What zipdir.c leaves out, and what serve.c answers by itself. */
static const char *
unreachable(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		if ((unsigned char)name.p[i] < ' ' || name.p[i] == 0x7f)
			return "a name with control characters cannot be "
			       "asked for";
	}
	if (str_starts(name, STR("-wwz-")) ||
		memmem(name.p, name.n, "/-wwz-", 6) != NULL)
		return "names that begin with -wwz- are the server's own";
	return NULL;
}

static int
add(const struct walk *walk, const FTSENT *entry, bool directory)
{
	struct tree *tree = walk->tree;
	struct str name = name_of(walk, entry);
	const struct stat *st = entry->fts_statp;
	const char *why = unreachable(name);

	if (why != NULL)
		return refuse(walk, entry, why);
	if (tree->n == tree->room) {
		size_t room = tree->room ? tree->room * 2 : 256;
		void *files =
			reallocarray(tree->files, room, sizeof(*tree->files));

		if (files == NULL)
			return refuse(walk, entry, "no memory");
		tree->files = files;
		tree->room = room;
	}
	name = arena_printf(
		&tree->names, "%.*s%s", STR_ARG(name), directory ? "/" : "");
	if (tree->names.failed)
		return refuse(walk, entry, "no memory");
	tree->files[tree->n++] = (struct tree_file){
		.name = name,
		.size = directory ? 0 : (uint64_t)st->st_size,
		.modified = st->st_mtim,
		.changed = st->st_ctim,
	};
	return 0;
}

/* A symbolic link: fts is to look at what it points to, if that is inside. */
static int
follow(const struct walk *walk, FTSENT *entry)
{
	char real[PATH_MAX];
	size_t n = strlen(walk->real);

	if (realpath(entry->fts_path, real) == NULL)
		return refuse(walk, entry,
			errno == ENOENT ? "a symbolic link to nothing"
					: strerrordesc_np(errno));
	if (strncmp(real, walk->real, n) != 0 ||
		(real[n] != '/' && real[n] != '\0'))
		return refuse(walk, entry,
			"a symbolic link that leads out of the directory");
	return fts_set(walk->fts, entry, FTS_FOLLOW);
}

static bool
is_omitted(const struct walk *walk, const FTSENT *entry)
{
	return walk->omit != NULL &&
		walk->omit->st_dev == entry->fts_statp->st_dev &&
		walk->omit->st_ino == entry->fts_statp->st_ino;
}

static int
visit(const struct walk *walk, FTSENT *entry)
{
	switch (entry->fts_info) {
	case FTS_D:
		entry->fts_number = (long)walk->tree->n;
		return 0;
	case FTS_DP:
		if (entry->fts_level == FTS_ROOTLEVEL ||
			(size_t)entry->fts_number != walk->tree->n)
			return 0;
		return add(walk, entry, true);
	case FTS_F:
		if (entry->fts_level == FTS_ROOTLEVEL)
			return refuse(walk, entry, strerrordesc_np(ENOTDIR));
		return is_omitted(walk, entry) ? 0 : add(walk, entry, false);
	case FTS_SL:
		return follow(walk, entry);
	case FTS_SLNONE:
		return refuse(walk, entry, "a symbolic link to nothing");
	case FTS_DC:
		return refuse(walk, entry,
			"a symbolic link to a directory above itself");
	case FTS_DEFAULT:
		return refuse(walk, entry,
			"neither a file nor a directory: a socket, a FIFO or a "
			"device");
	default:
		return refuse(walk, entry, strerrordesc_np(entry->fts_errno));
	}
}

static int
compare(const void *a, const void *b)
{
	const struct tree_file *x = a, *y = b;

	return str_compare(x->name, y->name);
}

static int
set_top(struct walk *walk, const char *directory)
{
	size_t n = strlen(directory);

	if (realpath(directory, walk->real) == NULL)
		return fault_errno(walk->fault, str_of(directory), errno);
	if (n >= sizeof(walk->top))
		return fault_errno(
			walk->fault, str_of(directory), ENAMETOOLONG);
	while (n > 0 && directory[n - 1] == '/')
		n--;
	memcpy(walk->top, directory, n);
	walk->top[n] = '\0';
	if (strcmp(walk->real, "/") == 0)
		walk->real[0] = '\0';
	return 0;
}

int
tree_walk(struct tree *tree, const char *directory, const struct stat *omit,
	struct fault *fault)
{
	struct walk walk = {.tree = tree, .omit = omit, .fault = fault};
	char slash[] = "/", *tops[] = {walk.top, NULL};
	FTSENT *entry;
	int result = 0;

	if (set_top(&walk, directory) < 0)
		return -1;
	if (walk.top[0] == '\0')
		tops[0] = slash;
	walk.fts = fts_open(
		tops, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
	if (walk.fts == NULL)
		return fault_errno(fault, str_of(directory), errno);
	while (result == 0) {
		errno = 0;
		entry = fts_read(walk.fts);
		if (entry == NULL)
			break;
		result = visit(&walk, entry);
	}
	if (result == 0 && errno != 0)
		result = fault_errno(fault, str_of(directory), errno);
	fts_close(walk.fts);
	if (result == 0 && tree->n > 0)
		qsort(tree->files, tree->n, sizeof(*tree->files), compare);
	return result;
}

static bool
same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool
tree_file_is(const struct tree_file *file, const struct stat *st)
{
	return S_ISREG(st->st_mode) && (uint64_t)st->st_size == file->size &&
		same_time(st->st_mtim, file->modified) &&
		same_time(st->st_ctim, file->changed);
}

void
tree_free(struct tree *tree)
{
	free(tree->files);
	arena_free(&tree->names);
	*tree = (struct tree){0};
}
