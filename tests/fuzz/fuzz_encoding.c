/* Accept-Encoding: a byte with the codings that there are, and the field.
 *
 * What is chosen is there, is acceptable, and nothing that is there weighs
 * more, nor as much and is preferred.  A field of plain grammar is read a
 * second time. Case, and a coding that nobody knows, change nothing. */

#include "fuzz.h"
#include "http/encoding.h"

enum { FIELD_MAX = 4000 };

static void
check_choice(const struct accept *accept, unsigned available, struct str field)
{
	enum coding chosen = encoding_choose(accept, available);

	for (int i = 0; i < CODINGS; i++) {
		if ((available & 1u << i) == 0 || accept->weight[i] == 0)
			fuzz_law((int)chosen != i, "what is chosen can be sent",
				field);
		else
			fuzz_law(chosen != CODING_NONE &&
					(accept->weight[i] < accept->weight
								     [chosen] ||
						(accept->weight[i] ==
								accept->weight
									[chosen] &&
							i <= (int)chosen)),
				"nothing is better than what is chosen", field);
	}
}

static void
check_same(struct str changed, const struct accept *accept, const char *law,
	struct str field)
{
	struct accept other = encoding_read(changed);

	for (int i = 0; i < CODINGS; i++)
		fuzz_law(other.weight[i] == accept->weight[i], law, field);
}

static void
check_changes(struct str field, const struct accept *accept)
{
	char changed[FIELD_MAX + 20];

	if (field.n > FIELD_MAX)
		return;
	for (size_t i = 0; i < field.n; i++) {
		char c = field.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
			c ^= 'a' ^ 'A';
		changed[i] = c;
	}
	check_same((struct str){changed, field.n}, accept,
		"case does not matter", field);
	memcpy(changed + field.n, ",\t x-none;q=0.5 ,", 17);
	check_same((struct str){changed, field.n + 17}, accept,
		"a coding that nobody knows does not matter", field);
}

/* The second reading: one element at a time, thrown at each pattern. */

enum { NOT_SAID = -1, NOT_PLAIN = -2 };

/* "0" or "1", and up to three digits behind a point. */
static int
plain_weight(const char *text)
{
	int weight = (text[0] - '0') * 1000, unit = 100;

	if ((text[0] != '0' && text[0] != '1') ||
		(text[1] != '.' && text[1] != '\0'))
		return NOT_PLAIN;
	for (text += 1 + (text[1] == '.'); *text >= '0' && *text <= '9';
		text++, unit /= 10) {
		weight += (*text - '0') * unit;
		if (unit == 0)
			return NOT_PLAIN;
	}
	return *text == '\0' && weight <= 1000 ? weight : NOT_PLAIN;
}

/* Take note of "name" or "name;q=weight". */
static bool
read_element(char *element, int said[CODINGS + 1])
{
	static const char *const names[] = {
		"identity", "gzip", "zstd", "br", "*", "x-gzip"};
	char *parameter = strchr(element, ';');
	int weight = 1000, coding = -1;

	if (parameter != NULL) {
		*parameter++ = '\0';
		if (strncmp(parameter, "q=", 2) != 0)
			return false;
		weight = plain_weight(parameter + 2);
	}
	for (int i = 0; i < 6; i++) {
		if (strcmp(element, names[i]) == 0)
			coding = i == 5 ? CODING_GZIP : i;
	}
	/* A coding said twice may mean either. */
	if (coding < 0 || weight == NOT_PLAIN || said[coding] != NOT_SAID)
		return false;
	said[coding] = weight;
	return true;
}

static bool
read_plain(struct str field, int said[CODINGS + 1])
{
	char text[FIELD_MAX + 1], *element, *rest = text;

	if (field.n > FIELD_MAX || memchr(field.p, '\0', field.n) != NULL)
		return false;
	memcpy(text, field.p, field.n);
	text[field.n] = '\0';
	for (int i = 0; i <= CODINGS; i++)
		said[i] = NOT_SAID;
	while ((element = strsep(&rest, ",")) != NULL) {
		size_t n;

		element += strspn(element, " \t");
		for (n = strlen(element);
			n > 0 && strchr(" \t", element[n - 1]) != NULL; n--)
			element[n - 1] = '\0';
		if (*element != '\0' && !read_element(element, said))
			return false;
	}
	return true;
}

static void
check_weights(const struct accept *accept, struct str field)
{
	int said[CODINGS + 1];

	if (!read_plain(field, said))
		return;
	for (int i = 0; i < CODINGS; i++) {
		int want = said[i] != NOT_SAID ? said[i] : said[CODINGS];

		if (want == NOT_SAID)
			fuzz_law(i == CODING_IDENTITY ? accept->weight[i] > 0
						      : accept->weight[i] == 0,
				"only identity goes without saying", field);
		else
			fuzz_law(accept->weight[i] == want,
				"the weight of the second reading", field);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str field = {(const char *)data, size};
	unsigned available = fuzz_byte(&field) % (1u << CODINGS);
	struct accept accept = encoding_read(field);

	check_choice(&accept, available, field);
	check_changes(field, &accept);
	check_weights(&accept, field);
	return 0;
}
