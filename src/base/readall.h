/* Reads the whole of a part of a file. */

#ifndef READALL_H
#define READALL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Read n bytes at offset into buffer, with as many calls of pread(2) as it
 * takes.  Returns how many bytes were read, fewer than n only at the end of the
 * file; or -1 with errno.  Any thread. */
ssize_t readall(int fd, void *buffer, size_t n, uint64_t offset);

#endif
