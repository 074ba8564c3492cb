/* A sorted list of the members whose name for requests is not the name recorded
 * in their entry (see zipname_settle).  It is sorted by the name recorded. */

#ifndef ZIPALIAS_H
#define ZIPALIAS_H

#include "zip/zipentry.h"

struct zipaliases {
	uint32_t *at; /* offsets of entries; freed by the owner */
	size_t n;
};

/* Add entry, one of entries, if a request can ask for the name recorded.  -1
 * with errno ENOMEM. */
int zipalias_add(struct zipaliases *aliases, const unsigned char *entries,
	const unsigned char *entry);

/* Sort them once all have been added.  The functions below need that. */
void zipalias_sort(struct zipaliases *aliases, unsigned char *entries);

/* The entry whose recorded name is name, the last one if there are several;
 * NULL when there is none.  Any thread. */
const unsigned char *zipalias_find(const struct zipaliases *aliases,
	const unsigned char *entries, struct str name);

/* Rewrite name, which begins with, or is, the recorded name of a directory:
 * that part is replaced by the directory's name for requests.  The longest such
 * directory counts.  p is NULL when there is none, or no memory.  The caller
 * frees p.  Any thread. */
struct str zipalias_path(const struct zipaliases *aliases,
	const unsigned char *entries, struct str name);

#endif
