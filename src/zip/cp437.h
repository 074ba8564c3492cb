/* Names in code page 437 of the IBM PC, which zip files use without the UTF-8
 * flag (APPNOTE 6.3, appendix D). */

#ifndef CP437_H
#define CP437_H

#include "base/str.h"

/* The most bytes of UTF-8 for one byte of CP437. */
enum { CP437_GROWTH = 3 };

/* Write name as UTF-8 to utf8, which has room for CP437_GROWTH times its
 * length.  Returns the length written.  Bytes below 128 stay the same.  Pure.
 */
size_t cp437_to_utf8(struct str name, char *utf8);

/* Write the UTF-8 name as CP437 to bytes, which has room for name.n, and the
 * length to *n.  false when name is not UTF-8 or CP437 lacks a character.
 * Pure. */
bool cp437_from_utf8(struct str name, char *bytes, size_t *n);

#endif
