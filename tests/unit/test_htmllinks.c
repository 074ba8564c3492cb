/* htmllinks: the links of a page. */

#include "base/arena.h"
#include "check/htmllinks.h"
#include "unit.h"

static struct str
links_of(struct str html, struct arena *arena)
{
	struct str page = copy_exactly(html);
	struct htmllinks scan = {.html = page};
	struct text text = {.arena = arena};
	struct htmllink link;

	while (htmllinks_next(&scan, &link)) {
		text_add(&text, link.tag);
		text_byte(&text, '=');
		text_add(&text, link.value);
		text_byte(&text, ';');
	}
	assert_false(htmllinks_next(&scan, &link));
	free((void *)(uintptr_t)page.p);
	return text_str(&text);
}

static void
test_links(void **state)
{
	static const struct {
		struct str html, want;
	} table[] = {
		{{NULL, 0}, {NULL, 0}},
		{BYTES("text"), BYTES("")},
		{BYTES("<a href=\"b\">"), BYTES("a=b;")},
		{BYTES("<a href='b c'>"), BYTES("a=b c;")},
		{BYTES("<a href=b>c"), BYTES("a=b;")},
		{BYTES("<a href=b/c>"), BYTES("a=b/c;")},
		{BYTES("<A HREF = \"b\" >"), BYTES("A=b;")},
		{BYTES("<a\nclass=x\thref\n=\nb\n>"), BYTES("a=b;")},
		{BYTES("<img alt='>' src=b /><i>"), BYTES("img=b;")},
		{BYTES("<img/src=b>"), BYTES("img=b;")},
		{BYTES("<a href>"), BYTES("a=;")},
		{BYTES("<a href=>"), BYTES("a=;")},
		{BYTES("<a href=\"\">"), BYTES("a=;")},
		{BYTES("<x href=1 src=2>"), BYTES("x=1;x=2;")},
		{BYTES("<a data-href=b hreflang=c xhref=d>"), BYTES("")},
		{BYTES("<a title=\"href=b\">"), BYTES("")},
		{BYTES("a < b href=c>"), BYTES("")},
		{BYTES("<a<a href=b>"), BYTES("a<a=b;")},
		{BYTES("</a href=b><!doctype href=b><?href=b?>"), BYTES("")},
		/* Comments, and what holds text. */
		{BYTES("<!-- <a href=b> --><a href=c>"), BYTES("a=c;")},
		{BYTES("<!-- > <a href=b>"), BYTES("")},
		{BYTES("<script src=b>'<a href=c>'</script><a href=d>"),
			BYTES("script=b;a=d;")},
		{BYTES("<SCRIPT>'</'+'<a href=c>'</Script><a href=d>"),
			BYTES("a=d;")},
		{BYTES("<title><a href=b></title><style><a href=b></style>"),
			BYTES("")},
		{BYTES("<script>1<a href=b>"), BYTES("")},
		/* Nonsense. */
		{BYTES("<"), BYTES("")},
		{BYTES("<a"), BYTES("")},
		{BYTES("<a href"), BYTES("a=;")},
		{BYTES("<a href=\"b"), BYTES("a=b;")},
		{BYTES("<a =\"b\" href=c>"), BYTES("a=c;")},
		{BYTES("<a \0\0 href=b>"), BYTES("a=b;")},
		{BYTES("<a \"\" ''=' href=b>"), BYTES("")},
		{BYTES("<a href=b\0c><a href=d>"), BYTES("a=b\0c;a=d;")},
	};
	struct arena arena = {0};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char asked[32];
		struct str got = links_of(table[i].html, &arena);

		snprintf(asked, sizeof(asked), "row %zu", i);
		failed += differ(asked, got, table[i].want);
	}
	arena_free(&arena);
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),
	};

	return cmocka_run_group_tests_name("htmllinks", tests, NULL, NULL);
}
