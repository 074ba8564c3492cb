/* The options of `wwz pack`. */

#ifndef PACKOPTIONS_H
#define PACKOPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct pack_options {
	uint64_t seekable; /* larger members get an index; UINT64_MAX: none */
	bool coded[8];     /* by enum coding: make siblings */
	bool fresh;        /* reuse nothing */
	bool checksum;     /* compare contents, not times */
	bool quiet, verbose;
	int threads;
};

#endif
