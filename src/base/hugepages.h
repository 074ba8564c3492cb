/* Memory of which there may be very much, read here and there.
 *
 * From 2 MiB on it is mapped by itself, in huge pages as far as it fills such
 * and the kernel has them.  To be given 512 small pages, one by one as they are
 * touched, takes longer than to copy something there; to be given one huge page
 * does not, and its address is found at once when it is read.  What is freed
 * goes back to the kernel, and leaves no holes. */

#ifndef HUGEPAGES_H
#define HUGEPAGES_H

#include <stddef.h>

/* size bytes, not cleared.  NULL with errno ENOMEM.  Any thread. */
void *hugepages_new(size_t size);

/* Give back what hugepages_new gave for size.  Takes NULL. */
void hugepages_free(void *p, size_t size);

#endif
