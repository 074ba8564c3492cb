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

#include "zip/zipdirtable.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/crc.h"
#include "base/hash.h"
#include "base/hugepages.h"
#include "zip/spelling.h"
#include "zip/zipend.h"
#include "zip/zipname.h"

#define COPY_MAX (UINT64_C(1) << 30) /* bytes of central directory */

enum {
	AHEAD = 8, /* members between prefetching a slot and its use */
	TAG_SHIFT = 20,
};

#define TAG_MASK (UINT32_C(0xff) << TAG_SHIFT)

/* A member whose slot is being prefetched. */
struct pending {
	const unsigned char *entry;
	uint64_t hash;
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
	zipdir->links |= zipentry_is_link(p->entry);
}

static int
enter_all(struct zipdir *zipdir)
{
	unsigned char *entry = zipdir->copy;
	const unsigned char *end = zipdir->copy + zipdir->copy_size;
	struct pending pending[AHEAD];
	size_t n = 0;

	for (; entry < end; entry += zipentry_size(entry)) {
		struct pending *p = &pending[n % AHEAD];
		bool alias = zipname_settle(
			entry, zipdir->backslashes, zipdir->charset);
		struct str name = zipentry_name(entry);

		if (zipentry_unreachable(name, &zipdir->hidden) != NULL)
			continue;
		if (alias &&
			zipalias_add(&zipdir->aliases, zipdir->copy, entry) < 0)
			return -1;
		if (n++ >= AHEAD)
			enter_slot(zipdir, p);
		*p = (struct pending){entry, hash_name(zipdir->key, name)};
		__builtin_prefetch(
			&zipdir->slots[hash_place(p->hash, zipdir->nslots)], 1);
	}
	for (size_t i = n > AHEAD ? n - AHEAD : 0; i < n; i++)
		enter_slot(zipdir, &pending[i % AHEAD]);
	zipalias_sort(&zipdir->aliases, zipdir->copy);
	return 0;
}

/* There are 10 slots for 7 members.  At least one stays free, which ends each
 * search. */
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
	if (zipdir->slots != NULL) {
		memset(zipdir->slots, 0, slots_size(zipdir));
		zipdir->backslashes = zipname_has_backslashes(
			zipdir->copy, zipdir->copy_size, zipdir->charset);
		if (enter_all(zipdir) == 0)
			return ZIPDIR_OK;
	}
	fault_set(fault, "no memory for %" PRIu64 " member%s", count,
		str_plural(count));
	return ZIPDIR_FAILED;
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
	zipdir->behind = (uint32_t)end->behind;
	zipdir->wraps = end->wraps;
	zipdir->copy_size = (uint32_t)end->size;
	zipdir->copy = hugepages_new(zipdir->copy_size + 1);
	if (zipdir->copy == NULL) {
		fault_set(fault,
			"no memory for a central directory of %" PRIu64
			" byte%s",
			end->size, str_plural(end->size));
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
	zipdir->checksum = crc_add(0, zipdir->copy, zipdir->copy_size);
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
	struct charset *charset, struct fault *fault)
{
	enum zipdir_result result;

	*zipdir = calloc(1, sizeof(**zipdir));
	if (*zipdir == NULL) {
		fault_set(fault, "no memory");
		return ZIPDIR_FAILED;
	}
	(*zipdir)->charset = charset;
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
	return result == ZIPDIR_OK ? zipdir_read(zipdir, &end, fd, NULL, fault)
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
	free(zipdir->aliases.at);
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
	return slots_size(zipdir) +
		(zipdir->count + zipdir->aliases.n) * sizeof(uint32_t);
}

uint32_t
zipdir_checksum(const struct zipdir *zipdir)
{
	return zipdir->checksum;
}

struct charset *
zipdir_charset(const struct zipdir *zipdir)
{
	return zipdir->charset;
}

bool
zipdir_has_links(const struct zipdir *zipdir)
{
	return zipdir->links;
}

bool
zipdir_has_hidden(const struct zipdir *zipdir)
{
	return zipdir->hidden;
}

bool
zipdir_has_backslashes(const struct zipdir *zipdir)
{
	return zipdir->backslashes;
}

uint64_t
zipdir_start(const struct zipdir *zipdir)
{
	return zipdir->start;
}

uint64_t
zipdir_wraps(const struct zipdir *zipdir)
{
	return zipdir->wraps;
}

uint64_t
zipdir_behind(const struct zipdir *zipdir)
{
	return zipdir->behind;
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

bool
zipdir_word(const struct zipdir *zipdir, uint32_t slot, uint32_t *word)
{
	return slot != ZIPDIR_NO_SLOT &&
		zipentry_word(
			zipdir->copy + zipdir->slots[slot].entry - 1, word);
}

void
zipdir_set_word(struct zipdir *zipdir, uint32_t slot, uint32_t word)
{
	if (slot != ZIPDIR_NO_SLOT)
		zipentry_set_word(
			zipdir->copy + zipdir->slots[slot].entry - 1, word);
}

static const unsigned char *
find_bytes(const struct zipdir *zipdir, struct str name, uint32_t *at)
{
	unsigned char last = name.n ? (unsigned char)name.p[name.n - 1] : 0;
	const struct slot *slot;

	/* Most requests for name.gz and the like end here, because no member's
	 * name ends in that byte. */
	if ((zipdir->last[last / 64] >> last % 64 & 1) == 0)
		return NULL;
	slot = probe(zipdir, name, hash_name(zipdir->key, name));
	*at = (uint32_t)(slot - zipdir->slots);
	return slot->entry ? zipdir->copy + slot->entry - 1 : NULL;
}

/* Find the entry whose recorded name is name, where requests use another name;
 * or the same for a directory that contains it. */
static const unsigned char *
find_alias(const struct zipdir *zipdir, struct str name, uint32_t *at)
{
	const unsigned char *entry =
		zipalias_find(&zipdir->aliases, zipdir->copy, name);
	struct str path;

	if (entry != NULL)
		return find_bytes(zipdir, zipentry_name(entry), at) == entry
			? entry
			: NULL;
	path = zipalias_path(&zipdir->aliases, zipdir->copy, name);
	if (path.p != NULL)
		entry = find_bytes(zipdir, path, at);
	free((char *)(uintptr_t)path.p);
	return entry;
}

static const unsigned char *
find_spelled(const struct zipdir *zipdir, struct str name, uint32_t *at)
{
	const unsigned char *entry = NULL;
	struct spelling spelling;

	spelling_begin(&spelling, name, zipdir->charset, zipdir->backslashes);
	while (entry == NULL && spelling_next(&spelling)) {
		entry = find_bytes(zipdir, spelling.name, at);
		if (entry != NULL && spelling.legacy &&
			!zipentry_is_legacy(entry))
			entry = NULL;
	}
	spelling_end(&spelling);
	return entry;
}

bool
zipdir_find_exact(
	const struct zipdir *zipdir, struct str name, struct member *member)
{
	uint32_t at;
	const unsigned char *entry = find_bytes(zipdir, name, &at);

	if (entry == NULL)
		return false;
	zipentry_read(entry, zipdir->prefix, member);
	member->slot = at;
	return true;
}

bool
zipdir_find(const struct zipdir *zipdir, struct str name, struct member *member)
{
	const unsigned char *entry;
	uint32_t at;

	if (zipdir_find_exact(zipdir, name, member))
		return true;
	entry = find_alias(zipdir, name, &at);
	if (entry == NULL)
		entry = find_spelled(zipdir, name, &at);
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
	uint32_t slot = ZIPDIR_NO_SLOT;

	if (*at >= zipdir->copy_size)
		return false;
	*at += zipentry_size(entry);
	zipentry_read(entry, zipdir->prefix, &record->member);
	record->recorded = zipentry_recorded(entry);
	record->legacy = zipentry_is_legacy(entry);
	record->windows = zipname_by_microsoft(entry);
	record->unusable = zipname_unicode(entry);
	if (zipentry_unreachable(zipentry_plain(record->unusable), NULL) ==
		NULL)
		record->unusable = (struct str){NULL, 0};
	record->hidden = false;
	record->unreachable =
		zipentry_unreachable(record->member.name, &record->hidden);
	if (record->unreachable != NULL)
		return true;
	indexed = find_bytes(zipdir, record->member.name, &slot);
	if (indexed == entry)
		record->member.slot = slot;
	return true;
}
