/* The files below a directory that become the members of an archive. */

#ifndef TREE_H
#define TREE_H

#include <stdio.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/fault.h"
#include "pack/choice.h"

struct tree_file {
	struct str name; /* relative to the top; it ends in "/" for an empty
			    directory */
	struct str way;  /* the same without symbolic links, for openbelow.h */
	uint64_t size;
	struct timespec modified, changed;
};

/* All zero when empty. */
struct tree {
	struct tree_file *files;
	size_t n, room;
	struct arena names;
};

/* Find all files below the directory top, called directory in messages, in byte
 * order of their names.  Nothing outside of it is opened, even if entries are
 * replaced meanwhile.  Hard links are ordinary files; symbolic links stand for
 * the file or directory they point to.  What choice leaves out is not looked
 * at, and a directory that holds nothing else is left out, too.  Whatever
 * cannot be packed is an error, -1 with fault: a link that leads out of
 * directory, to nothing or to a directory above itself; anything that is not a
 * file, directory or link; a name that cannot be requested (control characters,
 * "-wwz-..."); anything unreadable; a name that choice lists and that is not
 * there. */
int tree_walk(struct tree *tree, int top, const char *directory,
	const struct choice *choice, struct fault *fault);

/* Whether st says that the file is still the one that tree_walk saw, and
 * unchanged. */
bool tree_file_is(const struct tree_file *file, const struct stat *st);

/* Write name to out as a terminal can show it (page_add_plain).  0, or -1
 * without memory. */
int tree_print_name(struct str name, FILE *out);

/* Write all names to standard output in that form, each as a line.  0, or -1
 * without memory. */
int tree_print(const struct tree *tree);

/* Whether a and b have the same files, unchanged. */
bool tree_is_same(const struct tree *a, const struct tree *b);

void tree_free(struct tree *tree);

#endif
