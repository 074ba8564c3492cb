/* Percent-encoding: the input is taken for a path, and for an encoded one.
 *
 * What was encoded decodes to the same, and holds only what may stand in a URL
 * and in a quoted attribute of HTML.  What is encoded already keeps its
 * meaning. */

#include "fuzz.h"
#include "http/path.h"

static bool
letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9');
}

/* All is a letter, a digit, one of others or "%HH" with large digits. */
static bool
only(struct str text, const char *others)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c != '%') {
			if (c == '\0' ||
				(!letter_or_digit(c) &&
					strchr(others, c) == NULL))
				return false;
			continue;
		}
		if (text.n - i < 3 ||
			memchr(digits, text.p[i + 1], 16) == NULL ||
			memchr(digits, text.p[i + 2], 16) == NULL)
			return false;
		i += 2;
	}
	return true;
}

static struct str
encode(struct str path, bool raw, struct arena *arena)
{
	struct text text = {.arena = arena};

	path_encode(&text, path, raw);
	return text_str(&text);
}

/* Escapes of what is encoded already may have small digits. */
static struct str
with_large_digits(struct str path, struct arena *arena)
{
	char *copy = arena_get(arena, path.n + 1);

	for (size_t i = 0; i < path.n; i++) {
		copy[i] = path.p[i];
		if ((i > 0 && copy[i - 1] == '%') ||
			(i > 1 && copy[i - 2] == '%'))
			copy[i] = (char)(copy[i] >= 'a' && copy[i] <= 'f'
					? copy[i] - 'a' + 'A'
					: copy[i]);
	}
	return (struct str){copy, path.n};
}

static void
check_name(struct str input, struct arena *arena)
{
	struct text name = {.arena = arena};

	path_encode_name(&name, input);
	fuzz_law(only(text_str(&name), "!#$&+-.^_`|~"),
		"an encoded name is a value of RFC 8187", text_str(&name));
	fuzz_law(str_eq(path_decode(text_str(&name), arena), input),
		"a name that was encoded decodes to the same", input);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char allowed[] = "-._~!$()*+,;=:@/";
	static const char in_query[] = "-._~!$()*+,;=:@/&";
	struct str input = {(const char *)data, size};
	struct arena arena = {0};
	struct str encoded = encode(input, false, &arena);
	struct str safe = encode(input, true, &arena);
	struct str decoded = path_decode(input, &arena);

	fuzz_law(only(encoded, allowed), "an encoded path holds what it may",
		encoded);
	fuzz_law(str_eq(path_decode(encoded, &arena), input),
		"a path that was encoded decodes to the same", input);
	fuzz_law(only(with_large_digits(safe, &arena), in_query),
		"an encoded path that was made safe holds what it may", safe);
	fuzz_law(str_eq(path_decode(safe, &arena), decoded),
		"an encoded path that was made safe decodes to the same",
		input);
	fuzz_law(str_eq(encode(safe, true, &arena), safe),
		"what is safe stays as it is", safe);
	fuzz_law(decoded.n <= input.n, "decoding adds nothing", input);
	check_name(input, &arena);
	arena_free(&arena);
	return 0;
}
