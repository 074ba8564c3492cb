/* The name of an archive that was not given one. */

#ifndef PACKNAME_H
#define PACKNAME_H

#include <limits.h>

/* Make "DIR.wwz", beside directory, of its path.  -1 when that says no name, as
 * in "." and "/", or is too long.  Pure. */
int packname_make(char name[PATH_MAX], const char *directory);

#endif
