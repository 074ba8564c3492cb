#include "http/namehash.h"

#include <strings.h>

#include "http/path.h"

enum {
	HEX_LENGTH = 8, /* at least */
	BASE64_LENGTH = 8,
	LETTERS = 3, /* at least, in base64: a time has a T and a Z */
};

static bool
is_decimal(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool
is_letter(char c)
{
	return is_capital(c) || (c >= 'a' && c <= 'z');
}

static bool
is_base64_digit(char c)
{
	return is_letter(c) || is_decimal(c) || c == '_' || c == '-';
}

static bool
is_delimiter(char c)
{
	return c == '.' || c == '-';
}

static bool
is_hex(struct str word)
{
	bool letter = false, digit = false;

	for (size_t i = 0; i < word.n; i++) {
		char c = word.p[i];

		if (is_decimal(c))
			digit = true;
		else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
			letter = true;
		else
			return false;
	}
	return word.n >= HEX_LENGTH && letter && digit;
}

/* Whether word holds the name of a month, as dates do. */
static bool
holds_month(struct str word)
{
	static const char months[] = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";

	for (size_t i = 0; i + 3 <= word.n; i++) {
		for (size_t m = 0; m + 3 < sizeof(months); m += 3) {
			if (strncasecmp(word.p + i, months + m, 3) == 0)
				return true;
		}
	}
	return false;
}

static bool
is_base64(struct str word)
{
	bool capital = false, digit = false, letter_behind = false;
	size_t letters = 0;

	for (size_t i = 0; i < word.n; i++) {
		char c = word.p[i];

		if (!is_base64_digit(c))
			return false;
		capital |= is_capital(c);
		letters += is_letter(c);
		letter_behind |= digit && is_letter(c);
		digit |= is_decimal(c);
	}
	return capital && letter_behind && letters >= LETTERS &&
		!holds_month(word);
}

/* A capital letter behind the first character: few words have one. */
static bool
is_mixed(struct str word)
{
	bool capital = false;

	for (size_t i = 0; i < word.n; i++) {
		if (!is_base64_digit(word.p[i]))
			return false;
		capital |= i > 0 && is_capital(word.p[i]);
	}
	return capital;
}

/* Go on to what stands behind the next delimiter. */
static bool
go_behind_delimiter(struct str *rest)
{
	while (rest->n > 0) {
		char c = rest->p[0];

		*rest = str_slice(*rest, 1, rest->n);
		if (is_delimiter(c))
			return true;
	}
	return false;
}

/* The word in front of the next delimiter; empty when there is none. */
static struct str
word_of(struct str rest)
{
	size_t n = 0;

	while (n < rest.n && !is_delimiter(rest.p[n]))
		n++;
	return str_slice(rest, 0, n < rest.n ? n : 0);
}

/* The 8 characters in front of a dot; empty when there is none.  A hyphen may
 * be one of them. */
static struct str
base64_of(struct str rest)
{
	bool found = rest.n > BASE64_LENGTH && rest.p[BASE64_LENGTH] == '.';

	return str_slice(rest, 0, found ? BASE64_LENGTH : 0);
}

static bool
ends_like_page(struct str name)
{
	return str_ends_nocase(name, STR(".html")) ||
		str_ends_nocase(name, STR(".htm"));
}

bool
namehash_found(struct str name)
{
	struct str rest = path_last(name);
	bool page = ends_like_page(rest);

	while (go_behind_delimiter(&rest)) {
		if (is_hex(word_of(rest)) ||
			(!page && is_base64(base64_of(rest))))
			return true;
	}
	return false;
}

bool
namehash_suspected(struct str name)
{
	struct str rest = path_last(name);

	if (ends_like_page(rest) || namehash_found(name))
		return false;
	while (go_behind_delimiter(&rest)) {
		if (is_mixed(base64_of(rest)))
			return true;
	}
	return false;
}
