/* Finds the members of an old archive that can be reused when it is packed
 * again. */

#ifndef REUSE_H
#define REUSE_H

#include "pack/item.h"

struct reuse {
	int fd; /* of the old archive; -1 without one */
	struct zipdir *zipdir;
	uint64_t end; /* where its central directory starts */
};

/* Open the old archive fd for reuse, if it was packed in the same way: its
 * comment is comment, and its central directory can be read.  Otherwise nothing
 * is reused.  fd remains the caller's. */
void reuse_open(struct reuse *reuse, int fd, uint64_t size, struct str comment);
void reuse_close(struct reuse *reuse);

/* Mark item as reused, and set its entry, if the old archive has it unchanged:
 * with the same name, the same size (unless it is a sibling) and, if timed, the
 * same time.  Returns whether the old archive has a member of that name. */
bool reuse_mark(const struct reuse *reuse, struct item *item, bool timed);

/* Set *end to where the last reused item ends, and return how many bytes before
 * it belong to no reused item. */
uint64_t reuse_dead(const struct items *items, uint64_t *end);

/* Copy the bytes of reused items to the same offsets of the file fd.  The gaps
 * become holes, so that nothing of a removed file remains.  -1 with errno. */
int reuse_copy(const struct reuse *reuse, const struct items *items, int fd);

#endif
