/* What an archive says about itself: the files _redirects and _headers in its
 * top directory. */

#ifndef RULES_H
#define RULES_H

#include "archive/archive.h"
#include "http/headers.h"
#include "http/redirects.h"
#include "zip/rulename.h"

struct rules {
	struct attachment attachment; /* of the archive, once rules_get */
	struct arena arena;
	struct redirects redirects;
	struct headers headers;
	struct rulelines read[RULENAMES]; /* what is wrong in each file */
};

/* Read both files.  NULL with errno when memory runs out, or the archive cannot
 * be read any more.  A file that is not there, or cannot be used at all, has no
 * rules; the latter is one of its faults.  The caller's, for rules_free. */
struct rules *rules_open(struct archive *archive);
void rules_free(struct rules *rules);

/* "line 3: why", in arena. */
struct str rules_fault(const struct rulefault *fault, struct arena *arena);

/* The rules of an archive that has some, lent by it.  The first call reads them
 * and logs what is wrong in them.  NULL when memory runs out.  Any thread. */
const struct rules *rules_get(struct archive *archive);

#endif
