/* The members that have a name of their own beside the one recorded: a sorted
 * list, by the name recorded. */

#ifndef ZIPALIAS_H
#define ZIPALIAS_H

#include "zip/zipentry.h"

struct zipaliases {
	uint32_t *at; /* offsets of entries; freed by the owner */
	size_t n;
};

/* Add entry, one of entries, if a request can have the name recorded.  -1 with
 * errno ENOMEM. */
int zipalias_add(struct zipaliases *aliases, const unsigned char *entries,
	const unsigned char *entry);

/* Sort them when all are there, which the functions below need. */
void zipalias_sort(struct zipaliases *aliases, unsigned char *entries);

/* The entry whose recorded name is name, the last one of several; NULL when
 * there is none.  Any thread. */
const unsigned char *zipalias_find(const struct zipaliases *aliases,
	const unsigned char *entries, struct str name);

/* name, with the own name of the longest directory in front of it, or that it
 * is, for the one recorded; p is NULL when there is none, or no memory.  The
 * caller frees p.  Any thread. */
struct str zipalias_path(const struct zipaliases *aliases,
	const unsigned char *entries, struct str name);

#endif
