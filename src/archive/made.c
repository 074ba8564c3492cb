#include "archive/made.h"

struct cached *
made_find(struct archive *archive, const struct member *member,
	enum membercache_kind kind)
{
	if (archive->membercache == NULL || member->slot == ZIPDIR_NO_SLOT)
		return NULL;
	return membercache_find(
		archive->membercache, &archive->made, member->slot, kind);
}

struct cached *
made_share(struct archive *archive, const struct member *member,
	enum membercache_kind kind, struct cached *cached, size_t size)
{
	struct cached *other;

	if (archive->membercache == NULL || member->slot == ZIPDIR_NO_SLOT)
		return NULL;
	if (membercache_enter(archive->membercache, &archive->made,
		    member->slot, kind, cached, size))
		return cached;
	other = made_find(archive, member, kind);
	if (other != NULL)
		cached_drop(cached);
	return other;
}

struct cached *
made_share_or_drop(struct archive *archive, const struct member *member,
	enum membercache_kind kind, struct cached *cached, size_t size)
{
	struct cached *shared = made_share(archive, member, kind, cached, size);

	if (shared == NULL)
		cached_drop(cached);
	return shared;
}
