/* The settings for responses that the command line asks for. */

#ifndef SITEOPTIONS_H
#define SITEOPTIONS_H

#include <limits.h>

#include "base/fault.h"
#include "http/site.h"
#include "options.h"

/* Storage for strings of struct site. */
struct siteroots {
	char real[PATH_MAX];
	char given[PATH_MAX];
};

/* Make the settings of options, which must outlive site, and so must roots.
 * siteoptions_free them.  -1 with fault when the root, or a file that is
 * named there, is no good. */
int siteoptions_read(struct site *site, const struct options *options,
	struct siteroots *roots, struct fault *fault);
void siteoptions_free(struct site *site);

#endif
