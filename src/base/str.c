#include "base/str.h"

#include "base/bytes.h"

#define EACH_BYTE UINT64_C(0x0101010101010101)
#define HIGH_BITS (EACH_BYTE * 0x80)

static char
lower_case(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool
str_eq_nocase(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		if (lower_case(a.p[i]) != lower_case(b.p[i]))
			return false;
	}
	return true;
}

static bool
is_white(char c)
{
	return c == ' ' || c == '\t';
}

struct str
str_trim(struct str s)
{
	while (s.n > 0 && is_white(s.p[0]))
		s = str_slice(s, 1, s.n);
	while (s.n > 0 && is_white(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct str
str_cut(struct str *rest, char sep)
{
	struct str head = *rest;
	const char *at = rest->n ? memchr(rest->p, sep, rest->n) : NULL;

	if (at == NULL) {
		*rest = (struct str){NULL, 0};
		return head;
	}
	head.n = (size_t)(at - head.p);
	*rest = str_slice(*rest, head.n + 1, rest->n);
	return head;
}

int
str_compare(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;

	return order ? order : (a.n > b.n) - (a.n < b.n);
}

static bool
begins_with_digit(struct str s)
{
	return s.n > 0 && s.p[0] >= '0' && s.p[0] <= '9';
}

/* Cut the digits at the start off *s; without zeros in front of them. */
static struct str
cut_number(struct str *s)
{
	struct str number;

	while (s->n > 0 && s->p[0] == '0')
		*s = str_slice(*s, 1, s->n);
	number = *s;
	while (begins_with_digit(*s))
		*s = str_slice(*s, 1, s->n);
	number.n -= s->n;
	return number;
}

int
str_compare_natural(struct str a, struct str b)
{
	int order = 0;

	while (a.n > 0 && b.n > 0 && order == 0) {
		if (begins_with_digit(a) && begins_with_digit(b)) {
			struct str x = cut_number(&a), y = cut_number(&b);

			order = x.n != y.n ? (x.n > y.n) - (x.n < y.n)
					   : str_compare(x, y);
			continue;
		}
		order = (unsigned char)lower_case(a.p[0]) -
			(unsigned char)lower_case(b.p[0]);
		a = str_slice(a, 1, a.n);
		b = str_slice(b, 1, b.n);
	}
	return order ? order : (a.n > b.n) - (a.n < b.n);
}

bool
str_has_nocase(struct str s, struct str part)
{
	if (part.n == 0)
		return true;
	for (; s.n >= part.n; s = str_slice(s, 1, s.n)) {
		if (str_eq_nocase(str_slice(s, 0, part.n), part))
			return true;
	}
	return false;
}

bool
str_is_near(struct str a, struct str b)
{
	while (a.n > 0 && b.n > 0 && a.p[0] == b.p[0]) {
		a = str_slice(a, 1, a.n);
		b = str_slice(b, 1, b.n);
	}
	while (a.n > 0 && b.n > 0 && a.p[a.n - 1] == b.p[b.n - 1]) {
		a.n--;
		b.n--;
	}
	if (a.n == 2 && b.n == 2)
		return a.p[0] == b.p[1] && a.p[1] == b.p[0];
	return a.n <= 1 && b.n <= 1 && a.n + b.n > 0;
}

/* The high bits of those bytes of word that are control characters.  No sum
 * reaches the next byte. */
static uint64_t
controls_of(uint64_t word)
{
	uint64_t low = word & ~HIGH_BITS;
	uint64_t printable = low + EACH_BYTE * (0x80 - ' ');
	uint64_t del = low + EACH_BYTE;

	return (~printable | del) & ~word & HIGH_BITS;
}

bool
str_has_control(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	uint64_t found = 0;

	if (s.n >= 8) {
		for (size_t i = 0; i < s.n - 8; i += 8)
			found |= controls_of(get64(p + i));
		return (found | controls_of(get64(p + s.n - 8))) != 0;
	}
	for (size_t i = 0; i < s.n; i++)
		found |= p[i] < ' ' || p[i] == 0x7f;
	return found != 0;
}

bool
str_number(struct str s, uint64_t max, uint64_t *number)
{
	uint64_t n = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = (unsigned char)s.p[i] - '0';

		if (digit > 9 || digit > max || n > (max - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*number = n;
	return true;
}

/* The length of the UTF-8 sequence at the start of s; 0 when there is none. */
static size_t
sequence(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	static const struct {
		unsigned char first, last; /* range of the first byte */
		unsigned char low, high;   /* range of the second byte */
		unsigned char length;
	} form[] = {
		{0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	if (p[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(form) / sizeof(form[0]); i++) {
		if (p[0] < form[i].first || p[0] > form[i].last)
			continue;
		if (s.n < form[i].length || p[1] < form[i].low ||
			p[1] > form[i].high)
			return 0;
		for (size_t k = 2; k < form[i].length; k++) {
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		}
		return form[i].length;
	}
	return 0;
}

size_t
str_utf8_prefix(struct str s)
{
	size_t size = s.n;

	while (s.n > 0) {
		bool ascii = s.n >= 8 &&
			(get64((const unsigned char *)s.p) & HIGH_BITS) == 0;
		size_t n = ascii ? 8 : sequence(s);

		if (n == 0)
			break;
		s = str_slice(s, n, s.n);
	}
	return size - s.n;
}

bool
str_is_utf8(struct str s)
{
	return str_utf8_prefix(s) == s.n;
}
