/* What can stay in an archive that is packed again. */

#ifndef REUSE_H
#define REUSE_H

#include "pack/item.h"

struct reuse {
	int fd; /* of the old archive; -1 without one */
	struct zipdir *zipdir;
	uint64_t end; /* of its members: where its directory starts */
};

/* Open the old archive, when fd is one that was packed in the same way: its
 * comment says so, and its directory can be read.  Else there is nothing to
 * reuse.  fd stays the caller's. */
void reuse_open(struct reuse *reuse, int fd, uint64_t size, struct str comment);
void reuse_close(struct reuse *reuse);

/* Keep item if the old archive has it unchanged, by name, size (not of a
 * sibling) and, if timed, time; that is then the one in the old archive.  Says
 * whether it has one of that name. */
bool reuse_keep(const struct reuse *reuse, struct item *item, bool timed);

/* Bytes that belong to no kept item, in front of *end, where the last of them
 * ends. */
uint64_t reuse_dead(const struct items *items, uint64_t *end);

/* Copy what belongs to kept items to the same offsets of the file fd; between
 * them stay holes, so that nothing of a removed file is left.  -1 with errno.
 */
int reuse_copy(const struct reuse *reuse, const struct items *items, int fd);

#endif
