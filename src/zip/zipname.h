/* The names of a central directory, as requests use them. */

#ifndef ZIPNAME_H
#define ZIPNAME_H

#include "zip/charset.h"
#include "zip/zipentry.h"

/* In these size bytes of entries a backslash stands for a slash: all are made
 * by systems of Microsoft, and none has a slash in its name.  A backslash may
 * also be the second byte of a character, as in GBK and Shift-JIS; so without a
 * charset none may follow a byte from 0x81 on in a name that is not UTF-8. */
bool zipname_has_backslashes(
	const unsigned char *entries, size_t size, struct charset *charset);

/* Decide which bytes zipentry_name gives for entry: those recorded, or those of
 * the Unicode Path field (section 4.6.9), which counts if it fits the recorded
 * name and that is not marked as UTF-8.  A slash in front and then any "./" are
 * left out.  backslashes: as above; they become slashes in the entry.  true
 * when the name recorded is another one, an alias. */
bool zipname_settle(
	unsigned char *entry, bool backslashes, struct charset *charset);

#endif
