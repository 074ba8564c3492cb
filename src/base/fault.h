/* A one-line error message about a file. */

#ifndef FAULT_H
#define FAULT_H

#include "base/str.h"

struct fault {
	char text[2048];
};

/* Write "name: why" into fault.  Control characters in name become \xHH, so
 * that it stays one line.  Always returns -1.  Preserves errno. */
int fault_set(struct fault *fault, struct str name, const char *why);

/* The same, with the words for an errno. */
int fault_errno(struct fault *fault, struct str name, int error);

#endif
