/* Which files of a directory are packed. */

#ifndef CHOICE_H
#define CHOICE_H

#include <sys/stat.h>

#include "pack/ignore.h"
#include "pack/packoptions.h"

/* All zero: all of them. */
struct choice {
	const struct stat *omit; /* a file to leave out; NULL: none */
	struct ignore ignore;    /* names to leave out */
	bool listed;             /* only these names, which are sorted: */
	struct str *names;
	size_t n;
	struct arena arena; /* of names */
};

/* What the options ask for, after reading the files that they name.  omit is
 * left alone.  -1 with fault; choice_free is due in any case. */
int choice_read(struct choice *choice, const struct pack_options *options,
	struct fault *fault);

/* Whether name, which st describes, is left out: a directory if nothing below
 * it is wanted.  A symbolic link is judged by what it may lead to. */
bool choice_omits(
	const struct choice *choice, struct str name, const struct stat *st);

void choice_free(struct choice *choice);

#endif
