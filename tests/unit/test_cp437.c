/* cp437: names from old zip files. */

#include "unit.h"
#include "zip/cp437.h"

/* Bytes 128 to 255, 16 a line. */
static const char high[] = "ÇüéâäàåçêëèïîìÄÅ"
			   "ÉæÆôöòûùÿÖÜ¢£¥₧ƒ"
			   "áíóúñÑªº¿⌐¬½¼¡«»"
			   "░▒▓│┤╡╢╖╕╣║╗╝╜╛┐"
			   "└┴┬├─┼╞╟╚╔╩╦╠═╬╧"
			   "╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀"
			   "αßΓπΣσµτΦΘΩδ∞φε∩"
			   "≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";

static void
test_each(void **state)
{
	const char *next = high;
	unsigned failed = 0;

	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		const char byte = (char)i;
		struct str want = {&byte, 1};
		char utf8[CP437_GROWTH], back[CP437_GROWTH], asked[32];
		size_t n, nback = 0;

		if (i >= 128) {
			/* As long as the first byte says. */
			want.p = next;
			want.n = (unsigned char)*next < 0xe0 ? 2 : 3;
			next += want.n;
		}
		snprintf(asked, sizeof(asked), "byte %u", i);
		n = cp437_to_utf8((struct str){&byte, 1}, utf8);
		failed += differ(asked, (struct str){utf8, n}, want);
		if (!cp437_from_utf8(want, back, &nback))
			failed += differ_number(asked, "back", false, true);
		failed += differ(asked, (struct str){back, nback},
			(struct str){&byte, 1});
	}
	assert_int_equal(*next, '\0');
	assert_int_equal(failed, 0);
}

/* All bytes in one name, there and back, in memory that is not larger than was
 * promised. */
static void
test_all(void **state)
{
	char all[256], *utf8 = malloc(sizeof(all) * CP437_GROWTH), *back;
	size_t n, nback = 0;
	struct str name;

	(void)state;
	assert_non_null(utf8);
	for (unsigned i = 0; i < sizeof(all); i++)
		all[i] = (char)i;
	n = cp437_to_utf8((struct str){all, sizeof(all)}, utf8);
	assert_int_equal(n, 128 + sizeof(high) - 1);
	name = copy_exactly((struct str){utf8, n});
	assert_true(str_is_utf8(name));
	back = malloc(n);
	assert_non_null(back);
	assert_true(cp437_from_utf8(name, back, &nback));
	assert_int_equal(nback, sizeof(all));
	assert_memory_equal(back, all, sizeof(all));
	free(back);
	free((char *)name.p);
	free(utf8);
}

static void
test_from_utf8(void **state)
{
	static const struct {
		struct str utf8;
		const char *want; /* NULL: it has no such name */
	} table[] = {
		{{NULL, 0}, ""},
		{BYTES(""), ""},
		{BYTES("a/b.txt"), "a/b.txt"},
		{BYTES("Gr\xc3\xbc\xc3\x9f"
		       "e"),
			"Gr\x81\xe1"
			"e"},
		{BYTES("\xe2\x96\x88"), "\xdb"},
		/* CP437 lacks them: U+0080, U+03BC, U+20AC, U+FFFD, U+1F600,
		 * and what has the low bits of one that it has. */
		{BYTES("\xc2\x80"), NULL},
		{BYTES("\xce\xbc"), NULL},
		{BYTES("\xe2\x82\xac"), NULL},
		{BYTES("\xef\xbf\xbd"), NULL},
		{BYTES("\xf0\x9f\x98\x80"), NULL},
		{BYTES("\xf0\x90\x83\x87"), NULL},
		{BYTES("a\xe2\x82\xacz"), NULL},
		{BYTES("\xc3\xa4\xe2\x82\xac"), NULL},
		/* Not UTF-8. */
		{BYTES("\x80"), NULL},
		{BYTES("a\xff"), NULL},
		{BYTES("\xc3"), NULL},
		{BYTES("\xe2\x96"), NULL},
		{BYTES("\xc0\xaf"), NULL},
		{BYTES("\xe0\x83\x87"), NULL},
		{BYTES("\xc3\x87\xc3"), NULL},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str utf8 = copy_exactly(table[i].utf8);
		char *bytes = malloc(utf8.n), asked[32];
		size_t n = 0;
		bool fine = cp437_from_utf8(utf8, bytes, &n);

		snprintf(asked, sizeof(asked), "row %zu", i);
		failed += differ_number(
			asked, "has a name", fine, table[i].want != NULL);
		if (fine)
			failed += differ(asked, (struct str){bytes, n},
				str_of(table[i].want));
		free(bytes);
		free((char *)utf8.p);
	}
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_from_utf8),
	};

	return cmocka_run_group_tests_name("cp437", tests, NULL, NULL);
}
