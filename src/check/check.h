/* `wwz check`: finds out what the server would do with archives. */

#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>

/* Check the archives called files, with the server's own code wherever
 * possible, and write the findings to standard output (report.h).  Returns the
 * process's exit status, a failure when there are errors. */
int check_files(char *const *files, int nfiles, bool json, bool quiet);

#endif
