/* The other forms in which an archive may hold the name of a request: with
 * slashes for backslashes; in the archive's character set; composed or
 * decomposed (Unicode's NFC and NFD, as macOS writes names). */

#ifndef SPELLING_H
#define SPELLING_H

#include "zip/charset.h"

struct spelling {
	struct str name; /* the present form; NULL before the first */
	bool legacy;     /* it counts only for names in the character set */

	/* Private. */
	struct str asked;
	struct charset *charset;
	int step, end;
	char *made;
};

/* Begin with the forms of a name, which must outlive spelling.  backslashes: as
 * zipname_has_backslashes. */
void spelling_begin(struct spelling *spelling, struct str name,
	struct charset *charset, bool backslashes);

/* Get the next form, which may be the name itself; false at the end, and when
 * there is no memory.  Its text is valid until the next call. */
bool spelling_next(struct spelling *spelling);

/* To be called at the end. */
void spelling_end(struct spelling *spelling);

#endif
