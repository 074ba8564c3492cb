#include "archive/archive.h"

#include "base/log.h"
#include "zip/rulename.h"

bool
archive_has_rules(const struct archive *archive)
{
	struct member member;

	for (int i = 0; i < RULENAMES; i++) {
		if (zipdir_find_exact(
			    archive->zipdir, str_of(rulenames[i]), &member))
			return true;
	}
	return false;
}

struct attachment *
archive_attach(struct archive *archive, struct attachment *attachment)
{
	struct membercache *membercache = archive->membercache;
	struct attachment *before = NULL;

	if (membercache != NULL &&
		!membercache_take(membercache, attachment->memory)) {
		archive_log_starved(str_of(archive->path), attachment->memory);
		attachment->free(attachment);
		return NULL;
	}
	if (atomic_compare_exchange_strong(
		    &archive->attached, &before, attachment))
		return attachment;
	if (membercache != NULL)
		membercache_give(membercache, attachment->memory);
	attachment->free(attachment);
	return before;
}

void
archive_detach(struct archive *archive)
{
	struct attachment *attachment = archive->attached;

	if (attachment == NULL)
		return;
	if (archive->membercache != NULL)
		membercache_give(archive->membercache, attachment->memory);
	attachment->free(attachment);
}
