/* Whether a part of a mapping can be sent without waiting for storage.
 *
 * sendmsg(2) reads the pages of a mapping, and waits where one is not in
 * memory.  The kernel's table of this process's pages tells that: mincore(2)
 * tells it of a file's owner only. */

#ifndef RESIDENT_H
#define RESIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Open the table.  Once, before threads start and before the process becomes
 * another user or is confined, which keep it out of /proc.  Without the table
 * nothing is taken to be in memory. */
void resident_open(void);

/* The mapping of a file. */
struct mapping {
	uint64_t device;
	int64_t since; /* clock_ns: another one may lie at the same place */
};

/* Note that the n bytes at p, in mapping, are in memory, and with them the rest
 * of their pages; whether that was found within the last second.  Any thread.
 */
void resident_note(
	const unsigned char *p, size_t n, const struct mapping *mapping);
bool resident_is_known(
	const unsigned char *p, size_t n, const struct mapping *mapping);

/* See to it that the n bytes at p, in mapping, are in memory: at once if they
 * are, or were within the last second, else after a wait (blocking.h), with
 * `ahead` bytes from p on being read meanwhile.  A page that cannot be read is
 * left to the caller's use of it.  Any thread. */
void resident_make(const unsigned char *p, size_t n, size_t ahead,
	const struct mapping *mapping);

#endif
