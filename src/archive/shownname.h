/* Names of members as people read them. */

#ifndef SHOWNNAME_H
#define SHOWNNAME_H

#include "archive/archive.h"
#include "base/arena.h"

/* name, which is in the charset of archive's directory if it is legacy, in
 * UTF-8, as far as it is valid.  Lent, or in arena.  Any thread. */
struct str shownname_of(const struct archive *archive, struct str name,
	bool legacy, struct arena *arena);

#endif
