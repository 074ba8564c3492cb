/* An error message of one line. */

#ifndef FAULT_H
#define FAULT_H

#include "base/str.h"

struct fault {
	char text[2048];
};

/* Write a message into fault; what does not fit is cut off.  Always returns -1.
 * Preserves errno. */
int fault_set(struct fault *fault, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Write "name: why", where name is that of a file.  Its control characters and
 * bytes that are not UTF-8 become \xHH, so that it stays one line that does
 * nothing to a terminal; an empty one is shown as "".  There is room for why,
 * however long name is.  Always returns -1.  Preserves errno. */
int fault_file(struct fault *fault, struct str name, const char *why);

/* The same, with the words for an errno. */
int fault_errno(struct fault *fault, struct str name, int error);

#endif
