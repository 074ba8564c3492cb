/* Objects that are made from a member and shared by all who need them, as long
 * as the archive's membercache has room for them (membercache.h). */

#ifndef MADE_H
#define MADE_H

#include "archive/archive.h"

/* Get a share of what was made from member; NULL when there is nothing.  Any
 * thread. */
struct cached *made_find(struct archive *archive, const struct member *member,
	enum membercache_kind kind);

/* Let others share cached, which was made from member and takes size bytes, and
 * of which the caller has the only share.  Returns cached, or a share of what
 * another thread has made meanwhile; cached is dropped then.  NULL when it
 * cannot be shared: the caller still has cached.  Any thread. */
struct cached *made_share(struct archive *archive, const struct member *member,
	enum membercache_kind kind, struct cached *cached, size_t size);

/* As made_share, but cached is dropped when it cannot be shared. */
struct cached *made_share_or_drop(struct archive *archive,
	const struct member *member, enum membercache_kind kind,
	struct cached *cached, size_t size);

#endif
