/* Recognises names that hold a hash of the file's content, as bundlers write
 * them.  When the content changes, so does such a name. */

#ifndef NAMEHASH_H
#define NAMEHASH_H

#include "base/str.h"

/* Whether the last component of name holds such a hash:
 * - 8 or more hexadecimal digits, among them a letter and a decimal digit,
 *   between dots or hyphens (webpack, Next, Parcel, Django, Hugo, Rails); or
 * - 8 characters of base64url or base32 between a dot or hyphen and a dot,
 *   among them three letters, a capital one, and a decimal digit with a letter
 *   somewhere behind it (Rollup, Vite and tools built on it; esbuild, Angular);
 *   but not the name of a month, and not in names that end in .html or .htm.
 *
 * So dates, plain numbers and words that end in a number are not hashes, nor is
 * the name of a page about a class Utf8Json.  Some hashes have no digit and are
 * not recognised: browsers ask for such members again.  Pure. */
bool namehash_found(struct str name);

/* Whether the last component of name, in which no hash is found, would hold one
 * if 8 characters of base64url with a capital letter behind the first were
 * enough.  That is also true of UserList, so it only means something in the
 * company of names in which a hash is found.  Pure. */
bool namehash_suspected(struct str name);

#endif
