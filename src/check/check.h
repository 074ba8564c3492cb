/* `wwz check`: finds out what the server would do with archives. */

#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>

struct charset;

struct check_how {
	bool json, quiet, strict; /* as in struct report */
};

/* Check the archives called files, with the server's own code wherever
 * possible, and write the findings to standard output (report.h).  Returns the
 * process's exit status, as report_end.  names is the charset of names without
 * the UTF-8 flag; NULL means CP437. */
int check_files(char *const *files, int nfiles, struct charset *names,
	const struct check_how *how);

#endif
