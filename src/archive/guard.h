/* Reading from a mapping of a file that others may cut off.
 *
 * A page beyond the end of a file that has become shorter raises SIGBUS when
 * the processor touches it, which would end the process.  Sending such a page
 * is no danger: sendmsg(2) answers EFAULT.  So slices of archives go to sockets
 * straight from the mapping, and what this process itself looks at is copied
 * out by guard_copy, which has a place to return to when the signal comes.  A
 * SIGBUS anywhere else is a fault of the program and ends it. */

#ifndef GUARD_H
#define GUARD_H

#include <stddef.h>

/* Install the signal's handler.  Once, before threads start.  -1 with errno. */
int guard_install(void);

/* Copy n bytes; -1 with errno EIO when src is not all there any more.  Any
 * thread. */
int guard_copy(void *dst, const void *src, size_t n);

#endif
