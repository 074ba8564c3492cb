/* What went wrong with a file, in one line for people. */

#ifndef FAULT_H
#define FAULT_H

#include "base/str.h"

struct fault {
	char text[2048];
};

/* Write "name: why" into fault; control characters in name are shown as \xHH,
 * so that it stays one line.  Always -1.  Keeps errno. */
int fault_set(struct fault *fault, struct str name, const char *why);

/* The same, with the words for an errno. */
int fault_errno(struct fault *fault, struct str name, int error);

#endif
