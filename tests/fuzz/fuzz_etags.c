/* Lists of entity tags: one is built from the input, whose every tag must be
 * found in it, by weak comparison, and by strong comparison unless it is weak;
 * and what was not put in must not.  The input as it is, too, is taken for a
 * list. */

#include "fuzz.h"
#include "http/validator.h"

enum { TAGS = 16, LIST_MAX = 4000 };

/* What was built; tags point into text. */
struct list {
	char text[LIST_MAX];
	size_t n;
	struct str tag[TAGS];
	bool weak[TAGS];
	int tags;
};

static void
add(struct list *list, const char *text, size_t n)
{
	memcpy(list->text + list->n, text, n);
	list->n += n;
}

/* A byte of a tag (etagc, RFC 9110, section 8.8.3). */
static bool
etagc(char c)
{
	return c == '!' || (c >= '#' && c <= '~') || (unsigned char)c >= 0x80;
}

/* Bytes up to the next one that no tag can hold are a tag; that one says what
 * stands around it. */
static void
add_tag(struct list *list, struct str *input)
{
	static const char *const separators[] = {
		",", ", ", " ,\t", ",,", " , , "};
	struct str *tag = &list->tag[list->tags];
	unsigned char how;
	size_t n = 0;

	while (n < input->n && etagc(input->p[n]))
		n++;
	if (list->n + n + 20 > LIST_MAX) {
		*input = (struct str){NULL, 0};
		return;
	}
	how = n < input->n ? (unsigned char)input->p[n] : 0;
	list->weak[list->tags] = how % 2;
	if (how % 2)
		add(list, "W/", 2);
	*tag = (struct str){list->text + list->n, n + 2};
	add(list, "\"", 1);
	add(list, input->p, n);
	add(list, "\"", 1);
	add(list, separators[how / 2 % 5], strlen(separators[how / 2 % 5]));
	list->tags++;
	*input = str_slice(*input, n, input->n);
	fuzz_byte(input);
}

/* recoded is tag with "-gzip", "-br" or "-zstd" in front of its last quote. */
static bool
is_recoded(struct str recoded, struct str tag)
{
	return recoded.n > tag.n && memcmp(recoded.p, tag.p, tag.n - 1) == 0 &&
		(str_eq(str_slice(recoded, tag.n - 1, recoded.n),
			 STR("-gzip\"")) ||
			str_eq(str_slice(recoded, tag.n - 1, recoded.n),
				STR("-br\"")) ||
			str_eq(str_slice(recoded, tag.n - 1, recoded.n),
				STR("-zstd\"")));
}

/* tag was put in, and as a strong one if that counts. */
static bool
holds(const struct list *list, struct str tag, bool weak)
{
	for (int i = 0; i < list->tags; i++) {
		if (str_eq(list->tag[i], tag) && (weak || !list->weak[i]))
			return true;
		if (weak && is_recoded(list->tag[i], tag))
			return true;
	}
	return false;
}

static void
check_built(struct str input)
{
	struct list list = {.n = 0};
	struct str field;

	while (input.n > 0 && list.tags < TAGS)
		add_tag(&list, &input);
	field = (struct str){list.text, list.n};
	for (int i = 0; i < list.tags; i++) {
		struct str tag = list.tag[i];

		fuzz_law(validator_matches(field, tag, true),
			"a tag of the list is found", field);
		fuzz_law(validator_matches(field, tag, false) ==
				holds(&list, tag, false),
			"a strong tag of the list is found, and no weak one",
			field);
	}
	fuzz_law(validator_matches(field, STR("\"x\""), true) ==
			holds(&list, STR("\"x\""), true),
		"a tag that is not in the list is not found", field);
}

static void
check_raw(struct str field)
{
	const struct str tag = STR("\"x\"");
	bool weak = validator_matches(field, tag, true);
	bool strong = validator_matches(field, tag, false);

	fuzz_law(weak || !strong, "what is the same strongly is so weakly",
		field);
	fuzz_law(!weak || memmem(field.p, field.n, tag.p, tag.n - 1) != NULL ||
			str_eq(str_trim(field), STR("*")),
		"what is found is there", field);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str input = {(const char *)data, size};

	check_raw(input);
	check_built(input);
	return 0;
}
