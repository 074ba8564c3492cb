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
	uint64_t start, prefix, wraps;
	uint32_t behind;
	uint32_t copy_size;
	struct slot *slots;
	uint32_t nslots;
	uint32_t count;
	uint32_t checksum; /* of the directory, before copy is written to */
	bool backslashes;  /* they were read as slashes */
	bool links;        /* some members are symbolic links */
	bool hidden;       /* some names are (hiddenname.h) */
	uint64_t key;      /* of the hash */
	uint64_t last[4];  /* a set of bytes: those that end a name */
	struct charset *charset; /* of names without the UTF-8 flag */
	struct zipaliases aliases;

	/* Set by zipdir_sort: offsets of entries in the copy, by name. */
	uint32_t *_Atomic order;
};

#endif
