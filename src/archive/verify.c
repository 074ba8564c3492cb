/* A verifier lies in the membercache while its member is sent for the first
 * time.  Each request that has sent a part of the data decompresses the same
 * part of the content, and discards it, before it sends more.  So the verdict
 * is there when the last bytes are due, and no response is silent for long.
 * Twenty requests for one member do this work once, each whenever it has its
 * turn. */

#include "archive/verify.h"

#include <pthread.h>
#include <stdlib.h>

#include "archive/made.h"

enum {
	LONG_SIZE = 128 * 1024,  /* takes 0.3 ms */
	LONG_PACKED = 16 * 1024, /* may hold much more */
};

struct verifier {
	struct cached cached;

	/* Set once. */
	struct archive *archive; /* lent: the cache is emptied before it goes */
	struct member member;
	uint64_t start;
	enum packing packing;
	uint64_t memory; /* that membercache does not count */

	pthread_mutex_t lock; /* guards what follows */
	bool busy;            /* a thread does a step, and owns source */
	uint64_t seen;        /* bytes of the member's content */
	bool failed;
	struct source *source; /* NULL before the first step, and at the end */
};

enum verdict
verify_verdict(const struct archive *archive, const struct member *member,
	enum packing packing)
{
	const unsigned notes = archive_notes(archive, member);
	const bool checked = (notes & ARCHIVE_CHECKED) != 0;
	const bool odd = (notes & ARCHIVE_ODD) != 0;

	if (odd && !checked)
		return VERDICT_DAMAGED;
	if (packing == PACKING_NONE)
		return odd        ? VERDICT_ODD
			: checked ? VERDICT_RIGHT
				  : VERDICT_NONE;
	if ((notes & ARCHIVE_BROKEN) != 0)
		return VERDICT_ODD;
	return (notes & ARCHIVE_WHOLE) != 0 ? VERDICT_RIGHT : VERDICT_NONE;
}

bool
verify_is_quick(const struct member *member)
{
	return member->size <= VERIFY_QUICK_SIZE &&
		member->packed <= VERIFY_QUICK_SIZE;
}

bool
verify_is_long(const struct member *member, enum packing packing)
{
	const uint64_t most = packing == PACKING_NONE ? LONG_SIZE : LONG_PACKED;

	return member->size > most || member->packed > most ||
		source_is_slow(member);
}

/* A source that notes the verdict when it has been read to its end. */
static struct source *
open_verified(struct archive *archive, const struct member *member,
	uint64_t start, enum packing packing)
{
	struct source *source = source_open(archive, member, start, NULL);

	if (source == NULL || packing == PACKING_NONE)
		return source;
	return decompress_strictly(packing, source, archive, member);
}

enum status
verify_at_once(struct archive *archive, const struct member *member,
	uint64_t start, enum packing packing, uint64_t most)
{
	const uint64_t end = packing == PACKING_NONE ? member->size : most;
	struct source *source = open_verified(archive, member, start, packing);
	char scratch[VERIFY_STEP_SIZE];
	enum status status = STATUS_GO;
	uint64_t seen = 0;
	ssize_t n;

	if (source == NULL)
		return STATUS_UNAVAILABLE;
	do {
		n = source->read(source, scratch, sizeof(scratch));
		seen += n > 0 ? (uint64_t)n : 0;
	} while (n == SOURCE_LATER || (n > 0 && seen < end));
	if (n < 0 && verify_verdict(archive, member, packing) == VERDICT_NONE)
		status = source_failure();
	source->close(source);
	return status;
}

static void
end_source(struct verifier *v)
{
	if (v->source != NULL)
		v->source->close(v->source);
	v->source = NULL;
}

static void
verifier_free(struct cached *cached)
{
	struct verifier *v = (struct verifier *)cached;

	end_source(v);
	pthread_mutex_destroy(&v->lock);
	free(v);
}

struct verifier *
verify_get(struct archive *archive, const struct member *member, uint64_t start,
	enum packing packing)
{
	struct verifier *v = (struct verifier *)made_find(
		archive, member, MEMBERCACHE_VERIFIER);
	struct cached *shared;
	uint64_t memory;

	if (v != NULL)
		return v;
	v = calloc(1, sizeof(*v));
	if (v == NULL)
		return NULL;
	v->cached = (struct cached){.free = verifier_free, .users = 1};
	v->archive = archive;
	v->member = *member;
	v->start = start;
	v->packing = packing;
	pthread_mutex_init(&v->lock, NULL);
	memory = source_memory(archive, member, start) +
		decompress_memory(packing);
	shared = made_share(archive, member, MEMBERCACHE_VERIFIER, &v->cached,
		sizeof(*v) + (size_t)memory);
	if (shared != NULL)
		return (struct verifier *)shared;
	/* Without room each request looks for itself. */
	v->memory = memory;
	return v;
}

void
verify_drop(struct verifier *verifier)
{
	if (verifier != NULL)
		cached_drop(&verifier->cached);
}

uint64_t
verify_memory(const struct verifier *verifier)
{
	return verifier->memory;
}

/* The bytes of content to be seen for that part. */
static uint64_t
wanted(const struct verifier *v, uint64_t part, uint64_t whole)
{
	if (part == whole)
		return UINT64_MAX;
	return (uint64_t)((double)part / (double)whole *
		(double)v->member.size);
}

/* Begin a step, and return SOURCE_LATER.  If there is nothing to do, return the
 * result of verify_step. */
static int
begin_step(struct verifier *v, uint64_t until)
{
	int result = SOURCE_LATER;

	pthread_mutex_lock(&v->lock);
	switch (verify_verdict(v->archive, &v->member, v->packing)) {
	case VERDICT_RIGHT:
		result = 1;
		break;
	case VERDICT_ODD:
	case VERDICT_DAMAGED:
		result = -1;
		break;
	case VERDICT_NONE:
		if (v->failed)
			result = -1;
		else if (v->seen >= until)
			result = 0;
		else if (v->busy)
			result = SOURCE_WAITS;
		else
			v->busy = true;
		break;
	}
	pthread_mutex_unlock(&v->lock);
	return result;
}

/* Read on.  The verdict is noted by the source. */
static ssize_t
read_on(struct verifier *v, char *buffer, size_t n)
{
	if (v->source == NULL)
		v->source = open_verified(
			v->archive, &v->member, v->start, v->packing);
	if (v->source == NULL)
		return -1;
	return v->source->read(v->source, buffer, n);
}

/* End a step, which gave got.  After the last one the verifier leaves the
 * cache.  A failure counts for all who have a share; later requests begin
 * again, because its cause may be gone. */
static void
end_step(struct verifier *v, ssize_t got)
{
	bool ends = got == -1 ||
		verify_verdict(v->archive, &v->member, v->packing) !=
			VERDICT_NONE;

	pthread_mutex_lock(&v->lock);
	v->busy = false;
	v->failed = got == -1;
	if (v->packing != PACKING_NONE && v->source != NULL)
		v->seen = decompress_taken(v->source);
	else if (got > 0)
		v->seen += (uint64_t)got;
	if (ends)
		end_source(v);
	pthread_mutex_unlock(&v->lock);
	if (ends && v->archive->membercache != NULL)
		membercache_remove(v->archive->membercache, &v->cached);
}

int
verify_step(struct verifier *v, uint64_t part, uint64_t whole, char *buffer,
	size_t n)
{
	int result = begin_step(v, wanted(v, part, whole));
	ssize_t got;

	if (result != SOURCE_LATER)
		return result;
	got = read_on(v, buffer, n);
	end_step(v, got);
	return got == -1 ? -1 : SOURCE_LATER;
}
