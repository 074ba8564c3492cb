/* The zip file of a directory of an archive: what is below it, put together
 * from the members' data as they lie. */

#ifndef SUBZIP_H
#define SUBZIP_H

#include "archive/source.h"
#include "http/range.h"

/* It has, in the byte order of their names, all members that requests can get:
 * names are relative to the directory and in UTF-8, as far as that is known;
 * methods, data, times and modes are the archive's; symbolic links stay links.
 * Encrypted members are left out, and its comment says how many.  Where each
 * byte stands follows from the central directory alone. */
struct subzip {
	/* Set by the caller. */
	struct archive *archive; /* lent */
	struct zipdir_walk walk; /* over the directory, at its beginning */

	/* Set by subzip_measure. */
	uint64_t members;
	uint64_t encrypted; /* left out */
	uint64_t locals;    /* bytes of local headers and data... */
	uint64_t centrals;  /* ...and of the central directory behind them */
};

/* Find out how large the zip file is, without a look at the archive's file.
 * STATUS_GO; STATUS_ERROR when a member cannot lie in the archive, which has
 * been logged; STATUS_UNAVAILABLE when memory runs out.  Any thread. */
enum status subzip_measure(struct subzip *zip);

/* Its size.  Pure. */
uint64_t subzip_size(const struct subzip *zip);

/* Make a source of the bytes from part.first to part.end of it.  What comes
 * before is passed over member by member, and not made.  The local header of a
 * member is checked when its data are reached; if it is damaged, the source
 * fails.  The archive must outlive the source.  NULL with errno ENOMEM.  Any
 * thread, one at a time. */
struct source *subzip_open(const struct subzip *zip, struct span part);

#endif
