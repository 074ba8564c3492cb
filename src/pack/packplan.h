/* The plan: the members that an archive is to have. */

#ifndef PACKPLAN_H
#define PACKPLAN_H

#include <stdio.h>

#include "pack/item.h"
#include "pack/packoptions.h"

/* Put one item for each file of tree, and one for each sibling that might be
 * worth having, into *items; none is reused yet.  The tree must outlive items.
 * -1 with errno ENOMEM. */
int packplan_make(struct items *items, struct tree *tree,
	const struct pack_options *options);

void packplan_free(struct items *items);

/* Remove dropped siblings. */
void packplan_settle(struct items *items);

/* Write a line for each item that was packed, and not reused, which says what
 * became of it. */
void packplan_print(const struct items *items, FILE *out);

/* The archive's comment: the program and the options it was packed with.  It
 * lies in buffer, which has PACKPLAN_COMMENT bytes. */
enum { PACKPLAN_COMMENT = 128 };
struct str packplan_comment(
	const struct pack_options *options, char buffer[PACKPLAN_COMMENT]);

#endif
