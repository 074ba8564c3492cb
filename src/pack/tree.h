/* The files below a directory, as they become members of an archive. */

#ifndef TREE_H
#define TREE_H

#include <sys/stat.h>

#include "base/arena.h"
#include "base/fault.h"

struct tree_file {
	struct str name; /* from the top, "/" between components; one that ends
			    in "/" is an empty directory */
	struct str way;  /* the same without symbolic links, for beneath.h */
	uint64_t size;
	struct timespec modified, changed;
};

/* All zero is an empty one. */
struct tree {
	struct tree_file *files;
	size_t n, room;
	struct arena names;
};

/* Find all files below the directory top, which is shown as directory, in byte
 * order of their names.  Nothing outside of it is looked at or opened, whatever
 * is exchanged meanwhile; hard links are files like others.  Symbolic links
 * stand for what they point to, be it a file or a directory.  -1 with fault for
 * what must not be left out silently: a link that leads out of directory, to
 * nothing or to a directory above it; what is neither file, directory nor link;
 * a name that no request can ask for (control characters, "-wwz-..."); what
 * cannot be read.  Left out is the file omit, the archive itself; NULL: none.
 */
int tree_walk(struct tree *tree, int top, const char *directory,
	const struct stat *omit, struct fault *fault);

/* The file is, by st, still what the walk saw. */
bool tree_file_is(const struct tree_file *file, const struct stat *st);

void tree_free(struct tree *tree);

#endif
