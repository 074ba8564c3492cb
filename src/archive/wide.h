/* Text in UTF-16 or UTF-32, as UTF-8. */

#ifndef WIDE_H
#define WIDE_H

#include "archive/source.h"

/* Make a source of text in UTF-8, without its byte order mark, whichever mark
 * it begins with; without one it is passed on as it is.  What is no character
 * becomes U+FFFD.  It owns text.  NULL with errno ENOMEM; text is closed then,
 * too.  Any thread, one at a time. */
struct source *wide_open(struct source *text);

/* Bytes of memory that it takes, without text. */
uint64_t wide_memory(void);

/* s begins with a byte order mark of UTF-16 or UTF-32.  Pure. */
bool wide_is_marked(struct str s);

#endif
