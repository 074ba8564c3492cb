/* `wwz pack`: an archive out of a directory. */

#ifndef PACK_H
#define PACK_H

#include "pack/packoptions.h"

/* Pack what lies below directory into the archive called file.  Writes one line
 * on standard output, or why not on standard error.  The process's exit status.
 */
int pack(const char *directory, const char *file,
	const struct pack_options *options);

#endif
