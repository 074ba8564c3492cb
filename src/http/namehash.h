/* Whether a file's name holds a hash of its content, as the names that bundlers
 * write do: another content then has another name. */

#ifndef NAMEHASH_H
#define NAMEHASH_H

#include "base/str.h"

/* The last component of name holds such a hash:
 * - 8 or more hexadecimal digits, among them a letter and a decimal digit,
 *   between dots or hyphens (webpack, Next, Parcel, Django, Hugo, Rails); or
 * - 8 characters of base64url or base32 between a dot or hyphen and a dot,
 * among them three letters, a capital one, and a decimal digit with a letter
 *   somewhere behind it (Rollup, Vite and what is built on it; esbuild,
 * Angular), but not the name of a month, and not in names that end in .html or
 * .htm. So dates, plain numbers and words with a number behind are none, nor is
 * a page on a class Utf8Json. Some hashes have no digit, and are not found:
 * their members are asked for again.  Pure. */
bool namehash_found(struct str name);

#endif
