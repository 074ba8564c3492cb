/* Prints sizes as people read them. */

#ifndef SIZE_H
#define SIZE_H

#include <stdint.h>

/* Room for a size as size_text writes it, with its NUL. */
enum { SIZE_TEXT = 16 };

/* Write bytes as "512 B", "1.5 MiB" or "12 MiB": in the largest unit of which
 * there is at least one, rounded, with one decimal below 10.  Returns text.
 * Pure. */
const char *size_text(uint64_t bytes, char text[SIZE_TEXT]);

#endif
