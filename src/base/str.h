/* Text owned by somebody else: a pointer and a length, without a NUL. */

#ifndef STR_H
#define STR_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p; /* may be NULL when n is 0 */
	size_t n;
};

/* The str of a string literal.  Static tables use {"text", 4}, because gcc does
 * not accept this as a constant. */
#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})

/* For printf's "%.*s". */
#define STR_ARG(s) (int)(s).n, (s).p

static inline struct str
str_of(const char *text)
{
	return (struct str){text, text ? strlen(text) : 0};
}

static inline bool
str_eq(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	if (a.n == 0)
		return true;
	assert(a.p != NULL && b.p != NULL);
	return memcmp(a.p, b.p, a.n) == 0;
}

/* The part of s from byte from up to but not including byte to. */
static inline struct str
str_slice(struct str s, size_t from, size_t to)
{
	if (s.p == NULL) {
		assert(to == 0);
		return s;
	}
	return (struct str){s.p + from, to - from};
}

static inline bool
str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_eq(str_slice(s, 0, prefix.n), prefix);
}

static inline bool
str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n &&
		str_eq(str_slice(s, s.n - suffix.n, s.n), suffix);
}

/* Whether a and b are equal, ignoring the case of ASCII letters. */
bool str_eq_nocase(struct str a, struct str b);

/* Whether s is longer than end, which is not empty, and ends with it, ignoring
 * the case of ASCII letters. */
static inline bool
str_ends_nocase(struct str s, struct str end)
{
	/* Mostly the last bytes differ in more than the bit that is case. */
	return s.n > end.n &&
		((s.p[s.n - 1] ^ end.p[end.n - 1]) & ~('a' - 'A')) == 0 &&
		str_eq_nocase(str_slice(s, s.n - end.n, s.n), end);
}

/* s without spaces and tabs at both ends (OWS, RFC 9110, section 5.6.3). */
struct str str_trim(struct str s);

/* Cut the part before the first sep off *rest, and the sep itself.  Without a
 * sep the part is all of *rest, which becomes empty with p NULL. */
struct str str_cut(struct str *rest, char sep);

/* Compare in byte order, a prefix before longer strings.  Returns less than 0,
 * 0 or more than 0, as memcmp(3). */
int str_compare(struct str a, struct str b);

/* Compare as people sort names: digits by the number that they write, and ASCII
 * letters without regard to case.  0 for names that differ only in case and in
 * zeros before a number. */
int str_compare_natural(struct str a, struct str b);

/* Whether part occurs in s, ignoring the case of ASCII letters. */
bool str_has_nocase(struct str s, struct str part);

/* Whether one edit makes a of b: a byte inserted, removed or replaced, or two
 * neighbours exchanged (Damerau-Levenshtein distance 1). */
bool str_is_near(struct str a, struct str b);

/* Whether s holds an ASCII control character: a byte below ' ', or DEL. */
bool str_has_control(struct str s);

/* Read all of s as a decimal number.  false when s is empty, has anything but
 * digits, or exceeds max. */
bool str_number(struct str s, uint64_t max, uint64_t *number);

/* The end of a noun after the number n. */
static inline const char *
str_plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* How many bytes of s are well-formed UTF-8 (RFC 3629), from the first on. */
size_t str_utf8_prefix(struct str s);

/* All of s is well-formed UTF-8. */
bool str_is_utf8(struct str s);

#endif
