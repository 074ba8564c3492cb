/* `wwz pack` of a small tree onto whatever lies there: a byte of how, and the
 * old archive.
 *
 * It never fails for what it finds in the old archive.  What comes out holds
 * the tree's files and nothing else, by the server's own reading and by
 * libzip's. */

#include <unistd.h>
#include <zip.h>

#include "archive/archive.h"
#include "archive/source.h"
#include "fuzz_place.h"
#include "pack/pack.h"

enum {
	SEEKABLE = 1, /* large members have an index */
	CODED = 2,    /* siblings are made */
	CHECKSUM = 4, /* contents tell what changed */
	FRESH = 8,
};

enum {
	OLD = 1500000000, /* when the files were last changed, and then the
			   * archive: before their inodes */
	LARGE = 40 * 1024,
	CODING_BR = 3,
};

static struct tree_part {
	const char *name; /* a directory's ends in "/" */
	struct str content;
} tree[] = {
	{"a.txt", {"a\n", 2}},
	{"b/c.html", {"<!DOCTYPE html><title>c</title>", 31}},
	{"b/d.css", {NULL, LARGE}},
	{"e", {"", 0}},
	{"f/", {"", 0}},
	{"\xc3\xa4", {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 48}},
};

enum { PARTS = sizeof(tree) / sizeof(tree[0]) };

static struct str input;

static void
law(bool holds, const char *what)
{
	fuzz_law(holds, what, input);
}

static void
make_directory(const char *name)
{
	if (mkdir(fuzz_path(name).p, 0755) < 0)
		abort();
}

/* Text that deflates well, and differs from place to place. */
static void
fill_large(void)
{
	static char content[LARGE];

	for (size_t i = 0; i < LARGE; i++)
		content[i] = "a{color:red}\n"[(i / 4096 + i) % 13];
	tree[2].content.p = content;
}

static void
make_tree(void)
{
	char name[32];

	fill_large();
	fuzz_place();
	make_directory("t");
	make_directory("t/b");
	make_directory("t/f");
	for (int i = 0; i < PARTS; i++) {
		snprintf(name, sizeof(name), "t/%s", tree[i].name);
		if (!str_ends(str_of(name), STR("/")))
			fuzz_put(name, tree[i].content, OLD);
	}
}

/* Its standard error is of no interest. */
static int
run_pack(unsigned bits)
{
	const struct pack_options options = {
		.seekable = bits & SEEKABLE ? LARGE / 2 : UINT64_MAX,
		.coded = {[CODING_BR] = bits & CODED},
		.fresh = bits & FRESH,
		.checksum = bits & CHECKSUM,
		.quiet = true,
		.threads = 1,
	};
	FILE *terminal = stderr;
	int status;

	stderr = fopen("/dev/null", "w");
	if (stderr == NULL)
		abort();
	status = pack(fuzz_path("t").p, fuzz_path("a.wwz").p, &options);
	fclose(stderr);
	stderr = terminal;
	return status;
}

/* The part of the tree called name; NULL for a sibling. */
static const struct tree_part *
find_part(struct str name, unsigned bits)
{
	for (int i = 0; i < PARTS; i++) {
		if (str_eq(name, str_of(tree[i].name)))
			return &tree[i];
	}
	law((bits & CODED) && str_eq(name, STR("b/d.css.br")),
		"nothing else is in the archive");
	return NULL;
}

static void
check_member(struct archive *archive, const struct member *member,
	const struct tree_part *part)
{
	static char content[LARGE + 1];
	struct source *source;
	uint64_t start;
	size_t done = 0;
	ssize_t n;

	law(archive_locate(archive, member, &start) == STATUS_GO,
		"its local header is right");
	source = source_open(archive, member, start, &(struct position){0, 0});
	if (source == NULL)
		abort();
	while ((n = source->read(
			source, content + done, sizeof(content) - done)) > 0)
		done += (size_t)n;
	source->close(source);
	law(n == 0, "its content can be read");
	law(part == NULL || str_eq((struct str){content, done}, part->content),
		"its content is the file's");
}

/* By the server's reading; how many members. */
static size_t
check_ours(unsigned bits)
{
	struct archive *archive;
	struct zipdir_record record;
	char path[80];
	size_t at = 0, n = 0, parts = 0;

	snprintf(path, sizeof(path), "%s//a.wwz", fuzz_root);
	archive = archive_open(str_of(path), NULL, NULL, false);
	if (archive == NULL)
		abort();
	law(archive->status == STATUS_GO, "the archive can be opened");
	for (; zipdir_record(archive->zipdir, &at, &record); n++) {
		const struct tree_part *part = find_part(record.recorded, bits);

		law(record.member.slot != ZIPDIR_NO_SLOT,
			"each member can be reached");
		check_member(archive, &record.member, part);
		parts += part != NULL;
	}
	law(parts == PARTS, "each file is in the archive");
	archive_drop(archive);
	return n;
}

static void
check_theirs_member(zip_t *zip, zip_uint64_t i, unsigned bits)
{
	static char content[LARGE + 1];
	const char *name = zip_get_name(zip, i, ZIP_FL_ENC_RAW);
	zip_file_t *file = zip_fopen_index(zip, i, 0);
	const struct tree_part *part;
	zip_int64_t n;

	law(name != NULL && file != NULL, "libzip finds the member");
	part = find_part(str_of(name), bits);
	n = zip_fread(file, content, sizeof(content));
	law(n >= 0, "libzip reads its content");
	law(part == NULL ||
			str_eq((struct str){content, (size_t)n}, part->content),
		"libzip reads the file's content");
	/* It compares the CRC-32 at the end. */
	law(zip_fread(file, content, 1) == 0, "libzip comes to its end");
	zip_fclose(file);
}

static void
check_theirs(size_t members, unsigned bits)
{
	zip_t *zip = zip_open(
		fuzz_path("a.wwz").p, ZIP_RDONLY | ZIP_CHECKCONS, NULL);

	law(zip != NULL, "libzip opens it");
	law(zip_get_num_entries(zip, 0) == (zip_int64_t)members,
		"libzip sees the same members");
	for (zip_uint64_t i = 0; i < members; i++)
		check_theirs_member(zip, i, bits);
	zip_discard(zip);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned bits;

	if (fuzz_root[0] == '\0')
		make_tree();
	input = (struct str){(const char *)data, size};
	bits = fuzz_byte(&input);
	fuzz_put("a.wwz", input, OLD);
	law(run_pack(bits) == EXIT_SUCCESS, "it does not fail");
	check_theirs(check_ours(bits), bits);
	return 0;
}
