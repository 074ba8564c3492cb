/* The options of `wwz pack`. */

#ifndef PACKOPTIONS_H
#define PACKOPTIONS_H

#include <stdbool.h>
#include <stdint.h>

enum { PACK_EXCLUDES = 64 };

/* A pattern in the syntax of .gitignore, or a file of such. */
struct pack_exclude {
	const char *text;
	bool file;
};

struct pack_options {
	uint64_t seekable; /* larger members get an index; UINT64_MAX: none */
	bool coded[8];     /* by enum coding: make siblings */
	bool fresh;        /* reuse nothing */
	bool checksum;     /* compare contents, not times */
	bool quiet, verbose;
	bool dry_run; /* only say what would be packed */

	/* Which files are packed; a later pattern outweighs those before. */
	struct pack_exclude exclude[PACK_EXCLUDES];
	int nexclude;
	bool exclude_vcs;       /* files of version control systems */
	const char *files_from; /* a list of all that is packed; may be NULL */
	int threads;
};

#endif
