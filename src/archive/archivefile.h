/* What the files of archive.h share: the state of an archive's file, and
 * waiting for it. */

#ifndef ARCHIVEFILE_H
#define ARCHIVEFILE_H

#include "archive/archive.h"

/* The identity in st, and that of what lies at path: all zero when there is
 * nothing. */
struct identity archivefile_identity(const struct stat *st);
struct identity archivefile_identity_at(const char *path);

/* Whether error is one of storage that may work again without the file having
 * changed. */
bool archivefile_may_recover(int error);

/* Find out how the archive's file, which was opened, can be read by threads
 * that have others to answer: set local and nowait. */
void archivefile_look(struct archive *archive);

/* As blocking_begin and blocking_end, around any call for the archive's file
 * that takes long unless it is local. */
void archivefile_begin(const struct archive *archive);
void archivefile_end(const struct archive *archive);

#endif
