/* The directory is read once into memory of our own and walked twice: first
 * every record is checked and counted, then every name that a request can ask
 * for is entered into a table with open addressing.  A slot holds the offset of
 * its entry in the copy, so that looking up touches nothing of the file, which
 * another process may cut off at any moment; and a word for what archive.c
 * finds out about the member.  With 10 slots for 7 members this costs 11.5
 * bytes a member, and the order of names 4 more. */

#include "zipdir.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "bytes.h"
#include "cp437.h"
#include "hash.h"
#include "zipend.h"

enum { ENTRY_SIZE = 46 };

#define ENTRY_SIGNATURE 0x02014b50u
#define COPY_MAX        (UINT64_C(1) << 30) /* bytes of central directory */

struct slot {
	uint32_t entry; /* offset in the copy, plus 1; 0: free */
	_Atomic uint32_t notes;
};

struct zipdir {
	/* Set by zipdir_open. */
	unsigned char *copy;
	size_t copy_size;
	uint64_t start, prefix;
	struct slot *slots;
	uint32_t nslots;
	uint32_t count;
	uint64_t key; /* of the hash */
	bool cp437;   /* some names are not UTF-8 */

	/* Set by zipdir_sort: offsets of entries in the copy, by name. */
	uint32_t *order;
};

/* One entry of the copy, as it lies there. */
static struct str
entry_raw_name(const unsigned char *entry)
{
	return (struct str){
		(const char *)entry + ENTRY_SIZE, get16(entry + 28)};
}

static struct str
entry_extra(const unsigned char *entry)
{
	struct str raw = entry_raw_name(entry);

	return (struct str){raw.p + raw.n, get16(entry + 30)};
}

static size_t
entry_size(const unsigned char *entry)
{
	return ENTRY_SIZE + (size_t)get16(entry + 28) + get16(entry + 30) +
		get16(entry + 32);
}

struct str
zipdir_name(struct str recorded)
{
	while (str_starts(recorded, STR("./")))
		recorded = str_slice(recorded, 2, recorded.n);
	return recorded;
}

static struct str
entry_name(const unsigned char *entry)
{
	return zipdir_name(entry_raw_name(entry));
}

static bool
entry_is_cp437(const unsigned char *entry)
{
	return (get16(entry + 8) & ZIP_UTF8) == 0 &&
		!str_is_utf8(entry_raw_name(entry));
}

/* Why no request can ask for name, NULL when one can: what routes are after
 * normalisation.  Only a directory's name ends in an empty component. */
static const char *
unreachable(struct str name)
{
	if (name.n == 0)
		return "the name is empty";
	if (name.p[0] == '/')
		return "the name is absolute";
	for (size_t i = 0; i < name.n; i++) {
		if ((unsigned char)name.p[i] < ' ' || name.p[i] == 0x7f)
			return "the name holds a control character";
	}
	while (name.n > 0) {
		struct str component = str_cut(&name, '/');

		if (component.n == 0)
			return "the name holds an empty component";
		if (str_eq(component, STR(".")))
			return "the name holds the component \".\"";
		if (str_eq(component, STR("..")))
			return "the name holds the component \"..\"";
	}
	return NULL;
}

/* The slot of name, or the free one where it belongs. */
static struct slot *
probe(const struct zipdir *zipdir, struct str name)
{
	size_t at = hash_slot(zipdir->key, name, zipdir->nslots);

	for (;; at = at + 1 == zipdir->nslots ? 0 : at + 1) {
		struct slot *slot = &zipdir->slots[at];

		if (slot->entry == 0 ||
			str_eq(entry_name(zipdir->copy + slot->entry - 1),
				name))
			return slot;
	}
}

/* Check every record of the copy and count them. */
static enum zipdir_result
check(const struct zipdir *zipdir, uint64_t *count, struct zip_fault *fault)
{
	size_t at = 0;

	for (*count = 0; at < zipdir->copy_size; ++*count) {
		const unsigned char *entry = zipdir->copy + at;
		size_t room = zipdir->copy_size - at;

		if (room < ENTRY_SIZE || get32(entry) != ENTRY_SIGNATURE)
			return zip_damaged(fault,
				"no central directory header at offset "
				"%" PRIu64,
				zipdir->start + at);
		if (entry_size(entry) > room)
			return zip_damaged(fault,
				"central directory header at offset %" PRIu64
				" reaches beyond the central directory",
				zipdir->start + at);
		at += entry_size(entry);
	}
	return ZIPDIR_OK;
}

static void
enter(struct zipdir *zipdir, const unsigned char *entry)
{
	struct str name = entry_name(entry);
	struct slot *slot;

	if (unreachable(name) != NULL)
		return;
	slot = probe(zipdir, name);
	zipdir->count += slot->entry == 0;
	slot->entry = (uint32_t)(entry - zipdir->copy) + 1;
	zipdir->cp437 |= entry_is_cp437(entry);
}

/* Build the table for count entries. */
static enum zipdir_result
index_entries(struct zipdir *zipdir, uint64_t count, struct zip_fault *fault)
{
	const unsigned char *entry = zipdir->copy;
	const unsigned char *end = zipdir->copy + zipdir->copy_size;

	zipdir->key = hash_key();
	/* At least one slot stays free, or a search would not end. */
	zipdir->nslots = (uint32_t)(count + count * 3 / 7 + 1);
	zipdir->slots = calloc(zipdir->nslots, sizeof(*zipdir->slots));
	if (zipdir->slots == NULL) {
		zip_damaged(fault, "no memory for %" PRIu64 " members", count);
		return ZIPDIR_FAILED;
	}
	for (; entry < end; entry += entry_size(entry))
		enter(zipdir, entry);
	return ZIPDIR_OK;
}

static enum zipdir_result
copy_directory(struct zipdir *zipdir, const struct zipend *end, int fd,
	struct zip_fault *fault)
{
	if (end->size > COPY_MAX)
		return zip_damaged(fault,
			"a central directory of %" PRIu64 " bytes is over the "
			"limit of %" PRIu64,
			end->size, COPY_MAX);
	zipdir->start = end->start;
	zipdir->prefix = end->prefix;
	zipdir->copy_size = (size_t)end->size;
	zipdir->copy = malloc(zipdir->copy_size + 1);
	if (zipdir->copy == NULL) {
		zip_damaged(fault,
			"no memory for a central directory of %" PRIu64 " byte"
			"s",
			end->size);
		return ZIPDIR_FAILED;
	}
	return zip_read(
		fd, zipdir->copy, zipdir->copy_size, zipdir->start, fault);
}

static enum zipdir_result
load(struct zipdir *zipdir, int fd, uint64_t size, struct zip_fault *fault)
{
	struct zipend end;
	uint64_t count;
	enum zipdir_result result = zipend_read(&end, fd, size, fault);

	if (result == ZIPDIR_OK)
		result = copy_directory(zipdir, &end, fd, fault);
	if (result == ZIPDIR_OK)
		result = check(zipdir, &count, fault);
	if (result != ZIPDIR_OK)
		return result;
	/* Writers without zip64 let a count of 65,536 start at 0 again. */
	if (end.count != (end.zip64 ? count : count % 65536))
		return zip_damaged(fault,
			"end record at offset %" PRIu64 " counts %" PRIu64
			" members, the central directory holds %" PRIu64,
			end.record, end.count, count);
	return index_entries(zipdir, count, fault);
}

enum zipdir_result
zipdir_open(
	struct zipdir **zipdir, int fd, uint64_t size, struct zip_fault *fault)
{
	enum zipdir_result result;

	*zipdir = calloc(1, sizeof(**zipdir));
	if (*zipdir == NULL) {
		zip_damaged(fault, "no memory");
		return ZIPDIR_FAILED;
	}
	result = load(*zipdir, fd, size, fault);
	if (result != ZIPDIR_OK) {
		zipdir_free(*zipdir);
		*zipdir = NULL;
	}
	return result;
}

void
zipdir_free(struct zipdir *zipdir)
{
	int saved = errno;

	if (zipdir == NULL)
		return;
	free(zipdir->copy);
	free(zipdir->slots);
	free(zipdir->order);
	free(zipdir);
	errno = saved;
}

size_t
zipdir_count(const struct zipdir *zipdir)
{
	return zipdir->count;
}

size_t
zipdir_copied(const struct zipdir *zipdir)
{
	return zipdir->copy_size;
}

size_t
zipdir_indexed(const struct zipdir *zipdir)
{
	return zipdir->nslots * sizeof(struct slot) +
		zipdir->count * sizeof(uint32_t);
}

uint64_t
zipdir_start(const struct zipdir *zipdir)
{
	return zipdir->start;
}

uint32_t
zipdir_notes(const struct zipdir *zipdir, uint32_t slot)
{
	if (slot == ZIPDIR_NO_SLOT)
		return 0;
	return atomic_load_explicit(
		&zipdir->slots[slot].notes, memory_order_relaxed);
}

void
zipdir_add_notes(struct zipdir *zipdir, uint32_t slot, uint32_t notes)
{
	if (slot == ZIPDIR_NO_SLOT)
		return;
	atomic_fetch_or_explicit(
		&zipdir->slots[slot].notes, notes, memory_order_relaxed);
}

/* Seconds since 1970 of a time of MS-DOS (section 4.4.6), read as UTC. */
static int64_t
dos_time(uint16_t time, uint16_t date)
{
	static const int before[12] = {
		0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	int year = (date >> 9) + 1980, month = date >> 5 & 15, day = date & 31;
	int64_t days;

	month = month < 1 ? 1 : month > 12 ? 12 : month;
	day = day < 1 ? 1 : day;
	/* Leap years up to the one before; 2100 is none. */
	days = (year - 1970) * 365 + (year - 1969) / 4 - (year > 2100);
	days += before[month - 1] + day - 1;
	days += month > 2 && year % 4 == 0 && year != 2100;
	return days * 86400 + (time >> 11) * 3600 + (time >> 5 & 63) * 60 +
		(time & 31) * 2;
}

/* A 64-bit value replaces one that is all ones (section 4.5.3). */
static void
take64(struct str *field, uint64_t *value)
{
	if (*value != UINT32_MAX || field->n < 8)
		return;
	*value = get64((const unsigned char *)field->p);
	*field = str_slice(*field, 8, field->n);
}

void
zipdir_read_extra(struct member *member, struct str extra)
{
	while (extra.n >= 4) {
		const unsigned char *p = (const unsigned char *)extra.p;
		unsigned id = get16(p);
		size_t n = get16(p + 2);
		struct str field;

		if (n > extra.n - 4)
			return;
		field = str_slice(extra, 4, 4 + n);
		extra = str_slice(extra, 4 + n, extra.n);
		if (id == 0x0001) {
			take64(&field, &member->size);
			take64(&field, &member->packed);
			take64(&field, &member->offset);
		} else if (id == 0x5455 && n >= 5 && (p[4] & 1) != 0) {
			member->modified = (int32_t)get32(p + 5);
		}
	}
}

static void
read_entry(const struct zipdir *zipdir, const unsigned char *entry,
	struct member *member)
{
	*member = (struct member){
		.name = entry_name(entry),
		.size = get32(entry + 24),
		.packed = get32(entry + 20),
		.offset = get32(entry + 42),
		.modified = dos_time(get16(entry + 12), get16(entry + 14)),
		.crc = get32(entry + 16),
		.slot = ZIPDIR_NO_SLOT,
		.method = get16(entry + 10),
		.flags = get16(entry + 8),
	};
	zipdir_read_extra(member, entry_extra(entry));
	/* What overflows lies beyond any file; it is found out when it is
	 * looked for there. */
	if (member->offset > UINT64_MAX - zipdir->prefix)
		member->offset = UINT64_MAX;
	else
		member->offset += zipdir->prefix;
}

static const unsigned char *
find_bytes(const struct zipdir *zipdir, struct str name, uint32_t *at)
{
	const struct slot *slot = probe(zipdir, name);

	*at = (uint32_t)(slot - zipdir->slots);
	return slot->entry ? zipdir->copy + slot->entry - 1 : NULL;
}

static const unsigned char *
find_cp437(const struct zipdir *zipdir, struct str name, uint32_t *at)
{
	const unsigned char *entry = NULL;
	char *bytes = malloc(name.n + 1);
	size_t n;

	if (bytes != NULL && cp437_from_utf8(name, bytes, &n))
		entry = find_bytes(zipdir, (struct str){bytes, n}, at);
	free(bytes);
	return entry != NULL && entry_is_cp437(entry) ? entry : NULL;
}

bool
zipdir_find(const struct zipdir *zipdir, struct str name, struct member *member)
{
	uint32_t at;
	const unsigned char *entry = find_bytes(zipdir, name, &at);

	if (entry == NULL && zipdir->cp437)
		entry = find_cp437(zipdir, name, &at);
	if (entry == NULL)
		return false;
	read_entry(zipdir, entry, member);
	member->slot = at;
	return true;
}

bool
zipdir_record(
	const struct zipdir *zipdir, size_t *at, struct zipdir_record *record)
{
	const unsigned char *entry = zipdir->copy + *at, *indexed;
	uint32_t slot;

	if (*at >= zipdir->copy_size)
		return false;
	*at += entry_size(entry);
	read_entry(zipdir, entry, &record->member);
	record->recorded = entry_raw_name(entry);
	record->extra = entry_extra(entry);
	record->unreachable = unreachable(record->member.name);
	if (record->unreachable != NULL)
		return true;
	indexed = find_bytes(zipdir, record->member.name, &slot);
	if (indexed == entry)
		record->member.slot = slot;
	return true;
}

static int
by_name(const void *a, const void *b, void *copy)
{
	const unsigned char *entries = copy;

	return str_compare(entry_name(entries + *(const uint32_t *)a),
		entry_name(entries + *(const uint32_t *)b));
}

int
zipdir_sort(struct zipdir *zipdir)
{
	size_t n = 0;

	if (zipdir->order != NULL)
		return 0;
	zipdir->order = malloc((zipdir->count + 1) * sizeof(uint32_t));
	if (zipdir->order == NULL)
		return -1;
	for (size_t i = 0; i < zipdir->nslots; i++) {
		if (zipdir->slots[i].entry != 0)
			zipdir->order[n++] = zipdir->slots[i].entry - 1;
	}
	qsort_r(zipdir->order, n, sizeof(uint32_t), by_name, zipdir->copy);
	return 0;
}

static struct str
name_at(const struct zipdir *zipdir, size_t at)
{
	return entry_name(zipdir->copy + zipdir->order[at]);
}

/* name is below the directory, or the directory itself. */
static bool
in_directory(struct str name, struct str directory)
{
	return name.n > directory.n && str_starts(name, directory) &&
		name.p[directory.n] == '/';
}

/* a against name with "/" behind it, as str_compare. */
static int
compare_directory(struct str a, struct str name)
{
	int order =
		str_compare(str_slice(a, 0, a.n < name.n ? a.n : name.n), name);

	if (order != 0 || a.n == name.n)
		return order ? order : -1;
	return str_compare(str_slice(a, name.n, a.n), STR("/"));
}

/* The first place at or after from whose name is not below the directory called
 * name, or, with past, not in it either. */
static size_t
seek(const struct zipdir *zipdir, size_t from, struct str name, bool past)
{
	size_t to = zipdir->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		struct str at = name_at(zipdir, middle);

		if (compare_directory(at, name) < 0 ||
			(past && in_directory(at, name)))
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static bool
walk_bytes(
	const struct zipdir *zipdir, struct str name, struct zipdir_walk *walk)
{
	size_t at = seek(zipdir, 0, name, false);

	if (at == zipdir->count || !in_directory(name_at(zipdir, at), name))
		return false;
	*walk = (struct zipdir_walk){
		zipdir, str_slice(name_at(zipdir, at), 0, name.n + 1), at};
	return true;
}

static bool
walk_cp437(
	const struct zipdir *zipdir, struct str name, struct zipdir_walk *walk)
{
	char *bytes = malloc(name.n + 1);
	size_t n;
	bool found = bytes != NULL && cp437_from_utf8(name, bytes, &n) &&
		walk_bytes(zipdir, (struct str){bytes, n}, walk) &&
		entry_is_cp437(zipdir->copy + zipdir->order[walk->at]);

	free(bytes);
	return found;
}

bool
zipdir_walk(
	const struct zipdir *zipdir, struct str name, struct zipdir_walk *walk)
{
	if (name.n == 0) {
		*walk = (struct zipdir_walk){.zipdir = zipdir};
		return true;
	}
	return walk_bytes(zipdir, name, walk) ||
		(zipdir->cp437 && walk_cp437(zipdir, name, walk));
}

bool
zipdir_next(struct zipdir_walk *walk, struct child *child)
{
	const struct zipdir *zipdir = walk->zipdir;
	const unsigned char *entry;
	struct str name, rest;

	/* The directory's own entry is no child of it. */
	if (walk->at < zipdir->count &&
		str_eq(name_at(zipdir, walk->at), walk->prefix))
		walk->at++;
	if (walk->at >= zipdir->count ||
		!str_starts(name_at(zipdir, walk->at), walk->prefix))
		return false;
	entry = zipdir->copy + zipdir->order[walk->at];
	name = entry_name(entry);
	rest = str_slice(name, walk->prefix.n, name.n);
	*child = (struct child){.cp437 = entry_is_cp437(entry)};
	child->name = str_cut(&rest, '/');
	child->directory = rest.p != NULL;
	if (child->directory) {
		size_t n = walk->prefix.n + child->name.n;

		walk->at = seek(zipdir, walk->at, str_slice(name, 0, n), true);
	} else {
		read_entry(zipdir, entry, &child->member);
		walk->at++;
	}
	return true;
}
