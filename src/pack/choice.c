#include "pack/choice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* What version control systems keep beside the files. */
static const char *const vcs[] = {".git", ".gitignore", ".gitattributes",
	".gitmodules", ".hg", ".hgignore", ".hgtags", ".hgsub", ".hgsubstate",
	".svn", ".bzr", ".bzrignore", ".jj", "_darcs", "CVS", ".cvsignore"};

/* All of a file, or of standard input. */
static int
read_input(const char *path, struct text *text, struct fault *fault)
{
	bool standard = strcmp(path, "-") == 0;
	FILE *file = standard ? stdin : fopen(path, "re");
	char buffer[4096];
	size_t n;
	int result = 0;

	if (file == NULL)
		return fault_errno(fault, str_of(path), errno);
	while ((n = fread(buffer, 1, sizeof(buffer), file)) > 0)
		text_add(text, (struct str){buffer, n});
	if (ferror(file) || text->arena->failed)
		result = fault_errno(fault, str_of(path), errno);
	if (!standard)
		fclose(file);
	return result;
}

static int
read_patterns(struct choice *choice, const char *path, struct fault *fault)
{
	struct arena arena = {0};
	struct text text = {.arena = &arena};
	int result = read_input(path, &text, fault);

	if (result == 0 &&
		ignore_add_lines(&choice->ignore, text_str(&text)) < 0)
		result = fault_errno(fault, str_of(path), errno);
	arena_free(&arena);
	return result;
}

static int
by_bytes(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

/* Add one name, as find and git write it. */
static int
add_listed(struct choice *choice, struct str name, struct fault *fault)
{
	struct str rest, *more;

	while (str_starts(name, STR("./")))
		name = str_slice(name, 2, name.n);
	while (str_ends(name, STR("/")))
		name.n--;
	if (name.n == 0 || str_eq(name, STR(".")))
		return 0;
	for (rest = name; rest.p != NULL;) {
		struct str component = str_cut(&rest, '/');

		if (component.n == 0 || str_eq(component, STR(".")) ||
			str_eq(component, STR("..")))
			return fault_file(fault, name,
				"in the list, but not the plain name of a file below the directory");
	}
	/* The array is doubled when its size is a power of two. */
	if ((choice->n & (choice->n - 1)) == 0) {
		more = reallocarray(choice->names,
			choice->n ? 2 * choice->n : 1, sizeof(*more));
		if (more == NULL)
			return fault_errno(fault, name, errno);
		choice->names = more;
	}
	choice->names[choice->n++] = name;
	return 0;
}

/* Names end in NUL if there is one, as with find -print0, or else in newlines.
 */
static int
read_list(struct choice *choice, const char *path, struct fault *fault)
{
	struct text text = {.arena = &choice->arena};
	struct str rest;
	char end;

	if (read_input(path, &text, fault) < 0)
		return -1;
	rest = text_str(&text);
	end = rest.n > 0 && memchr(rest.p, '\0', rest.n) ? '\0' : '\n';
	while (rest.n > 0) {
		if (add_listed(choice, str_cut(&rest, end), fault) < 0)
			return -1;
	}
	choice->listed = true;
	if (choice->n > 0)
		qsort(choice->names, choice->n, sizeof(*choice->names),
			by_bytes);
	return 0;
}

static int
add_pattern(struct choice *choice, const char *pattern, struct fault *fault)
{
	return ignore_add(&choice->ignore, str_of(pattern)) < 0
		? fault_errno(fault, str_of(pattern), errno)
		: 0;
}

int
choice_read(struct choice *choice, const struct pack_options *options,
	struct fault *fault)
{
	size_t n = options->exclude_vcs ? sizeof(vcs) / sizeof(vcs[0]) : 0;
	int result = 0;

	for (size_t i = 0; i < n && result == 0; i++)
		result = add_pattern(choice, vcs[i], fault);
	for (int i = 0; i < options->nexclude && result == 0; i++) {
		const struct pack_exclude *exclude = &options->exclude[i];

		result = exclude->file
			? read_patterns(choice, exclude->text, fault)
			: add_pattern(choice, exclude->text, fault);
	}
	if (result == 0 && options->files_from != NULL)
		result = read_list(choice, options->files_from, fault);
	return result;
}

/* Whether the list has name or, if below, a name in the directory name. */
static bool
is_listed(const struct choice *choice, struct str name, bool below)
{
	size_t from = 0, to = choice->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		struct str at = choice->names[middle];
		int order = str_compare(
			str_slice(at, 0, at.n < name.n ? at.n : name.n), name);

		if (order == 0 && below && at.n > name.n)
			order = (at.p[name.n] > '/') - (at.p[name.n] < '/');
		else if (order == 0)
			order = below ? -1 : at.n > name.n;
		if (order == 0)
			return true;
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return false;
}

bool
choice_omits(
	const struct choice *choice, struct str name, const struct stat *st)
{
	bool directory = S_ISDIR(st->st_mode);

	if (choice->listed && (directory || !is_listed(choice, name, false)) &&
		!((directory || S_ISLNK(st->st_mode)) &&
			is_listed(choice, name, true)))
		return true;
	return ignore_is(&choice->ignore, name, directory);
}

void
choice_free(struct choice *choice)
{
	ignore_free(&choice->ignore);
	free(choice->names);
	arena_free(&choice->arena);
	*choice = (struct choice){0};
}
