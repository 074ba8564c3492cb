/* Which names hold a hash, against names as bundlers and people write them. */

#include "http/namehash.h"
#include "unit.h"

static void
test_names(void **state)
{
	static const struct {
		const char *name;
		bool want;
	} table[] = {
		/* webpack, Create React App, Vue CLI, Gatsby, Docusaurus. */
		{"main.8e4b9c5a.js", true},
		{"static/js/main.8e4b9c5a.chunk.js", true},
		{"static/media/logo.6ce24c58023cc2f8fd88fe9d219db6c6.svg",
			true},
		{"css/app.1b2c3d4e.css", true},
		{"app-8c1e27df5dee6f3a2b2c.js", true},
		{"component---src-pages-index-js-3f2a9c1b7d5e4f60a1b2.js",
			true},
		{"assets/js/17896441.3b2c1d0e.js", true},
		{"main.8e4b9c5a.js.map", true},
		{"main.8e4b9c5a.js.LICENSE.txt", true},
		/* Next. */
		{"_next/static/chunks/framework-b0ec748c7a4c483a.js", true},
		{"_next/static/chunks/app/page-1a2b3c4d5e6f7a8b.js", true},
		{"_next/static/chunks/main-app-9b2c1d0e3f4a5b6c.js", true},
		/* Parcel, Django, Hugo, Rails. */
		{"index.1d9b7f2e.css", true},
		{"admin/base.27e20196a850.css", true},
		{"main.min.9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d"
		 "6c15b0f00a08.css",
			true},
		{"application-9F86D081884C7D65.css", true},
		/* Vite, Rollup, SvelteKit, Nuxt, Astro, VitePress. */
		{"index-BkX3s9Qz.js", true},
		{"assets/index-BMEkc1ji.js", true},
		{"assets/vendor-C_3bP0-W.css", true},
		{"assets/vendor--3bP0zqW.css", true},
		{"assets/inter-latin-600-normal-Cdr9kX_Q.woff2", true},
		{"_app/immutable/entry/start.C3bP0qZW.js", true},
		{"_nuxt/entry.Bx3s9QzK.css", true},
		{"_astro/index.D4mQ_s7x.css", true},
		{"assets/guide_index.md.BkX3s9Qz.lean.js", true},
		/* esbuild, Angular. */
		{"chunk-5RJKDNQV.js", true},
		{"main-X7YZ2QWE.js", true},
		{"assets/photo-K4PLQ2MN.png", true},
		/* These have no digit, or none in front of a letter. */
		{"index-DiwrgTda.js", false},
		{"x-deadbeef-y.js", false},
		{"index-DiwrgTd5.js", false},
		/* Dates and numbers. */
		{"report-20241126.html", false},
		{"report-2024-11-26.html", false},
		{"report-20241126T1015.html", false},
		{"backup.20241126T101500Z.json", false},
		{"backup-2024.11.26-10.15.json", false},
		{"report-1Nov2026.pdf", false},
		{"report-1NOV2026.pdf", false},
		{"report-Nov2026a.pdf", false},
		{"report-6-Nov-24.pdf", false},
		{"report-2024-11-26T10-15.html", false},
		{"report-26T1015Z.txt", false},
		{"img-12345678.png", false},
		{"IMG-20241126-WA0001.jpg", false},
		{"invoice-0000012345678.pdf", false},
		{"scan.1732615200.png", false},
		{"scan.1732615200123.png", false},
		/* Words. */
		{"paper-Figure10.png", false},
		{"book-Chapter1.pdf", false},
		{"notes-VERSION2.txt", false},
		{"photo-DSC01234.jpg", false},
		{"lib-base64js.js", false},
		{"jquery-3.7.1.min.js", false},
		{"bootstrap-5.3.0-beta1.css", false},
		{"some-MixedName.js", false},
		{"index-no_hash_.js", false},
		{"System.Numerics.Vector3D.html", false},
		{"System.Utf8Json.HTM", false},
		{"Vector3D.js", false},
		/* Too short, too long, in a wrong place. */
		{"app.3f2a9c1.js", false},
		{"app.3f2a9c1g.js", false},
		{"app3f2a9c1b.js", false},
		{"3f2a9c1b.js", false},
		{"app.3f2a9c1b", false},
		{"app-BkX3s9Qz", false},
		{"app-BkX3s9Qz-x.js", false},
		{"app-BkX3s9Q.js", false},
		{"app-BkX3s9Qz1.js", false},
		{"app-BkX3s9Q~.js", false},
		{"3f2a9c1b.d/app.js", false},
		{"app-3f2a9c1b.d/app.js", false},
		{"app-BkX3s9Qz.d/app.js", false},
		{"a.txt", false},
		{"-", false},
		{"..", false},
		{"", false},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		/* A copy of its own size, for AddressSanitizer. */
		size_t n = strlen(table[i].name);
		char *copy = malloc(n + 1);

		memcpy(copy + 1, table[i].name, n);
		failed += differ_number(table[i].name, "a hash",
			namehash_found((struct str){copy + 1, n}),
			table[i].want);
		free(copy);
	}
	assert_int_equal(failed, 0);
}

static void
test_suspects(void **state)
{
	static const struct {
		const char *name;
		bool want;
	} table[] = {
		{"assets/index-BkXsqQzz.js", true},
		{"chunk-QWERTYUI.css", true},
		{"vendor.b_kX-qQz.js", true},
		{"pages-UserList.js", true},
		/* A hash is found. */
		{"index-BkX3s9Qz.js", false},
		{"app.3f2a9c1b.js", false},
		/* Nothing like one. */
		{"report-Overview.js", false},
		{"some-lettered.js", false},
		{"photo-12345678.png", false},
		{"System.UserList.html", false},
		{"index-BkXsqQz.js", false},
		{"index-BkXsqQzzz.js", false},
		{"index-BkXsqQ~z.js", false},
		{"BkXsqQzz.js", false},
		{"", false},
	};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		failed += differ_number(table[i].name, "a suspect",
			namehash_suspected(str_of(table[i].name)),
			table[i].want);
	assert_int_equal(failed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_suspects),
	};

	return cmocka_run_group_tests_name("namehash", tests, NULL, NULL);
}
