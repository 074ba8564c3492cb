/* Character sets of names without the UTF-8 flag: code page 437 of the IBM PC,
 * which the format prescribes (APPNOTE 6.3, appendix D), or one of iconv(3). */

#ifndef CHARSET_H
#define CHARSET_H

#include "base/fault.h"
#include "base/str.h"

/* NULL stands for CP437.  Any number of threads may use one. */
struct charset;

/* Open the character set called name, in which ASCII characters must be the
 * bytes they are in ASCII.  On failure NULL, and *fault says why.  The C
 * library may read files during this call, and never later. */
struct charset *charset_open(const char *name, struct fault *fault);

/* Takes NULL. */
void charset_close(struct charset *charset);

/* Room that a conversion of n bytes needs, in either direction. */
#define CHARSET_ROOM(n) (4 * (n) + 16)

/* Convert name from charset to UTF-8, or from UTF-8 to charset.  utf8 and bytes
 * have room for CHARSET_ROOM(name.n) bytes; the result lies there.  Its p is
 * NULL when a character cannot be converted. */
struct str charset_to_utf8(
	struct charset *charset, struct str name, char *utf8);
struct str charset_from_utf8(
	struct charset *charset, struct str name, char *bytes);

/* The number of bytes of the first character of name, which is not empty; 1
 * when name does not begin with a character of charset. */
size_t charset_step(struct charset *charset, struct str name);

#endif
