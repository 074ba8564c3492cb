/* How an archive is packed: what the options of `wwz pack` say. */

#ifndef PACKOPTIONS_H
#define PACKOPTIONS_H

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

#endif
