/* look: what the first bytes of a content say about it. */

#include <stdio.h>
#include <stdlib.h>

#include "http/look.h"
#include "unit.h"

static void
test_look(void **state)
{
	static const struct {
		struct str bytes;
		const char *type;
		enum look want;
	} table[] = {
		{BYTES(""), "", LOOK_UTF8},
		{BYTES("text\n"), "", LOOK_UTF8},
		{BYTES("caf\xc3\xa9"), "text/plain", LOOK_UTF8},
		{BYTES("caf\xe9"), "text/plain", LOOK_OTHER},
		{BYTES("caf\xe9 au lait"), "text/javascript", LOOK_OTHER},
		{BYTES("\xef\xbb\xbftext"), "", LOOK_UTF8},
		/* Half a character at the end of all. */
		{BYTES("caf\xc3"), "", LOOK_OTHER},
		/* Byte order marks: UTF-16 and UTF-32, both orders. */
		{BYTES("\xff\xfe"), "", LOOK_NAMED},
		{BYTES("\xff\xfe"
		       "a\0"),
			"", LOOK_NAMED},
		{BYTES("\xfe\xff\0a"), "text/css", LOOK_NAMED},
		{BYTES("\xff\xfe\0\0a\0\0\0"), "", LOOK_NAMED},
		{BYTES("\0\0\xfe\xff\0\0\0a"), "", LOOK_NAMED},
		{BYTES("\0\0\xff\xfe\0\0\0a"), "", LOOK_BINARY},
		{BYTES("a\0b\0"), "", LOOK_BINARY},
		/* Control characters. */
		{BYTES("10%\b\b\b20%\a\r30%\f\x1b[0m\t\n"), "", LOOK_UTF8},
		{BYTES("\x01\x02\x1f"), "", LOOK_UTF8},
		{BYTES("10%\b\a\r\f\x1b[0m\t caf\xe9"), "", LOOK_OTHER},
		{BYTES("\x01 caf\xe9"), "", LOOK_BINARY},
		{BYTES("\v caf\xe9"), "", LOOK_BINARY},
		{BYTES("\x1f\x8b\x08"), "", LOOK_BINARY},
		{BYTES("\x93\xfa\x96{"), "", LOOK_OTHER}, /* Shift_JIS */
	/* Pages that name a charset. */
#define HTML(text, want) {BYTES(text), "text/html", want}
		HTML("<meta charset=iso-8859-1>", LOOK_NAMED),
		HTML("<META CHARSET = 'KOI8-R' >", LOOK_NAMED),
		HTML("<meta\ncharset=\"x\"/>", LOOK_NAMED),
		HTML("<meta/charset=x>", LOOK_NAMED),
		HTML("<meta charset=\"utf-8\">", LOOK_UTF8),
		HTML("<meta charset=UTF8>", LOOK_UTF8),
		HTML("<meta charset=utf-16le>", LOOK_UTF8),
		HTML("<meta charset=utf-8>caf\xe9", LOOK_OTHER),
		HTML("<meta http-equiv=Content-Type content=\"text/html; charset=windows-1251\">",
			LOOK_NAMED),
		HTML("<meta http-equiv=Content-Type content='text/html;charset=utf-8'>",
			LOOK_UTF8),
		HTML("<meta name=a content=b><meta charset=x>", LOOK_NAMED),
		HTML("<meta charset><meta charset=>", LOOK_UTF8),
		HTML("<!-- <meta charset=x> -->", LOOK_UTF8),
		HTML("<!--><meta charset=x>", LOOK_NAMED),
		HTML("<!-- <meta charset=x>", LOOK_UTF8),
		HTML("<script charset=x></script>", LOOK_UTF8),
		HTML("<metadata charset=x>", LOOK_UTF8),
		HTML("<meta", LOOK_UTF8),
		HTML("<meta charset=\"", LOOK_UTF8),
		HTML("<", LOOK_UTF8),
		/* What is cut off does not count. */
		HTML("<meta charset=x", LOOK_UTF8),
		/* In a value, a comment or what begins like one. */
		HTML("<a title=\"<meta charset=x>\">", LOOK_UTF8),
		HTML("<a title='<meta charset=x>' b=<meta charset=x>",
			LOOK_UTF8),
		HTML("</a title='<meta charset=x>'>", LOOK_UTF8),
		HTML("<meta name=a content=\"<meta charset=x>\">", LOOK_UTF8),
		HTML("<meta name='charset=x'>", LOOK_UTF8),
		HTML("<meta content='text/html; charset=x'>", LOOK_UTF8),
		HTML("<meta name=description content='a charset=x in it'>",
			LOOK_UTF8),
		HTML("<!doctype a '<meta charset=x'>", LOOK_UTF8),
		HTML("<?xml <meta charset=x ?>", LOOK_UTF8),
		HTML("<!-- > <meta charset=x> -->", LOOK_UTF8),
		HTML("<a title=\"<meta charset=x>", LOOK_UTF8),
		/* Where browsers see it all the same. */
		HTML("<a title=b><meta charset=x>", LOOK_NAMED),
		HTML("< a title=\"<meta charset=x>\">", LOOK_NAMED),
		HTML("<1 \"<meta charset=x>\">", LOOK_NAMED),
		HTML("<a/=\"=b/><meta charset=x>", LOOK_NAMED),
		HTML("<meta a==b =c charset=x>", LOOK_NAMED),
		HTML("<script>'<meta charset=x>'</script>", LOOK_NAMED),
		HTML("<meta content='text/html;charset = \"x\"' http-equiv=CONTENT-TYPE>",
			LOOK_NAMED),
		HTML("<meta http-equiv=content-type content='charset;charset=x;'>",
			LOOK_NAMED),
		HTML("<meta http-equiv=content-type content='charset=\"x'>",
			LOOK_UTF8),
		HTML("<meta charset=' x '>", LOOK_NAMED),
		HTML("<meta charset=' utf-8 '>", LOOK_UTF8),
		{BYTES("<meta charset=x>"), "TEXT/HTML; a=b", LOOK_NAMED},
		{BYTES("<meta charset=x>"), "text/plain", LOOK_UTF8},
		/* Style sheets that do. */
		{BYTES("@charset \"x\";"), "text/css", LOOK_NAMED},
		{BYTES("@charset \"UTF-8\";"), "text/css", LOOK_UTF8},
		{BYTES("@charset 'x';"), "text/css", LOOK_UTF8},
		{BYTES(" @charset \"x\";"), "text/css", LOOK_UTF8},
		{BYTES("@charset \""), "text/css", LOOK_UTF8},
		{BYTES("@charset \"x\""), "text/css", LOOK_UTF8},
		{BYTES("@charset \"x\" ;"), "text/css", LOOK_UTF8},
		{BYTES("a{content:\"\xe9\"}"), "text/css", LOOK_OTHER},
		{BYTES("@charset \"x\";"), "text/html", LOOK_UTF8},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str bytes = table[i].bytes;
		/* Without a byte behind it: for AddressSanitizer. */
		char *copy = malloc(bytes.n + 1);
		enum look got;

		assert_non_null(copy);
		memcpy(copy + 1, bytes.p, bytes.n);
		got = look_at((struct str){copy + 1, bytes.n}, true,
			str_of(table[i].type));
		free(copy);
		if (got == table[i].want)
			continue;
		print_error("%zu, \"%.*s\" as %s: got %d, want %d\n", i,
			STR_ARG(bytes), table[i].type, (int)got,
			(int)table[i].want);
		failed++;
	}
	assert_int_equal(failed, 0);
}

/* A piece of text at an offset, the rest blanks, of LOOK_SIZE bytes in all. */
static void
test_places(void **state)
{
	static const struct {
		struct str text;
		size_t at;
		bool whole;
		enum look want;
	} table[] = {
		{BYTES("\0"), 511, false, LOOK_BINARY},
		{BYTES("\0"), 512, false, LOOK_UTF8},
		{BYTES("\x01"), 511, false, LOOK_UTF8},
		/* The end of the part that says whether it is text. */
		{BYTES("\x01\xc3\xa9"), 510, false, LOOK_UTF8},
		{BYTES("\x01\xc3\x41"), 510, false, LOOK_OTHER},
		{BYTES("\x01\xe9 "), 510, false, LOOK_OTHER},
		{BYTES("\x01\xe9 "), 509, false, LOOK_BINARY},
		/* The end of the first KiB. */
		{BYTES("<meta charset=x>"), 1024 - 16, false, LOOK_NAMED},
		{BYTES("<meta charset=x>"), 1024 - 15, false, LOOK_UTF8},
		{BYTES("<meta charset=x \0>"), 1024 - 18, false, LOOK_NAMED},
		{BYTES("<meta charset=x \0"), 1024 - 17, false, LOOK_UTF8},
		/* The end of what is looked at. */
		{BYTES("\xe9 "), LOOK_SIZE - 2, false, LOOK_OTHER},
		{BYTES("\xe9"), LOOK_SIZE - 1, false, LOOK_UTF8},
		{BYTES("\xe9"), LOOK_SIZE - 1, true, LOOK_OTHER},
		{BYTES("\xc3"), LOOK_SIZE - 1, false, LOOK_UTF8},
		{BYTES("\xc1"), LOOK_SIZE - 1, false, LOOK_OTHER},
		{BYTES("\xf5"), LOOK_SIZE - 1, false, LOOK_OTHER},
		{BYTES("\x80"), LOOK_SIZE - 1, false, LOOK_OTHER},
		{BYTES("\xf0\x9f\x98"), LOOK_SIZE - 3, false, LOOK_UTF8},
		{BYTES("\xf0\x9f\x98"), LOOK_SIZE - 3, true, LOOK_OTHER},
		{BYTES("\xf0\x9f\x28"), LOOK_SIZE - 3, false, LOOK_OTHER},
		{BYTES("\xe9\xe9\xe9\xe9"), LOOK_SIZE - 4, false, LOOK_OTHER},
	};
	static char content[LOOK_SIZE];
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		enum look got;

		memset(content, ' ', sizeof(content));
		memcpy(content + table[i].at, table[i].text.p, table[i].text.n);
		got = look_at((struct str){content, sizeof(content)},
			table[i].whole, STR("text/html"));
		if (got == table[i].want)
			continue;
		print_error("%zu, \"%s\" at %zu: got %d, want %d\n", i,
			table[i].text.p, table[i].at, (int)got,
			(int)table[i].want);
		failed++;
	}
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests_name("look", tests, NULL, NULL);
}
