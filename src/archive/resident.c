#include "archive/resident.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/blocking.h"
#include "base/clock.h"
#include "base/hash.h"

enum {
	PAGES = 256, /* looked at in one call */
	SEEN = 4096, /* parts that are remembered */
};

#define PRESENT (UINT64_C(1) << 63) /* Documentation/admin-guide/mm/pagemap */

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif

static int table = -1;

/* Looking costs as much as a tenth of sending, so what was in memory is taken
 * to be there for the rest of the second.  The marks of parts; two with the
 * same place are looked at by turns. */
static _Atomic uint64_t seen[SEEN];

struct part {
	_Atomic uint64_t *place; /* in seen */
	uint64_t mark;           /* a hash of the part, and the second */
};

void
resident_open(void)
{
	table = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
}

/* Whether `count` pages from number `first` on are in memory, at most PAGES. */
static bool
are_present(uintptr_t first, size_t count)
{
	uint64_t entries[PAGES];
	ssize_t size = (ssize_t)(count * sizeof(entries[0]));

	if (pread(table, entries, (size_t)size,
		    (off_t)(first * sizeof(entries[0]))) != size)
		return false;
	for (size_t i = 0; i < count; i++) {
		if ((entries[i] & PRESENT) == 0)
			return false;
	}
	return true;
}

static uint64_t
hash_of(const unsigned char *p, size_t n, const struct mapping *mapping)
{
	uint64_t hash = (uintptr_t)p + ((uint64_t)n << 40) +
		(uint64_t)mapping->since * UINT64_C(0xd6e8feb86659fd93);

	return hash_number(hash);
}

static struct part
part_of(const unsigned char *p, size_t n, const struct mapping *mapping)
{
	const uint64_t hash = hash_of(p, n, mapping);

	return (struct part){&seen[hash >> 52],
		hash + (uint64_t)(clock_ns() / CLOCK_SECOND)};
}

bool
resident_is_known(
	const unsigned char *p, size_t n, const struct mapping *mapping)
{
	const struct part part = part_of(p, n, mapping);

	return *part.place == part.mark;
}

void
resident_note(const unsigned char *p, size_t n, const struct mapping *mapping)
{
	const struct part part = part_of(p, n, mapping);

	*part.place = part.mark;
}

void
resident_make(const unsigned char *p, size_t n, size_t ahead,
	const struct mapping *mapping)
{
	const struct part part = part_of(p, n, mapping);
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t first = (uintptr_t)p / page;
	uintptr_t end = ((uintptr_t)p + n - 1) / page + 1;
	bool present = table >= 0;

	if (*part.place == part.mark)
		return;
	for (uintptr_t at = first; present && at < end; at += PAGES)
		present = are_present(
			at, end - at < PAGES ? (size_t)(end - at) : PAGES);
	if (present) {
		*part.place = part.mark;
		return;
	}
	blocking_begin(mapping->device);
	(void)madvise((void *)(first * page),
		(uintptr_t)p + ahead - first * page, MADV_WILLNEED);
	(void)madvise((void *)(first * page), (end - first) * page,
		MADV_POPULATE_READ);
	blocking_end();
}
