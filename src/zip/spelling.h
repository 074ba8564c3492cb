/* The other forms in which an archive may hold the name of a request: with
 * slashes instead of backslashes; in the archive's character set; composed or
 * decomposed (Unicode's NFC and NFD; macOS writes names in NFD). */

#ifndef SPELLING_H
#define SPELLING_H

#include "zip/charset.h"

struct spelling {
	struct str name; /* the present form; p is NULL before the first */
	bool legacy;     /* only names in the character set may match it */

	/* Private. */
	struct str asked;
	struct charset *charset;
	int step, end;
	char *made;
};

/* Prepare to walk over the forms of name, whose text must outlive spelling.
 * backslashes is the result of zipname_has_backslashes. */
void spelling_begin(struct spelling *spelling, struct str name,
	struct charset *charset, bool backslashes);

/* Get the next form, which may be the name itself; false at the end, and when
 * there is no memory.  Its text is valid until the next call. */
bool spelling_next(struct spelling *spelling);

/* Release the text of the last form.  To be called at the end. */
void spelling_end(struct spelling *spelling);

#endif
