/* `wwz pack`: an archive out of a directory. */

#ifndef PACK_H
#define PACK_H

#include <stdbool.h>
#include <stdint.h>

struct pack_options {
	uint64_t seekable; /* larger members are; UINT64_MAX: none */
	bool coded[8];     /* by enum coding: siblings are made */
	bool fresh;        /* reuse nothing */
	bool checksum;     /* contents tell what changed, not times */
	bool quiet;
	int threads;
};

/* Pack what lies below directory into the archive called file.  Writes one line
 * on standard output, or why not on standard error.  The process's exit status.
 */
int pack(const char *directory, const char *file,
	const struct pack_options *options);

#endif
