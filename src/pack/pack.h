/* `wwz pack`: makes an archive from a directory. */

#ifndef PACK_H
#define PACK_H

#include "pack/packoptions.h"

/* Pack everything below directory into the archive called file.  Writes one
 * line to standard output, or the failure to standard error.  Returns the
 * process's exit status. */
int pack(const char *directory, const char *file,
	const struct pack_options *options);

#endif
