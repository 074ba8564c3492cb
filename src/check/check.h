/* `wwz check`: what the server would do with archives. */

#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>

/* Look at the archives called files, and write to standard output what is found
 * (report.h), by the server's own code wherever it has an opinion.  The
 * process's exit status: a failure when there are errors. */
int check(char *const *files, int nfiles, bool json, bool quiet);

#endif
