/* The names of a central directory, as requests use them. */

#ifndef ZIPNAME_H
#define ZIPNAME_H

#include "zip/charset.h"
#include "zip/zipentry.h"

/* Whether the entry was made on one of Microsoft's systems. */
bool zipname_by_microsoft(const unsigned char *entry);

/* Whether a backslash stands for a slash in these entries, which take size
 * bytes: all were made on Microsoft's systems, and none has a slash in its
 * name.  A backslash may also be the second byte of a character, as in GBK and
 * Shift-JIS; so if charset is NULL, no backslash may follow a byte from 0x81 on
 * in a name that is not UTF-8. */
bool zipname_has_backslashes(
	const unsigned char *entries, size_t size, struct charset *charset);

/* The name in entry's Unicode Path field (section 4.6.9), if the field fits the
 * recorded name, which is not marked as UTF-8; p is NULL when there is none. */
struct str zipname_unicode(const unsigned char *entry);

/* Decide which bytes zipentry_name gives for entry: those of zipname_unicode,
 * if a request can name them (zipentry_unreachable), or those recorded.  A
 * slash in front and then any "./" are left out.  If backslashes, as
 * zipname_has_backslashes gives it, they become slashes in the entry.  true
 * when the first are chosen and differ, so that the recorded name is an alias
 * (zipalias.h). */
bool zipname_settle(
	unsigned char *entry, bool backslashes, struct charset *charset);

#endif
