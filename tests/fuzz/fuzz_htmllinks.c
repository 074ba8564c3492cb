/* Links of a page: the input is the page.
 *
 * Links lie in the page, one behind the other, and text before it changes none
 * of them. */

#include "base/arena.h"
#include "check/htmllinks.h"
#include "fuzz.h"

/* The links of a page, one a line. */
static struct str
links_of(struct str page, struct arena *arena)
{
	struct htmllinks scan = {.html = page};
	struct text text = {.arena = arena};
	const char *at = page.p;
	struct htmllink link;

	while (htmllinks_next(&scan, &link)) {
		fuzz_law(link.tag.n > 0, "a link has a tag", page);
		fuzz_law(link.value.p == NULL ||
				(link.value.p > at &&
					link.value.p + link.value.n <=
						page.p + page.n),
			"a link follows the one before it", page);
		if (link.value.p != NULL)
			at = link.value.p;
		text_add(&text, link.value);
		text_byte(&text, '\n');
	}
	return text_str(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str page = {(const char *)data, size};
	struct arena arena = {0};
	struct text longer = {.arena = &arena};

	text_add(&longer, STR("text > \"text "));
	text_add(&longer, page);
	fuzz_law(str_eq(links_of(page, &arena),
			 links_of(text_str(&longer), &arena)),
		"text before a page changes nothing", page);
	arena_free(&arena);
	return 0;
}
