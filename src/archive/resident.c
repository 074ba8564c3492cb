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
	/* Of those that are remembered; the marks of a block are in one line of
	 * a processor's cache. */
	PAGE = 4096,
	BLOCK = 8,
	BLOCK_BITS = 11, /* of blocks */
};

#define PRESENT (UINT64_C(1) << 63) /* Documentation/admin-guide/mm/pagemap */

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif

static int table = -1;

/* Looking costs as much as a tenth of sending, so what was in memory is taken
 * to be there for the rest of the second.  The marks of pages; two blocks of
 * pages with the same place are looked at by turns. */
static _Alignas(64) _Atomic uint64_t seen[1 << BLOCK_BITS][BLOCK];

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

/* Whether the pages of the n bytes at p are marked; mark them if that is
 * wanted.  A mark is a hash of the page and its mapping, and the second. */
static bool
are_marked(const unsigned char *p, size_t n, const struct mapping *mapping,
	bool mark_them)
{
	const uint64_t second = (uint64_t)(clock_ns() / CLOCK_SECOND);
	const uint64_t file =
		(uint64_t)mapping->since * UINT64_C(0xd6e8feb86659fd93);
	const uintptr_t end = (uintptr_t)p + n;

	for (uintptr_t at = (uintptr_t)p; at < end; at += PAGE - at % PAGE) {
		const uint64_t page = at / PAGE;
		const uint64_t mark = hash_number(page + file) + second;
		_Atomic uint64_t *marks =
			seen[hash_number(page / BLOCK) >> (64 - BLOCK_BITS)];

		if (marks[page % BLOCK] == mark)
			continue;
		if (!mark_them)
			return false;
		marks[page % BLOCK] = mark;
	}
	return true;
}

bool
resident_is_known(
	const unsigned char *p, size_t n, const struct mapping *mapping)
{
	return are_marked(p, n, mapping, false);
}

void
resident_note(const unsigned char *p, size_t n, const struct mapping *mapping)
{
	(void)are_marked(p, n, mapping, true);
}

/* Whether the n bytes at p are in memory, by the kernel's table. */
static bool
is_present(const unsigned char *p, size_t n, uintptr_t page)
{
	uintptr_t first = (uintptr_t)p / page;
	uintptr_t end = ((uintptr_t)p + n - 1) / page + 1;
	bool present = table >= 0;

	for (; present && first < end; first += PAGES)
		present = are_present(first,
			end - first < PAGES ? (size_t)(end - first) : PAGES);
	return present;
}

void
resident_make(const unsigned char *p, size_t n, size_t ahead,
	const struct mapping *mapping)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const uintptr_t first = (uintptr_t)p / page * page;

	if (resident_is_known(p, n, mapping))
		return;
	if (is_present(p, n, page)) {
		resident_note(p, n, mapping);
		return;
	}
	blocking_begin(mapping->device);
	(void)madvise(
		(void *)first, (uintptr_t)p + ahead - first, MADV_WILLNEED);
	(void)madvise(
		(void *)first, (uintptr_t)p + n - first, MADV_POPULATE_READ);
	blocking_end();
}
