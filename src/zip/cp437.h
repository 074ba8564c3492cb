/* Names in the code page of the IBM PC, which zip files without the UTF-8 flag
 * use (APPNOTE 6.3, appendix D). */

#ifndef CP437_H
#define CP437_H

#include "base/str.h"

/* Bytes of UTF-8 that one byte of CP437 becomes at most. */
enum { CP437_GROWTH = 3 };

/* Write name as UTF-8 to utf8, which has room for CP437_GROWTH times its
 * length; the length of what was written.  Bytes below 128 stay.  Pure. */
size_t cp437_to_utf8(struct str name, char *utf8);

/* Write the UTF-8 name as CP437 to bytes, which has room for name.n, and its
 * length to *n; false when it is not UTF-8 or CP437 lacks a character.  Pure.
 */
bool cp437_from_utf8(struct str name, char *bytes, size_t *n);

#endif
