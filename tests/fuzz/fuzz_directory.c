/* The central directory and the end records: the input is a file.
 *
 * What zipdir_open takes, this file walks over once more, record by record, and
 * asks libzip about.  Every name that a request can ask for is found, as the
 * last record of that name describes it, and no other; walking over directories
 * comes by each of them once, in order; the index stays as small as promised.
 *
 * libzip is asked only where zipdir.h does not choose otherwise on purpose:
 * - It picks one of several end records in its own way: there may be one only.
 * - It does not expect anything in front of the archive: the prefix is empty.
 * - It takes the locator's word for where the zip64 end record stands.
 * - It may refuse what is taken here: a name said to be UTF-8 that is not,
 * extra fields that do not add up, a disk number. And of a record:
 * - It reads a NUL in a name as a space; such a name is passed over here.
 * - It replaces a name by that of Info-ZIP's Unicode Path field (0x7075).
 * - It shows the method inside of WinZip's encryption (99), and no CRC-32.
 * - A date with a month or day that there is none of runs over into another
 *   month, and is moved to the nearest one here. */

#include <time.h>
#include <zip.h>

#include "../unit/zipstat.h"
#include "base/bytes.h"
#include "base/crc.h"
#include "fuzz_file.h"
#include "zip/cp437.h"
#include "zip/zipdir.h"
#include "zip/zipend.h"

enum { ENTRY_SIZE = 46, END_SIZE = 22, WINZIP_AES = 99, MANY = 100 };

struct records {
	struct str file;
	const struct zipdir *zipdir;
	struct zipend end;
	const unsigned char **of; /* the central directory's */
	size_t n;
};

static struct str
raw_name(const unsigned char *record)
{
	return (struct str){
		(const char *)record + ENTRY_SIZE, get16(record + 28)};
}

static struct str
extra(const unsigned char *record)
{
	struct str name = raw_name(record);

	return (struct str){name.p + name.n, get16(record + 30)};
}

static void
read_records(struct records *records)
{
	const unsigned char *p =
		(const unsigned char *)records->file.p + records->end.start;
	const unsigned char *end = p + records->end.size;

	records->of = malloc((size_t)(records->end.size / ENTRY_SIZE + 1) *
		sizeof(*records->of));
	if (records->of == NULL)
		abort();
	while (p < end) {
		records->of[records->n++] = p;
		p += ENTRY_SIZE + get16(p + 28) + get16(p + 30) + get16(p + 32);
	}
	fuzz_law(p == end, "records end where the directory does",
		records->file);
}

/* A Unicode Path field that counts, of a name not marked as UTF-8. */
static struct str
unicode_path(const unsigned char *record)
{
	struct str raw = raw_name(record), rest = extra(record), name;

	while ((get16(record + 8) & ZIP_UTF8) == 0 && rest.n >= 4) {
		const unsigned char *p = (const unsigned char *)rest.p;
		size_t n = 4u + get16(p + 2);

		if (n > rest.n)
			break;
		name = str_slice(rest, n < 9 ? n : 9, n);
		if (get16(p) == 0x7075 && name.n > 0 && p[4] == 1 &&
			get32(p + 5) == crc_add(0, raw.p, raw.n) &&
			str_is_utf8(name) && name.p - raw.p <= UINT16_MAX)
			return name;
		rest = str_slice(rest, n, rest.n);
	}
	return (struct str){NULL, 0};
}

/* The name of a record, but for backslashes that are read as slashes. */
static struct str
own_name(const unsigned char *record)
{
	struct str name = unicode_path(record);

	return zipentry_plain(name.p ? name : raw_name(record));
}

/* A request can ask for name. */
static bool
reachable(struct str name)
{
	if (name.n == 0)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		if ((unsigned char)name.p[i] < 32 || name.p[i] == 127)
			return false;
	}
	for (size_t at = 0, end; at < name.n; at = end + 1) {
		struct str part;

		for (end = at; end < name.n && name.p[end] != '/'; end++)
			;
		part = str_slice(name, at, end);
		if (part.n == 0 || str_eq(part, STR(".")) ||
			str_eq(part, STR("..")))
			return false;
	}
	return true;
}

/* No later record has the name of record i. */
static bool
is_last(const struct records *records, size_t i)
{
	struct str name = own_name(records->of[i]);

	for (size_t k = i + 1; k < records->n; k++) {
		if (str_eq(name, own_name(records->of[k])))
			return false;
	}
	return true;
}

static void
check_value(uint64_t is, const unsigned char *recorded, uint64_t added,
	struct str name)
{
	/* All ones: the value is in an extra field, if that is there. */
	fuzz_law(get32(recorded) == UINT32_MAX || is == get32(recorded) + added,
		"a size or offset is the record's", name);
}

static void
check_member(const struct records *records, const unsigned char *record,
	struct str name)
{
	struct member member;
	bool found = zipdir_find(records->zipdir, name, &member);

	fuzz_law(found, "a member that can be asked for is found", name);
	fuzz_law(str_eq(member.name, name), "it has the name asked for", name);
	fuzz_law(member.crc == get32(record + 16) &&
			member.method == get16(record + 10) &&
			member.flags == get16(record + 8),
		"the last record of a name counts", name);
	check_value(member.packed, record + 20, 0, name);
	check_value(member.size, record + 24, 0, name);
	check_value(member.offset, record + 42, records->end.prefix, name);
}

/* A name in CP437 leads to a member in both its forms. */
static void
check_cp437(const struct records *records, const unsigned char *record,
	struct str name)
{
	struct member member;
	struct str utf8 = {malloc(name.n * CP437_GROWTH + 1), 0};

	if (utf8.p == NULL)
		abort();
	utf8.n = cp437_to_utf8(name, (char *)(uintptr_t)utf8.p);
	if ((get16(record + 8) & ZIP_UTF8) == 0 && !str_is_utf8(name))
		fuzz_law(zipdir_find(records->zipdir, utf8, &member),
			"a name is found by its UTF-8 form", name);
	free((char *)(uintptr_t)utf8.p);
}

/* How many names there are that a request can ask for; those of files only. */
static size_t
check_records(const struct records *records, size_t *files)
{
	size_t count = 0;

	*files = 0;
	for (size_t i = 0; i < records->n; i++) {
		struct str name = own_name(records->of[i]);
		struct member member;

		if (!reachable(name)) {
			fuzz_law(!zipdir_find(records->zipdir, name, &member),
				"a name that is left out is not found", name);
		} else if (is_last(records, i)) {
			check_member(records, records->of[i], name);
			check_cp437(records, records->of[i], name);
			count++;
			*files += name.p[name.n - 1] != '/';
		}
	}
	return count;
}

/* path, a child's name, and "/" behind a directory; the caller frees p. */
static struct str
full_name(struct str path, const struct child *child)
{
	size_t n = path.n + child->name.n;
	char *p = malloc(n + 1);

	if (p == NULL)
		abort();
	memcpy(p, path.p, path.n);
	memcpy(p + path.n, child->name.p, child->name.n);
	p[n] = '/';
	return (struct str){p, n + child->directory};
}

static size_t walk(const struct records *records, struct str path);

/* How many files a child is. */
static size_t
check_child(const struct records *records, const struct child *child,
	struct str full)
{
	struct member member;

	fuzz_law(child->name.n > 0 &&
			memchr(child->name.p, '/', child->name.n) == NULL,
		"a child's name is one component", full);
	if (child->directory)
		return walk(records, full);
	fuzz_law(str_eq(child->member.name, full),
		"a file's member has its name", full);
	fuzz_law(zipdir_find(records->zipdir, full, &member) &&
			member.size == child->member.size &&
			member.offset == child->member.offset,
		"a file that is listed is found", full);
	return 1;
}

/* Walk over the directory called path (with "/" at the end, but for the top),
 * and what is below: how many files there are. */
static size_t
walk(const struct records *records, struct str path)
{
	struct str last = {malloc(1), 0};
	struct zipdir_walk walk;
	struct child child;
	size_t files = 0, steps = 0;

	fuzz_law(zipdir_walk(records->zipdir,
			 str_slice(path, 0, path.n - (path.n > 0)), &walk),
		"a directory that is listed can be walked over", path);
	while (zipdir_next(&walk, &child)) {
		struct str full = full_name(path, &child);

		fuzz_law(++steps <= zipdir_count(records->zipdir),
			"a walk ends", path);
		fuzz_law(str_compare(last, full) < 0, "children are in order",
			full);
		files += check_child(records, &child, full);
		free((char *)(uintptr_t)last.p);
		last = full;
	}
	free((char *)(uintptr_t)last.p);
	return files;
}

static size_t
count_ends(struct str file)
{
	size_t n = 0;

	for (size_t i = 0; i + 4 <= file.n; i++)
		n += memcmp(file.p + i, "PK\5\6", 4) == 0;
	return n;
}

/* libzip looks at the records that were looked at here. */
static bool
comparable(const struct records *records)
{
	const struct zipend *end = &records->end;
	const unsigned char *p = (const unsigned char *)records->file.p;

	if (count_ends(records->file) != 1 || end->prefix != 0)
		return false;
	if (!end->zip64)
		return true;
	p += end->record;
	p += 12 + get64(p + 4); /* the locator */
	return get64(p + 8) == end->record;
}

static bool
has_unicode_path(const unsigned char *record)
{
	struct str rest = extra(record);

	while (rest.n >= 4) {
		const unsigned char *p = (const unsigned char *)rest.p;
		size_t n = 4u + get16(p + 2);

		if (get16(p) == 0x7075)
			return true;
		rest = str_slice(rest, n < rest.n ? n : rest.n, rest.n);
	}
	return false;
}

/* They are the same, or only the date that was recorded is none. */
static bool
same_time(const struct member *member, const unsigned char *record, time_t time)
{
	unsigned date = get16(record + 14);
	unsigned month = date >> 5 & 15, day = date & 31;

	return member->modified == time || month < 1 || month > 12 || day < 1;
}

static bool
same_name(struct str name, struct str libzips)
{
	if (name.n != libzips.n)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		if (libzips.p[i] != (name.p[i] == '\0' ? ' ' : name.p[i]))
			return false;
	}
	return true;
}

static void
compare_record(const struct records *records, zip_t *zip, size_t i)
{
	const unsigned char *record = records->of[i];
	struct str raw = raw_name(record), name = own_name(record);
	struct member member;
	zip_stat_t stat;

	fuzz_law(zipstat_index(zip, i, ZIP_FL_ENC_RAW, &stat) == 0,
		"libzip knows as many members", name);
	if (!has_unicode_path(record))
		fuzz_law(same_name(raw, str_of(stat.name)),
			"libzip sees the same name", name);
	if (!reachable(name) || !is_last(records, i) ||
		!zipdir_find(records->zipdir, name, &member))
		return;
	fuzz_law(stat.size == member.size && stat.comp_size == member.packed,
		"libzip sees the same sizes", name);
	if (member.method != WINZIP_AES)
		fuzz_law(stat.comp_method == member.method &&
				stat.crc == member.crc,
			"libzip sees the same method and CRC-32", name);
	if (member.local)
		fuzz_law(same_time(&member, record, stat.mtime),
			"libzip sees the same time", name);
}

static void
compare(const struct records *records)
{
	zip_error_t error;
	zip_source_t *source;
	zip_t *zip;

	zip_error_init(&error);
	source = zip_source_buffer_create(
		records->file.p, records->file.n, 0, &error);
	if (source == NULL)
		abort();
	zip = zip_open_from_source(source, ZIP_RDONLY, &error);
	if (zip == NULL) {
		zip_source_free(source);
		zip_error_fini(&error);
		return;
	}
	fuzz_law((size_t)zip_get_num_entries(zip, 0) == records->n,
		"libzip counts as many members", records->file);
	for (size_t i = 0; i < records->n; i++)
		compare_record(records, zip, i);
	zip_discard(zip);
	zip_error_fini(&error);
}

/* Backslashes are read as slashes only where there is no slash. */
static void
check_backslashes(const struct records *records)
{
	for (size_t i = 0; i < records->n; i++) {
		struct str raw = raw_name(records->of[i]);

		fuzz_law(memchr(raw.p, '/', raw.n) == NULL,
			"no name has a slash beside backslashes", raw);
	}
}

static size_t
count_aliases(const struct records *records)
{
	size_t n = 0;

	for (size_t i = 0; i < records->n; i++)
		n += unicode_path(records->of[i]).p != NULL;
	return n;
}

static void
check(struct zipdir *zipdir, struct str file, int fd)
{
	struct records records = {.file = file, .zipdir = zipdir};
	struct fault fault;
	size_t count, files;

	fuzz_law(zipend_read(&records.end, fd, file.n, &fault) == ZIPDIR_OK,
		"what was read is read again", file);
	fuzz_law(zipdir_start(zipdir) == records.end.start &&
			zipdir_copied(zipdir) == records.end.size &&
			records.end.start + records.end.size ==
				records.end.record &&
			records.end.record < file.n,
		"the directory lies in front of the end records", file);
	read_records(&records);
	if (zipdir_has_backslashes(zipdir)) {
		check_backslashes(&records);
		free(records.of);
		return;
	}
	count = check_records(&records, &files);
	fuzz_law(zipdir_count(zipdir) == count, "every name is counted once",
		file);
	if (records.n >= MANY)
		fuzz_law(zipdir_indexed(zipdir) <=
				16 * records.n + 4 * count_aliases(&records),
			"the index takes 16 bytes a member, 4 an alias", file);
	if (zipdir_sort(zipdir) < 0)
		abort();
	fuzz_law(walk(&records, (struct str){"", 0}) == files,
		"each file is listed once", file);
	if (comparable(&records))
		compare(&records);
	free(records.of);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str file = {(const char *)data, size};
	int fd = fuzz_memory_file();
	struct fault fault = {""};
	struct zipdir *zipdir;
	enum zipdir_result result;

	setenv("TZ", "UTC", 1); /* libzip asks for local time */
	fuzz_write(fd, file);
	result = zipdir_open(&zipdir, fd, size, &fault);
	fuzz_law(result == ZIPDIR_OK || (zipdir == NULL && fault.text[0]),
		"a refusal says why", file);
	fuzz_law(result != ZIPDIR_FAILED, "reading does not fail", file);
	if (result == ZIPDIR_OK)
		check(zipdir, file, fd);
	zipdir_free(zipdir);
	return 0;
}
