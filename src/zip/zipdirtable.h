/* The parts of a directory that only zipdir.c and zipwalk.c use. */

#ifndef ZIPDIRTABLE_H
#define ZIPDIRTABLE_H

#include <stdatomic.h>

#include "zip/zipalias.h"
#include "zip/zipdir.h"

struct slot {
	uint32_t entry; /* offset in the copy, plus 1; 0: free */
	_Atomic uint32_t notes;
};

struct zipdir {
	/* Set by zipdir_open. */
	unsigned char *copy;
	size_t copy_size;
	uint32_t checksum; /* of the directory, before copy is written to */
	uint64_t start, prefix, behind, wraps;
	struct slot *slots;
	uint32_t nslots;
	uint32_t count;
	uint64_t key;            /* of the hash */
	uint64_t last[4];        /* a set of bytes: those that end a name */
	struct charset *charset; /* of names without the UTF-8 flag */
	bool backslashes;        /* they were read as slashes */
	bool links;              /* some members are symbolic links */
	bool hidden;             /* some names are (hiddenname.h) */
	struct zipaliases aliases;

	/* Set by zipdir_sort: offsets of entries in the copy, by name. */
	uint32_t *order;
};

#endif
