/* A member of the archive that is packed, from the plan to the directory. */

#ifndef ITEM_H
#define ITEM_H

#include "http/encoding.h"
#include "pack/tree.h"
#include "zip/zipwrite.h"

struct item {
	/* The plan. */
	struct zip_entry entry;       /* name, modified, size of the content */
	const struct tree_file *file; /* what it is made of */
	enum coding coding; /* CODING_IDENTITY: the file itself; else it is a
			       sibling, the file in that coding */
	bool seekable;      /* if it is deflated */

	/* What becomes of it. */
	bool reused;  /* it stays as it is in the old archive */
	bool dropped; /* a sibling that is not worth its bytes */
	uint64_t end; /* of all that belongs to it in the archive */
};

/* The items of an archive, in byte order of names. */
struct items {
	struct item *item;
	size_t n;
};

/* The one called name, which is no sibling; NULL when there is none. */
struct item *items_find(const struct items *items, struct str name);

#endif
