/* Entity tags and dates, which tell one state of a resource from another (RFC
 * 9110, sections 8.8 and 13.1).  represent.h says what tags are made of. */

#ifndef VALIDATOR_H
#define VALIDATOR_H

#include "base/arena.h"

/* Whether field, the value of If-None-Match or If-Match, is "*" or contains
 * etag.  etag is quoted, with W/ in front if it is weak, or empty if there is
 * none, which only "*" matches.  Weak comparison takes W/"x" for "x"
 * (section 8.8.3.2), and "x-gzip" and "x-br" as well, which Apache's
 * mod_deflate and mod_brotli make of it when they compress. Strong comparison
 * matches neither.  The list ends at the first element that is not a tag. Pure.
 */
bool validator_matches(struct str field, struct str etag, bool weak);

/* A strong entity tag (section 8.8.3), quoted: numbers in hexadecimal, the
 * first of 8 digits at least, and a word behind them unless that is empty.  It
 * lies in arena.  Any thread. */
struct str validator_tag(struct arena *arena, const uint64_t numbers[],
	size_t n, struct str word);

/* Room for a date as validator_date writes it, with its NUL. */
enum { DATE_SIZE = 30 };

/* Write seconds since 1970 as an IMF-fixdate (section 5.6.7).  Years 0 to 9999.
 * Pure. */
void validator_date(int64_t seconds, char date[DATE_SIZE]);

/* Read a date in one of the three formats of section 5.6.7.  A year of two
 * digits is of the century of now (seconds since 1970), or of the one before
 * when the time would be more than 50 years ahead.  false for anything else.
 * Pure.
 */
bool validator_read_date(struct str field, int64_t now, int64_t *seconds);

#endif
