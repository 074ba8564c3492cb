/* Allocates large blocks of memory that are accessed at random.
 *
 * A block of 2 MiB or more is mapped separately, in huge pages as far as it
 * fills them and the kernel has some.  Faulting in 512 small pages, one at a
 * time, takes longer than filling them; a huge page needs one fault, and causes
 * fewer TLB misses later.  Freed memory goes back to the kernel and leaves no
 * holes in the heap. */

#ifndef HUGEPAGES_H
#define HUGEPAGES_H

#include <stddef.h>

/* Allocate size bytes, not cleared.  NULL with errno ENOMEM.  Any thread. */
void *hugepages_new(size_t size);

/* Free p, which hugepages_new returned for size.  Takes NULL. */
void hugepages_free(void *p, size_t size);

#endif
