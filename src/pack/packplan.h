/* Which members an archive is to have. */

#ifndef PACKPLAN_H
#define PACKPLAN_H

#include "pack/item.h"
#include "pack/packoptions.h"

/* Put one item for each file of tree, and one for each sibling that might be
 * worth having, into *items; none is kept yet.  -1 with errno ENOMEM.  The tree
 * must live as long. */
int packplan_make(struct items *items, struct tree *tree,
	const struct pack_options *options);

void packplan_free(struct items *items);

/* Take out siblings that were dropped. */
void packplan_settle(struct items *items);

/* The archive's comment: by what, and in which way it was packed.  In a buffer
 * of PACKPLAN_COMMENT bytes. */
enum { PACKPLAN_COMMENT = 128 };
struct str packplan_comment(
	const struct pack_options *options, char buffer[PACKPLAN_COMMENT]);

#endif
