/* The central directory is read once into memory of our own and walked twice:
 * first every record is checked and counted, then every name that can be
 * requested is entered into a hash table with open addressing.  A slot holds
 * the offset of its entry in the copy, and a word for what archive.c finds out
 * about the member.  Looking up a name does not touch the file, which another
 * process may truncate at any moment.  The table takes 11.5 bytes a member, and
 * the sorted order another 4.
 *
 * Building the table is bound by cache misses, since slots and entries are
 * accessed at random.  So a slot is prefetched some members before it is used.
 * Its word also holds 8 bits of the name's hash, so that a lookup rarely reads
 * entries of other names. */

#include "zip/zipdir.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/crc.h"
#include "base/hash.h"
#include "base/hugepages.h"
#include "zip/cp437.h"
#include "zip/zipend.h"

#define COPY_MAX (UINT64_C(1) << 30) /* bytes of central directory */

enum {
	AHEAD = 8, /* members between prefetching a slot and its use */
	TAG_SHIFT = 20,
};

#define TAG_MASK (UINT32_C(0xff) << TAG_SHIFT)

struct slot {
	uint32_t entry; /* offset in the copy, plus 1; 0: free */
	_Atomic uint32_t notes;
};

/* A member whose slot is being prefetched. */
struct pending {
	const unsigned char *entry;
	uint64_t hash;
};

struct zipdir {
	/* Set by zipdir_open. */
	unsigned char *copy;
	size_t copy_size;
	uint64_t start, prefix;
	struct slot *slots;
	uint32_t nslots;
	uint32_t count;
	uint64_t key;     /* of the hash */
	bool cp437;       /* some names are not UTF-8 */
	uint64_t last[4]; /* the set of last bytes of names */

	_Atomic uint32_t checksum; /* of copy; 0: not computed yet */

	/* Set by zipdir_sort: offsets of entries in the copy, by name. */
	uint32_t *order;
};

static uint32_t
tag_of(uint64_t hash)
{
	return (uint32_t)hash << TAG_SHIFT & TAG_MASK;
}

static size_t
slots_size(const struct zipdir *zipdir)
{
	return zipdir->nslots * sizeof(struct slot);
}

/* The slot of name, or the free slot for it. */
static struct slot *
probe(const struct zipdir *zipdir, struct str name, uint64_t hash)
{
	uint32_t at = hash_place(hash, zipdir->nslots);

	for (;; at = at + 1 == zipdir->nslots ? 0 : at + 1) {
		struct slot *slot = &zipdir->slots[at];

		if (slot->entry == 0 ||
			((atomic_load_explicit(
				  &slot->notes, memory_order_relaxed) &
				 TAG_MASK) == tag_of(hash) &&
				str_eq(zipentry_name(
					       zipdir->copy + slot->entry - 1),
					name)))
			return slot;
	}
}

static void
enter_slot(struct zipdir *zipdir, const struct pending *p)
{
	struct str name = zipentry_name(p->entry);
	struct slot *slot = probe(zipdir, name, p->hash);
	unsigned char last = (unsigned char)name.p[name.n - 1];

	zipdir->last[last / 64] |= UINT64_C(1) << last % 64;
	zipdir->count += slot->entry == 0;
	slot->entry = (uint32_t)(p->entry - zipdir->copy) + 1;
	slot->notes = tag_of(p->hash);
	zipdir->cp437 |= zipentry_is_cp437(p->entry);
}

static void
enter_all(struct zipdir *zipdir)
{
	const unsigned char *entry = zipdir->copy;
	const unsigned char *end = zipdir->copy + zipdir->copy_size;
	struct pending pending[AHEAD];
	size_t n = 0;

	for (; entry < end; entry += zipentry_size(entry)) {
		struct pending *p = &pending[n % AHEAD];
		struct str name = zipentry_name(entry);

		if (zipentry_unreachable(name) != NULL)
			continue;
		if (n++ >= AHEAD)
			enter_slot(zipdir, p);
		*p = (struct pending){entry, hash_name(zipdir->key, name)};
		__builtin_prefetch(
			&zipdir->slots[hash_place(p->hash, zipdir->nslots)], 1);
	}
	for (size_t i = n > AHEAD ? n - AHEAD : 0; i < n; i++)
		enter_slot(zipdir, &pending[i % AHEAD]);
}

/* 10 slots for 7 members.  At least one stays free, which ends each search. */
static uint64_t
slots_for(uint64_t count)
{
	return count + count * 3 / 7 + 1;
}

/* Build the table for count entries. */
static enum zipdir_result
index_entries(struct zipdir *zipdir, uint64_t count, struct fault *fault)
{
	zipdir->key = hash_key();
	zipdir->nslots = (uint32_t)slots_for(count);
	zipdir->slots = hugepages_new(slots_size(zipdir));
	if (zipdir->slots == NULL) {
		fault_set(fault, "no memory for %" PRIu64 " members", count);
		return ZIPDIR_FAILED;
	}
	memset(zipdir->slots, 0, slots_size(zipdir));
	enter_all(zipdir);
	return ZIPDIR_OK;
}

static enum zipdir_result
copy_directory(struct zipdir *zipdir, const struct zipend *end, int fd,
	struct fault *fault)
{
	if (end->size > COPY_MAX)
		return zip_damaged(fault,
			"a central directory of %" PRIu64
			" bytes is over the limit of %" PRIu64,
			end->size, COPY_MAX);
	zipdir->start = end->start;
	zipdir->prefix = end->prefix;
	zipdir->copy_size = (size_t)end->size;
	zipdir->copy = hugepages_new(zipdir->copy_size + 1);
	if (zipdir->copy == NULL) {
		fault_set(fault,
			"no memory for a central directory of %" PRIu64
			" bytes",
			end->size);
		return ZIPDIR_FAILED;
	}
	return zip_read(
		fd, zipdir->copy, zipdir->copy_size, zipdir->start, fault);
}

static enum zipdir_result
read_directory(struct zipdir *zipdir, const struct zipend *end, int fd,
	struct fault *fault)
{
	uint64_t count;
	enum zipdir_result result = copy_directory(zipdir, end, fd, fault);

	if (result == ZIPDIR_OK)
		result = zipend_check(end, zipdir->copy, &count, fault);
	if (result != ZIPDIR_OK)
		return result;
	return index_entries(zipdir, count, fault);
}

uint64_t
zipdir_cost(const struct zipend *end)
{
	uint64_t members = zipend_members(end);

	return end->size + slots_for(members) * sizeof(struct slot) +
		members * sizeof(uint32_t);
}

enum zipdir_result
zipdir_read(struct zipdir **zipdir, const struct zipend *end, int fd,
	struct fault *fault)
{
	enum zipdir_result result;

	*zipdir = calloc(1, sizeof(**zipdir));
	if (*zipdir == NULL) {
		fault_set(fault, "no memory");
		return ZIPDIR_FAILED;
	}
	result = read_directory(*zipdir, end, fd, fault);
	if (result != ZIPDIR_OK) {
		zipdir_free(*zipdir);
		*zipdir = NULL;
	}
	return result;
}

enum zipdir_result
zipdir_open(struct zipdir **zipdir, int fd, uint64_t size, struct fault *fault)
{
	struct zipend end;
	enum zipdir_result result = zipend_read(&end, fd, size, fault);

	*zipdir = NULL;
	return result == ZIPDIR_OK ? zipdir_read(zipdir, &end, fd, fault)
				   : result;
}

void
zipdir_free(struct zipdir *zipdir)
{
	int saved = errno;

	if (zipdir == NULL)
		return;
	hugepages_free(zipdir->copy, zipdir->copy_size + 1);
	hugepages_free(zipdir->slots, slots_size(zipdir));
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
	return slots_size(zipdir) + zipdir->count * sizeof(uint32_t);
}

uint32_t
zipdir_checksum(struct zipdir *zipdir)
{
	uint32_t crc =
		atomic_load_explicit(&zipdir->checksum, memory_order_relaxed);

	if (crc == 0) {
		crc = crc_add(0, zipdir->copy, zipdir->copy_size);
		atomic_store_explicit(
			&zipdir->checksum, crc, memory_order_relaxed);
	}
	return crc;
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
		       &zipdir->slots[slot].notes, memory_order_relaxed) &
		~TAG_MASK;
}

void
zipdir_add_notes(struct zipdir *zipdir, uint32_t slot, uint32_t notes)
{
	if (slot == ZIPDIR_NO_SLOT)
		return;
	atomic_fetch_or_explicit(
		&zipdir->slots[slot].notes, notes, memory_order_relaxed);
}

static const unsigned char *
find_bytes(const struct zipdir *zipdir, struct str name, uint32_t *at)
{
	unsigned char last = name.n ? (unsigned char)name.p[name.n - 1] : 0;
	const struct slot *slot;

	/* This rules out most siblings that do not exist. */
	if ((zipdir->last[last / 64] >> last % 64 & 1) == 0)
		return NULL;
	slot = probe(zipdir, name, hash_name(zipdir->key, name));
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
	return entry != NULL && zipentry_is_cp437(entry) ? entry : NULL;
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
	zipentry_read(entry, zipdir->prefix, member);
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
	*at += zipentry_size(entry);
	zipentry_read(entry, zipdir->prefix, &record->member);
	record->recorded = zipentry_recorded(entry);
	record->unreachable = zipentry_unreachable(record->member.name);
	if (record->unreachable != NULL)
		return true;
	indexed = find_bytes(zipdir, record->member.name, &slot);
	if (indexed == entry)
		record->member.slot = slot;
	return true;
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
	zipentry_sort(zipdir->copy, zipdir->order, n);
	return 0;
}

static struct str
name_at(const struct zipdir *zipdir, size_t at)
{
	return zipentry_name(zipdir->copy + zipdir->order[at]);
}

/* name is below the directory, or is its own entry. */
static bool
in_directory(struct str name, struct str directory)
{
	return name.n > directory.n && str_starts(name, directory) &&
		name.p[directory.n] == '/';
}

/* Compare a with name followed by "/", as str_compare. */
static int
compare_directory(struct str a, struct str name)
{
	int order =
		str_compare(str_slice(a, 0, a.n < name.n ? a.n : name.n), name);

	if (order != 0 || a.n == name.n)
		return order ? order : -1;
	return str_compare(str_slice(a, name.n, a.n), STR("/"));
}

/* The first place at or after from whose name does not come before those in the
 * directory called name; with past, the first one behind them. */
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
		zipentry_is_cp437(zipdir->copy + zipdir->order[walk->at]);

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

	/* Skip the directory's own entry. */
	if (walk->at < zipdir->count &&
		str_eq(name_at(zipdir, walk->at), walk->prefix))
		walk->at++;
	if (walk->at >= zipdir->count ||
		!str_starts(name_at(zipdir, walk->at), walk->prefix))
		return false;
	entry = zipdir->copy + zipdir->order[walk->at];
	name = zipentry_name(entry);
	rest = str_slice(name, walk->prefix.n, name.n);
	*child = (struct child){.cp437 = zipentry_is_cp437(entry)};
	child->name = str_cut(&rest, '/');
	child->directory = rest.p != NULL;
	if (child->directory) {
		size_t n = walk->prefix.n + child->name.n;

		walk->at = seek(zipdir, walk->at, str_slice(name, 0, n), true);
	} else {
		zipentry_read(entry, zipdir->prefix, &child->member);
		walk->at++;
	}
	return true;
}
