/* What `wwz check` finds out about the names in an archive as a whole. */

#ifndef CHECKNAME_H
#define CHECKNAME_H

#include "archive/archive.h"
#include "base/arena.h"
#include "check/report.h"

/* How many names are... */
struct checkname {
	uint64_t legacy;      /* neither marked as UTF-8 nor valid UTF-8 */
	uint64_t unicode;     /* those of Unicode Path fields */
	uint64_t doubtful;    /* legacy, reachable, with a backslash */
	uint64_t backslashes; /* the same, not legacy, and made on Windows */
	uint64_t hidden;      /* hidden (hiddenname.h) */
	struct str first_hidden;
	uint64_t unseen; /* hashes that the server does not recognise */
	struct str first_unseen;
	struct checkname_directory {
		struct str path;
		uint64_t hashes, suspects; /* names with such (namehash.h) */
		struct str first;          /* suspect */
	} directory; /* of the name before, since its last change */
};

/* The archive's top, for which some tools write an entry "/" or "./".  Pure. */
bool checkname_is_top(const struct zipdir_record *record);

/* The name under which the author knows the member; lent by record.  Pure. */
const struct str *checkname_of(const struct zipdir_record *record);

/* Count the name of record. */
void checkname_count(
	struct checkname *names, const struct zipdir_record *record);

/* All have been counted.  Report how the names of zipdir were read, unless that
 * goes without saying. */
void checkname_report(struct checkname *names, const struct zipdir *zipdir,
	struct report *report, struct arena *arena);

#endif
