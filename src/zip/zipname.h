/* The names of a central directory, as requests use them. */

#ifndef ZIPNAME_H
#define ZIPNAME_H

#include "zip/charset.h"
#include "zip/zipentry.h"

/* Whether a backslash stands for a slash in these entries, which take size
 * bytes: all were made on Microsoft's systems, and none has a slash in its
 * name.  A backslash may also be the second byte of a character, as in GBK and
 * Shift-JIS; so if charset is NULL, no backslash may follow a byte from 0x81 on
 * in a name that is not UTF-8. */
bool zipname_has_backslashes(
	const unsigned char *entries, size_t size, struct charset *charset);

/* Decide which bytes zipentry_name gives for entry: those recorded, or those of
 * the Unicode Path field (section 4.6.9), which counts if it fits the recorded
 * name and that is not marked as UTF-8.  A slash in front and then any "./" are
 * left out.  If backslashes, as zipname_has_backslashes gives it, they become
 * slashes in the entry.  true when the Unicode Path field counts and differs,
 * so that the recorded name is an alias (zipalias.h). */
bool zipname_settle(
	unsigned char *entry, bool backslashes, struct charset *charset);

#endif
