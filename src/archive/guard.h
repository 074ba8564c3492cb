/* Reading from the mapping of a file that others may truncate.
 *
 * Touching a page beyond the end of a truncated file raises SIGBUS, which would
 * end the process.  Passing such a page to the kernel does no harm: sendmsg(2)
 * fails with EFAULT.  So slices of archives are sent straight from the mapping,
 * and bytes that this process itself reads are copied out by guard_copy, which
 * recovers from the signal.  A SIGBUS anywhere else is a bug and ends the
 * process. */

#ifndef GUARD_H
#define GUARD_H

#include <stddef.h>

/* Install the handler of SIGBUS.  Once, before threads start.  -1 with errno.
 */
int guard_install(void);

/* Copy n bytes; -1 with errno EIO when part of src lies beyond the end of the
 * file.  Any thread. */
int guard_copy(void *dst, const void *src, size_t n);

#endif
