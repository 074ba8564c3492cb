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

		if (!is_letter(c) && !is_decimal(c) && c != '_' && c != '-')
			return false;
		capital |= is_capital(c);
		letters += is_letter(c);
		letter_behind |= digit && is_letter(c);
		digit |= is_decimal(c);
	}
	return capital && letter_behind && letters >= LETTERS &&
		!holds_month(word);
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

bool
namehash_found(struct str name)
{
	struct str rest = path_last(name);
	bool page = str_ends_nocase(rest, STR(".html")) ||
		str_ends_nocase(rest, STR(".htm"));

	while (rest.n > 0) {
		char c = rest.p[0];

		rest = str_slice(rest, 1, rest.n);
		if (!is_delimiter(c))
			continue;
		if (is_hex(word_of(rest)))
			return true;
		/* A hyphen may also be part of a hash in base64url. */
		if (!page && rest.n > BASE64_LENGTH &&
			rest.p[BASE64_LENGTH] == '.' &&
			is_base64(str_slice(rest, 0, BASE64_LENGTH)))
			return true;
	}
	return false;
}
