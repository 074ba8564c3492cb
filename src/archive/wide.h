/* Converts text in UTF-16 or UTF-32 to UTF-8. */

#ifndef WIDE_H
#define WIDE_H

#include "archive/source.h"

/* Make a source that gives text in UTF-8.  The byte order mark at the beginning
 * of text says what it is in, and is left out; without a mark, text is passed
 * on as it is.  Whatever is no character becomes U+FFFD.  The source owns text.
 * NULL with errno ENOMEM; text is closed then, too.  Any thread, one at a time.
 */
struct source *wide_open(struct source *text);

/* Bytes of memory that it takes, not counting text. */
uint64_t wide_memory(void);

/* Whether s begins with a byte order mark of UTF-16 or UTF-32.  Pure. */
bool wide_is_marked(struct str s);

#endif
