/* A member of the archive being packed, from the plan to the central directory.
 */

#ifndef ITEM_H
#define ITEM_H

#include "http/encoding.h"
#include "pack/tree.h"
#include "zip/zipwrite.h"

struct item {
	/* The plan. */
	struct zip_entry entry;       /* name, modified, size of the content */
	const struct tree_file *file; /* the file it is made from */
	enum coding coding; /* of a sibling; CODING_IDENTITY: the file */
	bool seekable;      /* if it is deflated */

	/* The result. */
	bool reused;  /* taken unchanged from the old archive */
	bool dropped; /* a sibling that is not worth having */
	uint64_t end; /* where its bytes in the archive end */
};

/* The items of an archive, in byte order of names. */
struct items {
	struct item *item;
	size_t n;
};

/* The item called name that is not a sibling; NULL when there is none. */
struct item *items_find(const struct items *items, struct str name);

#endif
