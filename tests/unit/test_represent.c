/* represent: which forms an archive has of a member. */

#include <inttypes.h>

#include "archive/guard.h"
#include "archive/source.h"
#include "base/clock.h"
#include "http/ownform.h"
#include "unit.h"
#include "zipmake.h"

static const struct site site = {.suffix = {".wwz", 4}};

#define ID   (1u << CODING_IDENTITY)
#define GZIP (1u << CODING_GZIP)
#define ZSTD (1u << CODING_ZSTD)
#define BR   (1u << CODING_BR)

#define TEXT   "text/plain; charset=utf-8"
#define OCTETS "application/octet-stream"

/* "a\n" as a gzip file. */
#define GZIPPED \
	"\037\213\010\000\000\000\000\000\002\003\113\344\002\000\007\241\352\335\002\000\000\000"

static struct archive *
open_saved(struct zipmake *z, int64_t saved)
{
	char path[128];
	struct archive *archive;

	/* cmocka takes SIGBUS for itself at the beginning of each test. */
	assert_int_equal(guard_install(), 0);
	zipmake_finish(z, ZIP64_NONE, STR(""));
	zipmake_save(z, "a.wwz");
	zipmake_date("a.wwz", saved);
	zipmake_free(z);
	snprintf(path, sizeof(path), "%s//a.wwz", place);
	archive = archive_open(str_of(path), NULL, NULL, false);
	assert_non_null(archive);
	assert_int_equal(archive->status, STATUS_GO);
	return archive;
}

static struct archive *
open_made(struct zipmake *z)
{
	return open_saved(z, 1577836800);
}

static enum status
represent_name(struct representations *found, struct archive *archive,
	const char *name, struct arena *arena)
{
	struct member member;

	assert_true(zipdir_find(archive->zipdir, str_of(name), &member));
	return represent(found, archive, &member, &site, arena);
}

/* Members by name, method and flags; each is of its name as content, but those
 * by a method that is not written here. */
static void
add_members(struct zipmake *z)
{
	static const struct {
		const char *name;
		unsigned method, flags;
	} members[] = {
		{"stored.css", 0, 0},
		{"deflated.css", 8, 0},
		{"bzip2.png", 12, 0},
		{"zstd-encrypted.css", 93, 1},
		{"unknown.css", 99, 0},
		{"encrypted.css", 0, 1},
		{"encrypted8.css", 8, 1},
		{"all.css", 0, 0},
		{"all.css.br", 0, 0},
		{"both.css", 8, 0},
		{"both.css.gz", 0, 0},
		{"both.css.br", 8, 0},
		{"bad.css", 0, 0},
		{"bad.css.gz", 0, 1},
		{"bad.css.br", 99, 0},
		{"gz.css.gz", 8, 0},
		{"gz.css.gz.br", 0, 0},
		{".gz", 8, 0},
		{"x.css.gz", 0, 0},
		{"dir/x.br", 8, 0},
		{"dir/stored.css", 0, 0},
	};

	static const struct {
		const char *name;
		unsigned method;
	} packed[] = {
		{"all.css.gz", 0},
		{"x.log.gz", 0},
		{"x.txt.gz", 8},
		{"x.LOG.GZ", 0},
		{"x.svgz", 8},
		{"x.js.gz", 0},
		{"x.data.gz", 0},
		{"x.wasm.unityweb", 0},
		{"syslog.1.gz", 0},
		{"x.tar.gz", 0},
		{"x.csv.gz", 8},
		{"README.gz", 0},
		{"all.css.zst.gz", 0},
	};
	static const char *const frames[] = {"zstd.css", "zstd"};

	for (size_t i = 0; i < COUNT(members); i++)
		zipmake_add(z,
			&(struct zipmake_member){.name = members[i].name,
				/* An empty stream of Brotli. */
				.content = str_ends(str_of(members[i].name),
						   STR(".br"))
					? STR("\x06")
					: str_of(members[i].name),
				.method = members[i].method,
				.flags = members[i].flags});
	for (size_t i = 0; i < COUNT(packed); i++)
		zipmake_add(z,
			&(struct zipmake_member){.name = packed[i].name,
				.content = STR(GZIPPED),
				.method = packed[i].method});
	zipmake_add(z,
		&(struct zipmake_member){.name = "all.css.zst",
			.content = STR("\x28\xb5\x2f\xfd\x20\x04\x21\0\0zstd"),
			.method = 8});
	/* Files of other kinds are no forms. */
	zipmake_add_text(z, "none.css", "none");
	zipmake_add_text(z, "none.css.gz", "none");
	zipmake_add_text(z, "none.css.zst", "none");
	/* One raw block. */
	for (size_t i = 0; i < COUNT(frames); i++)
		zipmake_add(z,
			&(struct zipmake_member){.name = frames[i],
				.content = STR("zstd"),
				.packed = STR(
					"\x28\xb5\x2f\xfd\x20\x04\x21\0\0zstd"),
				.method = 93});
}

static void
test_forms(void **state)
{
	static const struct {
		const char *name;
		enum status status;
		unsigned available;
	} table[] = {
		{"stored.css", STATUS_GO, ID},
		{"deflated.css", STATUS_GO, ID | GZIP},
		{"bzip2.png", STATUS_GO, ID},
		{"none.css", STATUS_GO, ID},
		{"zstd.css", STATUS_GO, ID | ZSTD},
		{"zstd", STATUS_GO, ID | ZSTD},
		{"zstd-encrypted.css", STATUS_UNSUPPORTED, 0},
		{"unknown.css", STATUS_UNSUPPORTED, 0},
		{"encrypted.css", STATUS_UNSUPPORTED, 0},
		{"encrypted8.css", STATUS_UNSUPPORTED, 0},
		{"all.css", STATUS_GO, ID | GZIP | ZSTD | BR},
		{"all.css.gz", STATUS_GO, ID},
		{"all.css.zst", STATUS_GO, ID},
		{"both.css", STATUS_GO, ID | GZIP | BR},
		{"both.css.br", STATUS_GO, ID},
		{"bad.css", STATUS_GO, ID},
		{"bad.css.gz", STATUS_UNSUPPORTED, 0},
		{"gz.css.gz", STATUS_GO, ID},
		{"x.log.gz", STATUS_GO, ID | GZIP},
		{"x.txt.gz", STATUS_GO, ID | GZIP},
		{"x.LOG.GZ", STATUS_GO, ID | GZIP},
		/* No gzip in spite of its name. */
		{"x.css.gz", STATUS_GO, ID},
		{"x.svgz", STATUS_GO, ID | GZIP},
		{"x.js.gz", STATUS_GO, ID | GZIP},
		{"x.data.gz", STATUS_GO, ID | GZIP},
		{"x.wasm.unityweb", STATUS_GO, ID | GZIP},
		{"syslog.1.gz", STATUS_GO, ID | GZIP},
		{"x.tar.gz", STATUS_GO, ID},
		{"x.csv.gz", STATUS_GO, ID},
		{"README.gz", STATUS_GO, ID},
		{"dir/x.br", STATUS_GO, ID},
		{"dir/stored.css", STATUS_GO, ID},
	};
	struct zipmake z = {0};
	struct arena arena = {0};
	struct archive *archive;
	unsigned failed = 0;

	(void)state;
	add_members(&z);
	archive = open_made(&z);
	for (size_t i = 0; i < COUNT(table); i++) {
		struct representations found = {.available = 0};
		unsigned want = table[i].available;
		enum status status =
			represent_name(&found, archive, table[i].name, &arena);

		if (want == (ID | ZSTD) && !packing_supports(PACKING_ZSTD))
			continue;
		if (status == table[i].status &&
			(status != STATUS_GO || found.available == want))
			continue;
		print_error("%s: got %d, forms %x, want %d, %x\n",
			table[i].name, (int)status, found.available,
			(int)table[i].status, want);
		failed++;
	}
	assert_int_equal(failed, 0);
	archive_drop(archive);
	arena_free(&arena);
	log_take();
}

/* Each form has its own tag, size and way of being sent. */
static void
test_form_details(void **state)
{
	static const struct {
		const char *name;
		enum coding coding;
		enum form form;
		const char *member, *type;
		int more; /* bytes beyond the member's */
	} table[] = {
		{"deflated.css", CODING_IDENTITY, FORM_CONTENT, "deflated.css",
			"text/css; charset=utf-8", 0},
		{"deflated.css", CODING_GZIP, FORM_GZIP, "deflated.css",
			"text/css; charset=utf-8", 18},
		{"all.css", CODING_BR, FORM_CONTENT, "all.css.br",
			"text/css; charset=utf-8", 0},
		{"all.css", CODING_ZSTD, FORM_CONTENT, "all.css.zst",
			"text/css; charset=utf-8", 0},
		{"both.css", CODING_GZIP, FORM_GZIP, "both.css",
			"text/css; charset=utf-8", 18},
		{"zstd.css", CODING_ZSTD, FORM_PACKED, "zstd.css",
			"text/css; charset=utf-8", 0},
		{"x.log.gz", CODING_GZIP, FORM_CONTENT, "x.log.gz", TEXT, 0},
		{"x.log.gz", CODING_IDENTITY, FORM_CONTENT, "x.log.gz",
			"application/gzip", 0},
		{"x.css.gz", CODING_IDENTITY, FORM_CONTENT, "x.css.gz",
			"application/gzip", 0},
		{"x.svgz", CODING_GZIP, FORM_CONTENT, "x.svgz", "image/svg+xml",
			0},
		{"x.svgz", CODING_IDENTITY, FORM_CONTENT, "x.svgz",
			"application/gzip", 0},
		{"x.js.gz", CODING_GZIP, FORM_CONTENT, "x.js.gz",
			"text/javascript; charset=utf-8", 0},
		{"x.data.gz", CODING_GZIP, FORM_CONTENT, "x.data.gz", OCTETS,
			0},
		{"x.wasm.unityweb", CODING_GZIP, FORM_CONTENT,
			"x.wasm.unityweb", "application/wasm", 0},
		{"syslog.1.gz", CODING_GZIP, FORM_CONTENT, "syslog.1.gz", TEXT,
			0},
	};
	struct zipmake z = {0};
	struct arena arena = {0};
	struct archive *archive;
	unsigned failed = 0;

	(void)state;
	add_members(&z);
	archive = open_made(&z);
	for (size_t i = 0; i < COUNT(table); i++) {
		struct representations found = {.available = 0};
		const struct representation *r;
		uint64_t size;

		assert_int_equal(
			represent_name(&found, archive, table[i].name, &arena),
			STATUS_GO);
		r = &found.of[table[i].coding];
		size = table[i].form == FORM_CONTENT ? r->member.size
						     : r->member.packed;
		if (r->form == table[i].form &&
			str_eq(r->member.name, str_of(table[i].member)) &&
			str_eq(r->type, str_of(table[i].type)) &&
			r->size == size + (uint64_t)table[i].more &&
			r->etag.n > 2 && r->etag.p[0] == '"' &&
			r->etag.p[r->etag.n - 1] == '"')
			continue;
		print_error("%s, coding %d: got form %d of %.*s, %.*s, %" PRIu64
			    " bytes, tag %.*s\n",
			table[i].name, (int)table[i].coding, (int)r->form,
			STR_ARG(r->member.name), STR_ARG(r->type), r->size,
			STR_ARG(r->etag));
		failed++;
	}
	assert_int_equal(failed, 0);
	archive_drop(archive);
	arena_free(&arena);
}

static void
test_tags_differ(void **state)
{
	struct zipmake z = {0};
	struct arena arena = {0};
	struct representations found = {.available = 0};
	struct archive *archive;

	(void)state;
	add_members(&z);
	archive = open_made(&z);
	assert_int_equal(
		represent_name(&found, archive, "all.css", &arena), STATUS_GO);
	assert_int_equal(found.available, (1u << CODINGS) - 1);
	for (int i = 0; i < CODINGS; i++) {
		for (int j = 0; j < i; j++)
			assert_false(
				str_eq(found.of[i].etag, found.of[j].etag));
	}
	archive_drop(archive);
	arena_free(&arena);
}

/* Names without a type, by their first 512 bytes: with n bytes of text in front
 * of a NUL. */
static void
test_text_or_not(void **state)
{
	static const struct {
		const char *name;
		size_t n;
		bool nul;
		const char *want;
	} table[] = {
		{"README", 0, false, TEXT},
		{"README", 600, false, TEXT},
		{"README", 0, true, OCTETS},
		{"README", 511, true, OCTETS},
		{"README", 512, true, TEXT},
		{"a.txt", 10, false, TEXT},
		{"a.txt", 10, true, OCTETS},
		{"a.log", 511, true, OCTETS},
		{"a.LOG", 512, true, TEXT},
		{"dir.d/file", 10, true, OCTETS},
		{"dir.d/file", 10, false, TEXT},
		{"a.bin", 10, false, OCTETS},
		{"a.html", 10, true, "text/html"},
		{"a.unheard-of", 10, false, TEXT},
		{"a.unheard-of", 10, true, OCTETS},
	};
	static const unsigned methods[] = {0, 8};
	char content[700];
	unsigned failed = 0;

	(void)state;
	memset(content, 'x', sizeof(content));
	for (size_t i = 0; i < 4 * COUNT(table); i++) {
		const char *want = table[i / 4].want;
		struct str text = {
			content, table[i / 4].n + (table[i / 4].nul ? 1 : 0)};
		struct representations found = {.available = 0};
		struct arena arena = {0};
		struct zipmake z = {0};
		struct archive *archive;

		content[table[i / 4].n] = table[i / 4].nul ? '\0' : 'x';
		zipmake_add(&z,
			&(struct zipmake_member){.name = table[i / 4].name,
				.content = text,
				.method = methods[i % 2]});
		content[table[i / 4].n] = 'x';
		archive = open_made(&z);
		/* The second answer is from memory. */
		for (int j = 0; j < 2; j++) {
			assert_int_equal(represent_name(&found, archive,
						 table[i / 4].name, &arena),
				STATUS_GO);
			if (str_eq(found.of[CODING_IDENTITY].type,
				    str_of(want)))
				continue;
			print_error("%s, %zu bytes%s, method %u: got %.*s, "
				    "want %s\n",
				table[i / 4].name, table[i / 4].n,
				table[i / 4].nul ? " and NUL" : "",
				methods[i % 2],
				STR_ARG(found.of[CODING_IDENTITY].type), want);
			failed++;
		}
		archive_drop(archive);
		arena_free(&arena);
	}
	assert_int_equal(failed, 0);
}

/* The charset of text, by its content and by what the administrator says. */
static void
test_charsets(void **state)
{
	static const struct site latin = {
		.suffix = {".wwz", 4}, .charset = {"latin1", 6}};
	static const struct site none = {
		.suffix = {".wwz", 4}, .no_charset = true};
	static const struct {
		const char *name, *content;
		const char *want[3]; /* of site, latin and none */
		bool guessed;
	} table[] = {
		{"a.html", "caf\xc3\xa9",
			{"text/html; charset=utf-8", "text/html; charset=utf-8",
				"text/html"},
			false},
		{"a.html", "caf\xe9",
			{"text/html", "text/html; charset=latin1", "text/html"},
			false},
		{"a.html", "<meta charset=koi8-r>",
			{"text/html", "text/html", "text/html"}, false},
		{"a.css", "@charset \"koi8-r\";",
			{"text/css", "text/css", "text/css"}, false},
		{"a.js", "'caf\xe9'",
			{"text/javascript", "text/javascript; charset=latin1",
				"text/javascript"},
			false},
		{"a.txt", "caf\xe9",
			{"text/plain", "text/plain; charset=latin1",
				"text/plain"},
			false},
		{"README", "caf\xe9",
			{"text/plain", "text/plain; charset=latin1",
				"text/plain"},
			true},
		{"a.out", "\xff\xfe",
			{"text/plain", "text/plain", "text/plain"}, true},
		{"syslog.1", "a", {TEXT, TEXT, "text/plain"}, true},
		{"a.dat", "\x01\xff", {OCTETS, OCTETS, OCTETS}, true},
		{"a.txt", "\x01\xff", {OCTETS, OCTETS, OCTETS}, true},
		/* The declaration decides, or the content is always UTF-8. */
		{"a.xhtml", "caf\xe9",
			{"application/xhtml+xml", "application/xhtml+xml",
				"application/xhtml+xml"},
			false},
		{"a.svg", "a",
			{"image/svg+xml", "image/svg+xml", "image/svg+xml"},
			false},
		{"a.json", "caf\xe9",
			{"application/json", "application/json",
				"application/json"},
			false},
		{"a.bin", "a", {OCTETS, OCTETS, OCTETS}, false},
	};
	const struct site *const sites[] = {&site, &latin, &none};
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < 12 * COUNT(table); i++) {
		const char *name = table[i / 12].name;
		const char *want = table[i / 12].want[i % 3];
		struct representations found = {.available = 0};
		struct representation *r = &found.of[CODING_IDENTITY];
		struct arena arena = {0};
		struct zipmake z = {0};
		struct archive *archive;
		struct member member;

		zipmake_add(&z,
			&(struct zipmake_member){.name = name,
				.content = str_of(table[i / 12].content),
				.method = i % 2 ? ZIP_DEFLATED : ZIP_STORED});
		archive = open_made(&z);
		assert_true(
			zipdir_find(archive->zipdir, str_of(name), &member));
		/* The second answer is from memory. */
		for (size_t j = 0; j <= i / 6 % 2; j++)
			assert_int_equal(represent(&found, archive, &member,
						 sites[i % 3], &arena),
				STATUS_GO);
		if (!str_eq(r->type, str_of(want)) ||
			r->guessed != table[i / 12].guessed) {
			print_error(
				"%s, \"%s\", site %zu: got %.*s%s, want %s\n",
				name, table[i / 12].content, i % 3,
				STR_ARG(r->type), r->guessed ? ", guessed" : "",
				want);
			failed++;
		}
		archive_drop(archive);
		arena_free(&arena);
	}
	assert_int_equal(failed, 0);
}

/* Last-Modified is the file's, whatever the members' times are. */
static void
test_modified(void **state)
{
	static const struct {
		const char *name;
		unsigned date;
		struct str extra;
	} members[] = {
		{"past.css", 40 << 9 | 1 << 5 | 1, {NULL, 0}},
		{"future.css", 127 << 9 | 1 << 5 | 1, {NULL, 0}},
		{"stamped.css", 40 << 9 | 1 << 5 | 1,
			{"UT\5\0\1\0\0\0\x40", 9}},
	};
	const int64_t now = clock_seconds();
	/* Written in the past; in the future: as if just now. */
	const int64_t saved[] = {1600000000, now + 1000000};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(members); i++) {
		struct zipmake z = {0};
		struct arena arena = {0};
		struct representations found = {.available = 0};
		struct archive *archive;
		int64_t want = saved[i % 2];
		size_t m = i / 2;

		zipmake_add(&z,
			&(struct zipmake_member){.name = members[m].name,
				.date = members[m].date,
				.extra = members[m].extra});
		archive = open_saved(&z, want);
		assert_int_equal(represent_name(&found, archive,
					 members[m].name, &arena),
			STATUS_GO);
		if (want < now)
			assert_int_equal(found.modified, want);
		else
			assert_in_range(found.modified, now, clock_seconds());
		archive_drop(archive);
		arena_free(&arena);
	}
}

static void
test_damaged(void **state)
{
	struct zipmake z = {0};
	struct arena arena = {0};
	struct representations found = {.available = 0};
	struct archive *archive;

	(void)state;
	zipmake_add_text(&z, "a.css", "fine");
	zipmake_add_text(&z, "a.css.br", "wrong");
	z.file.p[30 + 5 + 4 + AT_LOCAL_NAME] = 'x';
	archive = open_made(&z);
	log_take();
	assert_int_equal(
		represent_name(&found, archive, "a.css", &arena), STATUS_GO);
	assert_int_equal(found.available, ID);
	assert_int_equal(represent_name(&found, archive, "a.css.br", &arena),
		STATUS_ERROR);
	assert_non_null(strstr(log_take(), "member-damaged"));
	archive_drop(archive);
	arena_free(&arena);
}

static void
test_unsupported_in_the_log(void **state)
{
	struct zipmake z = {0};
	struct arena arena = {0};
	struct representations found = {.available = 0};
	struct archive *archive;
	const char *log;

	(void)state;
	add_members(&z);
	archive = open_made(&z);
	log_take();
	represent_name(&found, archive, "unknown.css", &arena);
	log = log_take();
	assert_non_null(strstr(log, "warn member-unsupported"));
	assert_non_null(strstr(log, "member=unknown.css"));
	assert_non_null(strstr(log, "method=99"));
	represent_name(&found, archive, "encrypted.css", &arena);
	assert_non_null(strstr(log_take(), "why=encrypted"));
	archive_drop(archive);
	arena_free(&arena);
}

static void
test_archive_itself(void **state)
{
	static const struct {
		const char *name, *want;
	} table[] = {
		{"a.wwz",
			"attachment; filename=\"a.zip\"; "
			"filename*=UTF-8''a.zip"},
		{"x", "attachment; filename=\"x.zip\"; filename*=UTF-8''x.zip"},
		{"\xc3\xa4 \"b\".wwz",
			"attachment; filename=\"__ _b_.zip\"; "
			"filename*=UTF-8''%C3%A4%20%22b%22.zip"},
	};
	struct zipmake z = {0};
	struct arena arena = {0};
	struct archive *archive;
	unsigned failed = 0;

	(void)state;
	add_members(&z);
	archive = open_made(&z);
	for (size_t i = 0; i < COUNT(table); i++) {
		struct representations found = {.available = 0};
		const struct representation *r = &found.of[CODING_IDENTITY];

		assert_int_equal(ownform_archive(&found, archive,
					 str_of(table[i].name), &site, &arena),
			STATUS_GO);
		assert_int_equal(found.available, ID);
		assert_int_equal(r->size, archive->id.size);
		assert_int_equal(r->start, 0);
		assert_int_equal(r->form, FORM_PACKED);
		assert_true(str_eq(r->type, STR("application/zip")));
		if (!str_eq(r->disposition, str_of(table[i].want))) {
			print_error("%s: got %.*s, want %s\n", table[i].name,
				STR_ARG(r->disposition), table[i].want);
			failed++;
		}
	}
	assert_int_equal(failed, 0);
	archive_drop(archive);
	arena_free(&arena);
}

static int
begin(void **state)
{
	log_catch();
	return place_make(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_form_details),
		cmocka_unit_test(test_tags_differ),
		cmocka_unit_test(test_text_or_not),
		cmocka_unit_test(test_charsets),
		cmocka_unit_test(test_modified),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_unsupported_in_the_log),
		cmocka_unit_test(test_archive_itself),
	};

	return cmocka_run_group_tests_name(
		"represent", tests, begin, place_remove);
}
